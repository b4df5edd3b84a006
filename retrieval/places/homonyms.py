"""Which of several places of one name is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from retrieval.analyse import fold
from retrieval.places.context import Context
from retrieval.places.data import around, country_names
from retrieval.places.names import Match, Names
from retrieval.places.place import Place
from retrieval.places.rows import key_of, leading, ours, undecided

_Id = tuple[str, str]
"""Country, and the name or the digits of a territory."""

Settled = list[tuple[Match, tuple[Place, ...]]]

MOST_LONGER = 3
"""More names that go on ("San Juan de …") are no answer to what a shorter one meant."""


class Homonyms:
    """Settles homonyms by the kind and the territory that the text names, then by what a bare name
    usually means.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def settle(
        self,
        context: Context,
        matches: Sequence[tuple[Match, frozenset[str]]],
        countries: Sequence[str],
        home: Place | None = None,
    ) -> Settled:
        """Each match with the places it means, the likeliest first. Where the text does not tell, a
        name means what bears it at `home`.
        """
        abroad = _countries_named(context)
        settled: Settled = []
        # Which names of the text say where something lies: one pass, however long the text is.
        holders: dict[_Id, set[tuple[str, ...]]] = {}
        begin: dict[int, Match] = {}
        end: dict[int, Match] = {}
        for match, _ in matches:
            begin[match.start], end[match.end] = match, match
            for place in match.places:
                for identity in _own(place):
                    holders.setdefault(identity, set()).add(match.key)
        for match, kinds in matches:
            places = [p for p in match.places if p.kind in kinds] or list(match.places)
            states = self._states(context, match)
            inside = [
                p
                for p in places
                if any(holders.get(identity, set()) - {match.key} for identity in _around(p))
                or any(self.inside(state, p) for state in states)
            ]
            after = [
                p
                for start in (match.end, match.end + 1)
                if start in begin
                for p in begin[start].places
            ]
            if after and not inside and len(match.key) > 1:
                longer = [
                    p
                    for p in self._names.beginning(match.key)
                    if (not countries or p.country in countries)
                    and any(self.inside(q, p) for q in after)
                ]
                longer = list(dict.fromkeys(longer))
                if 0 < len(longer) <= MOST_LONGER:
                    inside, match = longer, replace(match, exact=False)
            # "La Florida, Santiago": the province of Santiago, not the comuna beside La Florida.
            before = end[match.start].places if match.start in end else ()
            holding = [p for p in places if any(self.inside(p, q) for q in before)]
            at_home = [p for p in places if home and (p == home or self.inside(home, p))]
            places = inside or holding or at_home or places
            places = [p for p in places if p.country in abroad] or places
            places = _in_its_language(context, match, places)
            places = _not_letters(context, match, places)
            settled.append((match, self._ranked(match, places, countries, bool(kinds))))
        return settled

    def borne_out(
        self, context: Context, doubtful: Sequence[Match], sure: Sequence[Match]
    ) -> list[tuple[Match, frozenset[str]]]:
        """Those of `doubtful` right after which the text names the territory they lie in:
        "Victoria, Araucanía".
        """
        found: list[tuple[Match, frozenset[str]]] = []
        begin = {match.start: match for match in sure}
        for match in doubtful:
            if found and match.start < found[-1][0].end:
                continue
            around_it = list(begin[match.end].places) if match.end in begin else []
            around_it += self._states(context, match)
            places = [p for p in match.places if any(self.inside(q, p) for q in around_it)]
            if places:
                found.append((replace(match, places=tuple(places)), frozenset()))
        return found

    def inside(self, outer: Place, place: Place) -> bool:
        """Whether `place` lies in `outer`."""
        return outer != place and not _own(outer).isdisjoint(_around(place))

    def holding(self, found: Sequence[tuple[Place, ...]]) -> list[bool]:
        """For each name found, as its places, whether another one names what lies in them."""
        inner: dict[_Id, set[tuple[Place, ...]]] = {}
        for places in found:
            for identity in {i for place in places for i in _around(place)}:
                inner.setdefault(identity, set()).add(places)
        return [
            any(inner.get(identity, set()) - {places} for p in places for identity in _own(p))
            for places in found
        ]

    def _states(self, context: Context, match: Match) -> list[Place]:
        """The state whose letters follow the name: "Belém/PA", "Santa Luzia (MG)"."""
        if match.end == len(context.tokens):
            return []
        token = context.tokens[match.end]
        gap = context.text[context.tokens[match.end - 1].end : token.start]
        if len(token.raw) != 2 or gap.strip() not in {"/", "-", "–", ",", "("}:
            return []
        state = self._names.states.get(f"BR-{token.raw.upper()}")
        return [state] if state else []

    def _ranked(
        self, match: Match, places: list[Place], countries: Sequence[str], asked: bool
    ) -> tuple[Place, ...]:
        left = places
        if not asked:
            left = [p for p in places if not any(self._stands_for(q, p) for q in places)]
        leaders = [p for p in left if _leads(p)]
        among = {p.country for p in left}
        if len(leaders) == 1 and len(among) == 1 and (*among, match.key) not in undecided():
            left = leaders

        def rank(place: Place) -> tuple[bool, bool, int, int, tuple[str, ...]]:
            country = countries.index(place.country) if place.country in countries else 0
            # Our own files have the larger ones of a country's municipalities.
            small = (place.country, place.code) not in ours()
            return (not _leads(place), small, country, _preference(place), place.parents)

        return tuple(sorted(left, key=rank))

    def _stands_for(self, one: Place, other: Place) -> bool:
        """Whether a bare name means `one` and not `other`: a territory and the chief town in it."""
        if _preference(one) >= _preference(other):
            return False
        for small, large in ((one, other), (other, one)):
            # INEI and SUBDERE number a province's chief town 01.
            if self.inside(large, small):
                return _leads(small) or small.code.endswith("01")
        return False


def _not_letters(context: Context, match: Match, places: list[Place]) -> list[Place]:
    """Without those that only their letters name, where these are not in capitals: "Poá", not POA."""
    token = context.tokens[match.start]
    if match.end - match.start > 1 or len(token.raw) > 3 or token.raw.isupper():
        return places
    return [p for p in places if key_of(p.name) == match.key] or places


@lru_cache(maxsize=32768)
def _own(place: Place) -> frozenset[_Id]:
    found = {(place.country, " ".join(key_of(place.name)))}
    # ISO's DO-25 is the province whose municipalities' codes begin with 25.
    digits = place.code.removeprefix("DO-")
    return frozenset(found | ({(place.country, digits)} if digits.isdigit() else set()))


@lru_cache(maxsize=32768)
def _around(place: Place) -> frozenset[_Id]:
    found = {(place.country, " ".join(key_of(parent))) for parent in place.parents}
    # Codes of provinces begin those of what lies in them.
    if place.code.isdigit():
        found |= {(place.country, place.code[:end]) for end in range(2, len(place.code))}
    return frozenset(found)


def _in_its_language(context: Context, match: Match, places: list[Place]) -> list[Place]:
    """Without "San Luis" where "São Luís" is written, and the other way round."""
    first = fold(context.tokens[match.start].raw)
    if first not in {"sao", "san"}:
        return places
    return [p for p in places if fold(p.name).split()[0] == first] or places


def _leads(place: Place) -> bool:
    return (place.country, place.code) in leading()


def _preference(place: Place) -> int:
    order = around().prefer.get(place.country, ())
    return order.index(place.kind) if place.kind in order else len(order)


def _countries_named(context: Context) -> frozenset[str]:
    names = country_names()
    spelled = [token.folded for token in context.tokens]
    return frozenset(
        names[name]
        for length in (1, 2)
        for start in range(len(spelled) - length + 1)
        if (name := " ".join(spelled[start : start + length])) in names
    )
