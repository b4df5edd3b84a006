"""PDF → blocks, by pypdfium2: every line with its place, size and page.

What repeats on the pages' edges goes (`sources.parsers.pdf_layout` does that, and builds
paragraphs, headings and tables from the lines). One page is held in memory at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from ctypes import create_string_buffer
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from sources.parsers.blocks import Block, Parsed, Unreadable, clean
from sources.parsers.pdf_layout import blocks
from sources.parsers.pdf_lines import Cell, Line

_TAIL = 4096
_BOLD = re.compile(rb"bold|black|heavy|negrit|semibold", re.I)
_HYPHEN = 2
"""The character that PDFium gives for a hyphen at a line's end."""
_BLANKS = frozenset({0, 9, 10, 13, 32, 160})
_GAP = 0.7
"""Times the height of a line: a wider gap may part two cells of a table."""
_WIDE_GAP = 1.1
_OUTLIER = 1.8
_FEW = 3
_TEMPLATE_TITLE = re.compile(
    r"untitled|sin t[ií]tulo|sem t[ií]tulo|anonymous|microsoft|powerpoint|document\d*$"
    r"|.*\.(docx?|odt|pdf|xlsx?|pptx?|indd|rtf)$",
    re.I,
)
_MOST_UNKNOWN = 0.3


def parse(data: bytes) -> Parsed:
    """Reads a PDF that holds text. Raises Unreadable: a scan, a password, a damaged file."""
    if b"%%EOF" not in data[-_TAIL:]:
        # PDFium would read what is left of it and say nothing.
        raise Unreadable("it is cut short", "Put a whole copy of it there.")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise Unreadable("it is protected with a password", "Save it without one.") from None
        raise Unreadable(
            f"it is no sound PDF ({str(error).rstrip(chr(46))})", "Put a sound copy of it there."
        ) from error
    try:
        return _parse(document)
    except pdfium.PdfiumError as error:
        raise Unreadable(
            f"one of its pages is damaged ({str(error).rstrip(chr(46))})",
            "Put a sound copy of it there.",
        ) from error
    finally:
        document.close()


def _parse(document: Any) -> Parsed:
    pages: list[list[Line]] = []
    images: list[int] = []
    for number in range(1, len(document) + 1):
        lines, has_image = _page(document, number)
        pages.append(lines)
        if has_image and not lines:
            images.append(number)
    found = tuple(blocks(pages))
    if not any(re.search(r"\w\w", block.text) for block in found):
        raise Unreadable(
            "there is no text in it: it is a scan, and OCR is not available yet",
            "Give the original, or a PDF with text.",
        )
    _refuse_gibberish(found)
    title = clean(document.get_metadata_dict().get("Title") or "").replace("\n", " ")
    if len(title) < 4 or " " not in title or _TEMPLATE_TITLE.match(title.strip("()")):
        title = ""
    reason = "there is no text on it: it is a scan, and OCR is not available yet"
    unread = tuple((f"page {number}", reason) for number in images)
    return Parsed(found, title=title or None, unread=unread)


def _refuse_gibberish(found: Sequence[Block]) -> None:
    text = "".join(block.text for block in found)
    unknown = sum(text.count(character) for character in "\ufffd•")
    if unknown > _MOST_UNKNOWN * len(text):
        raise Unreadable(
            "its letters cannot be told: its fonts do not say what they stand for",
            "Export it again from the original.",
        )


def _page(document: Any, number: int) -> tuple[list[Line], bool]:
    """The lines of one page in reading order, and whether it shows an image."""
    page = document.get_page(number - 1)
    try:
        text_page = page.get_textpage()
        try:
            lines = list(_lines(text_page, number, page.get_height()))
        finally:
            text_page.close()
        image = not lines and any(
            True for _ in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=4)
        )
        return lines, image
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class _Word:
    """Characters `first` to `last` of a page, from `left` to `right` in points."""

    first: int
    last: int
    left: float
    right: float


def _lines(text_page: Any, number: int, height: float) -> Iterator[Line]:
    count = text_page.count_chars()
    codes = [raw.FPDFText_GetUnicode(text_page, index) for index in range(count)]
    line: list[_Word] = []
    for word in (*_words(text_page, codes), None):
        # PDFium does not always see that a line ended: then the next word stands to the left.
        if line and (word is None or _breaks(codes, line[-1], word)):
            if built := _line(text_page, codes, line, number, height):
                yield built
            line = []
        if word is not None:
            line.append(word)


def _words(text_page: Any, codes: Sequence[int]) -> Iterator[_Word]:
    first: int | None = None
    for index in range(len(codes) + 1):
        if index < len(codes) and codes[index] not in _BLANKS:
            first = index if first is None else first
        elif first is not None:
            left, right = text_page.get_charbox(first)[0], text_page.get_charbox(index - 1)[2]
            yield _Word(first, index - 1, left, right)
            first = None


def _breaks(codes: Sequence[int], before: _Word, after: _Word) -> bool:
    between = codes[before.last + 1 : after.first]
    return 10 in between or 13 in between or after.left < before.left - 1


def _line(
    text_page: Any, codes: Sequence[int], words: Sequence[_Word], number: int, height: float
) -> Line | None:
    longest = max(words, key=lambda word: word.last - word.first)
    middle = (longest.first + longest.last) // 2
    angle = raw.FPDFText_GetCharAngle(text_page, middle) % (math.pi / 2)
    if 0.1 < angle < math.pi / 2 - 0.1:
        # A slanted line is a watermark.
        return None
    _, bottom, _, top = text_page.get_charbox(middle, loose=True)
    size = max(1.0, top - bottom)
    cells = [
        Cell(text, stretch[0].left, stretch[-1].right)
        for stretch in _stretches(words, size)
        if (text := _text(codes, stretch))
    ]
    if not cells:
        return None
    return Line(
        cells=tuple(cells),
        page=number,
        bottom=bottom,
        size=round(size, 1),
        bold=_is_bold(text_page, middle),
        hyphenated=codes[words[-1].last] == _HYPHEN,
        depth=bottom / height if height else 0.5,
    )


def _stretches(words: Sequence[_Word], size: float) -> list[list[_Word]]:
    """The words of a line, parted where a gap is as wide as between columns."""
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


def _text(codes: Sequence[int], words: Sequence[_Word]) -> str:
    return clean(_decoded(codes[words[0].first : words[-1].last + 1])).replace("\n", " ")


def _decoded(codes: Sequence[int]) -> str:
    # Characters beyond the Basic Multilingual Plane may come as UTF-16 surrogates.
    text = "".join(map(chr, codes[:-1] if codes[-1] == _HYPHEN else codes))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_bold(text_page: Any, index: int) -> bool:
    if raw.FPDFText_GetFontWeight(text_page, index) >= 600:
        return True
    length = raw.FPDFText_GetFontInfo(text_page, index, None, 0, None)
    if not 0 < length < 512:
        return False
    name = create_string_buffer(length)
    raw.FPDFText_GetFontInfo(text_page, index, name, length, None)
    return _BOLD.search(name.raw) is not None
