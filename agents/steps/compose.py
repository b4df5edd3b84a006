"""Step 5: the draft. It always quotes: every sentence is a stretch of a document. Where there is a
model, it writes an answer over the same documents, and the quotations wait in case it fails.
"""

from __future__ import annotations

import asyncio
from typing import Any

from agents import render
from agents.context import Context
from agents.extract import Span, extract, introduction
from agents.state import Ending, Sentence, State, Written, part_of
from agents.steps.assess import ranked
from agents.writing import write
from retrieval.index import Scope

KNOWN = 4
"""Sentences that are shown of a document that does not answer."""


async def compose(state: State, context: Context) -> dict[str, Any]:
    """The quotations, and what the model wrote; its sentences are told as they hold."""

    def tell(written: list[Written]) -> None:
        context.tell(render.so_far(state, context, written))

    rows = found_by_tools(state)
    draft = await asyncio.to_thread(quoted, state, context)
    if not draft:
        return {"draft": rows}
    written: list[Written] = []
    ending: Ending | None = "unanswered"  # what no document says, no model is asked for either
    if not state["understanding"]["unsaid"]:
        written, ending = await write(state, context, draft, tell)
    if ending == "unanswered":
        draft = _unanswered(draft)
    return {"draft": rows + draft, "written": written, "writing": ending}


def found_by_tools(state: State) -> list[Sentence]:
    """The rows of all findings, each with its place among them as its part."""
    return [
        Sentence(
            document_id=line["document_id"],
            start=line["start"],
            end=line["end"],
            field=line["field"],
            part=part_of(number, place),
        )
        for number, finding in enumerate(state.get("findings") or ())
        if finding["proves"]
        or not state["chosen"]  # remarks stand with the document, if there is one
        for place, part in enumerate(finding["parts"])
        for line in part["lines"]
    ]


def _unanswered(draft: list[Sentence]) -> list[Sentence]:
    """What is known of the service, where it does not answer what was asked."""
    asked = [s for s in draft if s["part"].startswith(("asked", "known"))]
    known = [Sentence(**{**s, "part": "known"}) for s in asked[:KNOWN]]
    return known + [s for s in draft if s["part"].startswith("note")]


def quoted(state: State, context: Context) -> list[Sentence]:
    """Quotes the fields asked for from each chosen document, then what else matters."""
    understanding = state["understanding"]
    evidence = {e["document_id"]: e for e in ranked(state.get("evidence", ()))}
    draft: list[Sentence] = []
    for document_id in state["chosen"]:
        document = context.document(document_id)
        if document is None:
            continue
        scope = Scope(tenants=context.tenants, countries=(document.country,))
        reading = context.searcher.read(
            understanding["standalone"], scope, language=understanding["language"]
        )
        found = [(p[0], p[1]) for p in evidence[document_id]["passages"]]
        taken = extract(document, understanding["aspects"], reading, found)
        spans = [span for spans in taken.asked.values() for span in spans]
        if not spans:  # nothing of what was asked: what is known instead
            known = extract(document, [], reading, found)
            spans = [_as(span, "known") for span in known.asked["overview"][:KNOWN]]
        spans += taken.notes
        if taken.asked:
            spans += taken.also
        draft += [_sentence(document_id, span) for span in spans]
    for document_id in state.get("alike") or () if draft else ():
        document = context.document(document_id)
        span = introduction(document) if document else None
        if span:
            draft.append(_sentence(document_id, span))
    return draft


def _as(span: Span, part: str) -> Span:
    return Span(span.start, span.end, span.section, part)


def _sentence(document_id: str, span: Span) -> Sentence:
    return Sentence(
        document_id=document_id,
        start=span.start,
        end=span.end,
        field=span.section.field.value,
        part=span.part,
    )
