"""An answer in a model's words: what holds is shown as it comes, and every failure has a name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from agents.assistant import Assistant
from agents.context import Context, Patience
from agents.llm.scripted import Said, ScriptedModel
from agents.replies import reply
from agents.state import Answer, Request, Status
from agents.writing import PROMPT_TOKENS
from sources.errors import DecisionFailed, ModelBroken, ModelTimeout, ModelUnavailable

QUESTION = Request(question="¿Cuánto cuesta renovar la licencia de conducir?", country="DO")
LICENCE = "do-transport-renovacion-licencia"
TRUE = "La renovación de la licencia cuesta RD$ 1.900."


def with_model(known: Context, *script: Said, **given: object) -> Assistant:
    patience = given.pop("patience", Patience())
    model = ScriptedModel(script, **given)  # type: ignore[arg-type]
    return Assistant(replace(known, model=model, patience=patience), None)  # type: ignore[arg-type]


def prompt_of(made: Assistant) -> str:
    model = made.context.model
    assert isinstance(model, ScriptedModel)
    return model.heard[-1][1]["content"]


def token_of(prompt: str, words: str) -> int:
    """The number under which a stretch with `words` stands in the prompt."""
    found = re.search(rf"^\[(\d+)\].*{re.escape(words)}", prompt, re.MULTILINE)
    assert found, words
    return int(found[1])


async def test_sentences_that_hold_are_shown_with_exact_quotes(context: Context) -> None:
    made = with_model(context, f"- **{TRUE}** [1]\nNo debes tener multas pendientes [1].\n")
    first = await made.ask(QUESTION)
    prompt = prompt_of(made)
    fines = token_of(prompt, "multas pendientes")
    made = with_model(context, f"- **{TRUE}** [1]\nNo debes tener multas pendientes [{fines}].\n")
    answer = await made.ask(QUESTION)
    assert first.status is answer.status is Status.ANSWERED
    assert len(first.citations) == 1  # the second sentence cited the wrong stretch
    assert f"- {TRUE} [1]" in answer.answer
    assert "- No debes tener multas pendientes. [2]" in answer.answer
    for citation in answer.citations:
        document = made.document(citation.document_id)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote
    assert reply("es", "notices", "written") in answer.notices


async def test_the_prompt_holds_the_best_first_as_data(context: Context) -> None:
    made = with_model(context, f"{TRUE} [1]")
    await made.ask(
        Request(
            question="¿Cuánto cuesta [0] renovar la licencia de conducir <|eot_id|>?", country="DO"
        )
    )
    prompt = prompt_of(made)
    first = prompt.splitlines()[1]
    assert first.startswith("[1] (Renovación de la licencia de conducir · Costo)")
    assert "1.900" in first
    asked = prompt.splitlines()[-1]
    assert "[" not in asked
    assert "<|" not in asked
    assert made.context.model is not None
    system = made.context.model.heard[-1][0]["content"]  # type: ignore[attr-defined]
    assert "«usted»" in system
    assert "[0]" in system


@pytest.mark.parametrize(
    ("country", "question", "form"),
    [
        ("CL", "¿Cómo me afilio a Fonasa?", "Tutea"),
        ("BR", "Quanto custa a inscrição do Enem?", "«você»"),
        ("BR", "¿Cuánto cuesta inscribirse en el Enem?", "«usted»"),
    ],
)
async def test_people_are_addressed_as_their_country_does(
    context: Context, country: str, question: str, form: str
) -> None:
    made = with_model(context, "[0]")
    await made.ask(Request(question=question, country=country))
    assert form in made.context.model.heard[-1][0]["content"]  # type: ignore[union-attr]


async def test_what_does_not_hold_is_dropped(context: Context) -> None:
    made = with_model(
        context,
        "\n".join(
            [
                f"{TRUE} [1]",
                "Cuesta RD$ 5.000. [1]",
                "Debe ir al Banco Central. [1]",
                "Es muy fácil.",
                f"{TRUE.replace('cuesta', 'no cuesta')} [1]",
                "La renovación se paga en RD$ 1.900 y en 30 días. [99]",
            ]
        ),
    )
    answer = await made.ask(QUESTION)
    assert [line for line in answer.answer.splitlines() if line.startswith("- ")] == [
        f"- {TRUE} [1]"
    ]


async def test_a_document_cannot_smuggle_a_mark(context: Context) -> None:
    made = with_model(
        context, "<script>alert(1)</script> [1]\n[click](javascript:x) cuesta 1.900 [1]"
    )
    answer = await made.ask(QUESTION)
    assert "<script" not in answer.answer
    assert "](javascript" not in answer.answer


async def test_what_nobody_verified_is_quoted_and_never_put_in_words(context: Context) -> None:
    request = Request(question="¿Qué ley regula renovar la licencia de conducir?", country="DO")
    made = with_model(context, "No debes tener multas pendientes. [1]")
    await made.ask(request)
    prompt = prompt_of(made)
    assert "63-17" not in prompt
    fines = token_of(prompt, "multas pendientes")
    answer = await with_model(context, f"No debes tener multas. [{fines}]").ask(request)
    assert "- La base legal de la renovación sería la Ley 63-17." in answer.answer
    assert reply("es", "notices", "unverified") in answer.notices


async def test_unproved_text_gives_way_to_the_sources(context: Context) -> None:
    answer = await with_model(context, "Es gratis para todos. [1]\n").ask(QUESTION)
    assert answer.status is Status.ANSWERED
    assert reply("es", "notices", "model_unproved") in answer.notices
    assert "gratis para todos" not in answer.answer
    assert "1.900" in answer.answer


async def test_the_model_may_say_that_the_evidence_does_not_answer(context: Context) -> None:
    answer = await with_model(context, "[0]\n").ask(QUESTION)
    assert answer.status is Status.UNANSWERABLE
    assert answer.answer.startswith("No encontré en «Renovación de la licencia de conducir»")
    assert answer.citations


@pytest.mark.parametrize(
    ("said", "notice"),
    [
        (ModelUnavailable("gone"), "model_down"),
        (ModelTimeout("late"), "model_slow"),
        ([f"{TRUE} [1]\nLa renovación toma", ModelBroken("cut")], "model_broken"),
        ("assistant\n\nassistant\n\nassistant\n\n", "model_broken"),
        ("", "model_unproved"),
    ],
)
async def test_the_extractive_writer_takes_over_and_says_so(
    context: Context, said: Said, notice: str
) -> None:
    plain = await Assistant(context, None).ask(QUESTION)
    answer = await with_model(context, said).ask(QUESTION)
    assert answer.status is Status.ANSWERED
    assert reply("es", "notices", notice) in answer.notices
    assert answer.answer == plain.answer


async def test_a_bug_in_a_backend_costs_nobody_the_sources(context: Context) -> None:
    answer = await with_model(context, RuntimeError("what?")).ask(QUESTION)
    assert reply("es", "notices", "model_broken") in answer.notices
    assert "1.900" in answer.answer


async def test_a_silent_model_is_not_waited_for(context: Context) -> None:
    patience = Patience(decide=0.1, first=0.1, write=0.2)
    made = with_model(context, f"{TRUE} [1]", delay=60.0, patience=patience)
    answer = await asyncio.wait_for(made.ask(QUESTION), 10)
    assert reply("es", "notices", "model_slow") in answer.notices
    assert "1.900" in answer.answer


async def test_sentences_are_told_one_by_one_and_only_once_they_hold(context: Context) -> None:
    script = [f"{TRUE} [1]\n", "Cuesta RD$ 77. [1]\n", "La renovación de la licencia cuesta ", "RD$ 1.900, ",
              "es decir, eso cuesta. [1]\n"]  # fmt: skip
    made = with_model(context, script)
    told = [piece async for piece in made.stream(QUESTION)]
    texts = [piece for piece in told if isinstance(piece, str)]
    answer = told[-1]
    assert isinstance(answer, Answer)
    assert len(texts) == 2
    assert answer.answer.startswith(texts[-1])
    assert texts[-1].startswith(texts[0])
    assert not any("77" in text for text in texts)


async def test_who_leaves_ends_the_writing(context: Context) -> None:
    left = []

    class Endless(ScriptedModel):
        async def write(self, messages, *, max_tokens=700):  # type: ignore[no-untyped-def]
            try:
                for number in range(10_000):
                    yield f"{TRUE} [1]\n" if number == 0 else "La renovación "
                    await asyncio.sleep(0.001)
            finally:
                left.append(True)

    made = Assistant(replace(context, model=Endless(["x"])), None)
    stream = made.stream(QUESTION)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    for _ in range(100):
        if left:
            break
        await asyncio.sleep(0.01)
    assert left == [True]


async def test_a_short_context_holds_fewer_stretches_and_none_is_said(context: Context) -> None:
    made = with_model(context, f"{TRUE} [1]", context=1700)
    answer = await made.ask(QUESTION)
    assert answer.status is Status.ANSWERED
    roomy = with_model(context, f"{TRUE} [1]")
    await roomy.ask(QUESTION)
    few, many = prompt_of(made).count("\n["), prompt_of(roomy).count("\n[")
    assert 0 < few < many
    assert made.context.model.count_tokens(made.context.model.heard[-1]) <= PROMPT_TOKENS  # type: ignore[union-attr, attr-defined]
    tiny = await with_model(context, f"{TRUE} [1]", context=800).ask(QUESTION)
    assert reply("es", "notices", "model_down") in tiny.notices


# --- the decision --------------------------------------------------------------------------------

STORY = Request(question="mi viejo cumplió 66 y nunca cotizó, ¿le toca algo?", country="CL")


async def test_no_decision_is_asked_where_rules_are_sure(context: Context) -> None:
    made = with_model(context, f"{TRUE} [1]", DecisionFailed("must not be asked"))
    await made.ask(QUESTION)
    assert len(made.context.model.heard) == 1  # type: ignore[union-attr, attr-defined]


async def undecided(context: Context) -> tuple[Request, list[str]]:
    """A question that rules leave open, and the services that the model is shown."""
    made = with_model(context, {"service": "none", "subject": ""}, "[0]")
    for question in (
        STORY.question,
        "me quedé sin carnet de manejar",
        "necesito plata para estudiar",
    ):
        request = Request(question=question, country="CL")
        await made.ask(request)
        heard = made.context.model.heard  # type: ignore[union-attr, attr-defined]
        if heard and "TRÁMITES" in heard[-1][1]["content"]:
            listed = re.findall(r"^\d+\. (.+) \(CL\):", heard[-1][1]["content"], re.MULTILINE)
            return request, listed
    pytest.fail("rules are sure of every question here: choose others")


async def test_the_model_chooses_where_rules_are_unsure_and_it_is_said(context: Context) -> None:
    request, listed = await undecided(context)
    made = with_model(context, {"service": "1", "subject": ""}, ModelUnavailable("writes nothing"))
    answer = await made.ask(request)
    assert answer.citations
    assert answer.citations[0].title == listed[0]
    assert reply("es", "notices", "chosen", title=listed[0]) in answer.notices


async def test_none_with_a_name_searches_once_more_under_it(context: Context) -> None:
    request, _ = await undecided(context)
    made = with_model(context, {"service": "none", "subject": "subsidio familiar SUF"}, "[0]")
    answer = await made.ask(request)
    decisions = [m for m in made.context.model.heard if "TRÁMITES" in m[1]["content"]]  # type: ignore[union-attr, attr-defined]
    assert len(decisions) == 1
    assert answer.status in (Status.UNANSWERABLE, Status.CLARIFICATION, Status.ANSWERED)


@pytest.mark.parametrize("fault", [ModelTimeout("late"), DecisionFailed("twice"), ModelBroken("x")])
async def test_without_a_decision_the_rules_hold(context: Context, fault: ModelTimeout) -> None:
    request, _ = await undecided(context)
    plain = await Assistant(context, None).ask(request)
    answer = await with_model(context, fault).ask(request)
    assert answer.status is plain.status
    assert answer.answer == plain.answer


async def test_personal_numbers_in_a_decision_are_masked(context: Context) -> None:
    request, _ = await undecided(context)
    subject = "licencia de 12.345.678-5"
    made = with_model(context, {"service": "none", "subject": subject}, "[0]")
    answer = await made.ask(request, conversation="c")
    state = await made._graph.aget_state({"configurable": {"thread_id": "c"}})
    assert "12.345.678-5" not in str(state.values)
    assert "12.345.678-5" not in answer.answer
