"""Step 6: what cannot be proved is dropped.

A sentence stays only if its document still stands in the index, is of a country that the answer is
about, may be read by this tenant, holds on this day, and gives no orders. A sentence that quotes
holds by construction. One that a model wrote was held against its quotes before it was shown
(`agents.writing`); here it stays only if each of the places it cites still stands.
"""

from __future__ import annotations

from typing import Any

from agents.context import Context
from agents.safety import is_instruction
from agents.state import Sentence, State
from sources.document import Document


def check(state: State, context: Context) -> dict[str, Any]:
    """Keeps the sentences of the draft that hold; `dropped` counts the others."""
    draft, written = state.get("draft", []), state.get("written") or []
    kept = [s for s in draft if _holds(s, state, context)]
    proved = [
        w for w in written if w["cites"] and all(_holds(c, state, context) for c in w["cites"])
    ]
    dropped = len(draft) - len(kept) + len(written) - len(proved)
    return {"draft": kept, "written": proved, "dropped": dropped}


def _holds(sentence: Sentence, state: State, context: Context) -> bool:
    document = context.document(sentence["document_id"])
    if document is None or document.tenant not in context.tenants:
        return False
    countries = state["understanding"]["countries"]
    if countries and document.country not in countries:
        return False
    if not _valid(document, context):
        return False
    quote = document.text[sentence["start"] : sentence["end"]]
    return bool(quote.strip()) and not is_instruction(quote)


def _valid(document: Document, context: Context) -> bool:
    """Whether the document as a whole holds on the day; a closed window within it is labelled."""
    provenance, today = document.provenance, context.today()
    begun = provenance.valid_from is None or provenance.valid_from <= today
    ended = provenance.valid_to is not None and provenance.valid_to < today
    return begun and not ended
