"""Departures of a GTFS feed from some stops, from a moment on.

A service day is not a calendar day: its times count from noon minus twelve hours and may pass 24:00,
so that a trip of yesterday can leave after midnight. See
https://gtfs.org/documentation/schedule/reference/ (calendar, calendar_dates, frequencies, stop_times).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agents.transit.routes import direction, is_route, route_name
from agents.transit.stops import Stop
from retrieval.tables import Tables

MOST = 12
"""Departures in one answer."""

MOST_OF_ROUTE = 3
"""… and of one route in one direction, so that a frequent one leaves room for others."""

EXACT = 1
"""exact_times of a trip that leaves at every multiple of its headway."""

_FEED = """
SELECT
    (SELECT min(agency_timezone) FROM gtfs_agency WHERE source_id = $1) AS zone,
    greatest(
        (SELECT max(end_date) FROM gtfs_calendar WHERE source_id = $1),
        (SELECT max(date) FROM gtfs_calendar_dates WHERE source_id = $1 AND exception_type = 1)
    ) AS newest
"""
_ACTIVE = """
WITH days AS (SELECT unnest($2::DATE[]) AS day),
exceptions AS (
    SELECT day, service_id, exception_type FROM days JOIN gtfs_calendar_dates ON date = day
    WHERE source_id = $1)
SELECT day, service_id FROM days JOIN gtfs_calendar ON day BETWEEN start_date AND end_date
WHERE source_id = $1 AND 1 = CASE isodow(day) WHEN 1 THEN monday WHEN 2 THEN tuesday
    WHEN 3 THEN wednesday WHEN 4 THEN thursday WHEN 5 THEN friday WHEN 6 THEN saturday
    ELSE sunday END
EXCEPT SELECT day, service_id FROM exceptions WHERE exception_type = 2
UNION SELECT day, service_id FROM exceptions WHERE exception_type = 1
"""
# Of several stops that one trip serves the first counts; nobody leaves from a trip's last stop.
_VISITS = """
WITH visits AS (
    SELECT trip_id, stop_id, stop_sequence, departure_seconds, stop_headsign
    FROM gtfs_stop_times
    WHERE source_id = $1 AND list_contains($2::VARCHAR[], stop_id)
        AND departure_seconds IS NOT NULL AND coalesce(pickup_type, 0) <> 1
    QUALIFY stop_id = first_value(stop_id) OVER (PARTITION BY trip_id ORDER BY stop_sequence)),
ends AS (
    SELECT trip_id, arg_min(departure_seconds, stop_sequence) AS begins,
        max(stop_sequence) AS last
    FROM gtfs_stop_times
    WHERE source_id = $1 AND trip_id IN (SELECT trip_id FROM visits) GROUP BY trip_id)
SELECT v.trip_id, v.stop_id, v.departure_seconds, e.begins, t.service_id, t.route_id,
    t.direction_id, coalesce(v.stop_headsign, t.trip_headsign) AS headsign, r.route_short_name,
    r.route_long_name, f.start_seconds, f.end_seconds, f.headway_secs, f.exact_times
FROM visits v JOIN ends e USING (trip_id)
JOIN gtfs_trips t ON t.source_id = $1 AND t.trip_id = v.trip_id
JOIN gtfs_routes r ON r.source_id = $1 AND r.route_id = t.route_id
LEFT JOIN gtfs_frequencies f ON f.source_id = $1 AND f.trip_id = v.trip_id
WHERE v.stop_sequence < e.last
"""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says of itself: its agencies' time zone (they share one) and the newest day with
    a service, if it names any.
    """

    zone: ZoneInfo
    newest: date | None


@dataclass(frozen=True, slots=True, order=True)
class Departure:
    """A vehicle that leaves at `at`; or, with `until`, one every `headway_s` seconds from `at` (or
    since `since`) until then, at no exact times.
    """

    at: datetime
    route: str
    towards: str
    stop: str
    route_id: str
    stop_id: str
    since: datetime | None = None
    until: datetime | None = None
    headway_s: int | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """The departures of one feed. `served` is the service day that stands in for today where the
    feed has expired: the newest with the same weekday; `now` is the moment in the agencies' zone.
    """

    departures: tuple[Departure, ...]
    now: datetime
    served: date | None = None
    known_route: bool = True


def board(
    tables: Tables, source_id: str, stops: Sequence[Stop], now: datetime, route: str | None = None
) -> Board:
    """The next departures from `stops` of one feed, `now` and later."""
    feed = feed_of(tables, source_id, now)
    local = now.astimezone(feed.zone)
    served = stand_in(feed.newest, local.date())
    if served is not None:
        local = datetime.combine(served, local.timetz())
    today = local.date()
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    running = active(tables, source_id, days)
    rows = tables.query(_VISITS, source_id, [stop.id for stop in stops])
    if route is not None:
        rows = [row for row in rows if is_route(route, row)]
        if not rows:
            return Board((), local, served, known_route=False)
    names = {stop.id: stop.name for stop in stops}
    found: set[Departure] = set()
    for day in days:
        begins = midnight(day, feed.zone)
        for row in rows:
            if row["service_id"] in running[day]:
                found.update(_leaving(row, begins, local, names))
    return Board(tuple(_varied(sorted(found, key=_order))), local, served)


def feed_of(tables: Tables, source_id: str, now: datetime) -> Feed:
    """What the feed says of itself; without a zone of its own it has that of `now`."""
    row = tables.query(_FEED, source_id)[0]
    zone = ZoneInfo(row["zone"]) if row["zone"] else now.tzinfo
    assert isinstance(zone, ZoneInfo), "Access.now names a zone"
    return Feed(zone, row["newest"])


def stand_in(newest: date | None, today: date) -> date | None:
    """The newest service day with today's weekday in a feed that has expired; None if it has not."""
    if newest is None or newest >= today:
        return None
    return newest - timedelta(days=(newest.weekday() - today.weekday()) % 7)


def active(tables: Tables, source_id: str, days: Iterable[date]) -> Mapping[date, set[str]]:
    """The services that run on each of `days`, exceptions applied."""
    found: dict[date, set[str]] = {day: set() for day in days}
    for row in tables.query(_ACTIVE, source_id, list(found)):
        found[row["day"]].add(row["service_id"])
    return found


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment from which a service day's times count, in UTC: noon minus twelve hours, which is
    not midnight where the clocks change that night.
    """
    noon = datetime.combine(day, time(12), zone).astimezone(ZoneInfo("UTC"))
    return noon - timedelta(hours=12)


def _leaving(
    row: Mapping[str, Any], begins: datetime, now: datetime, names: Mapping[str, str]
) -> Iterator[Departure]:
    """The departures of one row on the service day that begins at `begins`, `now` and later."""

    def departure(seconds: int, **more: Any) -> Departure:
        return Departure(
            at=moment(seconds),
            route=route_name(row),
            towards=direction(row),
            stop=names[row["stop_id"]],
            route_id=row["route_id"],
            stop_id=row["stop_id"],
            **more,
        )

    def moment(seconds: int) -> datetime:
        return (begins + timedelta(seconds=seconds)).astimezone(now.tzinfo)

    since = (now - begins).total_seconds()
    if row["headway_secs"] is None:
        if row["departure_seconds"] >= since:
            yield departure(row["departure_seconds"])
        return
    ride = row["departure_seconds"] - (row["begins"] or 0)
    start, end, headway = row["start_seconds"], row["end_seconds"], row["headway_secs"]
    if start is None or end is None or headway <= 0:
        return
    if row["exact_times"] == EXACT:
        waited = max(0, since - start - ride)
        count = -(-waited // headway)
        for n in range(int(count), int(count) + MOST_OF_ROUTE):
            if start + n * headway < end:
                yield departure(start + n * headway + ride)
    elif end + ride > since:
        yield departure(
            max(start + ride, -(-since // 1)),
            since=moment(start + ride),
            until=moment(end + ride),
            headway_s=headway,
        )


def _order(departure: Departure) -> tuple[Any, ...]:
    d = departure
    return d.at, d.until or d.at, d.route, d.towards, d.stop, d.route_id, d.stop_id


def _varied(departures: Iterable[Departure]) -> Iterator[Departure]:
    """The first of each route and direction, `MOST` in all."""
    seen: Counter[tuple[str, str]] = Counter()
    for each in departures:
        seen[each.route_id, each.towards] += 1
        if seen[each.route_id, each.towards] <= MOST_OF_ROUTE:
            yield each
        if sum(min(n, MOST_OF_ROUTE) for n in seen.values()) >= MOST:
            return
