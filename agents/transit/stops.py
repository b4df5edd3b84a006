"""Stops of GTFS feeds by the names that people give them.

A name is compared word by word, without accents and case; ways of writing one word (``Pza.``,
``plaza``) are one, and "Av." or "de" matter only where nothing else is said. Where no stop has the
words, each may hold a slip: one wrong, missing or exchanged letter from five letters on, two from
nine on. Two streets with "con" between are a corner: stops on one near stops on the other.

Stops are those of https://gtfs.org/documentation/schedule/reference/#stopstxt with location_type 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from weakref import WeakKeyDictionary

from rapidfuzz.distance import DamerauLevenshtein

from retrieval.analyse import fold, words
from retrieval.tables import Dataset, Tables
from sources.catalog import read_yaml

SLIP_FROM, TWO_SLIPS_FROM = 5, 9
"""Letters from which on a word may hold one slip, or two."""

CORNER_M = 300.0
"""Metres between two stops that make one corner: buses do not stop right at it."""

WALK_M = 300.0
"""Metres that a change may take on foot."""

CELL = 0.01
"""Side, in degrees (about 1 km), of the squares by which stops lie together or apart: those in
squares that touch lie together.
"""

WALK_CELL = (0.003, 0.005)
"""Degrees of latitude and longitude that are more than `WALK_M` as far south as 57°."""

MOST_MEANINGS = 6
"""Places of one name that a reader is asked to choose from, those with most stops first."""

EARTH_M = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG)."""

_STOPS = """
SELECT stop_id, stop_name, stop_lat, stop_lon FROM gtfs_stops
WHERE source_id = ? AND stop_name IS NOT NULL AND coalesce(location_type, 0) = 0
ORDER BY stop_name, stop_id
"""
_SIGNS = """
SELECT DISTINCT sign, stop_id FROM (
    SELECT t.trip_id, any_value(t.trip_headsign) AS sign,
        arg_max(s.stop_id, s.stop_sequence) AS stop_id
    FROM gtfs_trips t
    JOIN gtfs_stop_times s ON s.source_id = t.source_id AND s.trip_id = t.trip_id
    WHERE t.source_id = ? AND t.trip_headsign IS NOT NULL GROUP BY t.trip_id)
ORDER BY sign, stop_id
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a feed; degrees are WGS 84 and may be missing."""

    source_id: str
    id: str
    name: str
    latitude: float | None
    longitude: float | None


def find_stops(tables: Tables, text: str, feeds: Sequence[Dataset]) -> list[Stop]:
    """The stops that `text` names in `feeds`; those named by exactly these words, where there are
    such. What no stop is called but a vehicle's sign is where that vehicle ends.
    """
    wanted = spoken(text)
    if not wanted:
        return []
    names = [_names(tables, feed) for feed in feeds]
    if found := [stop for each in names for stop in each.having(text)]:
        return _exact(found, text)
    if sides := _corner(text):
        crossing = [
            stop
            for each in names
            for stop in _crossing(*(each.having(s) or each.like(s) for s in sides))
        ]
        if crossing:
            return crossing
    if ends := [stop for each in names for stop in each.signed(text)]:
        return ends
    return [stop for each in names for stop in each.like(text)]


def neighbours(tables: Tables, feed: Dataset) -> dict[str, list[tuple[str, float]]]:
    """For each stop id of a feed those within `WALK_M`, itself too, with the metres to them."""
    return _names(tables, feed).near


def stops_of(tables: Tables, feed: Dataset) -> dict[str, Stop]:
    """The stops of a feed that have a name, by id."""
    return _names(tables, feed).by_id


def spoken(text: str) -> tuple[str, ...]:
    """The words of a name that tell it from others, each in the one way of writing it."""
    said = words(text)
    telling = [w for w in said if w not in _data().particles]
    heavy = [w for w in telling if w not in _data().light and w not in _data().corner]
    return tuple(dict.fromkeys(_data().equal.get(w, w) for w in heavy or telling or said))


def meanings(stops: Sequence[Stop]) -> tuple[str, ...]:
    """What a name may mean, if its stops lie in places far apart: one stop's name for each place.

    One or none: it means one place, or places that no name tells apart.
    """
    groups = sorted(together(stops), key=len, reverse=True)
    names = [{s.name for s in group} for group in groups]
    labels = []
    for n, mine in enumerate(names):
        others = set().union(*(o for m, o in enumerate(names) if m != n))
        if own := sorted(mine - others, key=lambda name: (len(name), name)):
            labels.append(own[0])
    return tuple(labels[:MOST_MEANINGS])


def together(stops: Iterable[Stop]) -> list[list[Stop]]:
    """Stops by place: those whose squares touch, directly or over others, lie together."""
    cells: dict[tuple[int, int], list[Stop]] = defaultdict(list)
    for stop in stops:
        if stop.latitude is not None and stop.longitude is not None:
            cells[_cell(stop.latitude, stop.longitude, (CELL, CELL))].append(stop)
    groups = []
    left = set(cells)
    while left:
        group, at = [], [min(left)]
        left.remove(at[0])
        while at:
            y, x = at.pop()
            group += cells[y, x]
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            at += near
        groups.append(group)
    return groups


def metres(a: Stop, b: Stop) -> float:
    """The great-circle distance of two stops (haversine); infinite where a point is not known."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return math.inf
    first, second = math.radians(a.latitude), math.radians(b.latitude)
    across = math.radians(b.longitude - a.longitude)
    h = math.sin((second - first) / 2) ** 2
    h += math.cos(first) * math.cos(second) * math.sin(across / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(h))


def _exact(found: Sequence[Stop], text: str) -> list[Stop]:
    """Of `found` the stops with the words of `text` and no others, if there are; of these the ones
    on the same kind of street: "Jirón Grau" is not "Avenida Grau".
    """
    wanted, light = set(spoken(text)), _light(text)
    found = [stop for stop in found if set(spoken(stop.name)) == wanted] or list(found)
    return [stop for stop in found if light and light <= _light(stop.name)] or found


class _Names:
    """The stops of one feed by the words of their names, and by what lies near."""

    def __init__(self, stops: Sequence[Stop], signs: Iterable[tuple[str, str]] = ()) -> None:
        """`signs` are pairs of what stands on a vehicle and the id of the stop where it ends."""
        self._stops = stops
        self.by_id = {stop.id: stop for stop in stops}
        self._by_word: dict[str, set[int]] = defaultdict(set)
        for place, stop in enumerate(stops):
            for word in {_data().equal.get(w, w) for w in words(stop.name)}:
                self._by_word[word].add(place)

        ends = [(sign, self.by_id[stop_id]) for sign, stop_id in signs if stop_id in self.by_id]
        self._signs = _Names([replace(stop, name=sign) for sign, stop in ends]) if ends else None

    def signed(self, text: str) -> list[Stop]:
        """Where the vehicles end on whose sign `text` stands, under the sign's name."""
        found = _exact(self._signs.having(text), text) if self._signs else []
        return list({stop.id: stop for stop in found}.values())

    def having(self, text: str) -> list[Stop]:
        """The stops with all words of `text`."""
        return self._with([[word] for word in spoken(text)])

    def like(self, text: str) -> list[Stop]:
        """The stops with all words of `text`, slips allowed."""
        groups = []
        for word in spoken(text):
            slips = 0 if len(word) < SLIP_FROM else 1 if len(word) < TWO_SLIPS_FROM else 2
            near = [
                known
                for known in self._by_word
                if DamerauLevenshtein.distance(word, known, score_cutoff=slips) <= slips
            ]
            groups.append(near)
        return self._with(groups)

    @cached_property
    def near(self) -> dict[str, list[tuple[str, float]]]:
        """For each stop id those within `WALK_M`, itself too, the nearest first, with the metres."""
        cells: dict[tuple[int, int], list[Stop]] = defaultdict(list)
        for stop in self._stops:
            if stop.latitude is not None and stop.longitude is not None:
                cells[_cell(stop.latitude, stop.longitude, WALK_CELL)].append(stop)
        found: dict[str, list[tuple[str, float]]] = {}
        for (y, x), here in cells.items():
            around = [
                stop
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
                for stop in cells.get((y + dy, x + dx), ())
            ]
            for stop in here:
                far = sorted((metres(stop, other), other.id) for other in around)
                found[stop.id] = [(name, m) for m, name in far if m <= WALK_M]
        return found

    def _with(self, groups: Sequence[Sequence[str]]) -> list[Stop]:
        """The stops with a word of each group."""
        if not groups:
            return []
        sets = [set().union(*(self._by_word.get(w, ()) for w in group)) for group in groups]
        return [self._stops[place] for place in sorted(set.intersection(*sets))]


_KNOWN: WeakKeyDictionary[Tables, dict[str, tuple[str, _Names]]] = WeakKeyDictionary()


def _names(tables: Tables, feed: Dataset) -> _Names:
    """The names of one feed, read once for as long as it is the same feed."""
    version = f"{feed.content_hash} {feed.checked_at} {feed.as_of} {feed.rows}"
    kept = _KNOWN.setdefault(tables, {})
    if feed.source_id not in kept or kept[feed.source_id][0] != version:
        rows = tables.query(_STOPS, feed.source_id)
        stops = [
            Stop(feed.source_id, r["stop_id"], r["stop_name"], r["stop_lat"], r["stop_lon"])
            for r in rows
        ]
        signs = tables.query(_SIGNS, feed.source_id)
        named = _Names(stops, [(row["sign"], row["stop_id"]) for row in signs])
        kept[feed.source_id] = (version, named)
    return kept[feed.source_id][1]


def _light(text: str) -> set[str]:
    """The kinds of street that a name says."""
    return {_data().equal.get(w, w) for w in words(text) if w in _data().light}


def _corner(text: str) -> tuple[str, str] | None:
    """The two streets of a corner."""
    parts = [[""]]
    for word in fold(text).replace("/", " / ").split():
        if word.strip(".,") in _data().corner:
            parts.append([""])
        else:
            parts[-1].append(word)
    sides = [" ".join(part).strip() for part in parts]
    sides = [side for side in sides if spoken(side)]
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _crossing(first: Sequence[Stop], second: Sequence[Stop]) -> list[Stop]:
    """Stops of either street that lie near one of the other."""
    close = {
        stop
        for a in first
        for b in second
        if a.source_id == b.source_id and _maybe(a, b) and metres(a, b) <= CORNER_M
        for stop in (a, b)
    }
    return sorted(close, key=lambda s: (s.name, s.source_id, s.id))


def _maybe(a: Stop, b: Stop) -> bool:
    """A cheap test that spares most pairs the trigonometry: 0.01° of latitude are 1.1 km."""
    return a.latitude is not None and b.latitude is not None and abs(a.latitude - b.latitude) < 0.01


def _cell(latitude: float, longitude: float, size: tuple[float, float]) -> tuple[int, int]:
    """The square of `size` degrees that a point lies in."""
    return math.floor(latitude / size[0]), math.floor(longitude / size[1])


@dataclass(frozen=True)
class _Streets:
    particles: frozenset[str]
    light: frozenset[str]
    corner: frozenset[str]
    equal: dict[str, str]


@cache
def _data() -> _Streets:
    data = read_yaml(Path(__file__).with_name("streets.yaml"))
    groups = [tuple(dict.fromkeys(fold(word) for word in group)) for group in data["equals"]]
    return _Streets(
        particles=frozenset(data["particles"]),
        light=frozenset(data["light"]),
        corner=frozenset(data["corner"]),
        equal={word: group[0] for group in groups for word in group},
    )
