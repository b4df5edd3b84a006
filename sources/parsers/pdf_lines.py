"""Lines of PDF pages with their places, and which of them are headers and footers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sources.parsers.blocks import fold

_EDGE_LINES = 4
_SAME_PLACE = 0.012
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"[\s\divxlc#|/.–-]*")


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a line without a wide gap, from `left` to `right` in points."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. `bottom` and `size` are in points.

    `depth` is its height on the page, 0 at the foot and 1 at the top.
    """

    cells: tuple[Cell, ...]
    page: int
    bottom: float
    size: float
    bold: bool
    hyphenated: bool
    depth: float

    @property
    def text(self) -> str:
        """The whole line."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.cells[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(cell.right for cell in self.cells)


def _key(line: Line) -> str:
    return _DIGITS.sub("#", fold(line.text))


def without_repeats(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without the headers, footers and page numbers that stand on most of them.

    A line counts as repeated where the same words, whatever the numbers, stand at the same height
    near the edge of most pages, and nowhere in the body: rows of a table look alike as well.
    """
    edges = [_edge_indices(page) for page in pages]
    seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
    body: set[str] = set()
    for number, page in enumerate(pages):
        for index, line in enumerate(page):
            if index in edges[number]:
                seen[_key(line)].append((number, line.depth))
            else:
                body.add(_key(line))
    filled = sum(1 for page in pages if page)
    needed = max(2, (filled + 1) // 2)
    heights: dict[str, list[float]] = {}
    for key, places in seen.items():
        if key in body and not _PAGE_NUMBER.fullmatch(key):
            continue
        common = [
            depth
            for _, depth in places
            if len({n for n, d in places if abs(d - depth) <= _SAME_PLACE}) >= needed
        ]
        if common:
            heights[key] = common
    return [
        [
            line
            for index, line in enumerate(page)
            if index not in edges[number] or not _repeats(line, heights)
        ]
        for number, page in enumerate(pages)
    ]


def _edge_indices(page: Sequence[Line]) -> set[int]:
    """The highest and lowest lines of a page, wherever its content stream has them."""
    by_height = sorted(range(len(page)), key=lambda index: page[index].bottom)
    rows: list[list[int]] = []
    for index in by_height:
        if rows and page[index].bottom - page[rows[-1][0]].bottom < page[index].size / 3:
            rows[-1].append(index)
        else:
            rows.append([index])
    edge = rows[:_EDGE_LINES] + rows[-_EDGE_LINES:]
    return {index for row in edge for index in row}


def _repeats(line: Line, heights: dict[str, list[float]]) -> bool:
    return any(abs(line.depth - depth) <= _SAME_PLACE for depth in heights.get(_key(line), ()))
