"""An agency's folder of documents becomes documents that quote exactly, or says what is wrong."""

from __future__ import annotations

import os
import unicodedata
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from sources import connectors
from sources.catalog import CatalogEntry, read_entry
from sources.connectors import Memory
from sources.connectors import files as connector
from sources.document import Document, Field, Rejected, Sector, Verification
from sources.errors import ConnectorError

TEXT = "El trámite es gratuito para todas las personas que viven en la comuna.\n"


def entry(**fields: Any) -> CatalogEntry:
    known = {"country": "CL", "language": "es", "agency": "Municipalidad de Ejemplo"} | fields
    return CatalogEntry(id="muni", title="Trámites", connector="files", **known)


def read(entry, origin):
    return connector.read(entry, origin, Memory())


def put(folder: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


def documents(origin: str, **fields: Any) -> list[Document]:
    items = list(read(entry(**fields), origin))
    assert not [item for item in items if isinstance(item, Rejected)]
    return [item for item in items if isinstance(item, Document)]


def only(folder: Path, name: str, content: str, **fields: Any) -> Document:
    (document,) = documents(put(folder, {name: content}), **fields)
    return document


def reason(folder: Path, name: str, content: str | bytes, **fields: Any) -> str:
    (item,) = read(entry(**fields), put(folder, {name: content}))
    assert isinstance(item, Rejected)
    assert item.name == name
    assert "\n" not in item.reason
    return item.reason


def test_a_folder_is_read_through_the_catalogue(tmp_path: Path) -> None:
    yaml = "id: muni\ntitle: T\nconnector: files\norigin: ./docs\ncountry: CL\nagency: Muni\n"
    put(tmp_path, {"muni.yaml": yaml, "docs/a.md": f"# Permiso\n\n## Costo\n\n{TEXT}"})
    (document,) = connectors.read(read_entry(tmp_path / "muni.yaml"))
    assert isinstance(document, Document)
    assert (document.id, document.title, document.language) == ("muni-a", "Permiso", "es")
    (section,) = document.sections
    assert (section.field, section.heading) == (Field.COST, "Costo")
    assert document.quote(section) == TEXT.strip()
    assert document.provenance.retrieved_at == date.today().isoformat()
    assert document.provenance.as_of is None


def word() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Certificado"
    document.add_paragraph(TEXT.strip())
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pdf() -> bytes:
    buffer = BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(60, 700, TEXT.strip())
    page.showPage()
    page.drawString(60, 640, TEXT.strip())
    page.save()
    return buffer.getvalue()


def test_every_format_gives_documents_in_the_order_of_their_paths(tmp_path: Path) -> None:
    page = f"<title>Permiso | Muni</title><main><h1>Permiso</h1><p>{TEXT}</p></main>"
    origin = put(tmp_path, {"z.txt": TEXT, "b/p.html": page, "b/a.docx": word(), "a.pdf": pdf()})
    found = documents(origin)
    assert [(d.id, d.title) for d in found] == [
        ("muni-a", "A"),
        ("muni-b-a", "Certificado"),
        ("muni-b-p", "Permiso"),
        ("muni-z", "Z"),
    ]
    assert [section.page for section in found[0].sections] == [1, 2]
    assert all(d.quote(s) == TEXT.strip() for d in found for s in d.sections)


def test_ids_are_ascii_unique_and_stable(tmp_path: Path) -> None:
    names = ["Año Nuevo/Ñandú (1).md", "año-nuevo/nandu 1.txt", "漢字.md", "x" * 150 + ".md"]
    origin = put(tmp_path, dict.fromkeys(names, TEXT))
    ids = [document.id for document in documents(origin)]
    assert len(set(ids)) == len(ids) == 4
    assert all(id.isascii() and id.startswith("muni-") and len(id) < 110 for id in ids)
    assert sum(id.startswith("muni-ano-nuevo-nandu-1-") for id in ids) == 2
    put(tmp_path, {"otro.md": TEXT})
    assert set(ids) < {document.id for document in documents(origin)}


def test_the_id_does_not_depend_on_how_a_file_system_writes_accents(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "Peñalolén")
    first = only(tmp_path / "a", f"{composed}.md", TEXT)
    second = only(tmp_path / "b", f"{unicodedata.normalize('NFD', composed)}.md", TEXT)
    assert first.id == second.id == "muni-penalolen"
    assert first.title == second.title


FRONT = """---
title: Licencia de conducir
names: [brevete, carnet de manejar]
keywords: auto, moto
country: pe
territory: PE-LIM
language: es
agency: MTC
url: https://www.gob.pe/123
as_of: 2026-03
valid_from: 2026
valid_to: 2026-12-31
verification: press
sectors: [transport]
autor: nadie
draft:
---
"""


def test_front_matter_takes_precedence(tmp_path: Path) -> None:
    document = only(tmp_path, "a.md", f"{FRONT}# Licencia A1\n\n{TEXT}", as_of="2025")
    provenance = document.provenance
    assert document.title == "Licencia de conducir"
    assert document.names == ("brevete", "carnet de manejar", "Licencia A1")
    assert document.keywords == ("auto", "moto")
    assert (document.country, document.territory) == ("PE", "PE-LIM")
    assert document.sectors == (Sector.TRANSPORT,)
    assert (provenance.agency, provenance.url) == ("MTC", "https://www.gob.pe/123")
    assert (provenance.as_of, provenance.verification) == ("2026-03", Verification.PRESS)
    assert (provenance.valid_from, provenance.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))


def test_meta_elements_do_as_well(tmp_path: Path) -> None:
    page = (
        "<html lang=pt-BR><meta name=country content=BR><meta name=as_of content=2026-02-01>"
        "<meta name=language content=Português><meta name=viewport content=x><p>Texto.</p>"
    )
    document = only(tmp_path, "a.html", page)
    assert (document.country, document.language) == ("BR", "pt")
    assert document.provenance.as_of == "2026-02-01"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("country: Perú", "country"),
        ("language: qu", "language"),
        ("as_of: 2026-13-01", "as_of"),
        ("as_of: marzo de 2026", "as_of"),
        ("valid_to: 31/12/2026", "valid_to"),
        ("url: javascript:alert(1)", "url"),
        ("verification: seguro", "verification"),
        ("sectors: [transporte]", "sectors"),
        ("territory: PE-LIM", "territory"),
        ("title: [a, {b: c}]", "title"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, line: str, field: str) -> None:
    said = reason(tmp_path, "a.md", f"---\n{line}\n---\n{TEXT}")
    assert said.startswith(field)
    value = line.split(": ", 1)[1].strip("[]").split(",")[0]
    assert value.upper()[:8] in said.upper()


def test_dates_that_end_before_they_begin(tmp_path: Path) -> None:
    said = reason(tmp_path, "a.md", f"---\nvalid_from: 2026\nvalid_to: 2025\n---\n{TEXT}")
    assert "2025-12-31" in said


@pytest.mark.parametrize("field", ["country", "agency"])
def test_what_must_be_known(tmp_path: Path, field: str) -> None:
    said = reason(tmp_path, "a.md", TEXT, **{field: None})
    assert said == f"{field} is not known. Write `{field}:` in the catalogue entry or in the file."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (TEXT, "es"),
        ("O serviço é gratuito e não precisa de agendamento para os moradores da cidade.", "pt"),
        ("The service is free and you can ask for it at the office of your town.", "en"),
    ],
)
def test_the_language_is_told_from_the_words(tmp_path: Path, text: str, language: str) -> None:
    assert only(tmp_path, "a.txt", text, language=None).language == language


def test_a_language_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    assert reason(tmp_path, "a.md", "Total 5.", language=None).startswith("language is not known")


def test_a_template_s_language_does_not_win_over_the_text(tmp_path: Path) -> None:
    assert only(tmp_path, "a.html", f"<html lang=en><p>{TEXT}").language == "es"


def test_hidden_and_temporary_files_are_passed_over(tmp_path: Path) -> None:
    names = [".oculto.md", ".git/a.md", "~$a.docx", ".~lock.a.odt#", "a.md~", "Thumbs.db", "a.md"]
    assert [d.id for d in documents(put(tmp_path, dict.fromkeys(names, TEXT)))] == ["muni-a"]


def test_one_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.md": TEXT, "b.pdf": pdf()[:400], "c.docx": b"PK\x03\x04", "d.xlsx": b"PK", "e.md": "",
    }  # fmt: skip
    items = list(read(entry(), put(tmp_path, files)))
    rejected = {item.name: item.reason for item in items if isinstance(item, Rejected)}
    assert len(items) == 5
    assert list(rejected) == ["b.pdf", "c.docx", "d.xlsx", "e.md"]
    assert "cut short" in rejected["b.pdf"]
    assert "cut short" in rejected["d.xlsx"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, {"afuera/secreto.md": TEXT, "docs/a.md": TEXT})
    docs = tmp_path / "docs"
    (docs / "b.md").symlink_to(tmp_path / "afuera" / "secreto.md")
    (docs / "carpeta").symlink_to(tmp_path / "afuera")
    (docs / "rueda").symlink_to(docs)
    (docs / "c.md").symlink_to(docs / "a.md")
    (docs / "d.md").symlink_to(docs / "nada.md")
    os.mkfifo(docs / "e.md")
    items = list(read(entry(), str(docs)))
    assert [d.id for d in items if isinstance(d, Document)] == ["muni-a", "muni-c"]
    assert {r.name: r.reason.split(".")[0] for r in items if isinstance(r, Rejected)} == {
        "b.md": "it is a link out of the folder",
        "carpeta": "it is a link out of the folder",
        "d.md": "it cannot be opened (No such file or directory)",
        "e.md": "it is no regular file",
    }


def test_file_names_that_are_no_utf8(tmp_path: Path) -> None:
    put(tmp_path, {"a.md": TEXT})
    (tmp_path / os.fsdecode(b"a\xf1o.md")).write_text(TEXT, encoding="utf-8")
    assert len(documents(str(tmp_path))) == 2


def test_a_single_file_may_be_the_origin(tmp_path: Path) -> None:
    put(tmp_path, {"a.md": TEXT, "b.md": TEXT})
    assert [d.id for d in documents(str(tmp_path / "b.md"))] == ["muni-b"]


@pytest.mark.parametrize("files", [{}, {"a.png": b"\x89PNG"}, {".a.md": TEXT}])
def test_a_folder_without_documents(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    with pytest.raises(ConnectorError, match=r"Put files there: \.md") as raised:
        list(read(entry(), put(tmp_path, files)))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("origin", ["", "/no/such/folder"])
def test_an_origin_that_is_not_there(origin: str) -> None:
    with pytest.raises(ConnectorError):
        list(read(entry(), origin))


def test_tenant_licence_and_defaults_come_from_the_entry(tmp_path: Path) -> None:
    fields = {"owner": "muni", "tenant": "muni", "licence": "CC0-1.0"}
    fields |= {"as_of": "2026", "verification": "unverified"}
    document = only(tmp_path, "a.md", TEXT, territory="CL-RM", url="https://m.cl", **fields)
    assert (document.tenant, document.territory) == ("muni", "CL-RM")
    provenance = document.provenance
    assert (provenance.licence, provenance.url) == ("CC0-1.0", "https://m.cl")
    assert (provenance.as_of, provenance.verification) == ("2026", Verification.UNVERIFIED)


PARAGRAPHS = st.lists(st.text(max_size=120), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(PARAGRAPHS, st.sampled_from(["a.md", "a.html", "a.txt"]))
def test_any_paragraphs_quote_exactly(tmp_path: Path, paragraphs: list[str], name: str) -> None:
    data = "\n\n".join(paragraphs).encode("utf-8", "replace")
    try:
        items = list(read(entry(), put(tmp_path / Path(name).suffix, {name: data})))
    except ConnectorError:
        pytest.fail("a folder with one file is no empty folder")
    (item,) = items
    if isinstance(item, Rejected):
        return
    assert isinstance(item, Document)
    for section in item.sections:
        quote = item.quote(section)
        assert quote == quote.strip()
        assert quote
        assert unicodedata.is_normalized("NFC", quote)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(alphabet="abcñé ,áí", min_size=4, max_size=60), min_size=1, max_size=6))
def test_plain_paragraphs_are_quoted_word_for_word(tmp_path: Path, parts: list[str]) -> None:
    expected = [f"El caso {' '.join(part.split())} vale." for part in parts]
    (document,) = documents(put(tmp_path, {"a.md": "\n\n".join(expected)}))
    assert [document.quote(section) for section in document.sections] == expected
