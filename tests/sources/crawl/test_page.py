"""What a page says of itself: its date, its robots, its parts, and whether it is a firewall's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sources.crawl.page import Page

URL = "https://x.cl/tramites/"
SENT = "Tue, 10 Mar 2026 10:00:00 GMT"
META = '<meta name="DCTERMS.modified" content="2026-01-05">'
ARTICLE = '<meta property="article:modified_time" content="2026-02-06T10:00:00-04:00">'
LD = '<script type="application/ld+json">{"@graph": [{"dateModified": "2026-02-07"}]}</script>'
AHEAD = (date.today() + timedelta(days=3)).isoformat()


def page(head: str = "", body: str = "") -> Page:
    return Page(
        f'<html lang="es"><head><title>T</title>{head}</head><body>{body}</body></html>', URL
    )


@pytest.mark.parametrize(
    ("head", "sent", "day"),
    [
        (LD + ARTICLE + META, SENT, "2026-01-05"),
        (LD + ARTICLE, SENT, "2026-02-06"),
        (LD, SENT, "2026-02-07"),
        ("", SENT, "2026-03-10"),
        ("", "ayer", None),
        ("", None, None),
        (META.replace("2026-01-05", "05/01/2026"), SENT, "2026-03-10"),
        (META.replace("2026-01-05", "2026-02-31") + LD, None, "2026-02-07"),
        (META.replace("2026-01-05", AHEAD), None, None),
    ],
)
def test_the_day_that_a_page_states(head: str, sent: str | None, day: str | None) -> None:
    assert page(head).day(sent) == day


@pytest.mark.parametrize(
    ("head", "header", "asked"),
    [
        ("", "", set()),
        ('<meta name="ROBOTS" content="NoIndex, follow">', "", {"noindex"}),
        ('<meta name="robots" content="none">', "", {"noindex", "nofollow"}),
        ("", "noindex, nofollow", {"noindex", "nofollow"}),
    ],
)
def test_what_a_page_asks_of_robots(head: str, header: str, asked: set[str]) -> None:
    assert page(head).directives(header) & {"noindex", "nofollow"} == asked


def test_a_canonical_address_is_made_absolute() -> None:
    assert page('<link rel="canonical" href="licencia">').canonical() == URL + "licencia"
    assert page('<link rel="canonical" href=" ">').canonical() is None
    assert page().canonical() is None


def test_a_firewalls_page_is_told_from_one_that_speaks_of_access() -> None:
    assert page(body="<h1>Request Rejected</h1><p>Your support ID is 123</p>").is_blocked()
    text = "<p>Si aparece «acceso denegado» al entrar, pida una clave nueva en la oficina.</p>"
    assert not page(body=text * 40).is_blocked()


PARTS = """<nav id="menu"><h2 id="n">Menú</h2></nav><div id="caja"><p>{intro}</p>
<h2 id="uno">Uno</h2><p>primero</p><section id="dos"> <h2>Dos</h2><ul><li>segundo</li></ul></section>
<h2>Sin ancla</h2><p>sigue</p><h2><a name="tres"></a>Tres</h2><p>tercero</p><h2 id="uno">Otra</h2></div>"""


def test_headings_with_an_id_cut_a_page() -> None:
    parts = page(body=PARTS.format(intro="corto")).parts("#caja", "h2")
    assert [anchor for anchor, _ in parts] == ["uno", "dos", "tres"]
    uno, dos, tres = (text for _, text in parts)
    assert "primero" in uno and "segundo" not in uno and "<title>Uno</title>" in uno
    assert "segundo" in dos and "sigue" in dos and "tercero" not in dos
    assert "tercero" in tres and "Otra" in tres and 'lang="es"' in tres


def test_what_stands_before_the_first_heading_is_a_text_where_it_is_long() -> None:
    parts = page(body=PARTS.format(intro="Una introducción que explica. " * 4)).parts("#caja", "h2")
    assert [anchor for anchor, _ in parts] == [None, "uno", "dos", "tres"]
    assert "Menú" not in parts[0][1] and "primero" not in parts[0][1]


def test_a_page_without_such_headings_stays_whole() -> None:
    ((anchor, text),) = page(body="<main><p>solo</p></main>").parts(None, "h2")
    assert anchor is None and "solo" in text


def test_the_main_content_is_chosen_by_a_selector() -> None:
    body = '<p>fuera</p><div class="c"><p>uno</p><div class="c">dos</div></div><div class="c">tres</div>'
    ((_, text),) = page(body=body).parts(".c", None)
    assert "fuera" not in text
    assert [text.count(word) for word in ("uno", "dos", "tres")] == [1, 1, 1]
    assert page(body=body).parts("#otro", None) == []
