"""PDF: paragraphs rebuilt, repeated edges gone, headings, tables, and files that hold no text."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.pdf import parse

STYLES = getSampleStyleSheet()
LONG = (
    "El propietario del vehículo paga el permiso de circulación cada año en la municipalidad que "
    "elija, con la revisión técnica al día y con el seguro obligatorio vigente. "
)


def built(story: list[Any], title: str | None = None, **options: Any) -> bytes:
    buffer = BytesIO()
    template = SimpleDocTemplate(buffer, pagesize=A4, title=title)
    template.build(story, **options)
    return buffer.getvalue()


def paragraph(text: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(text, STYLES[style])


def drawn(*lines: tuple[float, float, str], font: str = "Helvetica", **options: Any) -> bytes:
    buffer = BytesIO()
    page = canvas.Canvas(buffer, pagesize=A4, **options)
    page.setFont(font, 10)
    for x, y, text in lines:
        page.drawString(x, y, text)
    page.save()
    return buffer.getvalue()


def texts(data: bytes, kind: Kind | None = None) -> list[str]:
    return [b.text for b in parse(data).blocks if b.text and kind in (None, b.kind)]


def test_headings_paragraphs_and_lists() -> None:
    story = [
        paragraph("Permiso de circulación", "Title"),
        paragraph("Requisitos", "Heading2"),
        paragraph(LONG * 2),
        paragraph("Ser mayor de edad.", "Bullet"),
        paragraph("¿Cuánto cuesta?", "Heading2"),
        paragraph("Es gratuito."),
    ]
    found = [(b.kind, b.level, b.text, b.page) for b in parse(built(story)).blocks]
    assert found == [
        (Kind.HEADING, 1, "Permiso de circulación", 1),
        (Kind.HEADING, 2, "Requisitos", 1),
        (Kind.TEXT, 0, (LONG * 2).strip(), 1),
        (Kind.TEXT, 0, "Ser mayor de edad.", 1),
        (Kind.HEADING, 2, "¿Cuánto cuesta?", 1),
        (Kind.TEXT, 0, "Es gratuito.", 1),
    ]


def decorated(page: Any, template: Any) -> None:
    page.saveState()
    page.setFont("Helvetica", 9)
    page.drawString(60, 800, "Municipalidad de Ñuñoa — Tránsito")
    page.drawString(280, 30, f"Página {template.page} de 4")
    page.restoreState()


def test_what_repeats_on_the_edges_goes_and_pages_stay() -> None:
    names = ["Licencia", "Patente", "Permiso", "Certificado"]
    story = [
        part
        for name in names
        for part in (paragraph("Requisitos", "Heading2"), paragraph(f"{name}: {LONG}"), PageBreak())
    ]
    parsed = parse(built(story, onFirstPage=decorated, onLaterPages=decorated))
    assert [(b.page, b.text) for b in parsed.blocks] == [
        pair
        for number, name in enumerate(names, 1)
        for pair in ((number, "Requisitos"), (number, f"{name}: {LONG}".strip()))
    ]


def test_a_paragraph_goes_on_over_the_page() -> None:
    story = [Spacer(1, 630), paragraph(LONG * 4)]
    (block,) = parse(built(story, onFirstPage=decorated, onLaterPages=decorated)).blocks
    assert block.text == (LONG * 4).strip()
    assert block.page == 1


def test_rows_that_look_alike_are_no_header() -> None:
    rows = [["Línea", "Valor", "Minutos"]] + [[f"Ruta {n}", f"S/ {n}", f"{n}"] for n in range(150)]
    found = texts(built([Table(rows)]), Kind.ROW)
    assert found == [f"Línea: Ruta {n}; Valor: S/ {n}; Minutos: {n}." for n in range(150)]


def test_wrapped_cells_stay_in_their_row() -> None:
    wrapped = Paragraph("Duplicado por pérdida o robo de la licencia de conducir", STYLES["Normal"])
    rows = [
        ["Trámite", "Costo", "Plazo"],
        ["Licencia", "S/ 24", "5 días"],
        [wrapped, "S/ 9", "2 días"],
    ]
    found = texts(built([paragraph(LONG), Table(rows, colWidths=[140, 80, 80]), paragraph(LONG)]))
    assert found == [
        LONG.strip(),
        "Trámite: Licencia; Costo: S/ 24; Plazo: 5 días.",
        "Trámite: Duplicado por pérdida o robo de la licencia de conducir; Costo: S/ 9; "
        "Plazo: 2 días.",
        LONG.strip(),
    ]


def test_justified_text_is_no_table() -> None:
    style = STYLES["BodyText"].clone("j", alignment=4)
    found = texts(built([Paragraph(LONG * 5, style)]))
    assert found == [(LONG * 5).strip()]


def test_hyphens_at_line_ends() -> None:
    data = drawn(
        (60, 700, "El ciudadano presenta su documento de iden-"),
        (60, 688, "tidad vigente entre los años académicos 2025-"),
        (60, 676, "2026 en la oficina."),
    )
    (text,) = texts(data)
    assert "documento de identidad vigente" in text
    assert text.endswith("2026 en la oficina.")


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [
        "El ciudadano presenta su documento de",
        "identidad y el formulario de solicitud que",
        "está en la página de la municipalidad.",
    ]
    right = [
        "La municipalidad responde por correo en un",
        "plazo de cinco días desde que recibe la",
        "solicitud, sin costo para el ciudadano.",
    ]
    lines = [
        (x, 700 - 13 * n, text)
        for n, pair in enumerate(zip(left, right, strict=True))
        for x, text in zip((60, 320), pair, strict=True)
    ]
    assert texts(drawn(*lines)) == [" ".join(left), " ".join(right)]


def test_a_contents_page_and_watermarks_go() -> None:
    buffer = BytesIO()
    page = canvas.Canvas(buffer, pagesize=A4)
    page.drawString(60, 700, "Requisitos . . . . . . . . . . . . . . . . . . 2")
    page.drawString(60, 680, "Costo ................................. 2")
    page.showPage()
    page.drawString(60, 700, "El trámite es gratuito para toda persona.")
    page.saveState()
    page.translate(200, 300)
    page.rotate(45)
    page.drawString(0, 0, "BORRADOR")
    page.restoreState()
    page.save()
    assert texts(buffer.getvalue()) == ["El trámite es gratuito para toda persona."]


def test_titles_of_the_file_are_taken_where_sensible() -> None:
    assert parse(built([paragraph(LONG)], title="Guía de trámites")).title == "Guía de trámites"
    for title in ("untitled", "Microsoft Word - guia.docx", "guia final.pdf"):
        assert parse(built([paragraph(LONG)], title=title)).title is None


def test_passwords() -> None:
    line = (60, 700, "El trámite es gratuito.")
    with pytest.raises(Unreadable, match="password"):
        parse(drawn(line, encrypt=StandardEncryption("secreto")))
    # A file that anyone may open but not change is read.
    assert texts(drawn(line, encrypt=StandardEncryption("", "dueño"))) == [line[2]]


def test_broken_files() -> None:
    data = built([paragraph(LONG)])
    with pytest.raises(Unreadable, match="cut short"):
        parse(data[: len(data) * 2 // 3])
    with pytest.raises(Unreadable, match="no sound PDF"):
        parse(b"%PDF-1.7\nnothing\n%%EOF")


def test_pages_in_any_number_give_only_clean_blocks() -> None:
    blocks: tuple[Block, ...] = parse(built([paragraph(LONG * 60)])).blocks
    assert " ".join(b.text for b in blocks) == (LONG * 60).strip()
