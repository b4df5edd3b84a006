"""The territories that open data name: a register of them, and where the rows of other tables lie."""

from __future__ import annotations

from typing import Any

from retrieval.tables import Tables
from sources.tables import role_named

LOCATED = ("health_facilities", "schools", "pharmacies_on_duty", "transit_stops")
"""Roles whose rows say in which municipality they lie."""


def territories(tables: Tables) -> list[dict[str, Any]]:
    """Rows as `retrieval.places.Places.of_rows` takes them; those of registers first."""
    have = {role for dataset in tables.datasets() for role in dataset.roles}
    rows: list[dict[str, Any]] = []
    if "territories" in have:
        rows += tables.query(
            "SELECT country, code, name, kind, parent_code, parent_name, iso_3166_2, latitude, "
            "longitude FROM territories"
        )
    for role in LOCATED:
        if role in have:
            code = "territory_code" if "territory_code" in role_named(role).names else "NULL"
            rows += tables.query(
                f"SELECT country, municipality, region, {code} AS territory_code, "  # noqa: S608
                "median(latitude) AS latitude, median(longitude) AS longitude, "
                f"'municipality' AS kind FROM {role} WHERE municipality IS NOT NULL "
                "GROUP BY ALL ORDER BY ALL"
            )
    return rows
