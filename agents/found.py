"""What a search finds, as evidence for the state."""

from __future__ import annotations

from agents.context import Context
from agents.sectors import profiles
from agents.state import Errand, Evidence
from retrieval.index import Scope
from retrieval.search import Found, Result

DOCUMENTS = 8
"""Documents that one agent hands on."""


def evidence_of(errand: Errand, context: Context) -> list[Evidence]:
    """Searches for one errand, within its sector, its country and the territory it names."""
    countries = (errand["country"],) if errand["country"] else ()
    scope_of_agent = profiles()[errand["agent"]].scope
    scope = Scope(
        tenants=context.tenants,
        countries=countries,
        sectors=(scope_of_agent.value,) if scope_of_agent else (),
        territories=tuple(sorted(context.places.territories(errand["question"], countries))),
        on=context.today(),
    )
    result = context.searcher.search(
        errand["question"], scope, limit=60, minor=errand["minor"], language=errand["language"]
    )
    return _evidence(result, errand["agent"], errand["part"])


def _evidence(result: Result, agent: str, part: int) -> list[Evidence]:
    by_document: dict[str, list[Found]] = {}
    for found in result.passages:
        by_document.setdefault(found.document.id, []).append(found)
    return [
        Evidence(
            document_id=document_id,
            country=passages[0].document.country,
            sectors=[sector.value for sector in passages[0].document.sectors],
            score=round(passages[0].score, 4),
            near=round(passages[0].near, 4),
            trust=round(passages[0].trust, 4),
            passages=[[p.start, p.end] for p in passages[:6]],
            agent=agent,
            part=part,
        )
        for document_id, passages in list(by_document.items())[:DOCUMENTS]
    ]
