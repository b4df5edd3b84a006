"""A file is read by what it holds; its extension decides only where that says nothing."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from sources import parsers
from sources.parsers import EXTENSIONS, LARGEST, Parsed, Unreadable, parse
from sources.parsers import text as text_parser


def pdf() -> bytes:
    buffer = BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(60, 700, "El trámite es gratuito.")
    page.save()
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph("El trámite es gratuito.")
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def package(name: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "<x/>")
    return buffer.getvalue()


PAGE = b"\xef\xbb\xbf <!-- x -->\n<!DOCTYPE html><p>El tr\xc3\xa1mite es gratuito.</p>"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (pdf(), "a.pdf"),
        (pdf(), "a.docx"),
        (pdf(), "viejo.doc"),
        (pdf(), "sin-extension"),
        (word(), "a.DOCX"),
        (word(), "a.pdf"),
        (PAGE, "a.html"),
        (PAGE, "a.txt"),
        (PAGE, "a.doc"),
        (b"<p>El tr\xe1mite es gratuito.", "a.htm"),
        ("El trámite es gratuito.".encode("cp1252"), "a.txt"),
        ("El trámite es gratuito.".encode(), "a.Markdown"),
    ],
)
def test_formats(data: bytes, name: str) -> None:
    assert [block.text for block in parse(data, name).blocks] == ["El trámite es gratuito."]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (package("xl/workbook.xml"), "a.xlsx", "no sound XLSX file"),
        (package("ppt/presentation.xml"), "a.pptx", "no reader for .pptx files yet"),
        (package("ppt/presentation.xml"), "a.odt", "no sound ODT file"),
        (b"\x89PNG\r\n\x1a\n", "foto.png", "no reader for .png files yet"),
        (b"a,b\n1,2", "a.jsonl", "no reader for .jsonl files yet"),
        (b"texto", "LEEME", "no reader for files without an extension yet"),
        (b"\x89PNG\r\n\x1a\n", "a.pdf", "named .pdf, but it is a PNG image"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "a.docx", "old Office file, or one with a password"),
        (package("xl/workbook.xml"), "a.docx", "no sound XLSX"),
        (b"PK\x03\x04 cut", "a.docx", "cut short or damaged"),
        (b"texto", "a.pdf", "named .pdf, but it is no such file"),
        (b"", "a.md", "it is empty"),
        (b" \n\t", "a.md", "it is empty"),
        (b"# Solo un titulo", "a.md", "no text in it"),
        (b"<html><body><nav>x</nav>", "a.html", "no text in it"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(data: bytes, name: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as raised:
        parse(data, name)
    assert "\n" not in str(raised.value)
    assert raised.value.remedy


def test_too_large() -> None:
    with pytest.raises(Unreadable, match="50 MB at most"):
        parse(b"x" * (LARGEST + 1), "a.txt")


def test_whatever_a_library_raises_becomes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> Parsed:
        raise MemoryError

    monkeypatch.setattr(text_parser, "parse", fail)
    with pytest.raises(Unreadable, match="MemoryError"):
        parse(b"texto", "a.txt")


def test_every_extension_has_its_module() -> None:
    for module in set(EXTENSIONS.values()):
        assert hasattr(__import__(f"{parsers.__name__}.{module}", fromlist=["parse"]), "parse")


MAGIC = st.sampled_from(
    [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html>", b"---\n", b"\xff\xfe", pdf()]
)


@given(MAGIC, st.binary(max_size=200), st.sampled_from([*EXTENSIONS, ".xyz", ""]))
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes, extension: str) -> None:
    try:
        parsed: Any = parse(start + rest, "a" + extension)
    except Unreadable:
        return
    assert parsed.blocks
