"""A question that is tried shows its answer and every step that led to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.steps import check as checking
from agents.trace import Judged, Trace
from ui.access.permissions import Principal
from ui.assemble import House
from ui.console import words
from ui.console.desk import Desk
from ui.console.tabs.testing import trace as told
from ui.console.testing import Tried, ask

QUESTION = "¿Cuánto cuesta el rejistro de perros en Arica?"


async def tried(house: House, who: Principal, question: str, *, inside: bool = False) -> Tried:
    async with house.assistant() as assistant:
        return await ask(Desk(house, assistant), who, question, "CL", inside=inside, language="es")


async def test_the_trace_holds_every_step(house: House, who: Callable[[str], Principal]) -> None:
    found = await tried(house, who("lea"), QUESTION)
    assert "5.000" in found.answer.answer
    it = found.trace
    assert it.meant is not None and it.meant.countries == ["CL"]
    assert ("rejistro", "registro") in it.meant.corrections
    assert any("Arica" in place for place in it.meant.places)
    assert next((s.document_id, s.chosen) for s in it.seen) == ("muni-perros-uno", True)
    assert any("5.000" in j.text and j.objection is None for j in it.judged)
    assert {"understand", "gather", "check"} <= it.timings_ms.keys()
    shown = told(it, words("es"))
    assert "rejistro → registro" in shown and "Arica" in shown


async def test_what_is_internal_answers_its_own_people_alone(
    house: House, who: Callable[[str], Principal]
) -> None:
    question = "¿Cuánto cuesta la circular de zapatos?"
    for name, inside, knows in (
        ("ana", True, True), ("ana", False, False), ("hugo", True, False), ("jefa", True, False),
    ):  # fmt: skip
        found = await tried(house, who(name), question, inside=inside)
        everything = found.answer.model_dump_json() + found.trace.model_dump_json()
        assert ("6.000" in everything) is knows, (name, inside)


async def test_a_dropped_sentence_says_why(
    house: House, who: Callable[[str], Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "is_instruction", lambda text: "5.000" in text)
    found = await tried(house, who("lea"), QUESTION)
    assert "5.000" not in found.answer.answer
    dropped = [j for j in found.trace.judged if "5.000" in j.text]
    assert dropped and {j.objection for j in dropped} == {"instruction"}


def test_a_trace_is_shown_and_never_run() -> None:
    hostile = "<script>x</script>"
    it = Trace(
        judged=[
            Judged(text=hostile, document_id="d", title=hostile, part="asked", objection="gone")
        ]
    )
    shown = told(it, words("pt"))
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert words("pt")["objection_gone"] in shown


async def test_a_refused_question_shows_that_nothing_was_searched(
    house: House, who: Callable[[str], Principal]
) -> None:
    found = await tried(house, who("lea"), "quiero suicidarme")
    assert found.trace.concern and found.trace.seen == []
    assert words("es")["trace_meant"] not in told(found.trace, words("es"))


@pytest.mark.parametrize("language", ["es", "pt"])
async def test_a_question_without_an_answer_shows_the_decision_in_words(
    house: House, who: Callable[[str], Principal], language: str
) -> None:
    found = await tried(house, who("lea"), "¿Cuánto cuesta el pasaporte en Argentina?")
    assert found.trace.verdict == "reply"
    shown = told(found.trace, words(language))
    assert words(language)["verdict_reply"] in shown and ">reply<" not in shown
