"""Plain text: encodings, paragraphs, lists, and headings without mark-up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.parsers.blocks import Kind, Unreadable, clean
from sources.parsers.text import decode, parse


def found(text: str | bytes) -> list[tuple[Kind, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(block.kind, block.text) for block in parse(data).blocks]


def test_headings_paragraphs_and_lists() -> None:
    text = (
        "CERTIFICADO DE RESIDENCIA\n\nREQUISITOS\n1. Cédula vigente\n2. Comprobante de domicilio\n"
        "de los últimos tres meses\nCOSTO\nEl certificado no tiene costo para las personas que "
        "viven en la\ncomuna.\n\n¿Dónde se hace?\n\nEn la municipalidad.\n"
    )
    assert found(text) == [
        (Kind.HEADING, "CERTIFICADO DE RESIDENCIA"),
        (Kind.HEADING, "REQUISITOS"),
        (Kind.ITEM, "Cédula vigente"),
        (Kind.ITEM, "Comprobante de domicilio de los últimos tres meses"),
        (Kind.HEADING, "COSTO"),
        (
            Kind.TEXT,
            "El certificado no tiene costo para las personas que viven en la comuna.",
        ),
        (Kind.HEADING, "¿Dónde se hace?"),
        (Kind.TEXT, "En la municipalidad."),
    ]


def test_underlined_headings() -> None:
    assert found("Guía\n====\nTexto uno.\n\nparte b\n-----\nTexto dos.") == [
        (Kind.HEADING, "Guía"),
        (Kind.TEXT, "Texto uno."),
        (Kind.HEADING, "parte b"),
        (Kind.TEXT, "Texto dos."),
    ]


def test_the_last_line_is_no_heading() -> None:
    assert found("El trámite es gratis.\n\nMunicipalidad de Lima") == [
        (Kind.TEXT, "El trámite es gratis."),
        (Kind.TEXT, "Municipalidad de Lima"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert decode("Señalización: “ñandú”, n.º 5".encode(encoding)).lstrip("\ufeff") == (
        "Señalización: “ñandú”, n.º 5"
    )


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Unreadable, match="no text"):
        parse(bytes(range(256)) * 20)


def test_invisible_characters_go() -> None:
    dressed = "Plazo\u00a0de\u2009cinco\u200b dí\u00adas\ufeff \u202eha\u0301biles\x07 \ufb01n"
    assert clean(dressed) == "Plazo de cinco días hábiles fin"


@given(st.text())
def test_clean_text_is_normal_and_stays_so(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not any(line != line.strip() or not line for line in once.split("\n") if once)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    try:
        parsed = parse(text.encode("utf-8", "surrogatepass"))
    except Unreadable:
        return
    assert all(block.text for block in parsed.blocks)
