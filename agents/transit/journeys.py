"""Rides between stops of a GTFS feed: direct, or with one change within walking distance.

Times are those of stop_times (seconds after the service day's midnight); a stop without a time leaves
a direct ride unknown, which comes last, and is no place to change.
https://gtfs.org/documentation/schedule/reference/#stop_timestxt
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.transit.routes import direction, route_name
from agents.transit.stops import neighbours
from retrieval.tables import Dataset, Tables

WALK_M_PER_S = 1.2
"""Walking speed, metres a second: what pedestrian crossings are timed for."""

MOST = 8
"""Journeys in one answer."""

_DIRECT = """
SELECT b.trip_id, b.stop_id AS origin, a.stop_id AS destination,
    a.arrival_seconds - b.departure_seconds AS ride, a.stop_sequence - b.stop_sequence AS hops
FROM gtfs_stop_times b
JOIN gtfs_stop_times a ON a.source_id = $1 AND a.trip_id = b.trip_id
    AND a.stop_sequence > b.stop_sequence AND a.stop_id <> b.stop_id
WHERE b.source_id = $1 AND list_contains($2::VARCHAR[], b.stop_id)
    AND list_contains($3::VARCHAR[], a.stop_id)
    AND coalesce(b.pickup_type, 0) <> 1 AND coalesce(a.drop_off_type, 0) <> 1
QUALIFY 1 = row_number() OVER (PARTITION BY b.trip_id
    ORDER BY ride NULLS LAST, hops, b.stop_id, a.stop_id)
ORDER BY ride NULLS LAST, hops, b.trip_id
"""
_SERVING = """
WITH served AS (
    SELECT trip_id, count(*) AS stops, bool_or(list_contains($2::VARCHAR[], stop_id)) AS outward,
        bool_or(list_contains($3::VARCHAR[], stop_id)) AS onward
    FROM gtfs_stop_times WHERE source_id = $1 GROUP BY trip_id HAVING outward OR onward),
often AS (
    SELECT trip_id, min(headway_secs) AS least, max(headway_secs) AS most
    FROM gtfs_frequencies WHERE source_id = $1 GROUP BY trip_id)
SELECT trip_id, outward, onward, t.route_id, t.direction_id, t.trip_headsign AS headsign,
    r.route_short_name, r.route_long_name, least, most
FROM gtfs_trips t JOIN served USING (trip_id)
JOIN gtfs_routes r ON r.source_id = $1 AND r.route_id = t.route_id
LEFT JOIN often USING (trip_id)
WHERE t.source_id = $1 ORDER BY stops DESC, trip_id
"""
_FIRST_LEGS = """
SELECT s.trip_id, s.stop_id, min(s.arrival_seconds - b.departure_seconds) AS ride,
    arg_min(b.stop_id, (s.arrival_seconds - b.departure_seconds, b.stop_id)) AS end_
FROM gtfs_stop_times b JOIN gtfs_stop_times s ON s.source_id = $1 AND s.trip_id = b.trip_id
    AND s.stop_sequence > b.stop_sequence
WHERE b.source_id = $1 AND list_contains($2::VARCHAR[], b.stop_id)
    AND list_contains($3::VARCHAR[], b.trip_id) AND coalesce(b.pickup_type, 0) <> 1
    AND coalesce(s.drop_off_type, 0) <> 1
GROUP BY s.trip_id, s.stop_id HAVING ride IS NOT NULL ORDER BY ride, s.trip_id, s.stop_id
"""
_SECOND_LEGS = """
SELECT s.trip_id, s.stop_id, min(a.arrival_seconds - s.departure_seconds) AS ride,
    arg_min(a.stop_id, (a.arrival_seconds - s.departure_seconds, a.stop_id)) AS end_
FROM gtfs_stop_times a JOIN gtfs_stop_times s ON s.source_id = $1 AND s.trip_id = a.trip_id
    AND s.stop_sequence < a.stop_sequence
WHERE a.source_id = $1 AND list_contains($2::VARCHAR[], a.stop_id)
    AND list_contains($3::VARCHAR[], a.trip_id) AND coalesce(a.drop_off_type, 0) <> 1
    AND coalesce(s.pickup_type, 0) <> 1
GROUP BY s.trip_id, s.stop_id HAVING ride IS NOT NULL ORDER BY ride, s.trip_id, s.stop_id
"""


@dataclass(frozen=True, slots=True)
class Leg:
    """One ride between two stop ids. `ride_s` are seconds on board, `headway_s` the least and the
    most seconds between two vehicles over the day, where the feed knows.
    """

    route_id: str
    route: str
    towards: str
    origin: str
    destination: str
    ride_s: int | None
    headway_s: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One or two legs; `walk_m` are the metres on foot between them. `total_s` are the seconds on
    board and on foot, without waiting; None where a ride is not known.
    """

    legs: tuple[Leg, ...]
    total_s: int | None
    walk_m: float = 0.0


def journeys(
    tables: Tables, feed: Dataset, origins: Sequence[str], destinations: Sequence[str]
) -> list[Journey]:
    """The best journeys between two groups of stop ids: direct ones, and only where there are none
    those with a change; the shortest first, one for each route and direction (or two of them).
    """
    source_id, ends = feed.source_id, (list(origins), list(destinations))
    serving = tables.query(_SERVING, source_id, *ends)
    both = {row["trip_id"]: row for row in serving if row["outward"] and row["onward"]}
    if both and (rows := tables.query(_DIRECT, source_id, *ends)):
        best: dict[tuple[Any, ...], Journey] = {}
        for row in rows:
            trip = both[row["trip_id"]]
            leg = _leg(trip, row["origin"], row["destination"], row["ride"])
            best.setdefault(_way(trip), Journey((leg,), row["ride"]))
        return list(best.values())[:MOST]
    return _with_change(tables, feed, *ends, serving)


def _with_change(
    tables: Tables,
    feed: Dataset,
    origins: list[str],
    destinations: list[str],
    serving: list[dict[str, Any]],
) -> list[Journey]:
    source_id = feed.source_id
    outward, onward = _standing(serving, "outward"), _standing(serving, "onward")
    if not outward or not onward:
        return []
    first = tables.query(_FIRST_LEGS, source_id, origins, list(outward))
    second: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in tables.query(_SECOND_LEGS, source_id, destinations, list(onward)):
        second[row["stop_id"]].append(row)
    best = _changes(first, second, neighbours(tables, feed), {**outward, **onward})
    made = []
    for change in best:
        one, two = change.rides
        legs = (
            _leg(outward[one["trip_id"]], one["end_"], one["stop_id"], one["ride"]),
            _leg(onward[two["trip_id"]], two["stop_id"], two["end_"], two["ride"]),
        )
        made.append(Journey(legs, change.total_s, change.walk_m))
    return made


def _standing(rows: Iterable[dict[str, Any]], end: str) -> dict[str, dict[str, Any]]:
    """One trip for each route and direction that serves an end, that with the most stops: their
    trips run alike at other hours, and a change is sought for each.
    """
    chosen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row[end]:
            chosen.setdefault(_way(row), row)
    return {row["trip_id"]: row for row in chosen.values()}


def _way(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """A route and its direction: of trips that share both, one is shown."""
    return row["route_id"], row["direction_id"], row["headsign"]


@dataclass(frozen=True, slots=True)
class _Change:
    """Two rides and the walk between them."""

    total_s: int
    walk_m: float
    rides: tuple[dict[str, Any], dict[str, Any]]


def _changes(
    first: Iterable[dict[str, Any]],
    second: Mapping[str, list[dict[str, Any]]],
    near: Mapping[str, Sequence[tuple[str, float]]],
    trips: Mapping[str, Mapping[str, Any]],
) -> list[_Change]:
    """The best `MOST` pairs of trips. `first` comes shortest first, so that the search ends at a ride
    that alone takes longer than the last of them.
    """
    found: dict[tuple[str, str], _Change] = {}
    bound = math.inf
    for one in first:
        ride = one["ride"]
        if ride > bound:
            break
        route = trips[one["trip_id"]]["route_id"]
        for stop_id, walk_m in near.get(one["stop_id"], ()):
            there = second.get(stop_id)
            if there is None:
                continue
            until = ride + math.ceil(walk_m / WALK_M_PER_S)
            for two in there:
                total = until + two["ride"]
                if total > bound:
                    break
                key = (one["trip_id"], two["trip_id"])
                old = found.get(key)
                if old is not None and (old.total_s, old.walk_m) <= (total, walk_m):
                    continue
                if trips[two["trip_id"]]["route_id"] != route:
                    found[key] = _Change(total, walk_m, (one, two))
                    if total < bound and len(found) >= MOST:
                        bound = sorted(c.total_s for c in found.values())[MOST - 1]
    ranked = sorted(found.items(), key=lambda item: (item[1].total_s, item[0]))
    return [change for _, change in ranked[:MOST]]


def _leg(trip: Mapping[str, Any], origin: str, destination: str, ride: int | None) -> Leg:
    often = None if trip["least"] is None else (trip["least"], trip["most"])
    return Leg(
        route_id=trip["route_id"],
        route=route_name(trip),
        towards=direction(trip),
        origin=origin,
        destination=destination,
        ride_s=ride,
        headway_s=often,
    )
