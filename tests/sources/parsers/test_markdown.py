"""Markdown: structure, front matter, and nothing of raw HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.markdown import parse


def blocks(text: str) -> tuple[Block, ...]:
    return parse(text.encode()).blocks


def texts(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


def test_headings_paragraphs_and_breaks() -> None:
    text = "# Título\n\nUna línea\nque sigue.  \nOtra.\n\nSub\n---\n\n> Cita *con* [enlace](http://x.cl)."
    assert [(b.level, b.text) for b in blocks(text)] == [
        (1, "Título"),
        (0, "Una línea que sigue.\nOtra."),
        (2, "Sub"),
        (0, "Cita con enlace."),
    ]


def test_labels_on_lines_of_their_own_stay_lines() -> None:
    assert texts("**Costo:** S/ 10\n**Plazo:** 5 días") == ["Costo: S/ 10\nPlazo: 5 días"]


def test_nested_lists_stay_with_their_item() -> None:
    (one, two) = blocks("3. Saber:\n   - leer\n   - y *escribir*\n4. Firmar\n\n   dos veces")
    assert (one.marker, one.text) == ("3)", "Saber:\n- leer\n- y escribir")
    assert (two.marker, two.text) == ("4)", "Firmar\ndos veces")
    assert {one.kind, two.kind} == {Kind.ITEM}


def test_tables_render_with_their_header() -> None:
    text = "| Tipo | Valor |\n|---|---:|\n| A \\| B | **S/ 5** |\n| C | |"
    assert texts(text) == ["Tipo: A | B; Valor: S/ 5.", "Tipo: C."]


def test_a_table_with_an_empty_header_holds_labels_and_values() -> None:
    assert texts("| | |\n|---|---|\n| Costo | S/ 5 |\n| Plazo | 2 días |") == [
        "Costo: S/ 5.",
        "Plazo: 2 días.",
    ]


def test_a_short_bold_line_is_a_heading() -> None:
    (first, second) = blocks("**¿Cuánto cuesta?**\n\n**Importante:** es gratis.")
    assert (first.kind, first.text) == (Kind.HEADING, "¿Cuánto cuesta?")
    assert (second.kind, second.text) == (Kind.TEXT, "Importante: es gratis.")


def test_raw_html_is_not_shown() -> None:
    assert texts(
        "Hola <b onclick=x>tú</b><br>allí\n\n<script>alert(1)</script>\n\n<!-- no -->"
    ) == ["Hola tú\nallí"]


def test_front_matter_is_read_as_text() -> None:
    parsed = parse(b"---\r\nas_of: 2026-03-05\r\ncountry: NO\r\nnames: [a, b]\r\n---\r\n# T\r\n")
    assert parsed.metadata == {"as_of": "2026-03-05", "country": "NO", "names": ["a", "b"]}
    assert [block.text for block in parsed.blocks] == ["T"]


def test_rules_around_text_are_no_front_matter() -> None:
    assert texts("---\n\nSolo texto\n\n---\n\nMás") == ["Solo texto", "Más"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("title: a: b: c", "line 2"),
        ("a: &x [1, 1]\nb: [*x, *x]", "aliases"),
        ("a: " + "[" * 3000, "front matter"),
        ("a: |\n" + " x\n" * 40_000, "too large"),
    ],
)
def test_wrong_front_matter_is_refused_in_one_line(written: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as raised:
        parse(f"---\n{written}\n---\ntexto".encode())
    assert "\n" not in str(raised.value)


@given(st.text(alphabet="ab #*_|-`>[]()!<\\\n:1.\t", max_size=120))
def test_any_markdown_is_read(text: str) -> None:
    try:
        parsed = parse(text.encode())
    except Unreadable:
        return
    assert all(block.text or block.kind is Kind.HEADING for block in parsed.blocks)
