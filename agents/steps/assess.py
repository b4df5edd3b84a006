"""Step 4: is there enough, from the right country? Otherwise a broader round, a question, or "I don't know".

The decision rests on how much of the question a document covers and how much of the document's
title the question names. A fused search score does not separate the answerable from the rest.
"""

from __future__ import annotations

from typing import Any

from agents.context import Context
from agents.state import Evidence, State
from retrieval.index import Scope
from sources.document import Verification, last_day

ENOUGH, PERHAPS = 0.1, -0.5
"""`confidence` from which a document answers, and from which the citizen is asked whether it is
what was meant."""

WEIGHTS = {"reverse": 1.9, "missing": -1.35, "unmet": -4.5}
BIAS = -0.35
"""Fitted by logistic regression on the `tune` part of the golden questions, against their wrong
documents (`tests/bench/abstain.py` prints fit and separation)."""

FOREIGN = 0.35
"""The share of a question in known subjects that a document does not speak of, above which it is
not even offered."""

OFFERED = 4
"""Services offered where none is sure."""

LEVEL_COUNTRIES = 0.7
"""Documents of two countries whose scores are this near, and no country named: the citizen is
asked."""

LEVEL_SCORE, LEVEL_CONFIDENCE = 0.6, 0.5
"""Documents of one country this near are on one subject."""

OLD_AFTER_YEARS, OLD, UNDATED, UNVERIFIED = 3, 0.35, 0.15, 0.15
"""What a document loses against one on the same subject that is fresh, dated and verified."""


def signs(coverage: dict[str, float]) -> dict[str, float]:
    """What speaks for a document and against it. `unmet` is the share of the question that its best
    passage leaves open, the less telling the longer the story that the citizen tells.
    """
    return {
        "reverse": coverage["reverse"],
        "missing": coverage["missing"],
        "unmet": (1 - coverage["passage"]) / (1 + coverage["subjects"] / 2),
    }


def confidence(evidence: Evidence) -> float:
    """How surely a document is about the question, in log-odds: 0 is as likely as not."""
    found = signs(evidence["coverage"])
    return BIAS + sum(weight * found[name] for name, weight in WEIGHTS.items())


def _perhaps(evidence: Evidence) -> bool:
    """Whether a document may be what was meant: near enough, and no known subject is foreign to it."""
    return confidence(evidence) >= PERHAPS and evidence["coverage"]["missing"] <= FOREIGN


def best_per_document(state: State) -> list[Evidence]:
    """The evidence, each document once, surest first."""
    best: dict[str, Evidence] = {}
    for found in state.get("evidence", ()):
        known = best.get(found["document_id"])
        if known is None or found["score"] > known["score"]:
            best[found["document_id"]] = found
    return sorted(best.values(), key=lambda e: -e["score"])


def assess(state: State, context: Context) -> dict[str, Any]:
    """Chooses the documents that may answer, and what happens next (`verdict`)."""
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
    ranked = best_per_document(state)
    able = [e for e in ranked if confidence(e) >= ENOUGH]
    if not able:
        perhaps = [e["document_id"] for e in ranked if _perhaps(e)][:OFFERED]
        again = state.get("rounds", 0) == 0 and understanding["sectors"] != ["general"]
        return {
            "verdict": "again" if again else ("service" if perhaps else "reply"),
            "chosen": perhaps,
            "rounds": state.get("rounds", 0) + 1,
        }
    if not understanding["countries"]:
        level = {e["country"] for e in able if e["score"] >= able[0]["score"] * LEVEL_COUNTRIES}
        if len(level) > 1:
            return {"verdict": "country", "chosen": []}
    return {"verdict": "compose", "chosen": _choose(able, state, context)}


def _preference(evidence: Evidence, context: Context) -> float:
    """The score less what age and doubt take away: of two documents on one procedure, the one
    whose values hold today goes first.
    """
    document = context.searcher.store.get(evidence["document_id"])
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
            level = [
                e
                for e in of_country
                if e["score"] >= first["score"] - LEVEL_SCORE
                and confidence(e) >= confidence(first) - LEVEL_CONFIDENCE
            ]
            best = max(level, key=lambda e: _preference(e, context))
            chosen.append(best["document_id"])
    return chosen
