import re

import pytest
import yaml
from markdown_it import MarkdownIt

from agents.state import Status
from tests.ui.fakes import COST, DOCUMENT, HOSTILE, ID_CARD, LICENCE, answer, cite
from ui import rendering
from ui.page import FOLDER, language_for, languages

ES, PT = languages()["es"], languages()["pt"]
COMMON_MARK = MarkdownIt("commonmark")


def look_up(document_id):
    return DOCUMENT if document_id == DOCUMENT.id else None


def cards(given, language="es"):
    return rendering.sources([("¿?", given)], look_up, languages()[language], language)


def test_every_marker_leads_to_a_card_of_the_same_number():
    text, panel = rendering.message(LICENCE, 3, ES), cards(LICENCE)
    assert re.findall(r'href="#(fuente-[\d-]+)"', text) == [f"fuente-4-{n}" for n in (1, 2, 3, 4)]
    assert re.findall(r'id="(fuente-[\d-]+)"', panel) == [f"fuente-1-{n}" for n in (1, 2, 3, 4)]


def test_a_marker_without_citation_and_an_escaped_bracket_stay_text():
    given = answer(Status.ANSWERED, r"Uno [1], dos [2], nota \[1\], [1](https://a.cl)",
                   citations=[cite(1, COST)])  # fmt: skip
    text = rendering.message(given, 0, ES)
    assert text.count('class="v-marker"') == 1
    assert "[2]" in text
    assert r"\[1\]" in text


def test_the_quotation_is_marked_inside_its_own_paragraph():
    panel = cards(answer(Status.ANSWERED, "[1]", citations=[cite(1, COST)]))
    assert f"Costo\n<mark>{COST}</mark></blockquote>" in panel


def test_long_context_is_cut_between_words():
    text = "palabra " * 200 + "DATO. " + "después " * 200
    document = DOCUMENT.model_copy(update={"text": text})
    start = text.index("DATO.")
    quoted = cite(1, COST).model_copy(
        update={"quote": "DATO.", "start": start, "end": start + len("DATO.")}
    )
    before, quote, after = rendering.in_context(quoted, document)
    assert quote == "DATO."
    assert before.startswith("… palabra ")
    assert after.endswith("después …")
    assert len(before) < 200
    assert len(after) < 200


@pytest.mark.parametrize("document", [None, DOCUMENT])
def test_no_context_where_the_document_does_not_prove_the_quotation(document):
    moved = cite(1, COST).model_copy(update={"start": 3, "end": 3 + len(COST)})
    assert rendering.in_context(moved, document) == ("", COST, "")


def test_a_card_names_agency_country_date_label_and_address():
    panel = cards(answer(Status.ANSWERED, "[1]", citations=[cite(1, COST)]))
    for words in (
        "INTRANT · República Dominicana",
        '<time datetime="2026-03-05">Dato del 5 de marzo de 2026</time>',
        '<span class="v-badge v-press">prensa</span>',
        'href="https://intrant.gob.do/renovacion" target="_blank" rel="noopener noreferrer"',
        "Abrir en intrant.gob.do",
    ):
        assert words in panel


def test_dates_and_labels_follow_the_page_language():
    given = answer(Status.ANSWERED, "[1] [2]", citations=[cite(1, COST), cite(2, ID_CARD)])
    panel = cards(given, "pt")
    assert "Dado de 5 de março de 2026" in panel
    assert "imprensa" in panel
    assert "oficial" in panel
    assert "Dado de fevereiro de 2026" in panel
    assert '<blockquote lang="es">' in panel  # the document's language stays


def test_an_unknown_verification_counts_as_to_be_confirmed():
    odd = cite(1, COST).model_copy(update={"verification": "rumour", "as_of": None})
    panel = cards(answer(Status.ANSWERED, "[1]", citations=[odd]))
    assert "por confirmar</span> Sin fecha en la fuente" in panel


def test_earlier_sources_are_kept_folded():
    panel = rendering.sources([("¿Cuánto?", LICENCE), ("¿Y hoy?", LICENCE)], look_up, ES, "es")
    assert panel.count("<article") == 2
    assert "<summary>Fuentes de: ¿Cuánto?</summary>" in panel
    assert panel.index('id="fuente-2-1"') < panel.index('id="fuente-1-1"')


@pytest.mark.parametrize(
    "url",
    [
        None, "", "javascript:alert(1)", "data:text/html,x", "//intrant.gob.do", "intrant.gob.do",
        "https://", "https://gob.do@evil.example/", "https://a.do/\nb", "ftp://a.do", "https://[",
        " javascript:alert(1)",
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(url):
    odd = cite(1, COST).model_copy(update={"url": url})
    panel = cards(answer(Status.ANSWERED, "[1]", citations=[odd]))
    assert "<a " not in panel
    assert ES.no_link in panel


def test_an_address_cannot_leave_its_attribute():
    odd = cite(1, COST).model_copy(update={"url": 'https://a.do/"onclick="x'})
    panel = cards(answer(Status.ANSWERED, "[1]", citations=[odd]))
    assert 'href="https://a.do/&quot;onclick=&quot;x"' in panel


def test_documents_cannot_bring_html_into_the_sources():
    odd = cite(1, f"Texto hostil: {HOSTILE}").model_copy(
        update={"title": HOSTILE, "agency": HOSTILE, "country": HOSTILE, "language": HOSTILE,
                "as_of": "2026", "verification": HOSTILE}
    )  # fmt: skip
    panel = rendering.sources(
        [(HOSTILE, answer(Status.ANSWERED, "[1]", citations=[odd]))] * 2, look_up, ES, "es"
    )
    assert "<script" not in panel
    assert "<img" not in panel


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE, "![a](https://e.example/x.png)", "![a][b]\n\n[b]: https://e.example/x.png",
        "\\![a](https://e.example/x.png)", "<https://e.example>", "</div><b>x</b>",
        "[![a](https://e.example/x.png)](https://e.example)", "!\\![a](https://e.example/x)",
    ],
)  # fmt: skip
def test_an_answer_makes_no_html_and_no_picture(text):
    for shown in (rendering.inert(text), rendering.inert(rendering.inert(text))):
        html = COMMON_MARK.render(shown)
        assert not re.search(r"<(img|script|b|/div)\b", html), html


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE, "# título", "1. uno", "- a\n- b", "*x* _y_ `z` ~~w~~", "    código", "a & b &amp;",
        "![a](https://e.example/x.png)", "[a](https://e.example)", "\\*", "| a |\n|---|", "> cita",
    ],
)  # fmt: skip
def test_own_words_are_shown_as_they_were_typed(text):
    html = COMMON_MARK.render(rendering.own_words(text))
    assert re.fullmatch(r"<p>[^<]*</p>\n", html), html
    typed = [line.strip() for line in text.splitlines()]
    import html as entities

    assert entities.unescape(html[3:-5]).splitlines() == typed


def test_telephone_numbers_of_a_crisis_can_be_called():
    given = answer(
        Status.CRISIS, "Llame:\n\n- ***4141** — Línea\n- Chile: **600 360 7777** — Salud"
    )
    text = rendering.message(given, 0, ES)
    assert 'href="tel:%2A4141"' in text
    assert 'href="tel:6003607777"' in text
    assert "v-crisis" in text


def test_years_in_bold_are_no_telephone_numbers_elsewhere():
    assert "tel:" not in rendering.message(answer(Status.ANSWERED, "**2026**"), 0, ES)


def test_notices_stand_below_and_the_language_is_marked():
    text = rendering.message(LICENCE, 0, PT)
    assert text.startswith('<div class="v-answer v-answered" lang="es">')
    assert text.index("v-notices") > text.index("Ley 63-17")


def test_steps_and_papers_can_be_ticked_off_and_nothing_else():
    text = rendering.message(LICENCE, 0, ES)
    assert f"- {rendering.TICK}{ID_CARD}" in text
    assert text.count(rendering.TICK) == 1


def test_what_stands_as_a_chip_is_no_notice():
    assert rendering.notices(LICENCE) == LICENCE.notices[2:]


def test_each_language_says_everything():
    files = {file.stem: file for file in (FOLDER / "texts").glob("*.yaml")}
    given = {name: yaml.safe_load(file.read_text(encoding="utf-8")) for name, file in files.items()}

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        return sorted(re.findall(r"\{\w+\}", value)) if isinstance(value, str) else None

    assert set(given) == {"es", "pt", "en"}
    assert shape(given["es"]) == shape(given["pt"]) == shape(given["en"])
    assert given["en"]["foreign"]
    for words in languages().values():
        assert all(3 <= len(words.examples_for(c)) <= 5 for c in ("", "CL", "PE", "BR", "DO", "XX"))


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["pt-BR"], "pt"),
        (["en-US", "pt"], "pt"),
        (["fr"], "es"),
        ([], "es"),
        (["", "ES-cl"], "es"),
        (["en-US"], "en"),
    ],
)
def test_the_first_language_that_the_page_speaks(tags, language):
    assert language_for(*tags) == language
