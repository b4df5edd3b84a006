"""Step 3: the sector agents concerned search, each in its own scope, in parallel."""

from __future__ import annotations

from typing import Any, TypedDict

from agents.context import Context
from agents.sectors import profiles
from agents.state import Evidence, State
from retrieval.index import Scope
from retrieval.search import Found, Result

DOCUMENTS = 8
"""Documents that one agent hands on."""


class Errand(TypedDict):
    """What one sector agent is sent to find; `country` None searches all."""

    agent: str
    question: str
    language: str
    minor: list[str]
    country: str | None


def errands(state: State) -> list[Errand]:
    """One errand per agent and country. A second, broader round leaves out the sectors."""
    understanding = state["understanding"]
    agents = ["general"] if state.get("rounds", 0) > 0 else understanding["sectors"]
    countries: list[str | None] = [*understanding["countries"]] or [None]
    question, minor = understanding["standalone"], understanding["minor"]
    return [
        Errand(
            agent=agent,
            question=question,
            language=understanding["language"],
            minor=minor,
            country=country,
        )
        for agent in agents
        for country in countries
    ]


def gather(errand: Errand, context: Context) -> dict[str, Any]:
    """Searches for one errand and returns the evidence."""
    profile = profiles()[errand["agent"]]
    scope = Scope(
        tenants=context.tenants,
        countries=(errand["country"],) if errand["country"] else (),
        sectors=(profile.scope.value,) if profile.scope else (),
        on=context.today(),
    )
    result = context.searcher.search(
        errand["question"], scope, limit=60, minor=errand["minor"], language=errand["language"]
    )
    return {"evidence": _evidence(result, errand["agent"])}


def _evidence(result: Result, agent: str) -> list[Evidence]:
    by_document: dict[str, list[Found]] = {}
    for found in result.passages:
        by_document.setdefault(found.document.id, []).append(found)
    return [
        Evidence(
            document_id=document_id,
            country=passages[0].document.country,
            sectors=[sector.value for sector in passages[0].document.sectors],
            score=round(passages[0].score, 4),
            trust=round(passages[0].trust, 4),
            passages=[[p.start, p.end] for p in passages[:6]],
            agent=agent,
        )
        for document_id, passages in list(by_document.items())[:DOCUMENTS]
    ]
