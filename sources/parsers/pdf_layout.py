"""Lines of PDF pages → blocks: repeated edges removed, paragraphs rebuilt, headings by their type.

A PDF knows no paragraphs, only letters with places. The measures below are relative to the size
of the letters, and a line is only joined to the one before where both look like one paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from sources.parsers.blocks import (
    Block,
    Kind,
    heading,
    is_capitals,
    is_numbered,
    is_title_like,
    join_lines,
    list_marker,
)
from sources.parsers.headings import head_field
from sources.parsers.pdf_lines import Line, without_repeats
from sources.parsers.pdf_table import joined_marker, split_tables

_LARGER = 1.1
_PLAIN_HEADING_WORDS = 10
_DEEPEST_SIZE = 5
_PLAIN_LEVEL = 6
_NEIGHBOURS = 6
_SHORT = 36


def blocks(pages: Sequence[Sequence[Line]]) -> Iterator[Block]:
    """The blocks of all pages, in order."""
    kept = [line for page in without_repeats(pages) for line in page]
    if not kept:
        return
    page = _Page.of(kept)
    lines = [
        joined_marker(line, is_heading=line.bold or line.size >= page.size * _LARGER)
        for line in kept
    ]
    pending: list[Line] = []
    for part in split_tables(lines):
        if isinstance(part, Line):
            pending.append(part)
            continue
        yield from _flow(pending, page)
        pending = []
        yield from part
    yield from _flow(pending, page)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is usual in the document: size of letters, weight, space between lines, margin."""

    size: float
    bold: bool
    leading: float
    right: float
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Page:
        """Measured over all lines, weighted by their length."""
        weights: Counter[float] = Counter()
        bold = 0
        for line in lines:
            weights[line.size] += len(line.text)
            bold += len(line.text) if line.bold else 0
        size = weights.most_common(1)[0][0]
        body = [line for line in lines if abs(line.size - size) < 0.3]
        steps = [
            above.bottom - below.bottom
            for above, below in pairwise(body)
            if above.page == below.page and 0 < above.bottom - below.bottom < 3 * size
        ]
        larger = sorted({s for s in weights if s >= size * _LARGER}, reverse=True)
        return cls(
            size=size,
            bold=bold * 2 > sum(weights.values()),
            leading=min(median(steps), 1.8 * size) if steps else 1.2 * size,
            right=sorted(line.right for line in body)[int(len(body) * 0.95) - 1 if body else 0],
            sizes=_merged(larger),
        )

    def level(self, line: Line, *, standing_alone: bool) -> int | None:
        """The level of a heading, or None for a line of text."""
        text = line.text.rstrip(":")
        if not is_title_like(text) and not (line.size >= self.size * 1.3 and len(text) < 120):
            return None
        if list_marker(line.text) and not is_numbered(line.text):
            return None
        if line.size >= self.size * _LARGER:
            larger = sum(size > line.size + 0.4 for size in self.sizes)
            return min(_DEEPEST_SIZE, 1 + larger)
        short = len(text.split()) <= _PLAIN_HEADING_WORDS
        if short and line.size >= self.size * 0.95 and (line.bold and not self.bold):
            return _PLAIN_LEVEL
        if not standing_alone or not short or line.right > self.right * 0.92:
            return None
        known = head_field(text) is not None and len(text.split()) <= 6 and ": " not in text
        return _PLAIN_LEVEL if known or is_capitals(text) else None


def _merged(sizes: Sequence[float]) -> tuple[float, ...]:
    """Sizes that differ by a rounding error are one."""
    kept: list[float] = []
    for size in sizes:
        if not kept or kept[-1] - size > 0.4:
            kept.append(size)
    return tuple(kept)


def _flow(lines: Sequence[Line], page: _Page) -> Iterator[Block]:
    """Headings, list items and paragraphs of running text."""
    group: list[Line] = []
    level: int | None = None
    for at, line in enumerate(lines):
        before = lines[at - 1] if at else None
        after = lines[at + 1] if at + 1 < len(lines) else None
        own = page.level(line, standing_alone=_stands_alone(before, line, after, page))
        if (
            group
            and own == level
            and (
                _heading_goes_on(group[-1], line)
                if level
                else _goes_on(group, line, page, _margin(lines, at))
            )
        ):
            group.append(line)
            continue
        yield from _finished(group, level)
        group, level = [line], own
    yield from _finished(group, level)


def _stands_alone(before: Line | None, line: Line, after: Line | None, page: _Page) -> bool:
    """Whether nothing joins a line to its neighbours, and something follows that it may head."""
    if after is None:
        return False
    begins = before is None or before.text[-1] in ".:;!?" or _is_apart(before, line, page)
    return begins and not after.text[0].islower()


def _is_apart(above: Line, below: Line, page: _Page) -> bool:
    if above.page != below.page:
        return False
    gap = above.bottom - below.bottom
    return gap > 1.35 * page.leading or gap < -page.size


def _heading_goes_on(above: Line, below: Line) -> bool:
    gap = above.bottom - below.bottom
    same = abs(above.size - below.size) < 0.5 and above.bold == below.bold
    return (
        same
        and above.page == below.page
        and 0 < gap < 1.35 * below.size
        and not is_numbered(below.text)
        and head_field(below.text) is None
    )


def _margin(lines: Sequence[Line], at: int) -> float:
    """Where the column of the line before `at` ends on the right, by the lines around it."""
    above = lines[at - 1]
    near = lines[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
    return max(
        line.right
        for line in near
        if line.page == above.page and abs(line.left - above.left) < 3 * above.size
    )


def _goes_on(group: Sequence[Line], line: Line, page: _Page, margin: float) -> bool:
    """Whether `line` belongs to the paragraph or list item that `group` began.

    `margin` is the right edge of the column. Short lines do not make one: they may be a list.
    """
    above = group[-1]
    if above.scanned != line.scanned:
        return False  # what OCR read is trusted less, and stays apart
    if list_marker(line.text) or abs(above.size - line.size) > 0.15 * page.size:
        return False
    if above.hyphenated:
        return True
    if above.page != line.page or above.bottom - line.bottom < -page.size:
        # The next page or column goes on only with an unfinished sentence.
        return above.text[-1] not in ".:;!?" and line.text[0].islower()
    if _is_apart(above, line, page):
        return False
    if len(above.text) <= _SHORT:
        margin = page.right
    full = above.right > margin - 0.18 * (margin - above.left)
    unfinished = line.text[0].islower() or above.text[-1] in ",–-"
    if above.text[-1] in ".:!?" and not full:
        return unfinished and above.text[-1] != ":"
    return full or unfinished


def _finished(group: Sequence[Line], level: int | None) -> Iterator[Block]:
    if not group:
        return
    texts = [group[0].text]
    for above, line in pairwise(group):
        joined = _joined(texts[-1], line.text, hyphenated=above.hyphenated)
        if joined is None:
            texts.append(line.text)
        else:
            texts[-1] = joined
    text = join_lines(texts)
    page = group[0].page
    if level is not None:
        yield heading(text.rstrip(":"), level, page)
    elif item := list_marker(text):
        yield Block(item[1], Kind.ITEM, marker=item[0], page=page)
    else:
        yield Block(text, page=page)


def _joined(above: str, below: str, *, hyphenated: bool) -> str | None:
    """Two lines with a word divided between them, or None where none is.

    The hyphen stays where it is one of the word's own: before a capital or a figure.
    """
    if not hyphenated and not re.search(r"[^\W\d_]{2}-$", above):
        return None
    stem = above.removesuffix("-")
    if below[0].islower() and stem[-1:].isalpha():
        return stem + below
    return f"{stem}-{below}" if hyphenated else None
