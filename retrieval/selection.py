"""Which of the documents found are shown: one of several copies, and several agencies among equals.

Two documents are the same where they have the same title and nearly the same words, in one country
and territory: a card under two ids, a revision beside the one before it, an agency's copy. A text
alone does not tell: of the Brazilian cards 578 pairs share 85 % of their words and are different
services ("Obter Declaração: Supervia", "Obter Declaração: MetrôRio").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from retrieval.profile import Profile
from sources.document import Document, Verification, last_day

SAME_WORDS = 0.8
"""The share of the words of two texts that both hold, from which they are one."""

AGAIN, MOST_LOST = 0.2, 0.6
"""What a document loses in the list for each one of its agency above it, and at most: only
documents that are as good as level change places. Their scores stay."""

_OFFICIAL_FIRST = {verification: -n for n, verification in enumerate(Verification)}


def same(one: Profile, other: Profile) -> bool:
    """Whether two documents of one place say the same under the same title."""
    if one.language != other.language or one.title != other.title:
        return False
    both = len(one.body & other.body)
    return both >= SAME_WORDS * (len(one.body) + len(other.body) - both)


def of_one_place(one: Document, other: Document) -> bool:
    """Whether two documents hold in the same country and territory."""
    return (one.country, one.territory) == (other.country, other.territory)


def worth(document: Document) -> tuple[int, date]:
    """Of two copies the one that is worth more is shown: the more official, then the newer."""
    provenance = document.provenance
    dated = last_day(provenance.as_of) if provenance.as_of else date.min
    return _OFFICIAL_FIRST[provenance.verification], dated


def spread(ranked: Sequence[tuple[float, str]]) -> list[float]:
    """Where documents stand in the list, from their scores and agencies, best first.

    The first keeps its place, and none loses more than `MOST_LOST`.
    """
    places = [0.0] * len(ranked)
    shown: Counter[str] = Counter()
    waiting = list(range(len(ranked)))

    def at(number: int) -> float:
        score, agency = ranked[number]
        return score - min(AGAIN * shown[agency], MOST_LOST)

    while waiting:
        best = max(waiting, key=at)
        places[best] = at(best)
        shown[ranked[best][1]] += 1
        waiting.remove(best)
    return places
