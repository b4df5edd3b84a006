"""HTML: the main content only, whatever the page around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.html import declared_charset, parse


def blocks(body: str, head: str = "") -> tuple[Block, ...]:
    return parse(f"<!doctype html><head>{head}</head><body>{body}</body>".encode()).blocks


def texts(body: str) -> list[str]:
    return [block.text for block in blocks(body) if block.text]


def test_only_the_main_content_is_read() -> None:
    body = (
        "<header><h1>Municipio</h1></header><nav><a>Inicio</a></nav><main>"
        "<header><h1>Permiso</h1><p>Compartir</p></header><p>Es anual.</p><aside>Lea más</aside>"
        "<form><p>Buscar</p><input></form><script>x()</script><style>p{}</style></main>"
        "<footer>Pie</footer>"
    )
    assert texts(body) == ["Permiso", "Es anual."]


@pytest.mark.parametrize(
    "hidden",
    ["hidden", "aria-hidden=true", "style='display: none'", "style='x:1;visibility:hidden'"],
)
def test_hidden_elements_are_not_read(hidden: str) -> None:
    assert texts(f"<p>Se ve.</p><div {hidden}><p>No se ve.</p></div>") == ["Se ve."]


def test_a_form_around_the_whole_page_is_looked_into() -> None:
    assert texts("<form id=aspnetForm><h1>Trámite</h1><p>Gratis.</p><input></form>") == [
        "Trámite",
        "Gratis.",
    ]


def test_an_empty_main_falls_back_on_the_body() -> None:
    assert texts("<main></main><div>Texto</div>") == ["Texto"]


def test_loose_text_inline_mark_up_and_breaks() -> None:
    body = "Pág<b>ue</b>lo <i>hoy</i>,&nbsp;sin   falta<br>en caja<p>Fin<div>otro</div>"
    assert texts(body) == ["Páguelo hoy, sin falta\nen caja", "Fin", "otro"]


def test_lists_keep_what_is_nested_and_numbers() -> None:
    body = "<ol start=2><li>Uno<ul><li>a</li><li><p>b</p></li></ul></li><li><p>Dos</p></li></ol>"
    assert [(b.marker, b.text) for b in blocks(body)] == [("2)", "Uno\n- a\n- b"), ("3)", "Dos")]


def test_tables_spread_merged_cells() -> None:
    body = (
        "<table><caption>Valores 2026</caption><thead><tr><th rowspan=2>Tipo<th colspan=2>Valor"
        "<tr><th>Día<th>Noche</thead><tr><td rowspan=2>Auto<td>1<td>2<tr><td>3<td>4"
        "<tr><td colspan=3>Otros vehículos<tr><td>Moto<td>5<td>6</table>"
    )
    assert texts(body) == [
        "Valores 2026:",
        "Tipo: Auto; Valor Día: 1; Valor Noche: 2.",
        "Tipo: Auto; Valor Día: 3; Valor Noche: 4.",
        "Otros vehículos",
        "Tipo: Moto; Valor Día: 5; Valor Noche: 6.",
    ]


def test_tables_of_labels_and_tables_for_layout() -> None:
    assert texts("<table><tr><th>Costo<td>S/ 5<tr><th>Plazo<td>2 días</table>") == [
        "Costo: S/ 5.",
        "Plazo: 2 días.",
    ]
    assert texts(
        "<table><tr><td><h2>A</h2><p>Uno.</p></td></tr><tr><td>Dos.</td></tr></table>"
    ) == [
        "A",
        "Uno.",
        "Dos.",
    ]


def test_definitions_and_folded_answers() -> None:
    body = (
        "<dl><dt>Dirección:<dd>Av. Uno 5<dt>Teléfono<dd>600</dl>"
        "<details><summary>¿Cuánto cuesta?</summary><p>Gratis.</p></details><p>Después.</p>"
    )
    found = blocks(body)
    assert [b.text for b in found] == [
        "Dirección: Av. Uno 5", "Teléfono: 600", "¿Cuánto cuesta?", "Gratis.", "", "Después.",
    ]  # fmt: skip
    assert [b.kind for b in found].count(Kind.HEADING) == 2


def test_a_short_bold_paragraph_is_a_heading() -> None:
    first, second = blocks("<p><strong>Requisitos:</strong></p><p><b>Ojo:</b> pague.</p>")
    assert (first.kind, first.text) == (Kind.HEADING, "Requisitos")
    assert second.kind is Kind.TEXT


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Licencia</title>", "<h1>Renovación</h1><p>x", "Licencia"),
        ("<title>Licencia | Municipio</title>", "<h1>Licencia</h1><p>x", "Licencia"),
        ("<title>Trámites - Municipio</title>", "<h1>Renovación</h1><p>x", "Renovación"),
        ("", "<h1>Renovación</h1><p>x", "Renovación"),
        ("", "<p>x", None),
    ],
)
def test_titles(head: str, body: str, title: str | None) -> None:
    assert parse(f"<head>{head}</head>{body}".encode()).title == title


def test_metadata() -> None:
    page = (
        "<html lang=pt-BR><head><meta name=Keywords content='a, b'><meta name=as_of content=2026>"
        "<link rel=canonical href=https://x.gov.br/a><meta name=empty content=''></head><p>x"
    )
    parsed = parse(page.encode())
    assert parsed.metadata == {"keywords": "a, b", "as_of": "2026", "url": "https://x.gov.br/a"}
    assert parsed.language_hint == "pt-BR"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", ""), ("cp1252", ""), ("latin-1", "iso-8859-1"), ("utf-16", ""), ("cp850", "cp850")],
)
def test_encodings(encoding: str, declared: str) -> None:
    meta = f"<meta http-equiv=Content-Type content='text/html; charset={declared}'>"
    page = f"<html><head>{meta if declared else ''}</head><body><p>Ñuñoa, año</p></body></html>"
    assert [b.text for b in parse(page.encode(encoding)).blocks] == ["Ñuñoa, año"]


def test_a_wrong_charset_is_survived() -> None:
    assert declared_charset(b"<meta charset=utf-16>") is None
    page = "<meta charset=klingon><p>año</p>".encode()
    assert [b.text for b in parse(page).blocks] == ["año"]


@pytest.mark.parametrize("element", ["<div>", "<ul><li>", "<b>", "<table><tr><td>", "<dl><dd>"])
def test_deep_nesting_is_refused_and_never_lost_in_silence(element: str) -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        texts(f"<p>Arriba.</p>{element * 2000}fondo")
    assert texts(f"{element * 20}fondo")


PARTS = "<p>|</p>|<ul>|<li>|</ul>|<table>|<tr>|<td>|</table>|<h2>|<b>|texto|año|<br>|<main>|<dl>"
MORE = "<details>|<summary>|<dt>|<dd>|&nbsp;|<|>|<!--|<form>|</form>|<header>|<ol>|<th colspan=3>"


@given(st.lists(st.sampled_from(f"{PARTS}|{MORE}".split("|")), max_size=25))
def test_any_page_is_read(parts: list[str]) -> None:
    try:
        parsed = parse(" ".join(parts).encode())
    except Unreadable:
        return
    assert all(block.text or block.kind is Kind.HEADING for block in parsed.blocks)
