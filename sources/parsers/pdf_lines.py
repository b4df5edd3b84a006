"""Lines of PDF pages with their places, and which of them are headers and footers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sources.parsers.blocks import fold

_EDGE_ROWS = 4
_SAME_PLACE = 0.012
_DIGITS = re.compile(r"\d+")
_PAGE = re.compile(r"[1-9]\d{0,3}")
_ROMAN = re.compile(r"[ivxl]{1,6}")
_LEADERS = re.compile(r"(?:[.…·]\s?){5,}\s*(\d{1,4}|[ivxl]{1,6})?$")
_FRONT_PAGES = 20


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
    """The pages without the headers, footers and page numbers, and without tables of contents.

    A line counts as repeated where the same words, whatever the numbers, stand at the same height
    near the edge of most pages, and nowhere in the body: rows of a table look alike as well. What
    counts as the pages do, on the highest or lowest line, is a page number.
    """
    edges = [_edge_rows(page) for page in pages]
    heights = _repeated(pages, edges)
    offset = _offset(pages, edges)
    kept = []
    for number, page in enumerate(pages):
        near = {index for row in edges[number] for index in row}
        outmost = {index for row in (*edges[number][:1], *edges[number][-1:]) for index in row}
        numbered = any(_is_numbered(page[index], number, offset) for index in outmost)
        kept.append(
            [
                line
                for index, line in enumerate(page)
                if not (index in near and _repeats(line, heights))
                and not (index in outmost and numbered and _is_numbered(line, number, offset))
                and not _is_contents(line, len(pages))
            ]
        )
    return kept


def _edge_rows(page: Sequence[Line]) -> list[list[int]]:
    """The lowest and highest rows of a page, wherever its content stream has them."""
    by_height = sorted(range(len(page)), key=lambda index: page[index].bottom)
    rows: list[list[int]] = []
    for index in by_height:
        if rows and page[index].bottom - page[rows[-1][0]].bottom < page[index].size / 3:
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows if len(rows) <= 2 * _EDGE_ROWS else rows[:_EDGE_ROWS] + rows[-_EDGE_ROWS:]


def _repeated(
    pages: Sequence[Sequence[Line]], edges: Sequence[Sequence[Sequence[int]]]
) -> dict[str, list[float]]:
    """What stands near the edges of most pages, with the heights at which it does."""
    seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
    body: set[str] = set()
    for number, page in enumerate(pages):
        near = {index for row in edges[number] for index in row}
        for index, line in enumerate(page):
            if index in near:
                seen[_key(line)].append((number, line.depth))
            else:
                body.add(_key(line))
    needed = max(2, (sum(1 for page in pages if page) + 1) // 2)
    return {
        key: common
        for key, places in seen.items()
        if key not in body
        and (
            common := [
                depth
                for _, depth in places
                if len({n for n, d in places if abs(d - depth) <= _SAME_PLACE}) >= needed
            ]
        )
    }


def _repeats(line: Line, heights: dict[str, list[float]]) -> bool:
    return any(abs(line.depth - depth) <= _SAME_PLACE for depth in heights.get(_key(line), ()))


def _outer_numbers(line: Line) -> set[int]:
    """The whole numbers that a line begins or ends with."""
    words = line.text.split()
    return {int(word) for word in (words[0], words[-1]) if _PAGE.fullmatch(word)}


def _offset(
    pages: Sequence[Sequence[Line]], edges: Sequence[Sequence[Sequence[int]]]
) -> int | None:
    """How far the printed page numbers are from the count of pages; None where there are none."""
    votes: Counter[int] = Counter()
    for number, page in enumerate(pages):
        outmost = [index for row in (*edges[number][:1], *edges[number][-1:]) for index in row]
        votes.update({n - number for index in outmost for n in _outer_numbers(page[index])})
    offset, count = votes.most_common(1)[0] if votes else (0, 0)
    return offset if count >= max(3, len(pages) // 2) else None


def _is_numbered(line: Line, number: int, offset: int | None) -> bool:
    """Whether a line bears the number of its page, or is nothing but a Roman one."""
    if _ROMAN.fullmatch(line.text):
        return True
    return offset is not None and number + offset in _outer_numbers(line) and len(line.text) < 100


def _is_contents(line: Line, pages: int) -> bool:
    """Whether a line of a table of contents: dots that lead to the number of a page."""
    match = _LEADERS.search(line.text)
    return match is not None and (not match[1].isdigit() or int(match[1]) <= pages + _FRONT_PAGES)
