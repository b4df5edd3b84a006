"""Stops in a place or near it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agents.toolkit import Access, Result, tool
from agents.toolkit.amounts import distance
from agents.toolkit.made import cited, say
from agents.toolkit.nearby import points
from agents.transit.stops import EARTH_M
from retrieval.analyse import fold
from retrieval.places import Place
from retrieval.tables import Dataset

ROLES = ("gtfs_stops", "transit_stops")
LIMIT = 8
MOST_ROUTES = 12
"""Routes named with one stop."""

RADIUS_M = {"comuna": 3000, "district": 3000, "city": 5000, "municipality": 8000, "province": 15000}
WIDEST_M = 30000
"""Metres around a place's point within which a stop counts as near, by kind of place."""

_STOPS = """
WITH stops AS (
    SELECT source_id, stop_id AS id, stop_name AS name, NULL AS municipality, NULL AS note,
        stop_lat AS latitude, stop_lon AS longitude, true AS timetable
    FROM gtfs_stops
    WHERE list_contains($1::VARCHAR[], source_id) AND coalesce(location_type, 0) = 0
    UNION ALL SELECT source_id, id, name, municipality, note, latitude, longitude, false
    FROM transit_stops WHERE list_contains($1::VARCHAR[], source_id))
"""
_NEAR = (
    _STOPS
    + """
SELECT *, 2 * $4 * asin(sqrt(
        power(sin(radians(latitude - $2) / 2), 2) + cos(radians($2)) * cos(radians(latitude))
        * power(sin(radians(longitude - $3) / 2), 2))) AS metres,
    count(*) OVER () AS total
FROM stops
WHERE latitude BETWEEN $2 - $6 AND $2 + $6 AND longitude BETWEEN $3 - $7 AND $3 + $7
    AND name IS NOT NULL AND metres <= $5
ORDER BY metres, name, source_id, id LIMIT $8
"""
)
_INSIDE = (
    _STOPS
    + """
SELECT *, NULL AS metres, count(*) OVER () AS total FROM stops
WHERE strip_accents(lower(municipality)) = $2 AND name IS NOT NULL
ORDER BY name, source_id, id LIMIT $3
"""
)
_ROUTES = """
SELECT DISTINCT st.source_id, st.stop_id,
    coalesce(r.route_short_name, r.route_long_name, r.route_id) AS route
FROM gtfs_stop_times st
JOIN gtfs_trips t ON t.source_id = st.source_id AND t.trip_id = st.trip_id
JOIN gtfs_routes r ON r.source_id = t.source_id AND r.route_id = t.route_id
WHERE list_contains($1::VARCHAR[], st.source_id) AND list_contains($2::VARCHAR[], st.stop_id)
ORDER BY route
"""


@tool(sector="transport", countries=("CL", "PE", "BR"), roles=ROLES)
def stops_near(access: Access, place: Place, limit: int = LIMIT) -> Result:
    """Which bus, tram and metro stops there are in a place or near it, and which routes stop there."""
    feeds = {each.source_id: each for role in ROLES for each in access.datasets(role)}
    if not feeds:
        return Result(unable="no_data")
    rows = _rows(access, place, list(feeds), limit)
    routes = _routes(access, rows)
    items = [(feeds[row["source_id"]], _line(row, routes, feeds[row["source_id"]])) for row in rows]
    return Result(
        lines=cited(items, stops_near, f"{place.country}-{place.code}", place=place.name),
        values={"shown": str(len(rows)), "total": str(rows[0]["total"] if rows else 0)},
        points=points(rows),
    )


def _rows(access: Access, place: Place, sources: Sequence[str], limit: int) -> list[dict[str, Any]]:
    if place.latitude is None or place.longitude is None:
        return access.tables.query(_INSIDE, sources, fold(place.name), limit)
    radius = RADIUS_M.get(place.kind, WIDEST_M)
    # A box first, for distances cost more; its width grows with the latitude.
    height = math.degrees(radius / EARTH_M) * 1.01
    width = height / math.cos(math.radians(place.latitude))
    return access.tables.query(
        _NEAR, sources, place.latitude, place.longitude, EARTH_M, radius, height, width, limit
    )


def _routes(access: Access, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """The routes of each stop of a timetable, by source and stop."""
    stops = [row for row in rows if row["timetable"]]
    found: dict[tuple[str, str], list[str]] = {}
    if stops:
        sources, ids = ({row[key] for row in stops} for key in ("source_id", "id"))
        for row in access.tables.query(_ROUTES, sorted(sources), sorted(ids)):
            found.setdefault((row["source_id"], row["stop_id"]), []).append(row["route"])
    return found


def _line(
    row: Mapping[str, Any], routes: Mapping[tuple[str, str], list[str]], dataset: Dataset
) -> str:
    facts = [str(row[key]) for key in ("municipality", "note") if row[key]]
    if row["metres"] is not None:
        far = distance(row["metres"], dataset.country)
        facts.append(say(stops_near, "far", dataset, distance=far))
    if mine := routes.get((row["source_id"], row["id"])):
        named = ", ".join(mine[:MOST_ROUTES])
        key = "routes" if len(mine) <= MOST_ROUTES else "many routes"
        facts.append(say(stops_near, key, dataset, routes=named, more=str(len(mine) - MOST_ROUTES)))
    return f"{row['name']}: {'; '.join(facts)}." if facts else f"{row['name']}."
