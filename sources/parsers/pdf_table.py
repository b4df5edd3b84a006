"""Tables of a PDF: lines whose cells stand under one another.

A PDF draws tables as loose text. Only lines of several cells that agree in their columns make one;
where in doubt the lines stay running text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sources.parsers.blocks import Block, list_marker
from sources.parsers.pdf_lines import Cell, Line
from sources.parsers.tables import guessed_header, table_blocks

_TIGHT = 1.3
_ROW_GAP = 4.0
_PROSE = 38
"""Characters in a cell from which two columns are taken for columns of running text."""


@dataclass(slots=True)
class _Row:
    """A row being collected: per column its texts, and the height that it covers in points."""

    texts: dict[int, list[str]]
    top: float
    bottom: float


@dataclass(slots=True)
class _Table:
    first: Line
    columns: list[Cell]
    rows: list[_Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def column(self, cell: Cell) -> int | None:
        """The column that a cell stands under: the one it overlaps most, else the nearest."""

        def overlap(column: Cell) -> float:
            return min(cell.right, column.right) - max(cell.left, column.left)

        best = max(range(len(self.columns)), key=lambda i: overlap(self.columns[i]))
        size = self.first.size
        return best if overlap(self.columns[best]) > -3 * size else None

    def placed(self, line: Line) -> dict[int, Cell] | None:
        """The cells of `line` by column, or None where they do not fit the table."""
        placed: dict[int, Cell] = {}
        for cell in line.cells:
            column = self.column(cell)
            if column is None or column in placed:
                return None
            placed[column] = cell
        return placed


def _split_bullet(line: Line) -> bool:
    """Whether the first wide gap only parts a bullet or number from its text."""
    return (
        len(line.cells) == 2
        and list_marker(f"{line.cells[0].text} x") is not None
        and (len(line.cells[0].text) <= 4)
    )


def split_tables(lines: Sequence[Line]) -> Iterator[Line | list[Block]]:
    """The lines in order, each table among them given as its blocks."""
    at = 0
    last: _Table | None = None
    while at < len(lines):
        table = _collect(lines, at)
        if table is None:
            yield lines[at]
            at += 1
            last = None
            continue
        at += len(table.lines)
        if _is_prose(table):
            yield from _columns(table)
            last = None
        else:
            header = _header_of(last) if last and _continues(last, table) else None
            yield list(_rendered(table, header))
            if header is None:
                last = table


def _collect(lines: Sequence[Line], at: int) -> _Table | None:
    first = lines[at]
    if len(first.cells) < 2 or _split_bullet(first):
        return None
    table = _Table(first, list(first.cells))
    pending: list[Line] = []
    for line in lines[at:]:
        if line.page != first.page or _is_far(table, pending, line):
            break
        placed = table.placed(line)
        if placed is None or abs(line.size - first.size) > 0.35 * first.size:
            break
        if len(placed) == 1 and table.rows:
            if not _continue_row(table, line, placed):
                if next(iter(placed)) != 0 or len(pending) > 5:
                    break
                pending.append(line)
                continue
        else:
            _add_row(table, pending, line, placed)
            table.lines.extend(pending)
            pending = []
        if len(placed) > 1 or not pending:
            table.lines.append(line)
    return table if len(table.rows) > 1 else None


def _is_far(table: _Table, pending: Sequence[Line], line: Line) -> bool:
    if not table.rows:
        return False
    lowest = min([table.rows[-1].bottom, *(each.bottom for each in pending)])
    return lowest - line.bottom > _ROW_GAP * line.size


def _continue_row(table: _Table, line: Line, placed: dict[int, Cell]) -> bool:
    """Adds a wrapped line of one cell to the row that it belongs to, if it does."""
    row = table.rows[-1]
    ((column, cell),) = placed.items()
    beside = line.bottom > row.bottom - line.size / 3
    below = row.bottom - line.bottom < _TIGHT * line.size
    if beside or (below and column > 0) or (below and cell.text[0].islower()):
        row.texts.setdefault(column, []).append(cell.text)
        row.bottom = min(row.bottom, line.bottom)
        return True
    return False


def _add_row(table: _Table, pending: Sequence[Line], line: Line, placed: dict[int, Cell]) -> None:
    """A new row, with the wrapped lines of its first cell that came before it."""
    previous = table.rows[-1] if table.rows else None
    if (
        previous is not None
        and not pending
        and 0 not in placed
        and line.bottom > previous.bottom - _TIGHT * line.size
    ):
        for column, cell in placed.items():
            previous.texts.setdefault(column, []).append(cell.text)
        previous.bottom = min(previous.bottom, line.bottom)
        return
    texts = {0: [each.text for each in pending]} if pending else {}
    for column, cell in placed.items():
        texts.setdefault(column, []).append(cell.text)
    bottoms = [line.bottom, *(each.bottom for each in pending)]
    table.rows.append(_Row(texts, max(bottoms), min(bottoms)))


def _is_prose(table: _Table) -> bool:
    """Whether the "cells" are lines of text set in columns side by side."""
    cells = [cell.text for line in table.lines for cell in line.cells]
    average = sum(map(len, cells)) / len(cells)
    return len(table.columns) == 2 and len(table.lines) > 2 and average > _PROSE


def _columns(table: _Table) -> Iterator[Line]:
    """The lines of text in columns, the left column first."""
    for column in range(len(table.columns)):
        for line in table.lines:
            cell = (table.placed(line) or {}).get(column)
            if cell is not None:
                yield replace(line, cells=(cell,))


def _cells(table: _Table) -> list[list[str]]:
    width = len(table.columns)
    return [[" ".join(row.texts.get(i, ())) for i in range(width)] for row in table.rows]


def _header_of(table: _Table) -> list[str] | None:
    rows = _cells(table)
    return rows[0] if guessed_header(rows[0]) else None


def _continues(last: _Table, table: _Table) -> bool:
    """Whether `table` goes on with the one that ended the page before."""
    return table.first.page == last.lines[-1].page + 1 and len(table.columns) == len(last.columns)


def _rendered(table: _Table, header: list[str] | None) -> Iterator[Block]:
    rows = _cells(table)
    page = table.first.page
    if header is not None:
        yield from table_blocks([header, *rows], headers=1, page=page)
        return
    headers = 1 if table.first.bold and not all(line.bold for line in table.lines) else None
    yield from table_blocks(rows, headers=headers, page=page)
