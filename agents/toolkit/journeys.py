"""Rides between stops of a GTFS feed: direct, or with one change within walking distance.

Times are those of stop_times (seconds after the service day's midnight); a stop without a time leaves
the ride unknown, which comes last. https://gtfs.org/documentation/schedule/reference/#stop_timestxt
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.tables import Tables

from agents.toolkit.routes import direction, route_name
from agents.toolkit.stops import EARTH_M

WALK_M = 300.0
"""Metres that a change may take on foot."""

WALK_M_PER_S = 1.2
"""Walking speed, metres a second: what pedestrian crossings are timed for."""

MOST = 8
"""Journeys in one answer."""

_ENDS = """
WITH board AS (
    SELECT trip_id, stop_id, stop_sequence, departure_seconds FROM gtfs_stop_times
    WHERE source_id = $1 AND list_contains($2::VARCHAR[], stop_id)
        AND coalesce(pickup_type, 0) <> 1),
alight AS (
    SELECT trip_id, stop_id, stop_sequence, arrival_seconds FROM gtfs_stop_times
    WHERE source_id = $1 AND list_contains($3::VARCHAR[], stop_id)
        AND coalesce(drop_off_type, 0) <> 1)
"""
_DIRECT = (
    _ENDS
    + """
SELECT b.trip_id, b.stop_id AS origin, a.stop_id AS destination, t.route_id, t.direction_id,
    t.trip_headsign AS headsign, r.route_short_name, r.route_long_name,
    a.arrival_seconds - b.departure_seconds AS ride, a.stop_sequence - b.stop_sequence AS hops
FROM board b JOIN alight a ON a.trip_id = b.trip_id AND a.stop_sequence > b.stop_sequence
    AND a.stop_id <> b.stop_id
JOIN gtfs_trips t ON t.source_id = $1 AND t.trip_id = b.trip_id
JOIN gtfs_routes r ON r.source_id = $1 AND r.route_id = t.route_id
QUALIFY 1 = row_number() OVER (PARTITION BY t.route_id, t.direction_id, t.trip_headsign
    ORDER BY ride NULLS LAST, hops, b.stop_id, a.stop_id, b.trip_id)
ORDER BY ride NULLS LAST, hops, t.route_id, t.direction_id, headsign LIMIT $4
"""
)
# One trip stands for each route and direction that serves an end: that with the most stops.
_CHANGE = (
    _ENDS
    + """
, served AS (
    SELECT trip_id, count(*) AS stops FROM gtfs_stop_times
    WHERE source_id = $1 AND trip_id IN (SELECT trip_id FROM board UNION SELECT trip_id FROM alight)
    GROUP BY trip_id),
outward AS (
    SELECT trip_id, route_id FROM gtfs_trips JOIN served USING (trip_id)
    WHERE source_id = $1 AND trip_id IN (SELECT trip_id FROM board)
    QUALIFY 1 = row_number() OVER (PARTITION BY route_id, direction_id, trip_headsign
        ORDER BY stops DESC, trip_id)),
onward AS (
    SELECT trip_id, route_id FROM gtfs_trips JOIN served USING (trip_id)
    WHERE source_id = $1 AND trip_id IN (SELECT trip_id FROM alight)
    QUALIFY 1 = row_number() OVER (PARTITION BY route_id, direction_id, trip_headsign
        ORDER BY stops DESC, trip_id)),
placed AS (
    SELECT stop_id, stop_lat AS lat, stop_lon AS lon, floor(stop_lat / 0.005)::INT AS y,
        floor(stop_lon / 0.005)::INT AS x
    FROM gtfs_stops WHERE source_id = $1),
first_leg AS (
    SELECT o.trip_id, o.route_id, s.stop_id,
        min(s.arrival_seconds - b.departure_seconds) AS ride,
        arg_min(b.stop_id, (s.arrival_seconds - b.departure_seconds, b.stop_id)) AS origin
    FROM outward o JOIN board b USING (trip_id)
    JOIN gtfs_stop_times s ON s.source_id = $1 AND s.trip_id = o.trip_id
        AND s.stop_sequence > b.stop_sequence AND coalesce(s.drop_off_type, 0) <> 1
    WHERE s.arrival_seconds IS NOT NULL AND b.departure_seconds IS NOT NULL
    GROUP BY ALL),
second_leg AS (
    SELECT o.trip_id, o.route_id, s.stop_id,
        min(a.arrival_seconds - s.departure_seconds) AS ride,
        arg_min(a.stop_id, (a.arrival_seconds - s.departure_seconds, a.stop_id)) AS destination
    FROM onward o JOIN alight a USING (trip_id)
    JOIN gtfs_stop_times s ON s.source_id = $1 AND s.trip_id = o.trip_id
        AND s.stop_sequence < a.stop_sequence AND coalesce(s.pickup_type, 0) <> 1
    WHERE s.departure_seconds IS NOT NULL AND a.arrival_seconds IS NOT NULL
    GROUP BY ALL),
around AS (
    SELECT stop_id, lat, lon, y + dy AS y, x + dx AS x
    FROM placed, (SELECT unnest([-1, 0, 1]) AS dy), (SELECT unnest([-1, 0, 1]) AS dx)
    WHERE stop_id IN (SELECT stop_id FROM first_leg)),
walks AS (
    SELECT p.stop_id AS off, q.stop_id AS on_, 2 * $5 * asin(sqrt(
        power(sin(radians(q.lat - p.lat) / 2), 2) + cos(radians(p.lat)) * cos(radians(q.lat))
        * power(sin(radians(q.lon - p.lon) / 2), 2))) AS metres
    FROM around p JOIN placed q USING (y, x)
    WHERE q.stop_id IN (SELECT stop_id FROM second_leg)),
joined AS (
    SELECT f.trip_id AS first_trip, f.route_id AS first_route, f.origin, w.off, w.on_, w.metres,
        s.trip_id AS second_trip, s.route_id AS second_route, s.destination,
        f.ride AS first_ride, s.ride AS second_ride,
        f.ride + s.ride + ceil(w.metres / $6)::INT AS total
    FROM walks w JOIN first_leg f ON f.stop_id = w.off JOIN second_leg s ON s.stop_id = w.on_
    WHERE w.metres <= $7 AND f.route_id <> s.route_id),
best AS (
    SELECT first_trip, second_trip,
        unnest(arg_min(joined, (total, metres, off, on_)))
    FROM joined GROUP BY first_trip, second_trip
    ORDER BY min(total), first_trip, second_trip LIMIT $4)
SELECT b.*, r.route_short_name AS short_1, r.route_long_name AS long_1, t.trip_headsign AS sign_1,
    q.route_short_name AS short_2, q.route_long_name AS long_2, u.trip_headsign AS sign_2
FROM best b
JOIN gtfs_trips t ON t.source_id = $1 AND t.trip_id = b.first_trip
JOIN gtfs_trips u ON u.source_id = $1 AND u.trip_id = b.second_trip
JOIN gtfs_routes r ON r.source_id = $1 AND r.route_id = t.route_id
JOIN gtfs_routes q ON q.source_id = $1 AND q.route_id = u.route_id
ORDER BY total, first_trip, second_trip
"""
)
_HEADWAYS = """
SELECT trip_id, min(headway_secs) AS least, max(headway_secs) AS most FROM gtfs_frequencies
WHERE source_id = $1 AND list_contains($2::VARCHAR[], trip_id) GROUP BY trip_id
"""


@dataclass(frozen=True, slots=True)
class Leg:
    """One ride. `ride_s` are seconds on board, `headway_s` the least and the most seconds between
    two vehicles over the day, where the feed knows.
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
    """One or two legs between stop ids; `walk_m` are the metres on foot between them."""

    legs: tuple[Leg, ...]
    walk_m: float = 0.0

    @property
    def total_s(self) -> int | None:
        """Seconds on board and on foot, without waiting; None where a ride is not known."""
        rides = [leg.ride_s for leg in self.legs]
        if None in rides:
            return None
        return sum(r for r in rides if r is not None) + -int(-self.walk_m // WALK_M_PER_S)


def journeys(
    tables: Tables, source_id: str, origins: Sequence[str], destinations: Sequence[str]
) -> list[Journey]:
    """The best journeys between two groups of stops: direct ones, and only where there are none those
    with a change; the shortest first.
    """
    ends = (source_id, list(origins), list(destinations))
    if rows := tables.query(_DIRECT, *ends, MOST):
        often = _headways(tables, source_id, [row["trip_id"] for row in rows])
        return [
            Journey((Leg(
                row["route_id"], route_name(row), direction(row), row["origin"],
                row["destination"], row["ride"], often.get(row["trip_id"])),))
            for row in rows
        ]  # fmt: skip
    rows = tables.query(_CHANGE, *ends, MOST, EARTH_M, WALK_M_PER_S, WALK_M)
    trips = [row[trip] for row in rows for trip in ("first_trip", "second_trip")]
    often = _headways(tables, source_id, trips) if trips else {}
    made = []
    for row in rows:
        first, second = (
            {"route_id": row[f"{which}_route"], "route_short_name": row[f"short_{n}"],
             "route_long_name": row[f"long_{n}"], "headsign": row[f"sign_{n}"]}
            for n, which in ((1, "first"), (2, "second"))
        )  # fmt: skip
        legs = (
            Leg(first["route_id"], route_name(first), direction(first), row["origin"], row["off"],
                row["first_ride"], often.get(row["first_trip"])),
            Leg(second["route_id"], route_name(second), direction(second), row["on_"],
                row["destination"], row["second_ride"], often.get(row["second_trip"])),
        )  # fmt: skip
        made.append(Journey(legs, row["metres"]))
    return made


def _headways(
    tables: Tables, source_id: str, trips: Sequence[str]
) -> dict[str, tuple[int, int]]:
    rows = tables.query(_HEADWAYS, source_id, list(trips))
    return {row["trip_id"]: (row["least"], row["most"]) for row in rows}
