"""Tables → blocks: every row with its header, so that it can be quoted by itself.

>>> [block.text for block in table_blocks([["Trámite", "Costo"], ["Licencia", "S/ 24.50"]])]
['Trámite: Licencia; Costo: S/ 24.50.']
>>> [block.text for block in table_blocks([["Costo", "S/ 24.50"], ["Plazo", "5 días"]])]
['Costo: S/ 24.50.', 'Plazo: 5 días.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sources.document import Field
from sources.parsers.blocks import LABEL_LEVEL, Block, Kind, heading
from sources.parsers.headings import exact_field, head_field

Row = Sequence[str]

_DIGIT = re.compile(r"\d")
_HEADER_LENGTH = 60
_BAND_WORDS = 8


def table_blocks(
    rows: Sequence[Row], *, headers: int | None = None, page: int | None = None
) -> Iterator[Block]:
    """The rows of a table, from its cells.

    `headers` says how many rows at the top are headers; None has it guessed. A merged cell is
    given once for every place it covers, but a row that is one cell over the whole width has one
    value: it is a heading inside the table where it is short, else a paragraph.
    """
    grid = [[" ".join(cell.split()) for cell in row] for row in rows]
    grid = [row for row in grid if any(row)]
    if not grid:
        return
    width = max(map(len, grid))
    while width > 1 and grid and len(grid[0]) == 1:
        yield _band(grid.pop(0)[0], page)
        headers = max(0, headers - 1) if headers else headers
    full = [row + [""] * (width - len(row)) for row in grid if len(row) > 1 or width == 1]
    count = _guessed_headers(full) if headers is None else min(headers, len(full))
    header = [_joined([row[column] for row in full[:count]]) for column in range(width)]
    if count == len(grid):
        yield from (Block(row, page=page) for row in map(_joined, grid))
        return
    known = [exact_field(name) for name in header]
    fields = {field for field in known if field not in (None, Field.BODY)}
    hint = fields.pop() if len(fields) == 1 else None
    for row in grid[count:]:
        if len(row) == 1 and width > 1:
            yield _band(row[0], page)
        elif count == 0 and width == 2 and all(row):
            yield Block(_pair(*row), Kind.ITEM, page=page)
        elif row != header and (text := _rendered(header, row)):
            yield Block(text, Kind.ROW, page=page, hint=hint)
    if width > 1 and any(len(row) == 1 for row in grid):
        yield heading("", LABEL_LEVEL)


def _joined(cells: Row) -> str:
    return " ".join(dict.fromkeys(filter(None, cells)))


def guessed_header(row: Row) -> bool:
    """Whether a row reads like a header: short words in every cell, no figures, no repetition."""
    return (
        len(row) > 1
        and all(cell and len(cell) <= _HEADER_LENGTH and cell[-1] not in ".;" for cell in row)
        and len(set(row)) == len(row)
        and not any(_DIGIT.search(cell) for cell in row)
    )


def _guessed_headers(grid: Sequence[Row]) -> int:
    first, rest = grid[0], grid[1:]
    if not rest or not guessed_header(first):
        return 0
    if len(first) > 2:
        return 1
    # Two columns may be label and value: then the labels below are known ones as well.
    labels = sum(head_field(row[0]) is not None for row in grid)
    if exact_field(first[0]) and not exact_field(first[1]) and labels * 2 >= len(grid):
        return 0
    return int(
        any(_DIGIT.search(cell) for row in rest for cell in row) or bool(exact_field(first[1]))
    )


def _band(text: str, page: int | None) -> Block:
    """A row of one cell: a heading of the rows below it, or a remark."""
    if len(text.split()) <= _BAND_WORDS and text[-1] not in ".:;" and not _DIGIT.search(text):
        return heading(text, LABEL_LEVEL, page)
    return Block(text, page=page)


def _finished(text: str) -> str:
    return text if text[-1] in ".!?…" else text + "."


def _pair(name: str, value: str) -> str:
    name = name.rstrip(":")
    return _finished(f"{name}{'' if name.endswith('?') else ':'} {value}")


def _rendered(header: Row, row: Row) -> str:
    parts: list[str] = []
    for name, value in zip(header, [*row, *[""] * (len(header) - len(row))], strict=True):
        part = f"{name.rstrip(':')}: {value}" if name else value
        # A merged cell repeats: two columns of one name and value say the same.
        if value and part not in parts:
            parts.append(part)
    return _finished("; ".join(parts)) if parts else ""
