"""Whether a university has a licence, by the register's own words and date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA

from agents.toolkit import Access, Part, Result, tool
from agents.toolkit.nearby import Row, lines_of, of_sets, sets_of
from agents.toolkit.passages import all_quoted, rules_of
from agents.toolkit.reading import MOST_OPTIONS
from retrieval.analyse import particles, sound, words

ROLE = "universities"

_UNIVERSITY = "university"
"""The kind that every name has, so that it tells nothing."""


@tool(sector="education", countries=("PE",), roles=(ROLE,))
def university_licensed(access: Access, name: str) -> Result:
    """Whether a university has a licence, according to the register of a given day.

    A name that the register does not hold is said to be missing there, never to be unlicensed.
    """
    rules = rules_of(__file__)
    sets, tables = sets_of(access, ROLE), access.tables
    if not sets:
        return Result(unable="no_data")
    allowed = of_sets(sets)
    rows = tables.query(
        f"SELECT * FROM {ROLE} WHERE {allowed.sql} ORDER BY source_id, row_no",  # noqa: S608
        *allowed.parameters,
    )
    found = matching(name, [str(row["name"]) for row in rows], rules["names"])
    if found is None:
        return Result(alternatives=("name", ()))
    parts = (Part("confirm", all_quoted(access, rules["confirm"])),)
    if not found:
        return Result(parts=parts, values={"name": name}, notices=("not_found",))
    meant = [row for row in rows if row["name"] in found]
    if len(found) > 1:
        options = tuple(dict.fromkeys(str(row["name"]) for row in meant))
        return Result(alternatives=("name", options[:MOST_OPTIONS]))
    lines = tuple(lines_of(tables, ROLE, meant, sets))
    notices = {_notice(row) for row in meant}
    return Result(lines, parts, {"name": found[0]}, tuple(sorted(notices)))


def _notice(row: Row) -> str:
    """What the register does not say of a university, or how it says it."""
    return "no_status" if not row["status_label"] else f"is_{row['status'] or 'other'}"


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as it is compared: the words that tell universities apart, and those of its kind
    ("nacional").
    """

    telling: tuple[str, ...]
    kinds: frozenset[str]


def matching(asked: str, names: Sequence[str], rules: Mapping[str, Any]) -> list[str] | None:
    """The names of the register that `asked` means, as people write it; several where it is open,
    and None where it names no university at all ("la nacional").

    Every word of `asked` that tells universities apart must stand in the name, misspelt at most. Of
    several names one is meant that has no other such word and just the kind that was said.
    """
    short = {"".join(words(key)): name for key, name in rules["abbreviations"].items()}
    wanted = _read(short.get("".join(words(asked)), asked), rules)
    if not wanted.telling:
        return None
    listed = {name: _read(name, rules) for name in names}
    held = [name for name, read in listed.items() if _within(wanted.telling, read.telling)]
    whole = [n for n in held if len(listed[n].telling) == len(wanted.telling)]
    of_kind = [n for n in held if wanted.kinds <= listed[n].kinds]
    sure = [n for n in whole if listed[n].kinds == wanted.kinds]
    return next((found for found in (sure, of_kind) if len(found) == 1), of_kind or held)


def _read(name: str, rules: Mapping[str, Any]) -> _Name:
    kinds, telling = set(), []
    for word in words(name):
        kind = _of_kind(word, rules["kinds"])
        if kind:
            kinds.add(kind)
        elif len(word) > 1 and word not in particles() and word not in rules["ignored"]:
            telling.append(word)
    return _Name(tuple(telling), frozenset(kinds - {_UNIVERSITY}))


def _of_kind(word: str, kinds: Mapping[str, list[str]]) -> str | None:
    """The kind that a word names, misspelt or cut."""
    for kind, written in kinds.items():
        if any(OSA.distance(word, each) <= _slips(each) for each in written):
            return kind
    return None


def _within(wanted: Iterable[str], telling: Iterable[str]) -> bool:
    """Whether each of `wanted` stands among `telling`, each for one of its own."""
    rest = list(telling)
    for word in wanted:
        near = min(rest, key=lambda other: _apart(word, other), default=None)
        if near is None or _apart(word, near) > _slips(word):
            return False
        rest.remove(near)
    return True


def _apart(one: str, other: str) -> int:
    """Typing errors between two words, as they are written or as they sound."""
    return min(OSA.distance(one, other), OSA.distance(sound(one), sound(other)))


def _slips(word: str) -> int:
    """How many typing errors a word may hold."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2
