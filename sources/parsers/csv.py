"""CSV → blocks: the file is one table, whose rows become lines with their headers."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from sources.parsers.blocks import Parsed, Unreadable
from sources.parsers.grid import grid_blocks
from sources.parsers.text import decode
from sources.tables.sheets import separator_of, swallows_lines


def parse(data: bytes) -> Parsed:
    """Reads CSV with commas, semicolons, tabs or bars. Raises Unreadable, for a register too."""
    text = decode(data)
    lines = text.splitlines(keepends=True)
    separator = separator_of(text)
    if lines and lines[0].lower().startswith(("sep=", '"sep=')):
        del lines[0]
    try:
        # A quotation mark that nobody closed would swallow the rows after it.
        quoted = not swallows_lines(_rows(lines, separator, quoted=True), separator)
        return Parsed(tuple(grid_blocks(_rows(lines, separator, quoted=quoted))))
    except csv.Error as error:
        raise Unreadable(f"it is no sound CSV ({error})", "Save it anew.") from None


def _rows(lines: list[str], separator: str, *, quoted: bool) -> Iterator[list[str]]:
    for row in csv.reader(
        lines, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    ):
        yield row if quoted else [cell.strip('" \r\n') for cell in row]
