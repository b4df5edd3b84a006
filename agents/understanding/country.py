"""Which country a question is about: its words first, then the choice on the page.

What a place name stands for depends on how it stands there. "en Lima" says where the service is
wanted; "soy de Lima" or "mi título peruano" says where a person or a paper comes from, which counts
only when nothing else names a country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import chain

from agents.phrases import rules
from retrieval.analyse import fold, words
from retrieval.places import Places
from sources.country import countries, elsewhere

LOCATED, NAMED, IMPLIED, ORIGIN, HINT = 5.0, 3.0, 2.5, 1.0, 0.8


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`countries` named (ISO 3166-1), surest first; `explicit` whether the text itself says so
    beyond doubt; `elsewhere` the name of a country that Ventanilla does not cover, if the question
    is about that one.
    """

    countries: tuple[str, ...]
    explicit: bool
    elsewhere: str | None


@dataclass(frozen=True, slots=True)
class _Name:
    code: str
    weight: float
    kind: str
    shown: str


@cache
def _names() -> tuple[re.Pattern[str], dict[str, list[_Name]]]:
    table: dict[str, list[_Name]] = {}

    def add(name: str, entry: _Name) -> None:
        key = " ".join(words(name))
        if len(key) > 1:
            table.setdefault(key, []).append(entry)

    for country in countries().values():
        shown = country.names["es"]
        for name in chain(country.names.values(), country.other_names):
            add(name, _Name(country.code, NAMED, "name", shown))
        for demonym in country.demonyms:
            add(demonym, _Name(country.code, HINT, "demonym", shown))
        for word in country.implied_by:
            add(word, _Name(country.code, IMPLIED, "implied", shown))
        for place in chain(country.territories, country.cities):
            weight = HINT if place.ambiguous else NAMED
            for name in (place.name, *place.names):
                add(name, _Name(country.code, weight, "place", shown))
    for other in elsewhere():
        shown = other.names["es"]
        for name in chain(other.names.values(), other.other_names):
            add(name, _Name(other.code, NAMED, "elsewhere", shown))
    longest_first = sorted(table, key=len, reverse=True)
    pattern = "|".join(re.escape(name) for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"), table


def locate(text: str, selected: str | None = None) -> Whereabouts:
    """Where the question is about, by its words; `selected` decides between readings only."""
    folded = " ".join(words(text))
    regex, table = _names()
    scores: dict[str, float] = {}
    foreign: dict[str, tuple[str, float]] = {}
    for match in regex.finditer(folded):
        before = folded[: match.start()].split()
        entries = table[match.group()]
        owners = {e.code for e in entries}
        for entry in entries:
            weight = _weight(entry, before, folded[match.end() :].split())
            if len(owners) > 1:  # Santiago, San Martín: a name of several countries
                weight = HINT
            if entry.kind == "elsewhere":
                known = foreign.get(entry.code, ("", 0.0))[1]
                foreign[entry.code] = (entry.shown, max(weight, known))
            else:
                scores[entry.code] = max(weight, scores.get(entry.code, 0.0))
    best = max(scores.values(), default=0.0)
    away = max(foreign.values(), key=lambda f: f[1], default=("", 0.0))
    if away[1] >= LOCATED and best < NAMED:
        return Whereabouts((), True, away[0])
    if best >= IMPLIED:
        least = LOCATED if best >= LOCATED else IMPLIED
        sure = [code for code, score in scores.items() if score >= least]
        return Whereabouts(tuple(sorted(sure, key=lambda c: -scores[c])), True, None)
    if away[1] >= NAMED and not scores and selected is None:
        return Whereabouts((), True, away[0])
    if selected:
        return Whereabouts((selected,), False, None)
    hinted = [code for code, score in scores.items() if score == best]
    return Whereabouts(tuple(hinted) if len(hinted) == 1 else (), False, None)


@cache
def _prepositions() -> dict[str, frozenset[str]]:
    data = rules("whereabouts")
    return {kind: frozenset(fold(str(word)) for word in found) for kind, found in data.items()}


def _weight(entry: _Name, before: list[str], after: list[str]) -> float:
    """How much a name says, by the words before it."""
    kinds = _prepositions()
    nearest = [w for w in before[-3:] if w not in kinds["articles"]]
    last = nearest[-1] if nearest else ""
    if entry.kind in ("demonym", "implied"):
        return entry.weight
    if kinds["origin_words"].intersection(before[-4:]) and last in kinds["of"]:
        return ORIGIN
    if last in kinds["in"]:
        # "para estudiar en España", "vivo en Madrid": a purpose or a home abroad; the paper is
        # still asked for at home.
        purpose = kinds["purpose"].intersection(before[-6:])
        if entry.kind == "elsewhere" and purpose:
            return ORIGIN
        return max(entry.weight, LOCATED) if entry.weight >= NAMED else entry.weight
    if last in kinds["towards"]:
        return entry.weight if entry.kind != "elsewhere" else ORIGIN
    return entry.weight


def speaking(language: str) -> tuple[str, ...]:
    """The countries that a language alone points to: Portuguese names Brazil, Spanish nobody."""
    found = [c.code for c in countries().values() if c.language == language]
    return tuple(found) if len(found) == 1 else ()


def misplaced(territory: str | None, country: str | None, places: Places) -> str | None:
    """What is wrong with where a reader says they are, as a key of the replies' `errors`, or None."""
    if not territory:
        return None
    place = places.at(territory)
    if place is None:
        return "territory"
    return "territory_abroad" if country and country.upper() != place.country else None


def place_words(text: str) -> frozenset[str]:
    """The folded words of `text` that are part of a country's or town's name, or of a demonym."""
    regex, table = _names()
    folded = " ".join(words(text))
    return frozenset(
        word
        for match in regex.finditer(folded)
        if any(entry.kind != "implied" for entry in table[match.group()])
        for word in match.group().split()
    )
