"""HTML tables → rows: merged cells spread over the places they cover, headers told from data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborNode

from sources.parsers.blocks import Block
from sources.parsers.tables import table_blocks

_WIDEST = 100
_MOST_CELLS = 200_000


def is_layout(node: LexborNode) -> bool:
    """Whether a table only arranges the page: it has one column, or holds headings or tables."""
    if node.css_first("h1, h2, h3, h4, h5, h6, table table, main, article") is not None:
        return True
    return all(sum(1 for _ in _cells(row)) <= 1 for row in _own_rows(node))


def _own_rows(node: LexborNode) -> Iterator[LexborNode]:
    """The rows of a table, not those of tables inside it."""
    for child in node.iter():
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child.iter() if row.tag == "tr")


def _cells(row: LexborNode) -> Iterator[LexborNode]:
    return (cell for cell in row.iter() if cell.tag in ("td", "th"))


def _span(cell: LexborNode, name: str, most: int) -> int:
    value = cell.attributes.get(name) or ""
    return max(1, min(int(value), most)) if re.fullmatch(r"\d{1,6}", value) else 1


def table(node: LexborNode, text_of: Callable[[LexborNode], str]) -> Iterator[Block]:
    """The blocks of a data table; its caption is a paragraph before it."""
    caption = next((child for child in node.iter() if child.tag == "caption"), None)
    if caption is not None and (text := text_of(caption)):
        yield Block(text if text[-1] in ".:" else f"{text}:")
    rows: list[list[str]] = []
    headers, in_head = 0, True
    below: dict[int, tuple[int, str]] = {}
    whole: list[bool] = []
    for row in _own_rows(node):
        cells = list(_cells(row))
        if not cells:
            continue
        rows.append(_spread(cells, below, text_of))
        whole.append(len(cells) == 1 and _span(cells[0], "colspan", _WIDEST) > 1)
        in_thead = row.parent is not None and row.parent.tag == "thead"
        in_head = in_head and (in_thead or all(cell.tag == "th" for cell in cells))
        headers += in_head
        if sum(map(len, rows)) > _MOST_CELLS:
            break
    width = max(map(len, rows), default=0)
    merged = [
        row[:1] if is_whole and len(row) == width else row
        for row, is_whole in zip(rows, whole, strict=True)
    ]
    has_row_heads = any(cell.tag == "th" for cell in node.css("th"))
    guess = None if not has_row_heads and not headers else headers
    yield from table_blocks(merged, headers=guess)


def _spread(
    cells: list[LexborNode],
    below: dict[int, tuple[int, str]],
    text_of: Callable[[LexborNode], str],
) -> list[str]:
    """One row with merged cells repeated.

    `below` holds what reaches down from the rows above: column → (rows left, text).
    """
    row: list[str] = []

    def fill_from_above() -> None:
        while len(row) in below:
            rows, text = below[len(row)]
            if rows == 1:
                del below[len(row)]
            else:
                below[len(row)] = (rows - 1, text)
            row.append(text)

    for cell in cells:
        fill_from_above()
        text = text_of(cell).replace("\n", " ")
        rows = _span(cell, "rowspan", 1000)
        for _ in range(_span(cell, "colspan", _WIDEST)):
            if rows > 1:
                below[len(row)] = (rows - 1, text)
            row.append(text)
    fill_from_above()
    return row
