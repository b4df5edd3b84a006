"""Which routes go from one stop to another."""

from __future__ import annotations

from collections.abc import Mapping

from agents.toolkit import Access, Point, Result, tool
from agents.toolkit.amounts import distance, minutes
from agents.toolkit.made import cited, say
from agents.transit.journeys import Journey, Leg, journeys
from agents.transit.stops import Stop, find_stops, meanings, stops_of
from retrieval.tables import Dataset

ROLE = "gtfs_stops"


@tool(sector="transport", countries=("CL", "PE", "BR"), roles=(ROLE,))
def routes_between(access: Access, origin: str, destination: str) -> Result:
    """Which bus or metro routes go from one stop to another, directly or with one change."""
    feeds = access.datasets(ROLE)
    if not feeds:
        return Result(unable="no_data")
    names = {"origin": origin, "destination": destination}
    ends = {name: find_stops(access.tables, text, feeds) for name, text in names.items()}
    for name, stops in ends.items():
        if len(meant := meanings(stops)) > 1:
            return Result(alternatives=(name, meant))
    found: list[tuple[Dataset, Journey]] = []
    for feed in feeds:
        here = {
            name: [s.id for s in stops if s.source_id == feed.source_id]
            for name, stops in ends.items()
        }
        if all(here.values()):
            rides = journeys(access.tables, feed, here["origin"], here["destination"])
            found += [(feed, journey) for journey in rides]
    fewest = min((len(journey.legs) for _, journey in found), default=0)
    found = [(feed, journey) for feed, journey in found if len(journey.legs) == fewest]
    found.sort(key=lambda pair: (pair[1].total_s is None, pair[1].total_s or 0))
    known = {feed.source_id: stops_of(access.tables, feed) for feed, _ in found}
    items = [(feed, _line(journey, known, feed)) for feed, journey in found]
    unknown = [f"unknown {name}" for name, stops in ends.items() if not stops]
    return Result(
        lines=cited(items, routes_between, f"{origin}--{destination}", **names),
        notices=(*unknown[1:], *(("change",) if fewest > 1 else ())),
        unable=unknown[0] if unknown else "empty",
        points=_points(found, known),
    )


Known = Mapping[str, Mapping[str, Stop]]
"""Stops by data set and id."""


def _line(journey: Journey, known: Known, feed: Dataset) -> str:
    said = [_leg(leg, known, feed) for leg in journey.legs]
    if len(said) == 1:
        return f"{said[0]}."
    first, second = said
    key = "then" if journey.walk_m < 1 else "walk"
    return say(
        routes_between, key, feed, first=first, second=second,
        distance=distance(journey.walk_m, feed.country),
    )  # fmt: skip


def _leg(leg: Leg, known: Known, feed: Dataset) -> str:
    text = say(
        routes_between,
        "leg",
        feed,
        route=f"{leg.route} – {leg.towards}" if leg.towards else leg.route,
        origin=_name(known, feed, leg.origin),
        destination=_name(known, feed, leg.destination),
    )
    if leg.ride_s is not None:
        text += say(routes_between, "ride", feed, minutes=minutes(leg.ride_s))
    if leg.headway_s is not None:
        least, most = (minutes(seconds) for seconds in leg.headway_s)
        often = least if least == most else f"{least}–{most}"
        text += say(routes_between, "often", feed, minutes=often)
    return text


def _name(known: Known, feed: Dataset, stop_id: str) -> str:
    stop = known[feed.source_id].get(stop_id)
    return stop.name if stop else stop_id


def _points(found: list[tuple[Dataset, Journey]], known: Known) -> tuple[Point, ...]:
    """Where one gets on and off on the best journey."""
    if not found:
        return ()
    feed, journey = found[0]
    ends = dict.fromkeys(s for leg in journey.legs for s in (leg.origin, leg.destination))
    stops = [known[feed.source_id][name] for name in ends if name in known[feed.source_id]]
    return Point.of((stop.name, stop.latitude, stop.longitude) for stop in stops)
