"""What a place is, and a place found in a text."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.analyse import fold
from retrieval.places.data import kind_label, usual_kind
from sources.country import countries


@dataclass(frozen=True, slots=True)
class Place:
    """An official territory.

    - `country`: ISO 3166-1 alpha-2;
    - `code`: the official one: ISO 3166-2 of a region, state, department or Dominican province; CUT
      (Chile), ubigeo of the INEI (Peru), IBGE (Brazil), province and municipality in four digits
      (Dominican Republic); empty for a town that only a table of facilities names;
    - `name` as officially written; `kind`: region, province, comuna, district, municipality,
      department, state or city;
    - `parents`: the names of the territories it lies in, nearest first;
    - `latitude`, `longitude` in degrees (WGS 84), if known.
    """

    country: str
    code: str
    name: str
    kind: str
    parents: tuple[str, ...]
    latitude: float | None
    longitude: float | None

    @property
    def territory(self) -> str:
        """Its code as in `Document.territory`; "" where it has none."""
        return self.code if "-" in self.code or not self.code else f"{self.country}-{self.code}"

    @property
    def label(self) -> str:
        """Name, territories and country, to tell homonyms apart on a button:
        "Miraflores (Arequipa, Perú)".
        """
        country = countries().get(self.country)
        language = country.language if country else "es"
        around = list(dict.fromkeys(self.parents))
        alike = around[:1] != [] and fold(around[0]) == fold(self.name)
        # "Lima (Lima, Perú)" is the province, what a bare name means there; other provinces say so.
        if self.kind == "province":
            told = alike and usual_kind(self.country) == "province"
        else:
            told = around != [] and not alike
        if not told:
            around.insert(0, kind_label(self.kind, language))
        if country:
            around.append(country.names.get(language, country.names["es"]))
        return f"{self.name} ({', '.join(around)})"


@dataclass(frozen=True, slots=True)
class Found:
    """A place named in a text: `words` are its code points ``start`` to ``end`` (exclusive).

    Several `places`: the name is ambiguous, the likeliest first. `exact` is false where a word was
    misspelt or the name was not complete.
    """

    start: int
    end: int
    words: str
    places: tuple[Place, ...]
    exact: bool
