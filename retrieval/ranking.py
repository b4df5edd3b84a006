"""Which document is nearest to a question, and how surely it is the one asked for.

    order = Σ weight · sign                        puts the documents found in order
    trust = bias + Σ weight · sign + weight · lead is the log-odds that the document is right

The signs are taken from a `Coverage` and the fused rank of the index; `lead` is how far a document
is ahead of the next one in order. The weights are data (``ranking.yaml``), fitted by
`tests/bench/ranking.py`: the order as a conditional logit over the documents found (McFadden 1974),
the trust as a logistic regression over the first of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path

from retrieval.coverage import Coverage
from sources.catalog import read_yaml

WEIGHTS = Path(__file__).with_name("ranking.yaml")
LEAD = "lead"
AGAINST = frozenset({"elsewhere", "aside", "beside", "open", "unmet", "strange", "rivals"})
"""Signs that never speak for a document; all others never speak against one. The fit is held to
it, so that a weight stays true for questions unlike those it was fitted on."""

RERANK = 1.5
"""How far a reranker may lift one document over another: less than the literal name of a service
does, since neither these weights nor the trust were fitted with it."""

FURTHEST = 3.0
"""A lead beyond which nothing is surer."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the signs for the order, and for the trust with its lead and its bias."""

    order: dict[str, float]
    trust: dict[str, float]
    lead: float
    bias: float


def signs(coverage: Coverage, fused: float) -> dict[str, float]:
    """What speaks for a document. `fused` is its rank in the index, from 0 to 1 for the best.

    `open` is the share of the question that the best passage leaves open, the less telling the longer
    the story that the citizen tells. `beside` grows where most of the question means what the
    document is not about, unless it is known to answer one like it.
    """
    story = 1 + coverage.subjects / 2
    return {
        "fused": fused,
        "share": coverage.share,
        "label": coverage.label_share,
        "reverse": coverage.reverse,
        "both": coverage.reverse * coverage.label_share,
        "about": max(math.sqrt(coverage.named * coverage.label_share), coverage.asked),
        "elsewhere": coverage.elsewhere,
        "aside": coverage.aside,
        "beside": max(0.0, 2 * (coverage.elsewhere + coverage.aside) - 1) * (1 - coverage.asked),
        "open": (1 - coverage.passage) / story,
        "asked": coverage.asked,
        "action": coverage.action,
        "literal": coverage.literal,
        "met": min(coverage.met, 2),
        "unmet": min(coverage.unmet, 2),
        "strange": min(coverage.strange, 3),
        "rivals": coverage.rivals,
        "about rivals": coverage.rivals
        * max(math.sqrt(coverage.named * coverage.label_share), coverage.asked),
        "strength": math.log1p(coverage.strength),
        "named": coverage.named,
        "foreign": float(coverage.foreign),
    }


@cache
def weights() -> Weights:
    """The weights in use. Raises CatalogError where the file is spoilt."""
    data = read_yaml(WEIGHTS)
    known = signs(Coverage(), 0.0).keys()
    order, trust = (
        {name: float(weight) for name, weight in data[part].items() if name in known}
        for part in ("order", "trust")
    )
    lead = float(data["trust"].get(LEAD, 0.0))
    return Weights(order, trust, lead, float(data["bias"]))


def order(coverage: Coverage, fused: float) -> float:
    """How near a document is; only differences between the documents of one search mean anything."""
    return _told(weights().order, coverage, fused)


def reranked(scores: Sequence[float]) -> list[float]:
    """What a reranker's `scores` (from 0 to 1) add to the order: 0 for the worst, at most `RERANK`.

    Nothing is taken from a document, so that one read by the reranker is not behind for that.
    """
    least = min(scores, default=0.0)
    return [RERANK * (score - least) for score in scores]


def trust(coverage: Coverage, fused: float) -> float:
    """The log-odds that the document is what was asked for, before its lead is known."""
    return weights().bias + _told(weights().trust, coverage, fused)


def _told(by_sign: Mapping[str, float], coverage: Coverage, fused: float) -> float:
    found = signs(coverage, fused)
    told: float = sum(map(mul, by_sign.values(), map(found.__getitem__, by_sign)))
    return told


def with_lead(trusted: float, lead: float) -> float:
    """`trusted`, for a document that is `lead` ahead of the next (behind the first if negative)."""
    return trusted + weights().lead * max(-FURTHEST, min(FURTHEST, lead))
