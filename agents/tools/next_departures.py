"""When the next vehicles leave from a stop."""

from __future__ import annotations

from datetime import datetime, timedelta

from agents.replies import spoken_date
from agents.toolkit import Access, Point, Result, tool
from agents.toolkit.amounts import minutes
from agents.toolkit.made import cited, say
from agents.transit.departures import MOST, Board, Departure, board
from agents.transit.routes import code_of
from agents.transit.stops import Stop, find_stops, meanings
from retrieval.tables import Dataset

ROLE = "gtfs_stop_times"


@tool(sector="transport", countries=("CL", "PE", "BR"), roles=(ROLE,))
def next_departures(access: Access, stop: str, route: str | None = None) -> Result:
    """When the next buses or trains leave from a stop, by the timetable, in the agency's own time."""
    feeds = access.datasets(ROLE)
    if not feeds:
        return Result(unable="no_data")
    stops = find_stops(access.tables, stop, feeds)
    if len(meant := meanings(stops)) > 1:
        return Result(alternatives=("stop", meant))
    wanted = code_of(route)
    boards: list[tuple[Dataset, Board]] = []
    for feed in feeds:
        if here := [s for s in stops if s.source_id == feed.source_id]:
            boards.append((feed, board(access.tables, feed.source_id, here, access.now, wanted)))
    found = [(feed, shown, leaving) for feed, shown in boards for leaving in shown.departures]
    found.sort(key=lambda entry: entry[2].at - entry[1].now)
    found = found[:MOST]
    local = boards[0][1].now if boards else access.now
    served = next((shown.served for _, shown in boards if shown.served is not None), None)
    values = {"stop": stop, "at": f"{local:%H:%M}", "route": wanted or ""}
    if served is not None:
        values["served"] = spoken_date(served.isoformat(), access.language)
    items = [(feed, _line(leaving, shown, feed)) for feed, shown, leaving in found]
    return Result(
        lines=cited(items, next_departures, f"{stop}-{local:%Y%m%d-%H%M}", **values),
        values=values,
        notices=_notices(boards, wanted, served is not None),
        unable="empty" if stops else "unknown stop",
        points=_points(stops, found),
    )


def _notices(boards: list[tuple[Dataset, Board]], route: str | None, old: bool) -> tuple[str, ...]:
    told = ["old"] if old else []
    if route and boards and not any(shown.known_route for _, shown in boards):
        told.append("unknown route")
    return tuple(told)


def _line(leaving: Departure, shown: Board, feed: Dataset) -> str:
    route = f"{leaving.route} – {leaving.towards}" if leaving.towards else leaving.route
    if leaving.until is None or leaving.headway_s is None or leaving.since is None:
        time = _clock(leaving.at, shown, feed)
        return say(next_departures, "exact", feed, time=time, route=route, stop=leaving.stop)
    return say(
        next_departures,
        "every",
        feed,
        route=route,
        stop=leaving.stop,
        minutes=minutes(leaving.headway_s),
        since=_clock(leaving.since, shown, feed),
        until=_clock(leaving.until, shown, feed),
    )


def _clock(moment: datetime, shown: Board, feed: Dataset) -> str:
    """The hour, and the day where it is not the day of the answer."""
    if moment.date() == shown.now.date():
        return f"{moment:%H:%M}"
    key = "next day" if moment.date() - shown.now.date() == timedelta(days=1) else "day before"
    return say(next_departures, key, feed, time=f"{moment:%H:%M}")


def _points(stops: list[Stop], found: list[tuple[Dataset, Board, Departure]]) -> tuple[Point, ...]:
    """The stops from which something leaves."""
    leaving = {(feed.source_id, each.stop_id) for feed, _, each in found}
    return Point.of(
        (stop.name, stop.latitude, stop.longitude)
        for stop in stops
        if (stop.source_id, stop.id) in leaving
    )
