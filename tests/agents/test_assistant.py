"""The assistant: the contract, proof of every sentence, conversations, and named endings."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
import threading
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agents import graph
from agents.assistant import EXPIRY, Assistant
from agents.context import Context
from agents.state import MAX_QUESTION, Answer, Request, Status, Turn
from sources.country import countries
from ui.assemble import House

TODAY = date(2026, 11, 23)
CONTRACT = {
    *("id", "status", "language", "country", "sectors", "answer", "citations", "tools"),
    *("clarification", "notices", "timings_ms"),
}
CITATION = {
    *("marker", "document_id", "title", "agency", "country", "url", "as_of"),
    *("verification", "quote", "start", "end"),
}
LICENCE = "¿Cuánto cuesta renovar la licencia de conducir?"

QUESTIONS = [
    ("¿Cuánto cuesta renovar la licencia de conducir?", "DO"),
    ("¿Cuánto cuesta renovar la licencia de conducir?", "CL"),
    ("¿Qué necesito para sacar el brevete A1?", "PE"),
    ("¿Cuánto cuesta el pasaje de la Línea 1?", "PE"),
    ("¿Cuánto cuesta el pasaje del Metropolitano?", "PE"),
    ("¿Cómo recategorizo mi brevete?", "PE"),
    ("¿Cómo saco el carné de medio pasaje?", "PE"),
    ("¿Qué es el SIS Gratuito?", "PE"),
    ("¿Cuánto se paga por el SIS Independiente?", "PE"),
    ("¿Cómo postulo a la Beca 18?", "PE"),
    ("¿Qué documentos piden para la matrícula escolar?", "PE"),
    ("Como tirar o Cartão SUS?", "BR"),
    ("Quanto custa a inscrição no Enem?", "BR"),
    ("O que é o Sisu?", "BR"),
    ("Quem pode participar do Prouni?", "BR"),
    ("Como faço para tirar a primeira CNH?", "BR"),
    ("Quais remédios tem na Farmácia Popular?", "BR"),
    ("Como doar leite materno?", "BR"),
    ("¿Cuánto cuesta el permiso de circulación?", "CL"),
    ("¿Cuánto cuesta el metro en Santiago?", "CL"),
    ("¿Cuál es el teléfono de la farmacia de turno?", "CL"),
    ("¿Qué ley regula el copago cero?", "CL"),
    ("¿Cuánto demora el certificado de afiliación de Fonasa?", "CL"),
    ("¿Qué documentos necesito para la TNE?", "CL"),
    ("¿Cuándo es el plazo de postulación al FUAS?", "CL"),
    ("¿Cómo me inscribo en el SeNaSa subsidiado?", "DO"),
    ("¿Cómo cambio de ARS?", "DO"),
    ("¿Cuánto cuesta el teleférico?", "DO"),
    ("¿Cómo legalizo mi título universitario?", "DO"),
]


def ask(question: str, country: str | None = None, **fields: object) -> Request:
    return Request(question=question, country=country, **fields)  # type: ignore[arg-type]


@pytest.fixture
async def kept(house: House, context: Context, tmp_path: Path) -> AsyncIterator[Assistant]:
    """An assistant whose conversations lie in a file of this test's own."""
    async with Assistant.open(context, tmp_path / "conversations.sqlite") as made:
        yield made


# --- the answer ----------------------------------------------------------------------------------


async def test_an_answer_has_every_key_of_the_contract(assistant: Assistant) -> None:
    answer = await assistant.ask(ask(LICENCE, "DO", id="mine"))
    told = json.loads(answer.model_dump_json())
    assert set(told) >= CONTRACT
    assert (told["id"], told["status"], told["country"]) == ("mine", "answered", "DO")
    assert told["citations"]
    assert all(set(citation) >= CITATION for citation in told["citations"])
    assert {"understand", "gather", "compose", "total"} <= set(told["timings_ms"])


async def test_an_answer_without_an_id_is_given_one_of_its_own(assistant: Assistant) -> None:
    first, second = [await assistant.ask(ask(LICENCE, "DO")) for _ in range(2)]
    assert first.id
    assert first.id != second.id


@pytest.mark.parametrize(("question", "country"), QUESTIONS)
async def test_every_line_proves_itself(assistant: Assistant, question: str, country: str) -> None:
    answer = await assistant.ask(ask(question, country))
    assert answer.citations, answer.answer
    for citation in answer.citations:
        document = assistant.document(citation.document_id)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote
        assert citation.country == document.country == country
    assert [c.marker for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    items = [line for line in answer.answer.splitlines() if line.startswith("- ")]
    marked = [set(map(int, re.findall(r"\[(\d+)\]", line))) for line in items]
    assert items
    assert all(marked)
    assert set().union(*marked) == {c.marker for c in answer.citations}


async def test_the_stream_ends_with_the_answer(assistant: Assistant) -> None:
    pieces = [piece async for piece in assistant.stream(ask(LICENCE, "DO"))]
    answer = pieces[-1]
    texts = pieces[:-1]
    assert isinstance(answer, Answer)
    assert texts[-1] == answer.answer
    assert all(str(b).startswith(str(a)) for a, b in itertools.pairwise(texts))


async def test_another_tenants_document_is_not_shown(house: House) -> None:
    stranger, elsewhere = Assistant(Context(searcher=house.searcher), None), ("elsewhere",)
    assert stranger.document("do-transport-renovacion-licencia", tenants=elsewhere) is None
    answer = await stranger.ask(ask(LICENCE, "DO"), tenants=elsewhere)
    assert answer.status is not Status.ANSWERED
    assert not answer.citations


# --- the country ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "selected", "expected"),
    [
        ("¿Cuánto cuesta renovar la licencia de conducir en Chile?", "DO", "CL"),
        ("¿Cuánto cuesta renovar la licencia en Santo Domingo?", "CL", "DO"),
        ("Vivo en Lima, ¿qué necesito para el brevete A1?", "CL", "PE"),
        ("¿Cuánto cuesta el Enem en Brasil?", "PE", "BR"),
    ],
)
async def test_the_country_in_the_text_wins(
    assistant: Assistant, question: str, selected: str, expected: str
) -> None:
    answer = await assistant.ask(ask(question, selected))
    assert answer.country == expected
    assert {c.country for c in answer.citations} == {expected}


@pytest.mark.parametrize("told", ["cl", "CL"])
async def test_the_selected_country_is_read_in_any_case(assistant: Assistant, told: str) -> None:
    assert (await assistant.ask(ask(LICENCE, told))).country == "CL"


async def test_a_country_that_is_none_counts_as_none(assistant: Assistant) -> None:
    assert (await assistant.ask(ask(LICENCE, "XX"))).status is Status.CLARIFICATION


async def test_the_territory_is_told_unless_the_question_names_another_place(
    assistant: Assistant,
) -> None:
    answer = await assistant.ask(ask(LICENCE, territory="cl-vs"))
    assert (answer.country, answer.territory) == ("CL", "CL-VS")
    answer = await assistant.ask(ask("¿Cuánto cuesta el metro en Santiago?", territory="CL-VS"))
    assert (answer.country, answer.territory) == ("CL", None)
    assert (await assistant.ask(ask(LICENCE, "CL"))).territory is None


@pytest.mark.parametrize(
    ("country", "territory", "told"),
    [("CL", "CL-99", "CL-99"), (None, "13120", "código oficial"), ("PE", "CL-VS", "CL-VS")],
)
async def test_a_territory_that_does_not_fit_is_told(
    assistant: Assistant, country: str | None, territory: str, told: str
) -> None:
    answer = await assistant.ask(ask(LICENCE, country, territory=territory))
    assert answer.status is Status.ERROR_INPUT
    assert told in answer.answer


async def test_without_a_country_the_citizen_is_asked(assistant: Assistant) -> None:
    answer = await assistant.ask(ask(LICENCE))
    assert answer.status is Status.CLARIFICATION
    assert answer.clarification is not None
    assert answer.clarification.kind == "country"
    assert {o.value for o in answer.clarification.options} == {"CL", "PE", "BR", "DO"}
    assert all(option.label for option in answer.clarification.options)
    assert not answer.citations


@pytest.mark.parametrize(
    "choice", [ask(LICENCE, "DO"), ask("República Dominicana"), ask("en Santo Domingo")]
)
async def test_the_choice_goes_on_with_the_question(kept: Assistant, choice: Request) -> None:
    first = await kept.ask(ask(LICENCE), conversation="one")
    assert first.status is Status.CLARIFICATION
    second = await kept.ask(choice.model_copy(update={"id": "second"}), conversation="one")
    assert (second.status, second.country, second.id) == (Status.ANSWERED, "DO", "second")
    assert "RD$ 1.900" in second.answer


async def test_a_new_question_in_place_of_the_choice_is_answered(kept: Assistant) -> None:
    await kept.ask(ask(LICENCE), conversation="one")
    other = await kept.ask(ask("Quanto custa a inscrição no Enem?", "BR"), conversation="one")
    assert {c.document_id for c in other.citations} == {"br-education-enem"}


async def test_the_choice_waits_for_the_next_process(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "conversations.sqlite"
    async with Assistant.open(context, path) as first:
        await first.ask(ask(LICENCE), conversation="one")
    async with Assistant.open(context, path) as second:
        answer = await second.ask(ask(LICENCE, "DO"), conversation="one")
    assert (answer.status, answer.country) == (Status.ANSWERED, "DO")


# --- follow-ups ----------------------------------------------------------------------------------


async def test_a_follow_up_keeps_subject_and_country(assistant: Assistant) -> None:
    opening = "¿Qué necesito para renovar la licencia de conducir en Santo Domingo?"
    await assistant.ask(ask(opening), conversation="talk")
    by_conversation = await assistant.ask(ask("¿y cuánto cuesta?"), conversation="talk")
    turns = [Turn(role="user", content=opening), Turn(role="assistant", content="…")]
    by_history = await assistant.ask(ask("¿y cuánto cuesta?", history=turns))
    for answer in (by_conversation, by_history):
        assert answer.status is Status.ANSWERED
        assert answer.country == "DO"
        assert "RD$ 1.900" in answer.answer
        assert answer.citations[0].field == "cost"


async def test_a_follow_up_may_move_to_another_country(assistant: Assistant) -> None:
    await assistant.ask(ask(LICENCE, "DO"), conversation="move")
    moved = await assistant.ask(ask("¿y en Chile?"), conversation="move")
    assert {c.document_id for c in moved.citations} == {"cl-transport-renovacion-licencia"}


# --- what is not known, not sure, or old ---------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "country", "missing"),
    [
        ("¿Qué ley regula el copago cero?", "CL", "No encontré la base legal de «Copago Cero"),
        ("¿Cuánto cuesta la ruta de OMSA?", "DO", "No encontré el costo de «Rutas y tarifas"),
    ],
)
async def test_a_missing_field_is_named_with_the_channel(
    assistant: Assistant, question: str, country: str, missing: str
) -> None:
    answer = await assistant.ask(ask(question, country))
    assert answer.status is Status.UNANSWERABLE
    assert missing in answer.answer
    assert "el canal oficial es" in answer.answer
    assert "https://" in answer.answer


async def test_a_country_that_is_not_covered_is_told(assistant: Assistant) -> None:
    answer = await assistant.ask(ask("¿Cuánto cuesta la licencia en Argentina?"))
    assert answer.status is Status.UNANSWERABLE
    assert "Argentina" in answer.answer
    assert not answer.citations


@pytest.mark.parametrize(("question", "country"), QUESTIONS)
async def test_every_unverified_line_says_so(
    assistant: Assistant, question: str, country: str
) -> None:
    answer = await assistant.ask(ask(question, country))
    label = {"es": "por confirmar", "pt": "a confirmar"}[answer.language]
    for citation in answer.citations:
        line = next(x for x in answer.answer.splitlines() if f" [{citation.marker}]" in x)
        note = "nota sobre las fuentes" in line or "nota sobre as fontes" in line
        assert (label in line) == (citation.verification == "unverified" and not note)


async def test_values_that_disagree_are_shown_both(assistant: Assistant) -> None:
    answer = await assistant.ask(ask("¿Cuánto cuesta el brevete A1?", "PE"))
    assert "S/6.70" in answer.answer
    assert "S/6.80" in answer.answer
    assert "Las fuentes no coinciden" in answer.answer


async def test_an_old_value_says_its_day(assistant: Assistant) -> None:
    answer = await assistant.ask(ask("¿Cuánto cuesta el pasaje de la Línea 1?", "PE"))
    line = next(x for x in answer.answer.splitlines() if "S/1.50" in x)
    assert "14 de noviembre de 2023: puede haber cambiado" in line
    assert any("pueden haber cambiado" in notice for notice in answer.notices)


async def test_a_value_is_old_only_after_its_time(house: House) -> None:
    async with house.assistant(today=lambda: date(2023, 12, 1)) as then:
        answer = await then.ask(ask("¿Cuánto cuesta el pasaje de la Línea 1?", "PE"))
    line = next(x for x in answer.answer.splitlines() if "S/1.50" in x)
    assert "puede haber cambiado" not in line


# --- named endings -------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
async def test_an_empty_question_is_asked_for(assistant: Assistant, question: str) -> None:
    answer = await assistant.ask(ask(question, "PE", id="e"))
    assert (answer.status, answer.id) == (Status.ERROR_INPUT, "e")
    assert "Escriba su pregunta" in answer.answer


async def test_who_meant_none_of_the_services_is_told_where_to_turn(assistant: Assistant) -> None:
    answer = await assistant.ask(ask("¿Cuánto cuesta la revisión técnica?", "CL"))
    assert answer.clarification and answer.clarification.kind == "service"
    channel = countries()["CL"].channel("transport").name
    assert channel in answer.answer and channel not in answer.clarification.question


async def test_where_to_turn_follows_what_was_found(assistant: Assistant) -> None:
    question = "mi mamá cumplió 60 y va al consultorio, ¿le cobran?"  # "va a" sounds like transport
    answer = await assistant.ask(ask(question, "CL"))
    assert answer.status is Status.CLARIFICATION
    assert "health" in answer.sectors
    assert countries()["CL"].channel("health").name in answer.answer


async def test_a_long_question_is_told_the_limit(assistant: Assistant) -> None:
    fits = await assistant.ask(ask("licencia ".ljust(MAX_QUESTION, "a"), "CL"))
    assert fits.status is not Status.ERROR_INPUT
    long = await assistant.ask(ask("a" * (MAX_QUESTION + 1), "CL"))
    assert long.status is Status.ERROR_INPUT
    assert str(MAX_QUESTION) in long.answer
    assert str(MAX_QUESTION + 1) in long.answer


async def test_a_step_that_hangs_ends_in_time(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    let, ended = threading.Event(), threading.Event()

    def hang(state: object, context: object) -> dict[str, object]:
        let.wait(60)
        ended.set()
        return {"draft": []}

    monkeypatch.setattr(graph, "compose", hang)
    monkeypatch.setitem(graph.DEADLINES_S, "compose", 0.2)
    slow = Assistant(context, None)
    try:
        with caplog.at_level(logging.DEBUG):
            answer = await slow.ask(ask(LICENCE, "DO", id="slow"))
        assert not ended.is_set()
    finally:
        let.set()
    assert (answer.status, answer.id) == (Status.ERROR_TIMEOUT, "slow")
    assert "Intente de nuevo" in answer.answer
    assert "cuesta renovar" not in caplog.text


async def test_a_step_that_breaks_is_named_and_keeps_the_question_out_of_the_log(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(state: object, context: object) -> dict[str, object]:
        raise RuntimeError("index on fire")

    monkeypatch.setattr(graph, "compose", fail)
    broken = Assistant(context, None)
    with caplog.at_level(logging.DEBUG):
        answer = await broken.ask(ask(LICENCE, "DO"))
    assert answer.status is Status.ERROR_INTERNAL
    assert "on fire" not in answer.answer
    assert "RuntimeError" in caplog.text
    assert "cuesta renovar" not in caplog.text


async def test_a_conversation_goes_on_after_a_broken_step(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [True]
    real = graph.compose

    async def once(state: object, context: object) -> dict[str, object]:
        if broken:
            broken.clear()
            raise RuntimeError("once")
        return await real(state, context)  # type: ignore[arg-type]

    monkeypatch.setattr(graph, "compose", once)
    made = Assistant(context, None)
    first = await made.ask(ask(LICENCE, "DO"), conversation="c")
    second = await made.ask(ask(LICENCE, "DO"), conversation="c")
    assert (first.status, second.status) == (Status.ERROR_INTERNAL, Status.ANSWERED)


# --- conversations -------------------------------------------------------------------------------


async def test_expired_conversations_are_deleted_and_the_others_stay(kept: Assistant) -> None:
    await kept.ask(ask(LICENCE, "DO"), conversation="one")
    now = datetime.now(UTC)
    assert await kept.forget_expired(now + EXPIRY - timedelta(minutes=1)) == 0
    assert (await kept.ask(ask("¿y los requisitos?"), conversation="one")).citations
    assert await kept.forget_expired(now + EXPIRY + timedelta(hours=1)) == 1
    assert not (await kept.ask(ask("¿y los requisitos?"), conversation="one")).citations


async def test_opening_deletes_what_has_expired(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "conversations.sqlite"
    async with Assistant.open(context, path) as first:
        await first.ask(ask(LICENCE, "DO"), conversation="old")
    monkeypatch.setattr("agents.assistant.EXPIRY", timedelta(seconds=-1))
    async with Assistant.open(context, path) as second:
        assert await second.forget_expired() == 0
        assert not (await second.ask(ask("¿y cuánto cuesta?"), conversation="old")).citations


@pytest.mark.parametrize("where", ["file", "memory"])
async def test_forget_deletes_one_conversation(
    kept: Assistant, assistant: Assistant, where: str
) -> None:
    made = kept if where == "file" else assistant
    for name in ("gone", "stays"):
        await made.ask(ask(LICENCE, "DO"), conversation=name)
    await made.forget("gone")
    assert not (await made.ask(ask("¿y los requisitos?"), conversation="gone")).citations
    assert (await made.ask(ask("¿y los requisitos?"), conversation="stays")).citations


async def test_twenty_conversations_at_once_keep_apart(kept: Assistant) -> None:
    cases = [
        ("DO", LICENCE, "¿y los requisitos?", "do-transport-renovacion-licencia"),
        ("CL", LICENCE, "¿y los requisitos?", "cl-transport-renovacion-licencia"),
        ("PE", "¿Qué es el SIS Gratuito?", "¿y cuánto cuesta?", "pe-health-sis-gratuito"),
        ("BR", "O que é o Enem?", "e quanto custa?", "br-education-enem"),
    ]

    async def talk(number: int) -> None:
        country, question, further, expected = cases[number % 4]
        name = f"person-{number}"
        asked_late = number % 4 < 2  # these two are asked for the country first
        opening = ask(question, None if asked_late else country, id=f"{name}-1")
        first = await kept.ask(opening, conversation=name)
        assert first.id == f"{name}-1"
        if asked_late:
            assert first.status is Status.CLARIFICATION
            first = await kept.ask(ask(question, country), conversation=name)
        second = await kept.ask(ask(further, id=f"{name}-2"), conversation=name)
        assert second.id == f"{name}-2"
        for answer in (first, second):
            assert answer.status is Status.ANSWERED
            assert {c.document_id for c in answer.citations} == {expected}

    await asyncio.gather(*map(talk, range(20)))


async def test_two_messages_of_one_conversation_at_once_are_both_answered(kept: Assistant) -> None:
    both = await asyncio.gather(
        kept.ask(ask(LICENCE, "DO"), conversation="c"),
        kept.ask(ask("Quanto custa a inscrição no Enem?", "BR"), conversation="c"),
    )
    assert [a.citations[0].document_id for a in both] == [
        "do-transport-renovacion-licencia",
        "br-education-enem",
    ]


async def test_a_question_with_two_subjects_is_answered_in_parts(assistant: Assistant) -> None:
    answer = await assistant.ask(
        ask(
            "mi hijo, ¿qué necesita para entrar al colegio y para el pase escolar en Santiago?",
            "CL",
        )
    )
    assert answer.status is Status.ANSWERED
    cited = {citation.document_id for citation in answer.citations}
    assert {
        "cl-education-admision-escolar-sae",
        "cl-education-tarjeta-nacional-estudiantil",
    } <= cited


async def test_a_name_with_an_and_in_it_is_one_subject(assistant: Assistant) -> None:
    answer = await assistant.ask(ask("¿Qué es la postulación a gratuidad, becas y créditos?", "CL"))
    assert {c.document_id for c in answer.citations} == {"cl-education-fuas-gratuidad-becas"}


async def test_a_word_that_was_mended_is_told_and_can_be_taken_back(assistant: Assistant) -> None:
    question = "cuanto cuesta renovar la liscencia de conducir"
    mended = await assistant.ask(Request(question=question, country="DO"))
    assert ("corrected", "liscencia") in {(u.kind, u.word) for u in mended.understood}
    assert any("liscencia" in notice for notice in mended.notices)
    meant = await assistant.ask(Request(question=question, country="DO", literal=["liscencia"]))
    assert all(u.word != "liscencia" for u in meant.understood)
    assert not any("liscencia" in notice for notice in meant.notices)
