"""Step 5: the draft. Without a model it quotes: every sentence is a stretch of a document."""

from __future__ import annotations

from typing import Any

from agents.context import Context
from agents.extract import Span, extract, introduction
from agents.state import Sentence, State
from agents.steps.assess import best_per_document
from retrieval.index import Scope


def compose(state: State, context: Context) -> dict[str, Any]:
    """Quotes the fields asked for from each chosen document, then what else matters."""
    understanding = state["understanding"]
    evidence = {e["document_id"]: e for e in best_per_document(state)}
    draft: list[Sentence] = []
    for document_id in state["chosen"]:
        document = context.searcher.store.get(document_id)
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
            spans = [_as(span, "known") for span in known.asked["overview"][:4]]
        spans += taken.notes
        if taken.asked:
            spans += taken.also
        draft += [_sentence(document_id, span) for span in spans]
    for document_id in state.get("alike") or () if draft else ():
        document = context.searcher.store.get(document_id)
        span = introduction(document) if document else None
        if span:
            draft.append(_sentence(document_id, span))
    return {"draft": draft}


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
