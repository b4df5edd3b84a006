"""XLSX → blocks (openpyxl): each visible sheet a section, its rows as lines with their headers.

Formulas give the value that was saved with them; nothing is calculated. Percentages are written as
they are shown, other numbers as they are stored.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from sources.parsers.blocks import Block, Parsed, Unreadable, clean, heading
from sources.parsers.grid import grid_blocks
from sources.parsers.package import check
from sources.tables.sheets import cell_text

_SHEET_LEVEL = 2
_MOST_COLUMNS = 200


def parse(data: bytes) -> Parsed:
    """Reads a workbook; a sheet that cannot be read is named among what is unread.

    Raises Unreadable where no sheet can.
    """
    check(data)
    blocks: list[Block] = []
    unread: list[tuple[str, str]] = []
    with warnings.catch_warnings():
        # openpyxl warns of every extension that it leaves out; none of them holds text.
        warnings.simplefilter("ignore")
        title, sheets = _sheets(data)
        for sheet in sheets:
            name = clean(sheet.title).replace("\n", " ")
            if sheet.sheet_state != "visible":
                unread.append((f"sheet {name!r}", "it is hidden. Show it, if it is for readers."))
                continue
            try:
                found = _sheet(sheet)
            except Unreadable as error:
                unread.append((f"sheet {name!r}", str(error)))
                continue
            if found:
                blocks += [heading(name, _SHEET_LEVEL), *found]
    if not blocks and unread:
        raise Unreadable("; ".join(f"{part}: {reason}" for part, reason in unread))
    return Parsed(tuple(blocks), title=title, unread=tuple(unread))


def _sheets(data: bytes) -> tuple[str | None, list[Any]]:
    from openpyxl import load_workbook  # heavy, and most documents are none

    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, OSError) as error:
        raise Unreadable(
            f"it is no sound XLSX file ({type(error).__name__})", "Open it and save it again."
        ) from error
    return clean(book.properties.title or "") or None, book.worksheets


def _sheet(sheet: Any) -> list[Block]:
    # Some programs write a wrong size of the sheet, and openpyxl would stop there.
    sheet.reset_dimensions()
    try:
        return list(grid_blocks(_rows(sheet)))
    except (KeyError, ValueError, TypeError, SyntaxError, OSError, EOFError) as error:
        raise Unreadable(f"it is damaged ({type(error).__name__})", "Save it anew.") from error


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(max_col=_MOST_COLUMNS):
        yield [_shown(cell) for cell in row]


def _shown(cell: Any) -> str:
    value = cell.value
    if isinstance(value, float | int) and not isinstance(value, bool):
        if "%" in str(cell.number_format or ""):
            return f"{value * 100:.6g}%"
        # Spreadsheets show 15 digits: 0.1 + 0.2 is stored with 17.
        return f"{value:.15g}" if isinstance(value, float) and abs(value) < 1e15 else str(value)
    return cell_text(value)
