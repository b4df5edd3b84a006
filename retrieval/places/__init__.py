"""Names of territories in a question → the official territories.

    >>> Places.built_in().one("hospital con urgencia en nunoa", ["CL"]).code
    '13120'

Accents may be missing and words misspelt. A name that is an everyday word or a person's counts only
where the words around it say so, and a name that is part of another ("avenida Arequipa") never.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from retrieval.analyse import fold
from retrieval.places import rows as _rows
from retrieval.places.context import Context
from retrieval.places.covering import Covering
from retrieval.places.data import read
from retrieval.places.homonyms import Homonyms
from retrieval.places.names import Match, Names
from retrieval.places.place import Found, Place

__all__ = ["Found", "Place", "Places", "regions"]


@lru_cache(maxsize=64)
def regions(country: str) -> tuple[Place, ...]:
    """The largest territories of a country (ISO 3166-1) in the order of their names: Chilean regions,
    Peruvian departments, Brazilian states, Dominican provinces; () for a country not covered.
    """
    found = [p for p in _rows.built_in() if p.country == country and "-" in p.code]
    kinds = {read(country.lower())["territories"]} if found else set()
    chosen = [p for p in found if p.kind in kinds] or found
    return tuple(sorted(chosen, key=lambda place: fold(place.name)))


class Places:
    """A gazetteer; built once, asked many times and from several threads."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = tuple(places)
        self._names = Names(self.places)
        self._homonyms = Homonyms(self._names)
        self._home: Place | None = None
        # One question is read for every tool, every agent and the search: its places are found once.
        self._found = lru_cache(maxsize=64)(self._find)

    @classmethod
    def built_in(cls) -> Places:
        """The places of our own files; see `retrieval.places.rows.built_in`."""
        return cls(_rows.built_in())

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]], extra: Iterable[Place] = ()) -> Places:
        """The places of `rows` of open data and of `extra`, joined by country and code; see
        `retrieval.places.rows.from_rows` for the columns. `Places.built_in().places` as `extra`
        adds our own files.
        """
        return cls(_rows.from_rows(rows, extra))

    def find(
        self, text: str, countries: Sequence[str] = (), *, kinds: Sequence[str] = ()
    ) -> list[Found]:
        """The places named in `text`, left to right, the longest names first, none inside another.

        `countries` (ISO 3166-1) and `kinds` limit them; empty: all. Offsets are code points.
        """
        return list(self._found(text, tuple(countries), tuple(kinds), self._home))

    def at(self, territory: str | None) -> Place | None:
        """The place with this code, written as in `Document.territory` ("CL-13120"); None if none has
        it.
        """
        return self._by_territory.get((territory or "").upper())

    def seen_from(self, territory: str | None) -> Places:
        """The same places for somebody who said where they are: a name that several places bear means
        the one in `territory`, and a text that names no place asks about there. The same object
        where no place has that code.
        """
        home = self.at(territory)
        if home is None:
            return self
        _ = self._covering  # made once, for all who look from somewhere
        view = copy.copy(self)
        view._home = home
        return view

    def _find(
        self,
        text: str,
        countries: tuple[str, ...],
        kinds: tuple[str, ...],
        home: Place | None,
    ) -> tuple[Found, ...]:
        context = Context(text)
        tokens = context.tokens
        matches: list[tuple[Match, frozenset[str]]] = []
        doubtful: list[Match] = []
        position = 0
        while position < len(tokens):
            step = position + 1
            for match in self._names.at(tokens, position, countries, kinds):
                said = context.verdict(match)
                if said.part_of_another:
                    step = match.end
                    break
                if not said.counts:
                    doubtful.append(match)
                else:
                    matches.append((match, said.kinds))
                    step = match.end
                    break
            position = step
        matches += self._homonyms.borne_out(context, doubtful, [match for match, _ in matches])
        matches.sort(key=lambda m: m[0].start)
        results: list[Found] = []
        for match, places in self._homonyms.settle(context, matches, countries, home):
            start, end = tokens[match.start].start, tokens[match.end - 1].end
            results.append(Found(start, end, text[start:end], places, match.exact))
        return tuple(results)

    def one(self, text: str, countries: Sequence[str] = ()) -> Place | tuple[Place, ...] | None:
        """The single place that `text` means; the alternatives to ask about, the likeliest first;
        None if it names none. A territory that only says where another one lies is not one of them.
        """
        alternatives = self._meant(text, countries)
        return alternatives[0] if len(alternatives) == 1 else alternatives or None

    def territories(self, text: str, countries: Sequence[str] = ()) -> frozenset[str]:
        """The territories (`Document.territory`) whose documents hold where `text` asks: the places
        named and what they lie in, of an ambiguous name all that it may mean; where it names none,
        those of the place that the reader is at (`seen_from`); empty for no place.
        """
        return self._covering.codes(self._meant(text, countries) or self._own(countries))

    def home(self, text: str, countries: Sequence[str] = ()) -> Place | None:
        """The place that the reader is at, if `text` asks about there: because it names no other."""
        return next(iter(self._own(countries)), None) if not self._meant(text, countries) else None

    def home_words(self, countries: Sequence[str] = ()) -> list[str]:
        """How somebody would name the place that the reader is at; [] where none is known."""
        return [place.label for place in self._own(countries)]

    def _own(self, countries: Sequence[str]) -> tuple[Place, ...]:
        home = self._home
        return (home,) if home and (not countries or home.country in countries) else ()

    @cached_property
    def _covering(self) -> Covering:
        return Covering(self.places)

    @cached_property
    def _by_territory(self) -> Mapping[str, Place]:
        return {place.territory: place for place in self.places if place.code}

    def _meant(self, text: str, countries: Sequence[str]) -> tuple[Place, ...]:
        found = self.find(text, countries)
        holding = self._homonyms.holding([one.places for one in found])
        named: dict[Place, None] = {}
        for one, holds in zip(found, holding, strict=True):
            if not holds:
                named |= dict.fromkeys(one.places)
        return tuple(named)

    def near(
        self, latitude: float, longitude: float, countries: Sequence[str] = ()
    ) -> Place | None:
        """The place whose own point lies nearest to `latitude`, `longitude` (degrees, WGS 84); None
        if no place of `countries` has one. Distances are right near the point, and not over oceans.
        """
        best: tuple[float, Place] | None = None
        scale = math.cos(math.radians(latitude))
        for place in self.places:
            if place.latitude is None or place.longitude is None:
                continue
            if countries and place.country not in countries:
                continue
            far = math.hypot(place.latitude - latitude, (place.longitude - longitude) * scale)
            if best is None or far < best[0]:
                best = (far, place)
        return best[1] if best else None
