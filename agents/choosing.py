"""Which of the services found is meant, where the rules are unsure: a model decides."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, create_model
from pydantic import Field as Attribute

from agents.context import Context
from agents.deciding import NONE, decided
from agents.extract import introduction
from agents.privacy import mask
from agents.prompts import prompt
from agents.safety import is_instruction
from agents.state import Evidence, State
from agents.writing import inert
from sources.country import countries
from sources.document import Document

MOST = 8
"""Services among which it chooses: with more of them, a model of this size chooses worse."""

FAR = -6.0
"""Trust (log-odds) below which a document is not even shown to the model."""

SUBJECT = 80


@dataclass(frozen=True, slots=True)
class Choice:
    """A document, or the name under which to search once more; both may be missing."""

    document_id: str | None
    subject: str


def schema(count: int) -> type[BaseModel]:
    """The decision's form over `count` services: an enumeration first, then a bounded string."""
    numbers = tuple(str(number) for number in range(1, count + 1))
    service: Any = Literal[(*numbers, NONE)]
    subject: Any = Annotated[str, Attribute(max_length=SUBJECT)]
    return create_model("ServiceChoice", service=(service, ...), subject=(subject, ""))


async def choose(state: State, context: Context, ranked: list[Evidence]) -> Choice | None:
    """The model's choice, or None where it made none: then the rules' own verdict holds."""
    shown = await asyncio.to_thread(_candidates, context, ranked) if context.model else []
    if not shown:
        return None
    understanding = state["understanding"]
    language = understanding["language"]
    codes = understanding["countries"]
    messages = prompt(
        "choose",
        language,
        services="\n".join(f"{n}. {_described(d)}" for n, d in enumerate(shown, 1)),
        country=", ".join(countries()[code].names[language] for code in codes) or "–",
        question=inert(f"{state['question']}{_before(state)}"),
    )
    choice = await decided(context, messages, schema(len(shown)))
    if choice is None:
        return None
    if choice["service"] != NONE:
        return Choice(shown[int(choice["service"]) - 1].id, "")
    # What a model says is masked as what a citizen says: it goes into the state.
    subject = mask(inert(choice["subject"]), codes[0] if len(codes) == 1 else None).text
    return Choice(None, "" if is_instruction(subject) else subject)


def _before(state: State) -> str:
    understanding = state["understanding"]
    return f" ({understanding['standalone']})" if understanding["follow_up"] else ""


def _candidates(context: Context, ranked: list[Evidence]) -> list[Document]:
    near = [e["document_id"] for e in ranked if e["trust"] >= FAR][:MOST]
    found = (context.document(document_id) for document_id in near)
    return [d for d in found if d and not is_instruction(_described(d))]


def _described(document: Document) -> str:
    span = introduction(document)
    said = document.text[span.start : span.end] if span else ""
    return inert(f"{document.title} ({document.country}): {said}")
