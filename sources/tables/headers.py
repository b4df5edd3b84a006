"""Headers of official files → standard columns, by the synonyms of ``columns.yaml``.

    >>> found = match(["NOM_RBD", "RBD", "MATRICULA", "TelefonoDirector"], None, {})
    >>> found.role.name, sorted(found.takes)
    ('schools', ['id', 'name', 'students'])

What no synonym and no option names is not taken, so that nothing personal is stored by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sources.catalog import read_yaml
from sources.errors import CatalogError, ConnectorError
from sources.parsers.blocks import fold
from sources.tables import FOLDER, Role, role_named, roles

_MARK = 3
"""A header that tells the role counts as so many others."""

_REMEDY = "Write `options: {role: …}`, and `columns: {name: THEIR_HEADER}` where a header is new."


def squash(header: str) -> str:
    """A header as it is compared: no accents, case, spaces or punctuation."""
    return re.sub(r"[^a-z0-9]", "", fold(header))


@dataclass(frozen=True, slots=True)
class Take:
    """Where one standard column comes from: headers joined, of which a pattern may cut a part."""

    headers: tuple[str, ...]
    joined: str = " "
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The role of a table, and where each standard column comes from, the best place first."""

    role: Role
    takes: dict[str, tuple[Take, ...]]


@cache
def _synonyms() -> dict[str, dict[str, tuple[Take, ...]]]:
    """Role → column → what it may be taken from, headers squashed."""
    found: dict[str, dict[str, tuple[Take, ...]]] = {}
    for role, fields in read_yaml(FOLDER / "columns.yaml").items():
        found[role] = {
            column: tuple(read_take(given, f"columns.yaml: {role}.{column}") for given in all_given)
            for column, all_given in fields["columns"].items()
        }
    return found


@cache
def _marks() -> dict[str, frozenset[str]]:
    data = read_yaml(FOLDER / "columns.yaml")
    return {role: frozenset(map(squash, fields["marks"])) for role, fields in data.items()}


def read_take(given: Any, place: str) -> Take:
    """A synonym as data: a header, a list to join, {join, with} or {header, pattern}."""
    try:
        if isinstance(given, Mapping):
            if "join" in given:
                return Take(tuple(squash(h) for h in given["join"]), str(given["with"]))
            return Take((squash(given["header"]),), pattern=re.compile(given["pattern"]))
        headers = [given] if isinstance(given, str) else given
        return Take(tuple(squash(header) for header in headers))
    except (KeyError, TypeError, AttributeError, re.error):
        raise CatalogError(f"{place}: {given!r} names no header", "Write the header.") from None


def match(headers: Sequence[str], role: object, columns: Mapping[str, Any]) -> Match:
    """The role, given or inferred, and where its columns come from.

    Raises CatalogError for an unknown role or column, ConnectorError where no role fits.
    """
    there = {squash(header) for header in headers if header}
    given = role_named(role) if role is not None else _inferred(there, headers, columns)
    takes = _takes(given, there)
    for name, value in columns.items():
        if name not in given.names:
            raise CatalogError(
                f"options.columns: {given.name} has no column {name!r}",
                f"Use one of: {', '.join(given.names)}.",
            )
        if value is None:
            takes.pop(name, None)  # an agency may say that this column is not to be read
            continue
        take = read_take(value, f"options.columns.{name}")
        if missing := [header for header in take.headers if header not in there]:
            raise CatalogError(
                f"options.columns.{name}: there is no header like {missing[0]!r}",
                f"The file has: {', '.join(headers)[:200]}.",
            )
        takes[name] = (take,)
    lacking = [c for c in given.required if c not in takes]
    if lacking:
        raise ConnectorError(f"no header holds the {lacking[0]} of {given.name}", _REMEDY)
    return Match(given, takes)


def _takes(role: Role, there: set[str]) -> dict[str, tuple[Take, ...]]:
    found: dict[str, tuple[Take, ...]] = {}
    for column, synonyms in _synonyms().get(role.name, {}).items():
        for take in synonyms:
            present = tuple(header for header in take.headers if header in there)
            # Of a joined address the main part must be there; the number may lack.
            if present and (len(present) == len(take.headers) or len(present) > 1):
                made = Take(present, take.joined, take.pattern)
                found[column] = (*found.get(column, ()), made)
    for column in role.names:  # our own names are headers as good as any
        if column not in found and squash(column) in there:
            found[column] = (Take((squash(column),)),)
    return found


def _inferred(there: set[str], headers: Sequence[str], columns: Mapping[str, Any]) -> Role:
    scores = {}
    for name, role in roles().items():
        if name not in _marks():
            continue
        taken = _takes(role, there)
        marks = len(there & _marks()[name])
        if marks and all(c in taken or c in columns for c in role.required):
            scores[name] = len(taken) + _MARK * marks
    ranked = sorted(scores, key=lambda name: -scores[name])
    if not ranked or (len(ranked) > 1 and scores[ranked[0]] == scores[ranked[1]]):
        shown = ", ".join(header for header in headers if header)[:200]
        raise ConnectorError(f"what the table holds cannot be told from: {shown}", _REMEDY)
    return roles()[ranked[0]]
