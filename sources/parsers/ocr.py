"""Scanned pages → lines, by the program `tesseract` with one language's data at a time.

    scans = Scans(text_of_the_other_pages)
    lines = scans.lines(page, number)      # raises Unreadable

The program is called page by page, not linked in: it has a time limit of its own, and a page that
it fails at costs no other page. With both languages' data at once it damages Portuguese, so that
the language is told first: by the pages that have text, else by what the first pages read like.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median
from time import monotonic
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sources.parsers.blocks import Unreadable, clean
from sources.parsers.language import detect
from sources.parsers.pdf_lines import Cell, Line, stretches

PACKS = {"es": "spa", "pt": "por", "en": "eng"}
"""Language → the name of Tesseract's data for it."""

PAGE_SECONDS = 90.0
"""Seconds that one page may take."""

SECONDS = 2400.0
"""Seconds that the scanned pages of one document may take together."""

_PROGRAM = "tesseract"
_INSTALL = "Install tesseract-ocr, tesseract-ocr-spa and tesseract-ocr-por."
_GIVE_TEXT = "Give the original, or a PDF with text."
_DPI = 300
_POINTS = 72
_MOST_PIXELS = 25_000_000
"""Pixels of a rendered page: four A4 pages at 300 dpi fit; a poster is read more coarsely."""
_LEAST_CONFIDENCE = 60.0
"""Mean confidence of a page, in per cent, below which it is taken for no text of our languages."""
_LEAST_OF_LINE = 40.0
"""The same of a line: seals, signatures and stains read as letters."""
_ALIKE = 0.15
"""Part by which the sizes of letters may differ and still be measured as one."""
_LEAST_LETTERS = 12
_BOX = re.compile(r"bbox (\d+) (\d+) (\d+) (\d+)")
_SIZE = re.compile(r"x_size ([\d.]+)")
_CONFIDENCE = re.compile(r"x_wconf (\d+)")
_RULE = re.compile(r"[|_—\[\]]+")
"""What the lines between a table's cells are read as."""
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    left: float
    right: float
    confidence: float


@dataclass(frozen=True, slots=True)
class _Row:
    """A line as it was recognised; measures in pixels, counted from the top."""

    words: tuple[_Word, ...]
    bottom: float
    size: float

    @property
    def confidence(self) -> float:
        """Mean over the letters, in per cent."""
        letters = sum(len(word.text) for word in self.words)
        return sum(word.confidence * len(word.text) for word in self.words) / letters


@cache
def packs() -> frozenset[str]:
    """The language data there is ("spa", "por", …); empty where the program itself is missing."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return frozenset()
    try:
        told = subprocess.run(  # noqa: S603 – a program found on PATH, and no word of ours
            [program, "--list-langs"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(told.stdout.split("\n", 1)[-1].split())


class Blank(Unreadable):
    """A page on which no letters are found: a photograph, a plan, an empty sheet."""


class Scans:
    """The scanned pages of one document, which share a language and a time limit."""

    def __init__(self, text: str) -> None:
        """`text` is what the other pages say."""
        self._language = detect(text)
        self._until = monotonic() + SECONDS

    def lines(self, page: Any, number: int) -> list[Line]:
        """The lines of a pypdfium2 page. Raises Unreadable with what is missing, or what is wrong."""
        if not packs():
            raise Unreadable("it has no text of its own, and Tesseract is not installed", _INSTALL)
        if monotonic() > self._until:
            raise Unreadable("its scanned pages take too long", "Split the file.")
        image, scale = _image(page)
        rows = self._read(image)
        kept = [row for row in rows if row.confidence >= _LEAST_OF_LINE]
        if sum(len(_LETTER.findall(w.text)) for row in kept for w in row.words) < _LEAST_LETTERS:
            raise Blank("it shows images, and no text that can be told", _GIVE_TEXT)
        letters = sum(len(word.text) for row in kept for word in row.words)
        sure = sum(row.confidence * len(word.text) for row in kept for word in row.words)
        if sure / letters < _LEAST_CONFIDENCE:
            raise Unreadable("it is a scan too poor to be read", _GIVE_TEXT)
        return list(_lines(kept, number, page.get_height(), scale))

    def _read(self, image: bytes) -> list[_Row]:
        """Reads with the language's data; where it is not known yet, this page may tell it."""
        if self._language is not None:
            return _recognised(image, _pack(self._language))
        first = "spa" if "spa" in packs() else "por" if "por" in packs() else _pack("es")
        rows = _recognised(image, first)
        self._language = detect(" ".join(word.text for row in rows for word in row.words))
        if self._language is None or PACKS[self._language] == first:
            return rows
        return _recognised(image, _pack(self._language))


def _pack(language: str) -> str:
    """Raises Unreadable where the language's data is not installed."""
    pack = PACKS[language]
    if pack not in packs():
        raise Unreadable(
            f"it has no text of its own, and Tesseract lacks its data for {pack!r}",
            f"Install tesseract-ocr-{pack}.",
        )
    return pack


def _image(page: Any) -> tuple[bytes, float]:
    """The page as a grey PGM image, and its pixels per point."""
    area = page.get_width() * page.get_height()
    scale = min(_DPI / _POINTS, (_MOST_PIXELS / max(1.0, area)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        width, height, stride = bitmap.width, bitmap.height, bitmap.stride
        pixels = memoryview(bitmap.buffer).cast("B")
        rows = (pixels[at : at + width] for at in range(0, stride * height, stride))
        return b"P5 %d %d 255\n" % (width, height) + b"".join(rows), scale
    finally:
        bitmap.close()


def _recognised(image: bytes, pack: str) -> list[_Row]:
    program = shutil.which(_PROGRAM) or _PROGRAM
    try:
        told = subprocess.run(  # noqa: S603 – a program found on PATH, its words are our own
            [program, "stdin", "stdout", "-l", pack, "--dpi", str(_DPI), "hocr"],
            input=image,
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=True,
            # Its threads wait for one another: on two cores several are slower than one.
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        )
        return list(_rows(fromstring(told.stdout)))
    except subprocess.TimeoutExpired:
        raise Unreadable("it is a scan that takes too long", _GIVE_TEXT) from None
    except (OSError, subprocess.SubprocessError, ParseError, DefusedXmlException) as error:
        raise Unreadable(
            f"it has no text of its own, and Tesseract failed at it ({type(error).__name__})",
            _GIVE_TEXT,
        ) from error


def _rows(root: Any) -> Iterator[_Row]:
    """The lines in an hOCR page, in reading order."""
    for line in root.iter():
        if not line.get("class", "").startswith(
            ("ocr_line", "ocr_header", "ocr_caption", "ocr_te")
        ):
            continue
        about = line.get("title", "")
        box, size = _BOX.search(about), _SIZE.search(about)
        words = tuple(filter(None, map(_word, line)))
        if box and words:
            height = float(size[1]) if size else float(box[4]) - float(box[2])
            yield _Row(words, float(box[4]), max(1.0, height))


def _word(element: Any) -> _Word | None:
    about = element.get("title", "")
    box, confidence = _BOX.search(about), _CONFIDENCE.search(about)
    text = clean("".join(element.itertext())).replace("\n", " ")
    if not box or not text or _RULE.fullmatch(text):
        return None
    return _Word(text, float(box[1]), float(box[3]), float(confidence[1]) if confidence else 0.0)


def _lines(rows: Sequence[_Row], number: int, height: float, scale: float) -> Iterator[Line]:
    usual = median(row.size for row in rows for _ in row.words)
    for row in rows:
        # A size is measured anew for each line, and headings are told by theirs.
        size = usual if abs(row.size - usual) <= _ALIKE * usual else row.size
        cells = tuple(
            Cell(" ".join(w.text for w in part), part[0].left / scale, part[-1].right / scale)
            for part in stretches(row.words, row.size)
        )
        bottom = height - row.bottom / scale
        yield Line(
            cells=cells,
            page=number,
            bottom=bottom,
            size=round(size / scale, 1),
            bold=False,
            hyphenated=False,
            depth=bottom / height if height else 0.5,
            scanned=True,
        )
