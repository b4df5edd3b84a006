"""Step 6: what cannot be proved is dropped.

A sentence stays only if its document still stands in the index, is of a country that the answer is
about, may be read by this tenant, holds on this day, and gives no orders. A sentence that quotes
holds by construction. One that a model wrote was held against its quotes before it was shown
(`agents.writing`); here it stays only if each of the places it cites still stands.
"""

from __future__ import annotations

from typing import Any, Literal

from agents.context import Context
from agents.safety import is_instruction
from agents.state import Sentence, State
from sources.document import Document


def check(state: State, context: Context) -> dict[str, Any]:
    """Keeps the sentences of the draft that hold; `dropped` counts the others."""
    draft, written = state.get("draft", []), state.get("written") or []
    kept = [s for s in draft if objection(s, state, context) is None]
    proved = [
        w
        for w in written
        if w["cites"] and all(objection(c, state, context) is None for c in w["cites"])
    ]
    dropped = len(draft) - len(kept) + len(written) - len(proved)
    return {"draft": kept, "written": proved, "dropped": dropped}


Objection = Literal["gone", "country", "expired", "empty", "instruction"]
"""Why a sentence is dropped. Of what these readers may not see it is said that it is gone."""


def objection(sentence: Sentence, state: State, context: Context) -> Objection | None:
    """Why `sentence` cannot stand, or None where it holds."""
    document = context.document(sentence["document_id"])
    if document is None or document.tenant not in context.tenants:
        return "gone"
    countries = state["understanding"]["countries"]
    if countries and document.country not in countries:
        return "country"
    if not _valid(document, context):
        return "expired"
    quote = document.text[sentence["start"] : sentence["end"]]
    if not quote.strip():
        return "empty"
    return "instruction" if is_instruction(quote) else None


def _valid(document: Document, context: Context) -> bool:
    """Whether the document as a whole holds on the day; a closed window within it is labelled."""
    provenance, today = document.provenance, context.today()
    begun = provenance.valid_from is None or provenance.valid_from <= today
    ended = provenance.valid_to is not None and provenance.valid_to < today
    return begun and not ended
