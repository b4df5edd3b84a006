"""PDF → blocks, by pypdfium2: every line with its place, size and page.

Pages without usable text are read by OCR (`sources.parsers.ocr`) and marked as unverified. What
repeats on the pages' edges goes (`sources.parsers.pdf_layout` does that, and builds paragraphs,
headings and tables from the lines). One page is held in memory at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from ctypes import create_string_buffer
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from sources.document import Verification
from sources.parsers.blocks import Block, Parsed, Unreadable, clean
from sources.parsers.ocr import Blank, Scans
from sources.parsers.pdf_layout import blocks
from sources.parsers.pdf_lines import Cell, Line, stretches

MOST_PAGES = 2_000
"""Pages of the longest file that is read."""

_TAIL = 4096
_BOLD = re.compile(rb"bold|black|heavy|negrit|semibold", re.I)
_HYPHEN = 2
"""The character that PDFium gives for a hyphen at a line's end."""
_BLANKS = frozenset({0, 9, 10, 13, 32, 160})
_TEMPLATE_TITLE = re.compile(
    r"untitled|sin t[ií]tulo|sem t[ií]tulo|anonymous|microsoft|powerpoint|document\d*$"
    r"|.*\.(docx?|odt|pdf|xlsx?|pptx?|indd|rtf)$",
    re.I,
)
_MOST_UNKNOWN = 0.3
_STAMP = 60
"""Characters below which the text on a scanned page is a stamp, a folio or a header."""
_MOST_OF_IT = 0.4
_RICHER = 3
"""Times as many letters must OCR find as a stamp has, to take its place."""
_LETTERS_AS_PATHS = 150


def parse(data: bytes) -> Parsed:
    """Reads a PDF. Raises Unreadable: a password, a damaged file, a scan that cannot be read."""
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
    if len(document) > MOST_PAGES:
        raise Unreadable(f"it has {len(document)} pages", f"Split it: {MOST_PAGES} at most.")
    pages: list[list[Line]] = []
    scans: list[int] = []
    for number in range(1, len(document) + 1):
        lines, is_scan = _page(document, number)
        pages.append(lines)
        if is_scan:
            scans.append(number)
    failed = _read_scans(document, pages, scans)
    found = tuple(
        replace(block, verification=Verification.UNVERIFIED) if _is_scanned(pages, block) else block
        for block in blocks(pages)
    )
    if not any(re.search(r"\w\w", block.text) for block in found):
        if failed:
            raise min(failed.items())[1]
        raise Unreadable("there is no text in it", "Put the text in it, or take it away.")
    _refuse_gibberish("".join(block.text for block in found))
    title = clean(document.get_metadata_dict().get("Title") or "").replace("\n", " ")
    if len(title) < 4 or " " not in title or _TEMPLATE_TITLE.match(title.strip("()")):
        title = ""
    return Parsed(found, title=title or None, unread=tuple(_unread(failed)))


def _read_scans(
    document: Any, pages: list[list[Line]], scans: Sequence[int]
) -> dict[int, Unreadable]:
    """Puts what OCR reads on the scanned pages in their place; returns what failed, by page."""
    failed: dict[int, Unreadable] = {}
    if not scans:
        return failed
    reader = Scans("\n".join(line.text for page in pages for line in page))
    for number in scans:
        page = document.get_page(number - 1)
        own = pages[number - 1]
        try:
            lines = reader.lines(page, number)
            if _length(lines) > _RICHER * _length(own) or _unknown(_joined(own)):
                pages[number - 1] = lines
        except Blank as error:
            # A picture below a few words is no scan.
            if not own:
                failed[number] = error
        except Unreadable as error:
            failed[number] = error
            pages[number - 1] = [] if _unknown(_joined(own)) else own
        finally:
            page.close()
    return failed


def _joined(lines: Sequence[Line]) -> str:
    return "".join(line.text for line in lines)


def _length(lines: Sequence[Line]) -> int:
    return len(_joined(lines))


def _is_scanned(pages: Sequence[Sequence[Line]], block: Block) -> bool:
    """Lines of pages with and without OCR are never joined, so that the page tells."""
    lines = pages[block.page - 1] if block.page else ()
    return any(line.scanned for line in lines[:1])


def _unread(failed: Mapping[int, Unreadable]) -> Iterator[tuple[str, str]]:
    """The pages that were not read; those next to one another that failed alike, in one line."""
    runs: list[tuple[int, int, str]] = []
    for number, error in sorted(failed.items()):
        if runs and runs[-1][1] == number - 1 and runs[-1][2] == str(error):
            runs[-1] = (runs[-1][0], number, str(error))
        else:
            runs.append((number, number, str(error)))
    for first, last, reason in runs:
        yield (f"page {first}" if first == last else f"pages {first}–{last}"), reason


def _unknown(text: str) -> bool:
    """Whether the letters of a text are mostly those that a font does not explain."""
    return sum(map(text.count, "\ufffd•")) > _MOST_UNKNOWN * len(text)


def _refuse_gibberish(text: str) -> None:
    if _unknown(text):
        raise Unreadable(
            "its letters cannot be told: its fonts do not say what they stand for",
            "Export it again from the original.",
        )


def _page(document: Any, number: int) -> tuple[list[Line], bool]:
    """The lines of one page in reading order, and whether OCR would read more of it."""
    page = document.get_page(number - 1)
    try:
        text_page = page.get_textpage()
        try:
            lines = list(_lines(text_page, number, page.get_height()))
        finally:
            text_page.close()
        text = _joined(lines)
        if not text:
            return lines, _draws(page, least=0.0)
        is_scan = _unknown(text) or (len(text) < _STAMP and _draws(page, least=_MOST_OF_IT))
        return lines, is_scan
    finally:
        page.close()


def _draws(page: Any, *, least: float) -> bool:
    """Whether images cover more than a part `least` of a page, or its letters may be drawings."""
    area = page.get_width() * page.get_height()
    covered, paths = 0.0, 0
    for item in page.get_objects(
        filter=(raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH), max_depth=4
    ):
        if item.type == raw.FPDF_PAGEOBJ_PATH:
            paths += 1
            continue
        left, bottom, right, top = item.get_bounds()
        covered += abs((right - left) * (top - bottom))
        if covered > least * area:
            return True
    return paths > _LETTERS_AS_PATHS


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
        for stretch in stretches(words, size)
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
