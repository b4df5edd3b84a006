"""Speed of reading documents, format by format, over made ones of about the same text.

    python tests/bench/parsers.py

Measures pages and megabytes a second in this process, what the reading process adds (its start, and
each file handed over), its peak memory at 1,000 pages, and other libraries where they are installed
(pypdf, pdfplumber, odfpy). Best of three, in computing time; OCR in elapsed time, as Tesseract is a
program of its own. Ends with one JSON line.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Sequence
from html import escape
from importlib import import_module
from io import BytesIO
from textwrap import wrap
from typing import Any

import docx
import openpyxl
import pypdfium2 as pdfium
from PIL import Image, ImageFilter
from rapidfuzz.distance import Levenshtein
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from sources.parsers import ocr, parse
from sources.parsers.apart import Reader

PAGES, LINES = 200, 45
ROWS = 4_000
SCANS = 5
ROUNDS = 3
LINE = "Artículo {}.{}: el ciudadano presenta su documento de identidad vigente y paga en la caja."
LINHA = (
    "Artigo {}.{}: o cidadão apresenta seu documento de identidade e não paga taxa na prefeitura."
)
ODF = "urn:oasis:names:tc:opendocument:xmlns"


def paragraphs() -> list[str]:
    """One paragraph for every five lines of a page."""
    return [
        " ".join(LINE.format(page, line + n) for n in range(5))
        for page in range(PAGES)
        for line in range(0, LINES, 5)
    ]


def pdf(pages: int = PAGES, lines: Sequence[str] | None = None) -> bytes:
    buffer = BytesIO()
    sheet = canvas.Canvas(buffer)
    for page in range(pages):
        for number in range(LINES):
            text = lines[number] if lines else LINE.format(page, number)
            sheet.drawString(60, 780 - 16 * number, text)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def poor(picture: Image.Image) -> Image.Image:
    """The page as a bad copier gives it: askew, blurred, speckled, saved with loss."""
    askew = picture.rotate(0.8, fillcolor=255, resample=Image.Resampling.BICUBIC)
    blurred = askew.filter(ImageFilter.GaussianBlur(0.8))
    buffer = BytesIO()
    Image.blend(blurred, Image.effect_noise(blurred.size, 90), 0.25).save(
        buffer, "JPEG", quality=40
    )
    return Image.open(buffer)


def scan(data: bytes, change: Callable[[Image.Image], Image.Image] = lambda same: same) -> bytes:
    """The pages of a PDF as pictures of 200 dots an inch."""
    buffer = BytesIO()
    sheet = canvas.Canvas(buffer)
    with pdfium.PdfDocument(data) as document:
        for page in document:
            picture = change(page.render(scale=200 / 72, grayscale=True).to_pil())
            sheet.drawImage(ImageReader(picture), 0, 0, *page.get_size())
            sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    for text in paragraphs():
        document.add_paragraph(text)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def odt() -> bytes:
    body = "".join(f"<text:p>{escape(text)}</text:p>" for text in paragraphs())
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr(
            "content.xml",
            f'<o:document-content xmlns:o="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0">'
            f"<o:body><o:text>{body}</o:text></o:body></o:document-content>",
        )
        # odfpy asks for what LibreOffice always writes.
        package.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{ODF}:manifest:1.0"><m:file-entry m:full-path="/" '
            'm:media-type="application/vnd.oasis.opendocument.text"/><m:file-entry '
            'm:full-path="content.xml" m:media-type="text/xml"/></m:manifest>',
        )
    return buffer.getvalue()


def rows() -> list[list[str]]:
    return [["Trámite", "Costo", "Plazo"]] + [
        [f"Trámite {n}", "S/ 1", "5 días"] for n in range(ROWS)
    ]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in rows():
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def files() -> dict[str, bytes]:
    page = "".join(f"<p>{escape(text)}</p>" for text in paragraphs())
    return {
        "a.pdf": pdf(),
        "a.docx": word(),
        "a.odt": odt(),
        "a.xlsx": workbook(),
        "a.csv": "\n".join(map(";".join, rows())).encode(),
        "a.html": f"<!DOCTYPE html><main>{page}</main>".encode(),
        "a.md": "\n\n".join(paragraphs()).encode(),
        "a.txt": "\n\n".join(paragraphs()).encode(),
    }


def best(action: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the fastest of three calls."""
    times = []
    for _ in range(ROUNDS):
        start = clock()
        action()
        times.append(clock() - start)
    return min(times)


def formats() -> dict[str, dict[str, float]]:
    """Per format what a second reads: pages of print (45 lines), rows, megabytes of the text."""
    print(f"{'format':<8}{'file MB':>9}{'pages/s':>10}{'rows/s':>10}{'text MB/s':>11}")
    found = {}
    for name, data in files().items():
        blocks = parse(data, name).blocks
        text = sum(len(block.text.encode()) for block in blocks) / 1e6
        seconds = best(lambda data=data, name=name: parse(data, name))
        kind = name.rpartition(".")[2]
        is_table = kind in ("xlsx", "csv")
        speed = {"rows_s": ROWS / seconds} if is_table else {"pages_s": PAGES / seconds}
        found[kind] = {**speed, "text_mb_s": text / seconds}
        pages, per_row = (f"{speed[k]:.0f}" if k in speed else "–" for k in ("pages_s", "rows_s"))
        print(f"{kind:<8}{len(data) / 1e6:>9.2f}{pages:>10}{per_row:>10}{text / seconds:>11.2f}")
    if {"spa", "por"} <= ocr.packs():
        data = scan(pdf(SCANS))
        seconds = best(lambda: parse(data, "a.pdf"), time.perf_counter)
        found["scan"] = {"pages_s": SCANS / seconds}
        print(f"{'scan':<8}{len(data) / 1e6:>9.2f}{SCANS / seconds:>10.2f}")
    return found


def accuracy() -> dict[str, float]:
    """The part of the letters of a scanned page that OCR gives back, sound and poor scans."""
    found: dict[str, float] = {}
    if not {"spa", "por"} <= ocr.packs():
        print("\nno Tesseract with spa and por: scans are not measured")
        return found
    for language, line in (("es", LINE), ("pt", LINHA)):
        # Wrapped, since gaps that stand under one another on a whole page read as columns.
        lines = wrap(" ".join(line.format(n, n * 7) for n in range(LINES)), 80)[:LINES]
        written = " ".join(lines)
        for name, change in (("sound", lambda same: same), ("poor", poor)):
            blocks = parse(scan(pdf(1, lines), change), "a.pdf").blocks
            read = " ".join(f"{block.marker} {block.text}".strip() for block in blocks)
            share = 1 - Levenshtein.normalized_distance(written, read)
            found[f"{language}, {name}"] = share
            print(f"OCR, {language}, {name} scan: {share:.2%} of the letters")
    return found


def process() -> dict[str, float]:
    """What reading apart costs, and the most memory it took."""
    one = word_of_one_line()
    here = best(lambda: parse(one, "a.docx"), time.perf_counter)

    def started() -> None:
        with Reader() as reader:
            reader.parse(one, "a.docx")

    start = best(started, time.perf_counter) - here
    with Reader() as reader:
        reader.parse(one, "a.docx")
        each = best(lambda: reader.parse(one, "a.docx"), time.perf_counter) - here
        reader.parse(pdf(1000), "a.pdf")
        peak = reader.peak_bytes / 1e6
    print(
        f"\nreading process: {start * 1e3:.0f} ms to start (with the first format's library), "
        f"{each * 1e3:.1f} ms more a file; {peak:.0f} MB at its peak over 1,000 pages of PDF"
    )
    return {"start_ms": start * 1e3, "file_ms": each * 1e3, "peak_mb_1000_pages": peak}


def word_of_one_line() -> bytes:
    document = docx.Document()
    document.add_paragraph(LINE)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _pdfium(data: bytes) -> None:
    with pdfium.PdfDocument(data) as document:
        for page in document:
            page.get_textpage().get_text_bounded()


def _pypdf(library: Any, data: bytes) -> None:
    for page in library.PdfReader(BytesIO(data)).pages:
        page.extract_text()


def _pdfplumber(library: Any, data: bytes) -> None:
    with library.open(BytesIO(data)) as document:
        for page in document.pages:
            page.extract_text()


def _odfpy(library: Any, data: bytes) -> None:
    from odf import teletype, text  # beside odf.opendocument, which `library` is

    for element in library.load(BytesIO(data)).getElementsByType(text.P):
        teletype.extractText(element)


def peers() -> dict[str, float]:
    """Pages a second of the libraries that could stand in ours' place; mere text, no layout."""
    few, letter = pdf(20), odt()
    found = {"pypdfium2, mere text": 20 / best(lambda: _pdfium(few))}
    for name, module, read, data, pages in (
        ("pypdf", "pypdf", _pypdf, few, 20),
        ("pdfplumber", "pdfplumber", _pdfplumber, few, 20),
        ("odfpy", "odf.opendocument", _odfpy, letter, PAGES),
    ):
        try:
            library = import_module(module)
        except ModuleNotFoundError:
            print(f"{name}: not installed, not measured")
            continue
        found[name] = pages / best(lambda r=read, m=library, d=data: r(m, d))
    for name, speed in found.items():
        print(f"{name:<22}{speed:>8.0f} pages/s")
    return found


def main() -> None:
    report: dict[str, Any] = {"bench": "parsers", "formats": formats(), "process": process()}
    report["ocr_letters"] = accuracy()
    print()
    report["peers_pages_s"] = peers()
    print()
    print(json.dumps(report, default=float))


if __name__ == "__main__":
    main()
