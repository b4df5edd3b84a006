"""Territories from our own files and from rows of open data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from retrieval.analyse import fold, words
from retrieval.places.data import around, read
from retrieval.places.place import Place
from sources.country import Country, countries
from sources.errors import CatalogError

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PREFIXED = re.compile(r"[A-Z]{2}-(\d{4,})")


def key_of(name: str) -> tuple[str, ...]:
    """The folded words of a name by which it is found, without the particles inside it."""
    lists = around()
    spelled = [lists.same.get(word, word) for word in words(name)]
    return tuple(w for i, w in enumerate(spelled) if not i or w not in lists.particles)


@cache
def built_in() -> tuple[Place, ...]:
    """The territories that need no table: regions and their like of every country, all Chilean
    comunas, Dominican municipalities, Peruvian provinces and Brazil's large municipalities.

    Raises CatalogError for a group that lies in a territory which is none.
    """
    found: dict[tuple[str, str], Place] = {}
    for code in countries():
        found |= _of_country(countries()[code])
    return tuple(found.values())


def _of_country(country: Country) -> dict[tuple[str, str], Place]:
    code, data = country.code, read(country.code.lower())
    official, other_kinds = data.get("official", {}), data.get("other_kinds", {})
    found: dict[tuple[str, str], Place] = {}

    def add(own: str, name: str, kind: str, parents: tuple[str, ...]) -> None:
        found[code, own] = Place(code, own, name, kind, parents, None, None)

    for territory in country.territories:
        own = territory.code or ""
        if own not in data.get("skip", ()):
            kind = other_kinds.get(own, data["territories"])
            add(own, official.get(own, territory.name), kind, ())
    for group in data["groups"]:
        parent = found.get((code, group["in"]))
        if parent is None:
            raise CatalogError(
                f"places/{code.lower()}.yaml: {group['in']!r} is no territory", "Correct its code."
            )
        for own, name in group["places"].items():
            add(own, name, group["kind"], (parent.name, *parent.parents))
    named = {key_of(place.name) for place in found.values()}
    named |= {key_of(name) for name in read("nicknames").get(code, {})}
    for town in country.cities:
        own = (town.code or "").partition("-")[2]
        if own and (code, own) not in found:
            # A Peruvian district's province is the first four digits of its code.
            around_it = found.get((code, own[:4]))
            parents = (around_it.name, *around_it.parents) if around_it else ()
            add(own, town.name, data["towns"], parents)
        elif not own and key_of(town.name) not in named:
            found[code, "·" + town.name] = Place(code, "", town.name, "city", (), None, None)
    return found


@cache
def other_names() -> dict[tuple[str, str], tuple[str, ...]]:
    """Country and code → the names that people use beside the official one."""
    found: dict[tuple[str, str], list[str]] = {}
    nicknames = read("nicknames")
    for code, country in countries().items():
        given = nicknames.get(code, {})
        ours = {key_of(name) for name in given}
        for own, name in read(code.lower()).get("short", {}).items():
            found.setdefault((code, own), []).append(name)
        for place in (*country.territories, *country.cities):
            own = place.code or ""
            own = own if place in country.territories else own.partition("-")[2]
            names = [n for n in (place.name, *place.names) if own and key_of(n) not in ours]
            found.setdefault((code, own), []).extend(names)
        for name, codes in given.items():
            for own in codes if isinstance(codes, list) else [codes]:
                found.setdefault((code, own), []).append(name)
    return {where: tuple(dict.fromkeys(names)) for where, names in found.items()}


@cache
def ours() -> frozenset[tuple[str, str]]:
    """Country and code of the places of our own files: of a country's municipalities the larger."""
    return frozenset((place.country, place.code) for place in built_in())


@cache
def undecided() -> frozenset[tuple[str, tuple[str, ...]]]:
    """Country and name of those that ``nicknames.yaml`` gives several codes: to be asked about."""
    return frozenset(
        (code, key_of(name))
        for code, names in read("nicknames").items()
        for name, codes in names.items()
        if isinstance(codes, list)
    )


@cache
def leading() -> frozenset[tuple[str, str]]:
    """Country and code of those that a bare name means before its homonyms: capitals of regions,
    departments, states and provinces, and the large municipalities.
    """
    return frozenset(
        (code, own)
        for code in countries()
        for field in ("capitals", "large")
        for own in read(code.lower()).get(field, ())
    )


def from_rows(rows: Iterable[Mapping[str, Any]], extra: Iterable[Place] = ()) -> list[Place]:
    """Places from rows of open data, joined with `extra` by country and code.

    A row has country, code, name, kind, parent_code, parent_name, iso_3166_2, latitude, longitude;
    one that a table of facilities gives has municipality, region and territory_code in the place of
    name, parent_name and code. Rows of one place are joined: the first coordinates count, and of
    two spellings the one with accents and small letters. Rows without a country or name say nothing.
    """
    found: dict[tuple[str, str], Place] = {(p.country, p.code or "·" + p.name): p for p in extra}
    read_rows = [row for row in map(_fields, rows) if row["country"] and row["name"]]
    names = {(p.country, p.code): p.name for p in found.values() if p.code}
    for row in read_rows:
        if row["code"]:
            where = (row["country"], row["code"])
            names[where] = _better(names.get(where, ""), _written(row["name"]))
    by_name: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for where, place in found.items():
        by_name.setdefault((place.country, key_of(place.name)), []).append(where)
    for row in sorted(read_rows, key=lambda r: not r["code"]):
        country, name = row["country"], _written(row["name"])
        parents = _parents(row, names)
        where = (country, row["code"])
        if not row["code"]:
            where = _same(by_name.get((country, key_of(name)), ()), found, parents)
            where = where if where[0] else (country, "·" + "|".join((name, *parents)))
        known = found.get(where)
        new = where not in found
        found[where] = _joined(known, row, name, parents)
        if new:
            by_name.setdefault((country, key_of(name)), []).append(where)
    return list(found.values())


def _fields(row: Mapping[str, Any]) -> dict[str, str]:
    def text(*keys: str) -> str:
        values = (str(row[key]).strip() for key in keys if row.get(key) is not None)
        return next((value for value in values if value not in ("", "NA")), "")

    code = text("code", "territory_code")
    prefixed = _PREFIXED.fullmatch(code)
    return {
        "country": text("country").upper(),
        "code": prefixed[1] if prefixed else code,
        "name": text("name", "municipality"),
        "kind": text("kind") or "municipality",
        "parent": text("parent_name", "region"),
        "parent_code": text("parent_code"),
        "iso": text("iso_3166_2"),
        "latitude": text("latitude"),
        "longitude": text("longitude"),
    }


def _parents(row: Mapping[str, str], names: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    country, iso = row["country"], row["iso"]
    first = names.get((country, row["parent_code"])) or _written(row["parent"])
    region = names.get((country, iso), "") if iso != row["code"] else ""
    found = [name for name in (first, region) if name]
    # Under a department of its own name a province still counts: Arequipa lies in Arequipa.
    same = len(found) == 2 and row["parent_code"] in ("", iso) and fold(found[0]) == fold(found[1])
    return tuple(found[:1] if same else found)


def _same(
    candidates: Iterable[tuple[str, str]],
    found: Mapping[tuple[str, str], Place],
    parents: tuple[str, ...],
) -> tuple[str, str]:
    """Which known place a row without a code names: of several the one in the same territory."""
    listed = list(candidates)
    around_it = {key_of(parent) for parent in parents}
    inside = [w for w in listed if around_it & {key_of(p) for p in found[w].parents}]
    if inside:
        return inside[0]
    return (
        listed[0] if len(listed) == 1 and not (parents and found[listed[0]].parents) else ("", "")
    )


def _joined(
    known: Place | None, row: Mapping[str, str], name: str, parents: tuple[str, ...]
) -> Place:
    latitude, longitude = _degrees(row["latitude"], 90), _degrees(row["longitude"], 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    if known is None:
        return Place(row["country"], row["code"], name, row["kind"], parents, latitude, longitude)
    if known.latitude is not None:
        latitude, longitude = known.latitude, known.longitude
    better = name if not known.code and name else _better(known.name, name)
    if len(known.parents) >= len(parents):
        parents = known.parents
    return Place(known.country, known.code, better, known.kind, parents, latitude, longitude)


def _degrees(text: str, limit: int) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and 0 < abs(number) <= limit else None


def _better(one: str, other: str) -> str:
    """Of two spellings of a name the one that keeps its accents; of two names the newer table's."""
    if not one or not other:
        return one or other
    if fold(one) != fold(other):
        return other
    return max(one, other, key=lambda name: sum(map(_marked, name)))


def _marked(letter: str) -> int:
    return int(letter.casefold() != fold(letter))


def _written(name: str) -> str:
    """A name in capitals as people write it: "SAN MARTIN DE PORRES" → "San Martin de Porres"."""
    if not name.isupper():
        return name
    lists = around()
    small = lists.particles | lists.articles | {"y", "e"}
    return " ".join(
        word.lower() if i and word.lower() in small else word.title()
        for i, word in enumerate(name.split())
    )
