"""A folder as hostile or careless hands fill it: every file ends in a document or in one clear line."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.files import read
from sources.document import Document, Rejected

TEXT = "El trámite es gratuito para todas las personas que viven en la comuna."
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


def pdf(password: str | None = None) -> bytes:
    buffer = BytesIO()
    encrypt = StandardEncryption(password) if password else None
    page = canvas.Canvas(buffer, encrypt=encrypt)
    page.drawString(60, 700, TEXT)
    page.save()
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph(TEXT)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def word_with(name: str, content: str | bytes) -> bytes:
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(word())) as sound,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for each in sound.namelist():
            if each != name:
                made.writestr(each, sound.read(each))
        made.writestr(name, content)
    return buffer.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "clave.pdf": (pdf("secreto"), "it is protected with a password"),
    "cortado.pdf": (pdf()[:-200], "it is cut short"),
    "dañado.pdf": (b"%PDF-1.7\n" + b"x" * 999 + b"%%EOF", "it is no sound PDF"),
    "cortado.docx": (word()[:-500], "it is cut short or damaged"),
    "bomba.docx": (word_with("word/media/0", b"\0" * 30_000_000), "it unpacks to 29 MB"),
    "bomba.odt": (word_with("word/media/0", b"\0" * 30_000_000), "it unpacks to 29 MB"),
    "macros.docm": (word_with("word/vbaProject.bin", b"x"), "it holds macros"),
    "macros.xlsm": (word_with("word/vbaProject.bin", b"x"), "it holds macros"),
    "risas.docx": (word_with("word/document.xml", LAUGHS), "its XML declares entities"),
    "fuera.docx": (word_with("../../x", "x"), "it has a part that leads out of it"),
    "vacío.pdf": (b"", "it is empty"),
    "blanco.txt": (b" \n\t\n", "it is empty"),
    "foto.pdf": (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "it is named .pdf, but it is a PNG image"),
    "viejo.xlsx": (b"\xd0\xcf\x11\xe0" + b"x" * 99, "it is named .xlsx, but it is an old Office"),
    "binario.txt": (b"\x00\x01\x02" * 99, "it is no text"),
}
READ: dict[str, bytes] = {
    "a.pdf": pdf(),
    "b.pdf": word(),  # the wrong extension
    "c.docx": pdf(),
    "d": word(),
    'e\'; rm -rf $(x) "ñ" \n😀.md': TEXT.encode(),
    "-rf.txt": TEXT.encode("cp1252"),
    "z.docx": word(),
}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Document | Rejected]:
    folder: Path = tmp_path_factory.mktemp("documentos")
    for name, data in {**READ, **{name: data for name, (data, _) in REFUSED.items()}}.items():
        (folder / name).write_bytes(data)
    entry = CatalogEntry(
        id="muni", title="Trámites", connector="files", country="CL", language="es", agency="Muni"
    )
    return list(read(entry, str(folder), Memory()))


def test_each_bad_file_is_named_with_its_reason(items: list[Document | Rejected]) -> None:
    said = {item.name: item.reason for item in items if isinstance(item, Rejected)}
    assert set(said) == set(REFUSED)
    for name, (_, reason) in REFUSED.items():
        assert said[name].startswith(reason), name
        assert "\n" not in said[name]
        assert ". " in said[name], "the remedy follows"


def test_all_others_are_read(items: list[Document | Rejected]) -> None:
    found = [item for item in items if isinstance(item, Document)]
    assert len(found) == len(READ) == len({document.id for document in found})
    for document in found:
        assert [document.quote(section) for section in document.sections] == [TEXT]
        assert "\n" not in document.title
