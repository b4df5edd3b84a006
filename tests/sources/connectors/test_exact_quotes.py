"""No quote whose offsets do not reproduce it: over generated documents of every format."""

from __future__ import annotations

import tempfile
import zipfile
from html import escape
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.files import read
from sources.document import Document

STYLES = getSampleStyleSheet()
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ENTRY = CatalogEntry(
    id="muni", title="Trámites", connector="files", country="CL", language="es", agency="Muni"
)
Part = tuple[str, str]
"""(heading, paragraph)"""


def pdf(parts: list[Part]) -> bytes:
    buffer = BytesIO()
    story = []
    for heading, text in parts:
        story += [Paragraph(escape(heading), STYLES["Heading2"])]
        story += [Paragraph(escape(text), STYLES["BodyText"])]
    SimpleDocTemplate(buffer).build(story)
    return buffer.getvalue()


def word(parts: list[Part]) -> bytes:
    document = docx.Document()
    for heading, text in parts:
        document.add_heading(heading, 2)
        document.add_paragraph(text)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def odt(parts: list[Part]) -> bytes:
    body = "".join(
        f'<text:h text:outline-level="2">{escape(heading)}</text:h><text:p>{escape(text)}</text:p>'
        for heading, text in parts
    )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr(
            "content.xml",
            f'<o:document-content xmlns:o="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0">'
            f"<o:body><o:text>{body}</o:text></o:body></o:document-content>",
        )
    return buffer.getvalue()


def workbook(parts: list[Part]) -> bytes:
    book = openpyxl.Workbook()
    for heading, text in parts:
        book.active.append([heading])
        book.active.append([])
        book.active.append([text])
        book.active.append([])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def files(parts: list[Part]) -> dict[str, bytes]:
    """The same document in every format."""
    plain = "\n\n".join(f"{heading}\n\n{text}" for heading, text in parts)
    page = "".join(f"<h2>{escape(h)}</h2><p>{escape(t)}</p>" for h, t in parts)
    lines = "\n\n".join(f'"{heading}"\n\n"{text}"' for heading, text in parts)
    return {
        "a.pdf": pdf(parts),
        "b.docx": word(parts),
        "c.odt": odt(parts),
        "d.xlsx": workbook(parts),
        "e.csv": lines.encode(),
        "f.html": f"<html><main>{page}</main></html>".encode(),
        "g.txt": plain.encode("cp1252"),
        "h.md": "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts).encode(),
    }


WORD = st.text("abcdefgéñáíóú", min_size=2, max_size=9)
WORDS = st.lists(WORD, min_size=4, max_size=40).map(" ".join)
PARTS = st.lists(st.tuples(WORD, WORDS), min_size=1, max_size=6)


def check(document: Document) -> None:
    """Every section is where it says, says something, and overlaps no other."""
    end = 0
    for section in document.sections:
        quote = document.quote(section)
        assert section.start >= end
        assert quote == document.text[section.start : section.end]
        assert quote
        assert quote == quote.strip()
        end = section.end


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(PARTS)
def test_every_format_quotes_what_was_written(drawn: list[Part]) -> None:
    parts = [(f"Parte {n} {h}", f"El caso {n}, {t}, vale.") for n, (h, t) in enumerate(drawn)]
    made = files(parts)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in made.items():
            (Path(folder) / name).write_bytes(data)
        found = list(read(ENTRY, folder, Memory()))
    assert len(found) == len(made)
    for document in found:
        assert isinstance(document, Document), document
        check(document)
        quotes = [document.quote(section) for section in document.sections]
        assert quotes == [text for _, text in parts], document.id
