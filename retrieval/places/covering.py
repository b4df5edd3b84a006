"""Which documents hold in a place: those of the place, and of the territories it lies in.

    >>> Covering(Places.built_in().places).codes([nunoa])
    frozenset({'CL-13120', 'CL-13', 'CL-131', 'CL-RM', …})

A document of a sibling territory holds nothing there, nor does one of a smaller territory inside it:
what one comuna charges says nothing of its region.
"""

from __future__ import annotations

from collections.abc import Iterable

from retrieval.analyse import fold
from retrieval.places.data import read
from retrieval.places.place import Place
from sources.country import countries


def levels(country: str) -> tuple[int, ...]:
    """How many first digits of an official code name the territories around it: of a Peruvian
    district four its province, two its department. Data of ``sources/places``; () for a country
    that has none.
    """
    return tuple(read(country.lower()).get("levels", ())) if country in countries() else ()


class Covering:
    """The codes of `places` and of what lies around them; built once, asked from several threads."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._iso: dict[tuple[str, str], str] = {}
        self._digits: dict[str, set[str]] = {}
        listed = tuple(places)
        for place in listed:
            if "-" in place.code:
                self._iso[place.country, fold(place.name)] = place.code
        for place in listed:
            digits = self._first_digits(place)
            for iso in self._around(place):
                self._digits.setdefault(iso, set()).update(digits)

    def codes(self, places: Iterable[Place]) -> frozenset[str]:
        """The territories (`Document.territory`) whose documents hold in any of `places`; empty
        where no place has a code, which narrows nothing.
        """
        found: set[str] = set()
        for place in places:
            if not place.code:
                around = self._around(place)
                if not around:
                    return frozenset()
                found.update(around)
            elif "-" in place.code:
                own = {f"{place.country}-{digits}" for digits in self._digits.get(place.code, ())}
                found |= {place.code, *own}
            else:
                sizes = (*levels(place.country), len(place.code))
                found |= {f"{place.country}-{place.code[:size]}" for size in sizes}
                found.update(self._around(place))
        return frozenset(found)

    def _around(self, place: Place) -> list[str]:
        """The ISO 3166-2 codes of the territories that a smaller place lies in."""
        if "-" in place.code:
            return []
        named = (self._iso.get((place.country, fold(parent))) for parent in place.parents)
        return [code for code in named if code]

    def _first_digits(self, place: Place) -> set[str]:
        sizes = levels(place.country)[:1]
        return {place.code[:size] for size in sizes if place.code.isdigit()}
