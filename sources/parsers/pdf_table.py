"""Tables of a PDF: lines whose cells stand under one another.

A PDF draws tables as loose text. Only lines of several cells that agree in their columns make one;
where in doubt the lines stay running text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sources.parsers.blocks import Block, list_marker
from sources.parsers.pdf_lines import Cell, Line
from sources.parsers.tables import guessed_header, table_blocks

_TIGHT = 1.3
_ROW_GAP = 4.0
_SAME_EDGE = 0.4
_MOSTLY = 0.75
_OUTLINE = re.compile(r"(?:\d{1,2}\.)+\d{0,2}")
_PROSE = 38
"""Characters in a cell from which two columns are taken for columns of running text."""


@dataclass(slots=True)
class _Row:
    """A row being collected: per column its texts, and its lowest line in points."""

    texts: dict[int, list[str]]
    bottom: float


@dataclass(slots=True)
class _Table:
    first: Line
    columns: list[Cell]
    rows: list[_Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    cells: list[list[Cell]] = field(default_factory=list)

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

    def widen(self, placed: dict[int, Cell]) -> None:
        """Lets the columns reach as far as the cells found in them."""
        self.cells = self.cells or [[] for _ in self.columns]
        for index, cell in placed.items():
            self.cells[index].append(cell)
            old = self.columns[index]
            self.columns[index] = replace(
                old, left=min(old.left, cell.left), right=max(old.right, cell.right)
            )

    def encloses(self, index: int, cell: Cell) -> bool:
        """Whether a cell lies within a column and reaches into no other."""
        own, slack = self.columns[index], self.first.size / 2
        return cell.left >= own.left - slack and all(
            cell.right <= other.left or cell.left >= other.right
            for at, other in enumerate(self.columns)
            if at != index
        )

    def is_aligned(self) -> bool:
        """Whether most cells of every column begin, end or have their middle at one place."""
        slack = self.first.size * _SAME_EDGE
        for cells in self.cells:
            edges = (
                [cell.left for cell in cells],
                [cell.right for cell in cells],
                [(cell.left + cell.right) / 2 for cell in cells],
            )
            agreeing = max(
                sum(
                    abs(place - places[0]) <= slack or abs(place - places[-1]) <= slack
                    for place in places
                )
                for places in edges
            )
            if agreeing < _MOSTLY * len(cells):
                return False
        return True


def joined_marker(line: Line, *, is_heading: bool) -> Line:
    """The line with the bullet or number at its start joined to its text, whatever the gap."""
    if len(line.cells) < 2:
        return line
    mark, text, *rest = line.cells
    is_mark = list_marker(f"{mark.text} x") is not None or _OUTLINE.fullmatch(mark.text)
    if not is_mark and not (is_heading and mark.text.isdigit()):
        return line
    return replace(line, cells=(Cell(f"{mark.text} {text.text}", mark.left, text.right), *rest))


def split_tables(lines: Sequence[Line]) -> Iterator[Line | list[Block]]:
    """The lines in order, each table among them given as its blocks."""
    at = 0
    last: _Table | None = None
    header: list[str] | None = None
    while at < len(lines):
        table = _collect(lines, at)
        if table is None:
            yield lines[at]
            at, last = at + 1, None
            continue
        at += len(table.lines)
        if _is_prose(table):
            yield from _columns(table)
            last = None
            continue
        goes_on = last is not None and _continues(last, table)
        yield list(_rendered(table, header if goes_on else None))
        header = header if goes_on else _header_of(table)
        last = table


def _collect(lines: Sequence[Line], at: int) -> _Table | None:
    first = lines[at]
    if len(first.cells) < 2:
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
                if not table.encloses(0, line.cells[0]) or len(pending) > 5:
                    break
                pending.append(line)
                continue
        else:
            _add_row(table, pending, line, placed)
            table.widen(placed)
            table.lines.extend(pending)
            pending = []
        if len(placed) > 1 or not pending:
            table.lines.append(line)
    return table if len(table.rows) > 1 and table.is_aligned() else None


def _is_far(table: _Table, pending: Sequence[Line], line: Line) -> bool:
    if not table.rows:
        return False
    lowest = min([table.rows[-1].bottom, *(each.bottom for each in pending)])
    return lowest - line.bottom > _ROW_GAP * line.size


def _continue_row(table: _Table, line: Line, placed: dict[int, Cell]) -> bool:
    """Adds a wrapped line of one cell to the row that it belongs to, if it does."""
    row = table.rows[-1]
    ((column, cell),) = placed.items()
    if not table.encloses(column, cell):
        return False
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
    table.rows.append(_Row(texts, min(bottoms)))


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
