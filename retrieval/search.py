"""Question → ranked passages of the right country, tenant and day.

    >>> searcher.search("renovar brevete", Scope(tenants=("public",), countries=("PE",)))
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from retrieval.concepts import Matcher
from retrieval.coverage import Coverage, Profiler, cover
from retrieval.embed import GRAMS, TERMS, question_vectors
from retrieval.index import Hit, Index, Scope
from retrieval.lexicon import Lexicon
from retrieval.reading import LANGUAGES, Reading, read
from retrieval.store import Store
from sources.document import Document, Field

CANDIDATES = 160
"""Passages taken from the index before documents are ranked."""

LEG_WEIGHTS = {TERMS: 1.0, GRAMS: 1.0}
CONCEPT_WEIGHT, NEIGHBOUR_WEIGHT = 1.0, 0.4
RANK_WEIGHTS = {"fused": 0.4, "share": 1.0, "label": 0.6, "reverse": 0.5}


@dataclass(frozen=True, slots=True)
class Found:
    """A passage found; `score` orders results and means nothing by itself."""

    document: Document
    passage_id: str
    field: Field
    heading: str
    start: int
    end: int
    page: int | None
    score: float
    coverage: Coverage

    @property
    def quote(self) -> str:
        """The passage's exact words."""
        return self.document.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Result:
    """Passages, best first, and how the question was read."""

    passages: tuple[Found, ...]
    reading: Reading

    @property
    def documents(self) -> tuple[Found, ...]:
        """The best passage of each document, best first."""
        best: dict[str, Found] = {}
        for found in self.passages:
            best.setdefault(found.document.id, found)
        return tuple(best.values())


class Searcher:
    """The index, the store and the vocabulary together; safe to share between threads."""

    def __init__(self, index: Index, store: Store, matcher: Matcher) -> None:
        self.index, self.store, self.matcher = index, store, matcher
        self._profiler = Profiler(matcher)
        self._lock = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """To be called after a sync: forgets what was counted over the documents."""
        self._lexicon = lru_cache(maxsize=32)(
            lambda tenants, countries: Lexicon(self.store, tenants, countries)
        )

    def lexicon(self, scope: Scope) -> Lexicon:
        """The words of the documents in `scope`."""
        with self._lock:  # lru_cache alone would let two threads count the same words
            return self._lexicon(scope.tenants, tuple(sorted(scope.countries)))

    def read(self, question: str, scope: Scope, minor: Iterable[str] = ()) -> Reading:
        """How `question` is understood within `scope`; `minor` words qualify and do not name."""
        lexicon = self.lexicon(scope)
        return read(question, lexicon, self.matcher, countries=scope.countries, minor=minor)

    def search(
        self, question: str, scope: Scope, *, limit: int = 50, minor: Iterable[str] = ()
    ) -> Result:
        """The best passages, at most `limit`; none where nothing in the question names a subject."""
        reading = self.read(question, scope, minor)
        hits = self.index.query(self._legs(reading), scope, max(CANDIDATES, limit))
        return Result(tuple(self._rank(hits, reading)[:limit]), reading)

    def _legs(self, reading: Reading) -> dict[str, tuple]:  # type: ignore[type-arg]
        weighted = [(s.word, 0.3 if s.weak else 1.0) for s in reading.subjects]
        concepts = {c: CONCEPT_WEIGHT for c in reading.concepts}
        for concept in reading.concepts:
            for neighbour in self.matcher.neighbours(concept):
                concepts.setdefault(neighbour, NEIGHBOUR_WEIGHT)
        vectors = question_vectors(weighted, LANGUAGES, concepts.items())
        return {leg: (vectors[leg], LEG_WEIGHTS[leg]) for leg in vectors}

    def _rank(self, hits: Iterable[Hit], reading: Reading) -> list[Found]:
        """Documents by fused rank and coverage; within a document, passages by fused rank."""
        by_document: dict[str, list[Found]] = {}
        top = 0.0
        for hit in hits:
            top = max(top, hit.score)
            payload = hit.payload
            document_id = payload["document_id"]
            if document_id in by_document:
                first = by_document[document_id][0]
                by_document[document_id].append(_found(first.document, hit, first.coverage))
                continue
            document = self.store.get(document_id, payload["revision"])
            if document is None:  # replaced or removed a moment ago: it cannot answer any more
                continue
            profile = self._profiler.profile(document, payload["revision"])
            coverage = cover(reading, profile, self.matcher)
            by_document[document_id] = [_found(document, hit, coverage)]
        ranked = sorted(
            by_document.values(), key=lambda group: -_score(group[0], group[0].score / top)
        )
        found = []
        for group in ranked:
            score = _score(group[0], group[0].score / top)
            found += [replace(f, score=score * f.score / group[0].score) for f in group]
        return sorted(found, key=lambda f: -f.score)


def _score(found: Found, fused: float) -> float:
    weights, coverage = RANK_WEIGHTS, found.coverage
    return (
        weights["fused"] * fused
        + weights["share"] * coverage.share
        + weights["label"] * coverage.label_share
        + weights["reverse"] * coverage.reverse
    )


def _found(document: Document, hit: Hit, coverage: Coverage) -> Found:
    payload = hit.payload
    return Found(
        document=document,
        passage_id=payload["passage_id"],
        field=Field(payload["field"]),
        heading=payload["heading"],
        start=payload["start"],
        end=payload["end"],
        page=payload["page"],
        score=hit.score,
        coverage=coverage,
    )
