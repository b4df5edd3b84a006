"""An answer as a short message: whole sentences, their markers, and the links of these markers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.state import Answer, Citation, Status
from tests.ui.fakes import LICENCE
from ui.api.texts import MOST, plain, short, words

MORE = words()["es"]["more"]


def cited(marker: int, url: str | None = None) -> Citation:
    return Citation(
        marker=marker, document_id=f"d{marker}", title=f"Ficha {marker}", agency="INTRANT",
        country="DO", url=url, as_of=None, verification="official", quote="x", start=0, end=1,
    )  # fmt: skip


def made(text: str, count: int = 0, **more: object) -> Answer:
    given = {
        "id": "1", "status": Status.ANSWERED, "language": "es", "country": "DO", "sectors": [],
        "answer": text, "citations": [cited(n, f"https://x.example/{n}") for n in range(1, count + 1)],
    }  # fmt: skip
    return Answer.model_validate(given | more)


def test_an_answer_that_fits_is_whole_with_one_line_for_each_source():
    text = short(LICENCE)
    assert "*Costo*" in text and "RD$ 1.900. [1]" in text and "_(por confirmar)_" in text
    assert text.endswith("[1][2][3][4] INTRANT: https://intrant.gob.do/renovacion")
    assert all(notice in text for notice in LICENCE.notices)
    assert MORE not in text


def test_a_source_without_an_address_is_named():
    answer = made("Cuesta 5. [1]", citations=[cited(1)])
    assert short(answer).endswith("[1] Ficha 1")


def test_what_does_not_fit_is_left_out_by_whole_sentences_and_it_is_said():
    sentences = [f"La frase número {n} dice {'mucho ' * 20}de esto. [{n}]" for n in range(1, 31)]
    text = short(made("### Título\n\n" + "\n".join(f"- {s}" for s in sentences), 30))
    assert len(text) <= MOST and MORE in text
    shown = [s for s in sentences if s in text]
    assert 3 < len(shown) < 30 and shown == sentences[: len(shown)]
    links = set(re.findall(r"^\[(\d+)\] INTRANT", text, re.M))
    assert links == {str(n) for n in range(1, len(shown) + 1)}


def test_a_paragraph_is_cut_between_its_sentences():
    one, two = "Primero " + "a " * 60 + "fin. [1]", "Segundo " + "b " * 60 + "fin. [2]"
    text = short(made(f"{one} {two}", 2), most=320)
    assert one in text and "Segundo" not in text and "/2" not in text


def test_no_heading_stands_at_the_end():
    text = short(made("Uno. [1]\n\n**Requisitos**\n\n- " + "x " * 900 + "[1]", 1))
    assert "Requisitos" not in text and text.startswith("Uno. [1]")


def test_the_choices_of_a_question_are_listed():
    options = [{"value": "CL", "label": "Chile"}, {"value": "PE", "label": "Perú"}]
    asked = {"kind": "country", "question": "¿Qué país?", "options": options}
    assert short(made("¿Qué país?", clarification=asked)) == "¿Qué país?\n\n- Chile\n- Perú"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [("**Costo** *(dato de 2026)*", "*Costo* _(dato de 2026)_"),
     (r"la ley \[17.301\] y \*todo\*", "la ley [17.301] y *todo*"),
     ("[ChileAtiende](https://x.example/a)", "ChileAtiende: https://x.example/a"),
     ("### Renovación", "*Renovación*"), ("&lt;b> [1]", "<b> [1]")],
)  # fmt: skip
def test_markdown_becomes_the_channels_signs(markdown, text):
    assert plain(markdown) == text


def test_emergency_numbers_stay_whole():
    text = short(made("Llame:\n\n- **\\*4141** — Línea\n- **131** — SAMU", status=Status.CRISIS))
    assert "- **4141* — Línea" in text and "- *131* — SAMU" in text


@given(
    st.lists(st.text("abc .[1]*#\\\n", max_size=300), max_size=30),
    st.lists(st.text("xyz ", max_size=900), max_size=3),
)
def test_it_is_never_longer_and_shows_no_half_units(lines, notices):
    answer = made("\n".join(lines), 1, notices=notices)
    text = short(answer)
    assert len(text) <= MOST
    assert len(short(answer, 200)) <= 200
