"""Step 7: the answer as the citizen reads it: text, citations, dates, channel, suggestions."""

from __future__ import annotations

from typing import Any

from agents import render
from agents.closing import channels
from agents.context import Context
from agents.replies import reply as text
from agents.state import Answer, Clarification, Option, State, Status
from agents.steps.understand import language_of
from agents.understanding.country import locate
from sources.country import Emergency, countries

CRISIS_LINES = {
    "suicide": (Emergency.SUICIDE, Emergency.MEDICAL),
    "violence": (Emergency.VIOLENCE, Emergency.POLICE),
    "medical": (Emergency.MEDICAL,),
    "poisoning": (Emergency.MEDICAL, Emergency.HEALTH_ADVICE),
    "accident": (Emergency.MEDICAL, Emergency.FIRE, Emergency.POLICE),
    "fire": (Emergency.FIRE, Emergency.MEDICAL),
}


def reply(state: State, context: Context) -> dict[str, Any]:
    """Ends the run with a named status."""
    if state.get("concern"):
        answer = _concern(state)
    elif state.get("verdict") in ("topic", "country", "service", "argument"):
        answer = _clarify(state, context)
    elif state.get("written"):
        answer = render.written(state, context)
    elif _has_rows(state) or any(s["part"].startswith("asked") for s in state.get("draft", ())):
        answer = render.answered(state, context)
    elif any(not s["part"].startswith("tool:") for s in state.get("draft", ())):
        answer = render.partly_known(state, context)
    elif state.get("findings"):
        answer = render.found_nothing(state, context)
    else:
        answer = render.unanswerable(state, context)
    return {"answer": answer.model_dump(mode="json")}


def _has_rows(state: State) -> bool:
    """Whether rows of a finding that proves something still stand after the check."""
    shown = {s["part"].rpartition(":")[0] for s in state.get("draft", ())}
    findings = enumerate(state.get("findings") or ())
    return any(f["proves"] and f"tool:{number}" in shown for number, f in findings)


def _language_of(state: State) -> str:
    if "understanding" in state:
        return state["understanding"]["language"]
    return language_of(state)


def _concern(state: State) -> Answer:
    kind, category = state.get("concern") or ["refused", "other"]
    language = _language_of(state)
    selected = state.get("selected_country")
    if kind == "refused":
        body = text(language, "refused", category)
        status = Status.REFUSED
    else:
        body = _crisis(category, language, selected or _named_country(state))
        status = Status.CRISIS
    return Answer(
        id=state["id"],
        status=status,
        language=language,
        country=selected,
        sectors=[],
        answer=body,
        notices=render.masked_notice(state, language),
    )


def _named_country(state: State) -> str | None:
    where = locate(state["question"])
    return where.countries[0] if where.countries else None


def _crisis(category: str, language: str, country: str | None) -> str:
    kinds = CRISIS_LINES.get(category, ())
    known = countries()
    intro = text(language, "crisis", "intro", category if category in CRISIS_LINES else "other")
    lines = [intro, ""]
    shown = [known[country]] if country in known else list(known.values())
    if len(shown) > 1:
        lines += [text(language, "crisis", "no_country"), ""]
    for each in shown:
        prefix = f"{each.names[language]}: " if len(shown) > 1 else ""
        lines += [f"- {prefix}**{line.number}** — {line.name}" for line in each.lines(*kinds)]
    return "\n".join([*lines, "", text(language, "crisis", "outro")])


def _clarify(state: State, context: Context) -> Answer:
    language = _language_of(state)
    sectors = [s for s in state["understanding"]["sectors"] if s != "general"]
    beside: list[str] = []
    if state["verdict"] == "argument":
        ask = state["asks"][0]
        options = [Option(value=o, label=o) for o in ask["options"]]
        question, kind = ask["question"], "argument"
    elif state["verdict"] == "service":
        found = [d for i in state["chosen"] if (d := context.document(i))]
        options = [Option(value=d.title, label=d.title) for d in found]
        # Where to turn instead is told by what was found, as for an answer.
        sectors = list(dict.fromkeys(s.value for d in found for s in d.sectors)) or sectors
        asked = "clarify_one" if len(options) == 1 else "clarify_service"
        question, kind = text(language, asked), "service"
        known = state["understanding"]["countries"]
        beside = channels(known, sectors, language, text="none_of_these")
    elif state["verdict"] == "country":
        options = [Option(value=c.code, label=c.names[language]) for c in countries().values()]
        question, kind = text(language, "clarify_country"), "country"
    else:
        question, kind, options = text(language, "clarify_topic"), "topic", []
    return Answer(
        id=state["id"],
        status=Status.CLARIFICATION,
        language=language,
        country=next(iter(state["understanding"]["countries"]), state.get("selected_country")),
        sectors=sectors,
        answer="\n".join([question, *beside]),
        clarification=Clarification(kind=kind, question=question, options=options),  # type: ignore[arg-type]
        notices=render.masked_notice(state, language),
    )
