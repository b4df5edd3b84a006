"""The territories that open data name: a register of them, and where the rows of other tables lie."""

from __future__ import annotations

from typing import Any

from retrieval.tables import Tables
from sources.tables import role_named

LOCATED = ("health_facilities", "schools", "pharmacies_on_duty", "transit_stops")
"""Roles whose rows say in which municipality they lie."""


def territories(tables: Tables) -> list[dict[str, Any]]:
    """Rows as `retrieval.places.Places.of_rows` takes them; those of registers first.

    Of public data sets only: every reader's question is read by these names.
    """
    public = tables.datasets()
    have = {role for dataset in public for role in dataset.roles}
    ids = [dataset.source_id for dataset in public]
    among = f"source_id IN ({', '.join('?' * len(ids))})"
    rows: list[dict[str, Any]] = []
    if "territories" in have:
        rows += tables.query(
            "SELECT country, code, name, kind, parent_code, parent_name, iso_3166_2, "  # noqa: S608
            f"latitude, longitude FROM territories WHERE {among}",
            *ids,
        )
    for role in LOCATED:
        if role in have:
            code = "territory_code" if "territory_code" in role_named(role).names else "NULL"
            rows += tables.query(
                f"SELECT country, municipality, region, {code} AS territory_code, "  # noqa: S608
                "median(latitude) AS latitude, median(longitude) AS longitude, "
                f"'municipality' AS kind FROM {role} "
                f"WHERE municipality IS NOT NULL AND {among} GROUP BY ALL ORDER BY ALL",
                *ids,
            )
    return rows
