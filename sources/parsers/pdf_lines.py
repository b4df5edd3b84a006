"""Lines of PDF pages with their places, and which of them are headers and footers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

from sources.parsers.blocks import fold
from sources.parsers.headings import exact_field

_EDGE_ROWS = 4
_MARGIN = 0.18
"""The part of a page's height in which headers or footers stand."""
_TWO_SIDED = 6
_SAME_PLACE = 0.012
_DIGITS = re.compile(r"\d+")
_PAGE = re.compile(r"[1-9]\d{0,3}")
_ROMAN = re.compile(r"[ivxl]{1,6}")
_LEADERS = re.compile(r"(?:[.…·]\s?){5,}\s*(\d{1,4}|[ivxl]{1,6})?$")
_FRONT_PAGES = 20
_GAP = 0.7
"""Times the height of a line: a wider gap may part two cells of a table."""
_WIDE_GAP = 1.1
_OUTLIER = 1.8
_FEW = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a line without a wide gap, from `left` to `right` in points."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. `bottom` and `size` are in points.

    `depth` is its height on the page, 0 at the foot and 1 at the top. `scanned`: OCR read it.
    """

    cells: tuple[Cell, ...]
    page: int
    bottom: float
    size: float
    bold: bool
    hyphenated: bool
    depth: float
    scanned: bool = False

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


class Placed(Protocol):
    """A word between two places on its line."""

    @property
    def left(self) -> float:
        """Where it begins."""

    @property
    def right(self) -> float:
        """Where it ends."""


_Word = TypeVar("_Word", bound=Placed)


def stretches(words: Sequence[_Word], size: float) -> list[list[_Word]]:
    """The words of a line of height `size`, parted where a gap is as wide as between columns."""
    gaps = [after.left - before.right for before, after in pairwise(words)]
    usual = sorted(gaps)[len(gaps) // 4] if len(gaps) > _FEW else 0.0
    found = [[words[0]]]
    for gap, word in zip(gaps, words[1:], strict=True):
        # In a justified line all gaps are wide.
        if gap > _WIDE_GAP * size or gap > max(_GAP * size, _OUTLIER * usual):
            found.append([word])
        else:
            found[-1].append(word)
    return found


def without_repeats(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without the headers, footers and page numbers, and without tables of contents.

    From each edge inwards a line goes where the same words stand at the same height on most pages,
    up to the first row that does not repeat. Page numbers may differ; other numbers may not, since
    rows of a table look alike as well.
    """
    edges = [_edge_rows(page) for page in pages]
    repeated = _repeated(pages, edges)
    offset = _offset(pages, edges)
    kept = []
    for number, page in enumerate(pages):
        dropped: set[int] = set()
        for side in edges[number]:
            for depth, row in enumerate(side):
                gone = {
                    index
                    for index in row
                    if (number, index) in repeated
                    or (depth == 0 and _is_numbered(page[index], number, offset))
                }
                dropped |= gone
                if not gone:
                    break
        kept.append(
            [
                line
                for index, line in enumerate(page)
                if index not in dropped and not _is_contents(line, len(pages))
            ]
        )
    return kept


_Rows = list[list[int]]


def _edge_rows(page: Sequence[Line]) -> tuple[_Rows, _Rows]:
    """The rows at the foot and at the top of a page, the outmost first."""
    by_height = sorted(range(len(page)), key=lambda index: page[index].bottom)
    rows: _Rows = []
    for index in by_height:
        if rows and page[index].bottom - page[rows[-1][0]].bottom < page[index].size / 3:
            rows[-1].append(index)
        else:
            rows.append([index])
    foot = [row for row in rows if page[row[0]].depth < _MARGIN]
    top = [row for row in reversed(rows) if page[row[0]].depth > 1 - _MARGIN]
    return foot[:_EDGE_ROWS], top[:_EDGE_ROWS]


def _outmost(sides: tuple[_Rows, _Rows]) -> set[int]:
    return {index for side in sides for row in side[:1] for index in row}


_Place = tuple[int, int]
"""(page, index of the line on it), both counted from 0."""


def _repeated(pages: Sequence[Sequence[Line]], edges: Sequence[tuple[_Rows, _Rows]]) -> set[_Place]:
    """What stands at one height near the edges of most pages; "Costo" may well be a heading."""
    alike: dict[str, list[_Place]] = defaultdict(list)
    for number, page in enumerate(pages):
        for index in {index for side in edges[number] for row in side for index in row}:
            text = page[index].text
            if exact_field(text) is None:
                alike[_DIGITS.sub("#", fold(text))].append((number, index))
    filled = sum(1 for page in pages if page)
    # Left and right pages may differ, which only a longer document can show.
    needed = max(2, filled // 2 + (filled < _TWO_SIDED))
    found: set[_Place] = set()
    for places in alike.values():
        for level in _levels(pages, places):
            for same in _same_but_page_number(pages, level, needed):
                if len({number for number, _ in same}) >= needed:
                    found.update(same)
    return found


def _levels(pages: Sequence[Sequence[Line]], places: Sequence[_Place]) -> Iterator[list[_Place]]:
    """The places at one height each."""
    level: list[_Place] = []
    before = 0.0
    for place in sorted(places, key=lambda place: pages[place[0]][place[1]].depth):
        depth = pages[place[0]][place[1]].depth
        if level and depth - before > _SAME_PLACE:
            yield level
            level = []
        level.append(place)
        before = depth
    if level:
        yield level


def _same_but_page_number(
    pages: Sequence[Sequence[Line]], places: Sequence[_Place], needed: int
) -> Iterable[list[_Place]]:
    """The places grouped by their text, in which the number of the page counts as the same."""
    figures = [_DIGITS.findall(pages[number][index].text) for number, index in places]
    for position in range(min(map(len, figures))):
        offsets = Counter(
            int(found[position]) - number
            for found, (number, _) in zip(figures, places, strict=True)
        )
        if offsets.most_common(1)[0][1] >= needed:
            for found in figures:
                found[position] = ""
    groups: dict[tuple[str, ...], list[_Place]] = defaultdict(list)
    for found, place in zip(figures, places, strict=True):
        groups[tuple(found)].append(place)
    return groups.values()


def _outer_numbers(line: Line) -> set[int]:
    """The whole numbers that a line begins or ends with."""
    words = line.text.split()
    return {int(word) for word in (words[0], words[-1]) if _PAGE.fullmatch(word)}


def _offset(pages: Sequence[Sequence[Line]], edges: Sequence[tuple[_Rows, _Rows]]) -> int | None:
    """How far the printed page numbers are from the count of pages; None where there are none."""
    votes: Counter[int] = Counter()
    for number, page in enumerate(pages):
        outmost = _outmost(edges[number])
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
