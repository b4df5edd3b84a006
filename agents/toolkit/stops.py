"""Stops of GTFS feeds by the names that people give them.

A name is compared word by word, without accents and case; ways of writing one word (``Pza.``,
``plaza``) are one, and "Av." or "de" matter only where nothing else is said. Where no stop has the
words, each may hold a slip: one wrong, missing or exchanged letter from five letters on, two from
nine on. Two streets with "con" between are a corner: stops on one near stops on the other.

Stops are those of https://gtfs.org/documentation/schedule/reference/#stopstxt with location_type 0.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from retrieval.tables import Tables

from retrieval.analyse import fold, words
from sources.catalog import read_yaml

SLIP_FROM, TWO_SLIPS_FROM = 5, 9
"""Letters from which on a word may hold one slip, or two."""

CORNER_M = 150.0
"""Metres between two stops that make one corner."""

CELL_M = 1000.0
"""Side of the squares by which stops are told to lie together: stops in squares that touch do."""

EARTH_M = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG)."""

_NAMED = """
WITH named AS (
    SELECT source_id, stop_id, stop_name, stop_lat, stop_lon,
        ' ' || trim(regexp_replace(strip_accents(lower(stop_name)), '[^a-z0-9]+', ' ', 'g')) || ' '
            AS words
    FROM gtfs_stops
    WHERE list_contains(?, source_id) AND stop_name IS NOT NULL AND coalesce(location_type, 0) = 0)
"""
_WITH_WORD = " AND regexp_matches(words, ?)"
_FIND = _NAMED + "SELECT * FROM named WHERE true"
_NEAR_WORDS = (
    _NAMED
    + """
, vocabulary AS (SELECT DISTINCT unnest(string_split(trim(words), ' ')) AS word FROM named)
SELECT asked.word AS asked, vocabulary.word AS word
FROM (SELECT unnest(?) AS word, unnest(?) AS slips) asked JOIN vocabulary
    ON abs(length(asked.word) - length(vocabulary.word)) <= asked.slips
    AND damerau_levenshtein(asked.word, vocabulary.word) <= asked.slips
ORDER BY damerau_levenshtein(asked.word, vocabulary.word), vocabulary.word
"""
)


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a feed; degrees are WGS 84 and may be missing."""

    source_id: str
    id: str
    name: str
    latitude: float | None
    longitude: float | None


def find_stops(tables: Tables, text: str, sources: Sequence[str]) -> list[Stop]:
    """The stops that `text` names in the feeds `sources`; those named by exactly these words, where
    there are such.
    """
    wanted = spoken(text)
    if not wanted or not sources:
        return []
    found = _named_all(tables, wanted, sources)
    if found:
        return found
    if sides := _corner(text):
        first, second = (
            _named_all(tables, spoken(s), sources) or _misspelt(tables, spoken(s), sources)
            for s in sides
        )
        if found := _crossing(first, second):
            return found
    return _misspelt(tables, wanted, sources)


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
    groups = together(stops)
    names = [{s.name for s in group} for group in groups]
    labels = []
    for n, mine in enumerate(names):
        others = set().union(*(o for m, o in enumerate(names) if m != n))
        if own := sorted(mine - others, key=lambda name: (len(name), name)):
            labels.append(own[0])
    return tuple(labels)


def together(stops: Iterable[Stop]) -> list[list[Stop]]:
    """Stops by place: those whose squares touch, directly or over others, lie together."""
    cells: dict[tuple[int, int], list[Stop]] = defaultdict(list)
    for stop in stops:
        if stop.latitude is not None and stop.longitude is not None:
            cells[_cell(stop.latitude, stop.longitude)].append(stop)
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


def _named_all(tables: Tables, wanted: Sequence[str], sources: Sequence[str]) -> list[Stop]:
    return _having(tables, [_data().ways(word) for word in wanted], wanted, sources)


def _misspelt(tables: Tables, wanted: Sequence[str], sources: Sequence[str]) -> list[Stop]:
    slips = [0 if len(w) < SLIP_FROM else 1 if len(w) < TWO_SLIPS_FROM else 2 for w in wanted]
    rows = tables.query(_NEAR_WORDS, list(sources), list(wanted), slips)
    near: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        near[row["asked"]].append(row["word"])
    groups = [tuple(dict.fromkeys((*_data().ways(word), *near[word]))) for word in wanted]
    return _having(tables, groups, (), sources)


def _having(
    tables: Tables,
    groups: Sequence[Sequence[str]],
    exactly: Sequence[str],
    sources: Sequence[str],
) -> list[Stop]:
    """The stops with a word of each group; of them those that have no other words, if there are."""
    if not groups:
        return []
    patterns = [f" (?:{'|'.join(map(re.escape, group))}) " for group in groups]
    rows = tables.query(_FIND + _WITH_WORD * len(patterns), list(sources), *patterns)
    found = [
        Stop(r["source_id"], r["stop_id"], r["stop_name"], r["stop_lat"], r["stop_lon"])
        for r in rows
    ]
    exact = [stop for stop in found if set(spoken(stop.name)) == set(exactly)]
    return sorted(exact or found, key=lambda s: (s.name, s.source_id, s.id))


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


def _cell(latitude: float, longitude: float) -> tuple[int, int]:
    """The square that a point lies in; its sides are `CELL_M` long."""
    north = math.radians(latitude) * EARTH_M
    row = math.floor(north / CELL_M)
    # All squares of a row are as wide as at the row's own latitude, so that they do not overlap.
    scale = math.cos(row * CELL_M / EARTH_M)
    return row, math.floor(math.radians(longitude) * EARTH_M * scale / CELL_M)


@dataclass(frozen=True)
class _Streets:
    particles: frozenset[str]
    light: frozenset[str]
    corner: frozenset[str]
    equal: dict[str, str]
    groups: dict[str, tuple[str, ...]]

    def ways(self, word: str) -> tuple[str, ...]:
        """All ways of writing `word`."""
        return self.groups.get(word, (word,))


@cache
def _data() -> _Streets:
    data = read_yaml(Path(__file__).with_name("streets.yaml"))
    groups = [tuple(dict.fromkeys(fold(word) for word in group)) for group in data["equals"]]
    return _Streets(
        particles=frozenset(data["particles"]),
        light=frozenset(data["light"]),
        corner=frozenset(data["corner"]),
        equal={word: group[0] for group in groups for word in group},
        groups={group[0]: group for group in groups},
    )
