"""What the citizen reads: inert quotations, headings, dates, channels, suggestions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agents import render
from agents.assistant import Assistant
from agents.context import Context
from agents.state import Request, Sentence, State, Status
from sources.country import countries
from sources.document import Document


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<script>", "&lt;script>"),
        ("*fuerte*", r"\*fuerte\*"),
        ("[aquí](http://x)", r"\[aquí\](http://x)"),
        ("![x](y)", r"!\[x\](y)"),
        ("a|b # `c`", r"a\|b \# \`c\`"),
        ("_cursiva_", r"\_cursiva\_"),
        ("https://x.cl/a_b", "https://x.cl/a_b"),
        ("RD$ 1.900", "RD$ 1.900"),
    ],
)
def test_a_documents_words_are_inert(raw: str, shown: str) -> None:
    assert render.escape(raw) == shown


def state(document: Document, sentences: list[Sentence], **understood: Any) -> State:
    understanding = {
        "language": "es",
        "standalone": document.title,
        "minor": [],
        "countries": [document.country],
        "elsewhere": None,
        "sectors": [s.value for s in document.sectors],
        "aspects": ["cost"],
        "unsaid": None,
        "follow_up": False,
    }
    made: Any = {
        "id": "r",
        "understanding": understanding | understood,
        "draft": sentences,
        "masked": [],
    }
    return made  # type: ignore[no-any-return]


def sentences(document: Document, part: str, field: str) -> list[Sentence]:
    return [
        Sentence(document_id=document.id, start=s.start, end=s.end, field=field, part=part)
        for s in document.sections
        if s.field.value == field and not s.note
    ]


@pytest.fixture
def licence(context: Context) -> Document:
    found = context.searcher.store.get("do-transport-renovacion-licencia")
    assert found is not None
    return found


def test_a_sentence_twice_in_the_draft_is_said_once(context: Context, licence: Document) -> None:
    once = sentences(licence, "asked:cost", "cost")
    answer = render.answered(state(licence, once + once), context)
    assert len(answer.citations) == len(once)


def test_a_part_that_is_missing_is_told(context: Context, licence: Document) -> None:
    draft = sentences(licence, "asked:cost", "cost")
    answer = render.answered(state(licence, draft, aspects=["cost", "legal_resource"]), context)
    assert answer.status is Status.ANSWERED
    assert "Lo que no encontré: la base legal." in answer.answer


def test_a_sentence_of_a_document_that_is_gone_is_not_said(
    context: Context, licence: Document
) -> None:
    draft = sentences(licence, "asked:cost", "cost")
    gone = [Sentence(**{**draft[0], "document_id": "gone"})]  # type: ignore[typeddict-item]
    answer = render.answered(state(licence, gone + draft), context)
    assert {c.document_id for c in answer.citations} == {licence.id}


def test_masked_kinds_are_told_once(context: Context, licence: Document) -> None:
    made = state(licence, []) | {"masked": ["RUT", "RUT", "correo"]}
    notices = render.masked_notice(made, "es")  # type: ignore[arg-type]
    assert len(notices) == 1
    assert "(RUT, correo)" in notices[0]
    assert render.masked_notice(state(licence, []), "es") == []


@pytest.mark.parametrize("code", ["CL", "PE", "BR", "DO"])
@pytest.mark.parametrize("language", ["es", "pt"])
def test_not_knowing_names_country_and_channel(
    context: Context, licence: Document, code: str, language: str
) -> None:
    made = state(licence, [], countries=[code], language=language, sectors=["general"])
    answer = render.unanswerable(made, context)
    assert answer.status is Status.UNANSWERABLE
    assert countries()[code].names[language] in answer.answer
    assert countries()[code].channel(None).name in answer.answer
    assert not answer.citations


async def test_the_asked_field_stands_first_and_the_date_last(assistant: Assistant) -> None:
    asked = Request(question="¿Cuánto cuesta renovar la licencia de conducir?", country="DO")
    answer = await assistant.ask(asked)
    headings = re.findall(r"^\*\*(.+)\*\*$", answer.answer, re.MULTILINE)
    assert headings[0] == "Costo"
    assert {"Requisitos", "Dónde y cómo se hace"} <= set(headings[1:])
    assert answer.answer.splitlines()[-1] == "Información al 5 de marzo de 2026 (según prensa)."


async def test_a_suggestion_is_a_question_that_was_not_asked(assistant: Assistant) -> None:
    asked = Request(question="¿Cuánto cuesta renovar la licencia de conducir?", country="DO")
    answer = await assistant.ask(asked)
    assert 0 < len(answer.suggestions) <= 3
    assert "¿Cuánto cuesta?" not in answer.suggestions


async def test_words_in_another_language_are_announced(assistant: Assistant) -> None:
    asked = Request(question="¿Cuánto cuesta inscribirse en el Enem de Brasil?")
    answer = await assistant.ask(asked)
    assert answer.language == "es"
    assert {c.language for c in answer.citations} == {"pt"}
    assert "El texto original está en portugués." in answer.notices
