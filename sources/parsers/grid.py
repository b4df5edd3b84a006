"""Sheets → blocks: every row as a line with its headers.

>>> rows = [["Tarifas"], ["Trámite", "Costo", "Plazo"], ["Licencia", "S/ 24", "5 días"]]
>>> [block.text for block in grid_blocks(rows)]
['Tarifas', 'Trámite: Licencia; Costo: S/ 24; Plazo: 5 días.']

What its headers show to be a register (health centres, schools, stops) is no document: read as a
table set, only known columns of it are kept, and nothing personal by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sources.errors import ConnectorError
from sources.parsers.blocks import Block, Unreadable, clean, heading, is_title_like
from sources.parsers.tables import table_blocks

MOST_ROWS = 5_000
"""Rows of a sheet that is read as a document: more of them are a register."""

_TITLE_LEVEL = 4
_LONGEST_HEADER = 80
_LOOKED_AT = 10
_VALUE = re.compile(r"\W*(?:[A-Z]{1,3}\W{0,2})?\d[\d\s.,:/%-]*\W*$")
_REGISTER = "Read it as a table set: an entry of its own with `connector: tables`."


def grid_blocks(rows: Iterable[Sequence[str]]) -> Iterator[Block]:
    """The blocks of one sheet. Empty rows part its tables; one without headers keeps the last ones.

    Raises Unreadable for a register.
    """
    header: list[str] | None = None
    groups = _groups(rows)
    refuse_register(row for group in groups for row in group)
    for at, group in enumerate(groups):
        if max(map(_filled, group)) == 1:
            yield from _lines(group, followed=at + 1 < len(groups))
            continue
        group = _narrowed(group)
        lead = next(i for i, row in enumerate(group) if _filled(row) > 1)
        bands, table = [[_only(row)] for row in group[:lead]], group[lead:]
        if _is_header(table):
            header = table[0]
        elif header and len(header) == len(table[0]):
            table = [header, *table]
        elif len(table[0]) == 2:
            header = None  # a label and its value, or two columns: the words decide
            yield from table_blocks([*bands, *table])
            continue
        else:
            yield from table_blocks([*bands, *table], headers=0)
            continue
        yield from table_blocks([*bands, *table], headers=lead + 1)


def refuse_register(rows: Iterable[Sequence[str]]) -> None:
    """Raises Unreadable where one of the first rows has the headers of a table set."""
    from sources.tables.headers import match  # reads columns.yaml, which only sheets need

    for _, row in zip(range(_LOOKED_AT), rows, strict=False):
        if _filled(row) < 3:
            continue
        try:
            role = match(row, None, {}).role.name
        except ConnectorError:  # its headers are those of no register
            continue
        raise Unreadable(f"it is a table of {role.replace('_', ' ')}", _REGISTER)


def too_many() -> Unreadable:
    """The error for a sheet with more than MOST_ROWS rows."""
    return Unreadable(f"it has more than {MOST_ROWS} rows", _REGISTER)


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell)


def _only(row: Sequence[str]) -> str:
    return next(filter(None, row))


def _groups(rows: Iterable[Sequence[str]]) -> list[list[list[str]]]:
    """The rows between empty ones. Raises Unreadable for too many."""
    groups: list[list[list[str]]] = []
    group: list[list[str]] = []
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise too_many()
        cells = [clean(cell).replace("\n", " ") for cell in row]
        if any(cells):
            if not group:
                groups.append(group)
            group.append(cells)
        else:
            group = []
    return groups


def _narrowed(group: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows without the columns that are empty in all of them, all of one length."""
    width = max(map(len, group))
    full = [[*row, *[""] * (width - len(row))] for row in group]
    kept = [i for i in range(width) if any(row[i] for row in full)]
    return [[row[i] for i in kept] for row in full]


def _lines(group: Sequence[Sequence[str]], *, followed: bool) -> Iterator[Block]:
    """Rows of one cell each: a title of what follows, or remarks."""
    if len(group) == 1 and followed and is_title_like(_only(group[0])):
        yield heading(_only(group[0]), _TITLE_LEVEL)
        return
    yield from (Block(_only(row)) for row in group)


def _is_header(table: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: different words, no values, and rows below it."""
    first = table[0]
    names = [cell for cell in first if cell]
    return (
        len(table) > 1
        and len(first) > 2
        and len(names) >= len(first) - 1
        and len(set(names)) == len(names)
        and all(len(name) <= _LONGEST_HEADER and not _VALUE.match(name) for name in names)
    )
