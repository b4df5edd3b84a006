"""ODT: headings, lists and tables in order; what a reader does not see is left out."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.odt import parse

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in {
        "office": "office", "text": "text", "table": "table", "style": "style",
        "fo": "xsl-fo-compatible", "draw": "drawing",
    }.items()
)  # fmt: skip
META = '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Guía de trámites</dc:title></m>'


def odt(body: str, styles: str = "", **parts: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
        )
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def blocks(body: str, styles: str = "") -> tuple[Block, ...]:
    return parse(odt(body, styles)).blocks


def cell(text: str, **attributes: object) -> str:
    given = "".join(
        f' table:number-{name.replace("_", "-")}="{v}"' for name, v in attributes.items()
    )
    return f"<table:table-cell{given}><text:p>{text}</text:p></table:table-cell>"


def test_headings_paragraphs_and_lists() -> None:
    body = """
      <text:h text:outline-level="1">Permiso de <text:span>circulación</text:span></text:h>
      <text:p>Se paga<text:s text:c="3"/>cada
         año<text:line-break/>en la municipalidad.<office:annotation><text:p>ojo</text:p>
         </office:annotation></text:p>
      <text:h text:outline-level="2">Requisitos:</text:h>
      <text:list><text:list-item><text:p>Ser mayor de edad</text:p>
        <text:list><text:list-item><text:p>o emancipado</text:p></text:list-item></text:list>
      </text:list-item><text:list-item><text:p>Firmar</text:p></text:list-item></text:list>
      <text:section><text:p>a) Cédula</text:p></text:section>"""
    assert [(b.kind, b.level, b.text, b.marker) for b in blocks(body)] == [
        (Kind.HEADING, 1, "Permiso de circulación", ""),
        (Kind.TEXT, 0, "Se paga cada año\nen la municipalidad.", ""),
        (Kind.HEADING, 2, "Requisitos", ""),
        (Kind.ITEM, 0, "Ser mayor de edad", ""),
        (Kind.ITEM, 0, "o emancipado", ""),
        (Kind.ITEM, 0, "Firmar", ""),
        (Kind.ITEM, 0, "Cédula", "a)"),
    ]


def test_tables_with_merged_and_repeated_cells() -> None:
    covered = "<table:covered-table-cell/>"
    body = f"""<table:table>
      <table:table-header-rows><table:table-row>{cell("Trámite")}{cell("Costo")}{cell("Plazo")}
      </table:table-row></table:table-header-rows>
      <table:table-row>{cell("Licencia", rows_spanned=2)}{cell("S/ 24")}{cell("5 días")}
      </table:table-row>
      <table:table-row>{covered}{cell("S/ 9", columns_repeated=2)}</table:table-row>
      <table:table-row>{cell("Extranjería", columns_spanned=3)}{covered}{covered}</table:table-row>
      <table:table-row>{cell("Visa")}{cell("gratis", columns_spanned=2)}{covered}</table:table-row>
    </table:table>"""
    assert [b.text for b in blocks(body) if b.text] == [
        "Trámite: Licencia; Costo: S/ 24; Plazo: 5 días.",
        "Trámite: Licencia; Costo: S/ 9; Plazo: S/ 9.",
        "Extranjería",
        "Trámite: Visa; Costo: gratis; Plazo: gratis.",
    ]


def test_a_frame_of_one_column_is_running_text() -> None:
    body = f"<table:table><table:table-row>{cell('Aviso.')}</table:table-row></table:table>"
    assert [(b.kind, b.text) for b in blocks(body)] == [(Kind.TEXT, "Aviso.")]


def test_a_million_empty_cells_cost_nothing() -> None:
    body = f"""<table:table><table:table-row table:number-rows-repeated="1048576">
      {cell("A", columns_repeated=1000000)}{cell("B")}</table:table-row></table:table>"""
    assert len(blocks(body)) <= 200


def test_what_is_not_shown_is_left_out() -> None:
    hidden = (
        '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
    )
    body = """
      <text:tracked-changes><text:changed-region><text:p>borrado</text:p></text:changed-region>
      </text:tracked-changes>
      <text:table-of-content><text:p>Índice</text:p></text:table-of-content>
      <text:p text:style-name="H">oculto</text:p>
      <text:section text:display="none"><text:p>oculta</text:p></text:section>
      <text:p>Es <text:span text:style-name="H">no </text:span>gratuito<text:note><text:p>nota</text:p>
      </text:note>.</text:p>"""
    assert [b.text for b in blocks(body, hidden)] == ["Es gratuito."]


def test_bold_lines_and_titles_head_what_follows() -> None:
    styles = """<style:style style:name="P1" style:parent-style-name="P0"/>
      <style:style style:name="P0"><style:text-properties fo:font-weight="bold"/></style:style>
      <style:style style:name="T" style:parent-style-name="Title"/>
      <style:style style:name="Title"/>"""
    body = """<text:p text:style-name="T">Guía</text:p><text:p text:style-name="P1">Costo:</text:p>
      <text:p><text:span text:style-name="P0">Plazo</text:span></text:p>
      <text:p>Es <text:span text:style-name="P0">gratuito</text:span>.</text:p>"""
    assert [(b.kind, b.level, b.text) for b in blocks(body, styles)] == [
        (Kind.HEADING, 1, "Guía"),
        (Kind.HEADING, 6, "Costo"),
        (Kind.HEADING, 6, "Plazo"),
        (Kind.TEXT, 0, "Es gratuito."),
    ]


def test_text_boxes_are_read_after_their_paragraph() -> None:
    body = """<text:p>Antes.<draw:frame><draw:text-box><text:p>Recuadro.</text:p></draw:text-box>
      </draw:frame></text:p><text:p>Después.</text:p>"""
    assert [b.text for b in blocks(body)] == ["Antes.", "Recuadro.", "Después."]


def test_the_title_is_that_of_its_properties() -> None:
    assert parse(odt("<text:p>x</text:p>", **{"meta.xml": META})).title == "Guía de trámites"


def test_broken_xml_and_passwords_are_refused() -> None:
    with pytest.raises(Unreadable, match="no sound ODT file"):
        parse(odt("<text:p>"))
    locked = {"META-INF/manifest.xml": "<manifest:encryption-data/>"}
    with pytest.raises(Unreadable, match="password"):
        parse(odt("<text:p>x</text:p>", **locked))
