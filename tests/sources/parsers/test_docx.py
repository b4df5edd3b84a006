"""DOCX: order, styles, tables, what Word hides, and packages made to harm."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.docx import parse


def saved(document: Any) -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def blocks(document: Any) -> tuple[Block, ...]:
    return parse(saved(document)).blocks


def fill(table: Any, rows: list[list[str]]) -> None:
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(at, column).text = text


def test_headings_lists_and_tables_come_in_order() -> None:
    document = docx.Document()
    document.core_properties.title = "Certificado de residencia"
    document.add_heading("Requisitos", 1)
    document.add_paragraph("Ser vecino.", style="List Bullet")
    table = document.add_table(2, 3)
    fill(table, [["Tipo", "Valor", "Vigencia"], ["Simple", "$ 1.000", "6 meses"]])
    document.add_heading("Más", 2)
    document.add_paragraph("Fin.")
    parsed = parse(saved(document))
    assert parsed.title == "Certificado de residencia"
    assert [(b.kind, b.level, b.text) for b in parsed.blocks] == [
        (Kind.HEADING, 1, "Requisitos"),
        (Kind.ITEM, 0, "Ser vecino."),
        (Kind.ROW, 0, "Tipo: Simple; Valor: $ 1.000; Vigencia: 6 meses."),
        (Kind.HEADING, 2, "Más"),
        (Kind.TEXT, 0, "Fin."),
    ]


def test_bold_lines_breaks_and_typed_markers() -> None:
    document = docx.Document()
    document.add_paragraph().add_run("Cuánto demora").bold = True
    run = document.add_paragraph("Plazo: 3 días").add_run()
    run.add_break()
    run.add_text("Teléfono: 600")
    document.add_paragraph("2) Copia del DNI")
    assert [(b.kind, b.marker, b.text) for b in blocks(document)] == [
        (Kind.HEADING, "", "Cuánto demora"),
        (Kind.TEXT, "", "Plazo: 3 días\nTeléfono: 600"),
        (Kind.ITEM, "2)", "Copia del DNI"),
    ]


def test_hidden_deleted_and_inserted_text() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Cuesta ")
    hidden = paragraph.add_run("en secreto ")
    hidden.font.hidden = True
    for xml in (
        "<w:del {0}><w:r><w:delText>diez</w:delText></w:r></w:del>",
        "<w:ins {0}><w:r><w:t>veinte</w:t></w:r></w:ins>",
        "<w:moveFrom {0}><w:r><w:t>treinta</w:t></w:r></w:moveFrom>",
    ):
        paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))
    assert [b.text for b in blocks(document)] == ["Cuesta veinte"]


def test_content_controls_are_read_and_contents_are_not() -> None:
    document = docx.Document()
    document.add_paragraph("Antes.")
    control = (
        "<w:sdt {0}><w:sdtPr>{1}</w:sdtPr><w:sdtContent><w:p><w:r><w:t>{2}</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    gallery = "<w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
    body = document.element.body
    body.insert(1, parse_xml(control.format(nsdecls("w"), "", "Dentro.")))
    body.insert(2, parse_xml(control.format(nsdecls("w"), gallery, "Índice ... 3")))
    assert [b.text for b in blocks(document)] == ["Antes.", "Dentro."]


def test_merged_cells_and_frames() -> None:
    document = docx.Document()
    table = document.add_table(4, 2)
    fill(table, [["Tipo", "Valor"], ["Otros vehículos", ""], ["Moto", "5"], ["", "6"]])
    table.cell(1, 0).merge(table.cell(1, 1))
    table.cell(2, 0).merge(table.cell(3, 0))
    document.add_table(1, 1).cell(0, 0).text = "En un recuadro."
    assert [b.text for b in blocks(document) if b.text] == [
        "Otros vehículos",
        "Tipo: Moto; Valor: 5.",
        "Tipo: Moto; Valor: 6.",
        "En un recuadro.",
    ]


def test_outline_levels_make_headings() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Base legal")
    level = parse_xml(f"<w:outlineLvl {nsdecls('w')} w:val='1'/>")
    paragraph._p.get_or_add_pPr().append(level)
    assert [(b.kind, b.level) for b in blocks(document)] == [(Kind.HEADING, 2)]


def test_bombs_are_refused_before_they_are_opened() -> None:
    data = saved(docx.Document())
    buffer = BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/zeros.bin", b"\0" * 20_000_000)
    with pytest.raises(Unreadable, match=r"unpacks to 20 MB, 3\d\d times"):
        parse(buffer.getvalue())


def test_broken_packages_are_refused() -> None:
    data = saved(docx.Document())
    with pytest.raises(Unreadable, match="cut short or damaged"):
        parse(data[: len(data) // 2])
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("word/document.xml", "<broken")
    with pytest.raises(Unreadable, match="no sound DOCX"):
        parse(buffer.getvalue())
