"""PDF → blocks, by pypdfium2: every line with its place, size and page.

What repeats on the pages' edges goes (`sources.parsers.pdf_layout` does that, and builds
paragraphs, headings and tables from the lines). One page is held in memory at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from ctypes import create_string_buffer
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
_GAP = 1.4
"""Times the height of a line: a wider gap parts two cells of a table."""
_TEMPLATE_TITLE = re.compile(
    r"untitled|sin t[ií]tulo|sem t[ií]tulo|anonymous|microsoft|powerpoint|document\d*$"
    r"|.*\.(docx?|odt|pdf|xlsx?|pptx?|indd|rtf)$",
    re.I,
)
_MOST_UNKNOWN = 0.3


def parse(data: bytes) -> Parsed:
    """Reads a PDF that holds text. Raises Unreadable: a scan, a password, a damaged file."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise Unreadable("it is protected with a password", "Save it without one.") from None
        raise Unreadable(
            f"it is no sound PDF ({error})", "Put a sound copy of it there."
        ) from error
    try:
        return _parse(document, data)
    except pdfium.PdfiumError as error:
        raise Unreadable(
            f"one of its pages is damaged ({error})", "Put a sound copy of it there."
        ) from error
    finally:
        document.close()


def _parse(document: Any, data: bytes) -> Parsed:
    if b"%%EOF" not in data[-_TAIL:]:
        # PDFium would read what is left of it and say nothing.
        raise Unreadable("it is cut short", "Put a whole copy of it there.")
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


def _lines(text_page: Any, number: int, height: float) -> Iterator[Line]:
    count = text_page.count_chars()
    codes = [raw.FPDFText_GetUnicode(text_page, index) for index in range(count)]
    start = 0
    for index in range(count + 1):
        if index == count or codes[index] in (10, 13):
            if index > start and (line := _line(text_page, codes, start, index, number, height)):
                yield line
            start = index + 1


def _line(
    text_page: Any, codes: Sequence[int], start: int, end: int, number: int, height: float
) -> Line | None:
    visible = [i for i in range(start, end) if codes[i] not in (0, 32, 160)]
    if not visible:
        return None
    middle = visible[len(visible) // 2]
    angle = raw.FPDFText_GetCharAngle(text_page, middle) % (math.pi / 2)
    if 0.1 < angle < math.pi / 2 - 0.1:
        # A slanted line is a watermark.
        return None
    _, bottom, _, top = text_page.get_charbox(middle, loose=True)
    size = max(1.0, top - bottom)
    cells = [
        Cell(text, left, right)
        for first, last in _cell_spans(text_page, visible, size)
        if (text := clean(_decoded(codes[first : last + 1])).replace("\n", " "))
        for left, right in [(text_page.get_charbox(first)[0], text_page.get_charbox(last)[2])]
    ]
    if not cells:
        return None
    return Line(
        cells=tuple(cells),
        page=number,
        bottom=bottom,
        size=round(size, 1),
        bold=_is_bold(text_page, middle),
        hyphenated=codes[visible[-1]] == _HYPHEN,
        depth=bottom / height if height else 0.5,
    )


def _cell_spans(text_page: Any, visible: Sequence[int], size: float) -> Iterator[tuple[int, int]]:
    """(first, last) index of each stretch without a gap as wide as between columns."""
    first = previous = visible[0]
    for index in visible[1:]:
        if index > previous + 1:
            gap = text_page.get_charbox(index)[0] - text_page.get_charbox(previous)[2]
            if gap > _GAP * size:
                yield first, previous
                first = index
        previous = index
    yield first, previous


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
