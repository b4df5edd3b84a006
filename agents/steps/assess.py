"""Step 4: is there enough, from the right country? Otherwise a broader round, a question, or "I don't know".

The decision rests on how surely a document is the one asked for (`retrieval.ranking`). A fused
search score alone does not separate the answerable from the rest. What this leaves open, a model
decides where there is one: once for a question, among the documents found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from agents.agent import COUNTRY
from agents.choosing import choose
from agents.context import Context
from agents.state import Evidence, State
from retrieval.index import Scope
from retrieval.ranking import FURTHEST, with_lead
from sources.document import Verification, last_day

ENOUGH, PERHAPS = -0.6, -2.4
"""Trust from which a document answers, and from which the citizen is asked whether it is what was
meant. It is in log-odds: at 0, right is as likely as wrong."""

SURE = 0.7
"""Trust from which a document answers where a tool asks back, or has no rows."""

PART = 0.0
"""Trust from which a document answers a part of a question."""

OFFERED = 4
"""Services offered where none is sure."""

LEVEL_COUNTRIES = 1.5
"""Documents of two countries that are this near, and no country named: the citizen is asked."""

LEVEL = 0.7
"""Documents of one country this near in order are on one subject."""

ALIKE, MOST_ALIKE = 1.5, 2
"""How near in order another service must be to be named beside the answer, and how many are."""

OLD_AFTER_YEARS, OLD, UNDATED, UNVERIFIED = 3, 0.6, 0.2, 0.2
"""What a document loses against one on the same subject that is fresh, dated and verified."""


def best_per_document(state: State) -> list[Evidence]:
    """The evidence, each document once, nearest first, its trust with its lead over the next
    document of its country.
    """
    return ranked(e for e in state.get("evidence", ()) if e["part"] == 0)


def ranked(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each document of `evidence` once, nearest first, its trust with its lead."""
    best: dict[str, Evidence] = {}
    for found in evidence:
        known = best.get(found["document_id"])
        if known is None or found["score"] > known["score"]:
            best[found["document_id"]] = found
    order = sorted(best.values(), key=lambda e: -e["score"])
    return [{**e, "trust": with_lead(e["trust"], _lead(e, order))} for e in order]


def _lead(evidence: Evidence, ranked: list[Evidence]) -> float:
    """In the order that trust was fitted with: a reranker changes who is first, not how sure it is."""
    near = evidence.get("near", evidence["score"])
    others = [
        e.get("near", e["score"])
        for e in ranked
        if e["country"] == evidence["country"] and e["document_id"] != evidence["document_id"]
    ]
    return near - max(others, default=near - FURTHEST)


async def assess(state: State, context: Context) -> dict[str, Any]:
    """Chooses the documents that may answer, and what happens next (`verdict`)."""
    if state.get("findings"):
        return await asyncio.to_thread(_beside_findings, state, context)
    ruled = await asyncio.to_thread(_by_rules, state, context)
    if state.get("asks"):
        # A document that surely answers what was asked spares the citizen a question.
        named = BESIDE & set(state["understanding"]["aspects"])
        if ruled["verdict"] == "compose" and (named or _is_sure(state)):
            return ruled
        nowhere = any(ask["argument"] == COUNTRY for ask in state["asks"])
        return {"verdict": "country" if nowhere else "argument", "chosen": []}
    open_question = ruled["verdict"] in ("again", "service", "topic", "reply")
    if context.model is None or state.get("decided") or not open_question:
        return ruled
    if state["understanding"]["elsewhere"]:
        return ruled
    order = best_per_document(state)
    choice = await choose(state, context, order)
    if choice is None:
        return ruled
    if choice.document_id is not None:
        chosen = next(e for e in order if e["document_id"] == choice.document_id)
        if not state["understanding"]["countries"] and _abroad(chosen, order):
            return {"verdict": "country", "chosen": [], "decided": True}
        return {"verdict": "compose", "chosen": [chosen["document_id"]], "decided": True}
    if choice.subject and state.get("rounds", 0) == 0:
        # Asked anew by the name that officials use; what is found then, the rules judge.
        understanding = {**state["understanding"], "standalone": choice.subject, "minor": []}
        again = {"verdict": "again", "chosen": [], "rounds": 1, "decided": True}
        return {**again, "understanding": understanding}
    return {**ruled, "decided": True}


BESIDE = {"cost", "requirement", "evidence", "processing_time", "legal_resource", "steps"}
"""Aspects that rows of a tool do not answer: a document may, beside them."""


def _beside_findings(state: State, context: Context) -> dict[str, Any]:
    """Rows answer; a document joins them where something else was asked too, and it is sure. One
    that stands in for rows that are missing must be surer: the question was for rows.
    """
    ruled = _by_rules(state, context)
    more = BESIDE & set(state["understanding"]["aspects"])
    stands_in = not _any_rows(state) and _is_sure(state)
    joins = ruled["verdict"] == "compose" and (more or stands_in)
    return {"verdict": "compose", "chosen": ruled["chosen"] if joins else [], "alike": []}


def _is_sure(state: State) -> bool:
    """Whether some document surely answers."""
    return any(e["trust"] >= SURE for e in best_per_document(state))


def _any_rows(state: State) -> bool:
    return any(finding["proves"] for finding in state.get("findings") or ())


def _abroad(chosen: Evidence, ranked: list[Evidence]) -> bool:
    """Whether another country has a document that is as near."""
    return any(
        e["country"] != chosen["country"] and e["score"] >= chosen["score"] - LEVEL_COUNTRIES
        for e in ranked
    )


def _by_rules(state: State, context: Context) -> dict[str, Any]:
    understanding = state["understanding"]
    if understanding["elsewhere"]:
        return {"verdict": "reply", "chosen": []}
    reading = context.searcher.read(
        understanding["standalone"],
        _scope(state, context),
        understanding["minor"],
        understanding["language"],
    )
    if not reading.strong and not reading.mentions:
        return {"verdict": "topic", "chosen": []}
    order = best_per_document(state)
    able = [e for e in order if e["trust"] >= ENOUGH]
    if not able:
        perhaps = [e["document_id"] for e in order if e["trust"] >= PERHAPS][:OFFERED]
        again = state.get("rounds", 0) == 0 and understanding["sectors"] != ["general"]
        asks_back = perhaps and not understanding["unsaid"]  # whichever it is, it would not answer
        return {
            "verdict": "again" if again else ("service" if asks_back else "reply"),
            "chosen": perhaps,
            "rounds": state.get("rounds", 0) + 1,
        }
    if not understanding["countries"]:
        level = {e["country"] for e in able if e["score"] >= able[0]["score"] - LEVEL_COUNTRIES}
        if len(level) > 1:
            return {"verdict": "country", "chosen": []}
    chosen = _of_parts(state) or _choose(able, state, context)
    return {"verdict": "compose", "chosen": chosen, "alike": _alike(order, chosen)}


def _of_parts(state: State) -> list[str]:
    """The document of each subject, where a question names several and each has one of its own."""
    found: list[str] = []
    for number in range(1, len(state["understanding"]["parts"]) + 1):
        first = next(iter(ranked(e for e in state["evidence"] if e["part"] == number)), None)
        if first is None or first["trust"] < PART:
            return []
        found.append(first["document_id"])
    distinct = list(dict.fromkeys(found))
    return distinct if len(distinct) > 1 else []


def _preference(evidence: Evidence, context: Context) -> float:
    """The score less what age and doubt take away: of two documents on one procedure, the one
    whose values hold today goes first.
    """
    document = context.document(evidence["document_id"])
    if document is None:
        return -1.0
    provenance, lost = document.provenance, 0.0
    if provenance.as_of is None:
        lost += UNDATED
    elif context.today().year - last_day(provenance.as_of).year >= OLD_AFTER_YEARS:
        lost += OLD
    if provenance.verification is Verification.UNVERIFIED:
        lost += UNVERIFIED
    return evidence["score"] - lost


def _alike(ranked: list[Evidence], chosen: list[str]) -> list[str]:
    """Other services that may be meant, where one document answers and others are close."""
    first = next((e for e in ranked if e["document_id"] in chosen), None)
    if first is None or len(chosen) > 1:
        return []
    near = [
        e["document_id"]
        for e in ranked
        if e["document_id"] not in chosen
        and e["country"] == first["country"]
        and e["score"] >= first["score"] - ALIKE
    ]
    return near[:MOST_ALIKE]


def _scope(state: State, context: Context) -> Scope:
    return Scope(tenants=context.tenants, countries=tuple(state["understanding"]["countries"]))


def _choose(able: list[Evidence], state: State, context: Context) -> list[str]:
    """The best document of each country asked about; of those that are as surely on the subject,
    the one whose values hold today.
    """
    chosen = []
    for country in state["understanding"]["countries"] or [able[0]["country"]]:
        of_country = [e for e in able if e["country"] == country]
        if of_country:
            first = of_country[0]
            level = [e for e in of_country if e["score"] >= first["score"] - LEVEL]
            best = max(level, key=lambda e: _preference(e, context))
            chosen.append(best["document_id"])
    return chosen
