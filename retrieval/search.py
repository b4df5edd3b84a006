"""Question → ranked passages of the right country, tenant and day.

>>> searcher.search("renovar brevete", Scope(tenants=("public",), countries=("PE",)))
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from retrieval.analyse import stem, words
from retrieval.chunk import widened
from retrieval.concepts import Matcher
from retrieval.coverage import Coverage, cover, together
from retrieval.dense_leg import DenseLeg, passage_text
from retrieval.embed import GRAMS, TERMS, Sparse, Vector, question_vectors
from retrieval.index import Hit, Index, Scope
from retrieval.lexicon import Lexicon
from retrieval.profile import Profile, Profiler
from retrieval.ranking import order, reranked, trust
from retrieval.reading import LANGUAGES, WEAK_WEIGHT, Reading, read
from retrieval.rerank import Reranker
from retrieval.selection import of_one_place, same, spread, worth
from retrieval.store import Store
from sources.document import Document, Field

CANDIDATES = 160
"""Passages taken from the index before documents are ranked."""

LEG_WEIGHTS = {TERMS: 1.0, GRAMS: 1.0}
CONCEPT_WEIGHT, NEIGHBOUR_WEIGHT, ABROAD_WEIGHT = 1.0, 0.4, 0.6
NEXT_PASSAGE = 1.0
"""What each further passage of a document loses against the one before it: who reads
down the list meets other documents too."""

LOOKED_INTO, PASSAGES_LOOKED_INTO = 30, 4
"""Documents, and passages of each, that are read word by word before the last ranking."""

RERANKED = 20
"""Documents whose best passage a cross-encoder reads beside the question."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage found. `score` puts results in order and `trust` tells how surely the document is
    the one asked for, as `retrieval.ranking` has them; `near` is the score without a reranker, by
    which a lead is told; `fused` is the index's own rank, from 0 to 1 for the best document.
    `copies` are the ids of documents that say the same and are not shown.
    """

    document: Document
    passage_id: str
    field: Field
    heading: str
    start: int
    end: int
    page: int | None
    score: float
    near: float
    trust: float
    fused: float
    coverage: Coverage
    copies: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        """The passage with those around it, where its section was cut: what a reader needs to
        understand it.
        """
        start, end = widened(self.document, self.start, self.end)
        return self.document.text[start:end]

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

    def __init__(
        self,
        index: Index,
        store: Store,
        matcher: Matcher,
        dense: DenseLeg | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.index, self.store, self.matcher = index, store, matcher
        self.dense, self.reranker = dense, reranker
        self.profiler = Profiler(matcher)
        self._literal: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """To be called after a sync: forgets what was counted over the documents."""
        self._lexicon = lru_cache(maxsize=32)(
            lambda tenants, countries: Lexicon(self.store, tenants, countries)
        )

    def literally(self, said: Iterable[str]) -> Searcher:
        """The same searcher, for one question in which these words mean what is written: they are
        not mended, and no concept is read in them.
        """
        same = copy.copy(self)
        same._literal = frozenset(" ".join(words(each)) for each in said)
        return same

    def lexicon(self, scope: Scope) -> Lexicon:
        """The words of the documents in `scope`."""
        with self._lock:  # lru_cache alone would let two threads count the same words
            return self._lexicon(scope.tenants, tuple(sorted(scope.countries)))

    def read(
        self,
        question: str,
        scope: Scope,
        minor: Iterable[str] = (),
        language: str | None = None,
    ) -> Reading:
        """How `question` is understood within `scope`; `minor` words qualify and do not name."""
        lexicon = self.lexicon(scope)
        return read(
            question,
            lexicon,
            self.matcher,
            countries=scope.countries,
            minor=minor,
            language=language,
            literal=self._literal,
        )

    def search(
        self,
        question: str,
        scope: Scope,
        *,
        limit: int = 50,
        minor: Iterable[str] = (),
        language: str | None = None,
    ) -> Result:
        """The best passages, at most `limit`; none where nothing in the question names a subject."""
        reading = self.read(question, scope, minor, language)
        legs: dict[str, tuple[Vector, float]] = {**self._legs(reading)}
        if self.dense and reading.subjects:
            legs |= self.dense.of_question(question)
        hits = self.index.query(legs, scope, max(CANDIDATES, limit))
        found = self._rank(hits, question, reading, self.lexicon(scope), limit)
        return Result(tuple(found), reading)

    def _legs(self, reading: Reading) -> dict[str, tuple[Sparse, float]]:
        weighted = [(s.word, WEAK_WEIGHT if s.weak else 1.0) for s in reading.subjects]
        weighted += [
            (word, ABROAD_WEIGHT * (WEAK_WEIGHT if s.weak else 1.0))
            for s in reading.subjects
            for word in s.abroad
        ]
        concepts = dict.fromkeys(reading.concepts, CONCEPT_WEIGHT)
        for concept in reading.concepts:
            for neighbour in self.matcher.neighbours(concept):
                concepts.setdefault(neighbour, NEIGHBOUR_WEIGHT)
        vectors = question_vectors(weighted, LANGUAGES, concepts.items())
        return {leg: (vectors[leg], LEG_WEIGHTS[leg]) for leg in vectors}

    def _rank(
        self,
        hits: Iterable[Hit],
        question: str,
        reading: Reading,
        lexicon: Lexicon,
        limit: int,
    ) -> list[Found]:
        """The best `limit` passages: documents in order, within a document by fused rank."""
        groups = self._groups(hits, reading, lexicon)
        top = max((group.hits[0].score for group in groups), default=1.0)
        for group in groups:
            group.rank = group.hits[0].score / top
            group.near = group.place = order(group.coverage, group.rank)
        groups.sort(key=lambda g: -g.near)
        looked_into = self._look_into(groups[:LOOKED_INTO], reading)
        self._rerank(question, looked_into)
        placed = [
            (
                group.place + group.bonus - NEXT_PASSAGE * n,
                group.near - NEXT_PASSAGE * n,
                group,
                hit,
            )
            for group in (*looked_into, *groups[LOOKED_INTO:])
            for n, hit in enumerate(group.hits)
        ]
        placed.sort(key=lambda p: -p[0])
        shown = {group.id: group for _, _, group, _ in placed[:limit]}
        trusted = {each: trust(group.coverage, group.rank) for each, group in shown.items()}
        return [
            _found(document, group, hit, near, trusted[group.id])
            for _, near, group, hit in placed[:limit]
            if (document := group.document or self.store.get(group.id, group.revision))
        ]

    def _look_into(self, nearest: list[_Group], reading: Reading) -> list[_Group]:
        """The nearest documents, each read, one of several copies left, and put in their places."""
        by_title: dict[frozenset[str], list[_Group]] = {}
        for group in nearest:
            group.document = self.store.get(group.id, group.revision)
            if group.document is not None:
                group.look_into(group.document, reading)
        for group in sorted(nearest, key=lambda g: -g.near):
            alike = by_title.setdefault(group.profile.title, [])
            for n, first in enumerate(alike):
                if first.says_the_same(group):
                    alike[n] = first.joined_with(group)
                    break
            else:
                alike.append(group)
        kept = sorted(chain.from_iterable(by_title.values()), key=lambda g: -g.near)
        agencies = [g.document.provenance.agency if g.document else g.id for g in kept]
        near = [group.near for group in kept]
        for group, place in zip(kept, spread(list(zip(near, agencies, strict=True))), strict=True):
            group.place = place
        return kept

    def _groups(self, hits: Iterable[Hit], reading: Reading, lexicon: Lexicon) -> list[_Group]:
        """The documents found, by fused rank. A point of another revision than the one that stands
        in the store now was replaced or removed a moment ago, and cannot answer any more.
        """
        listed = list(hits)
        current = self.store.revisions({hit.payload["document_id"] for hit in listed})
        by_document: dict[str, list[Hit]] = {}
        for hit in listed:
            if current.get(hit.payload["document_id"]) == hit.payload["revision"]:
                by_document.setdefault(hit.payload["document_id"], []).append(hit)
        profiles = self.profiler.profiles({i: current[i] for i in by_document}, self.store)
        return [
            _Group(
                document_id,
                current[document_id],
                profiles[document_id],
                cover(reading, profiles[document_id], self.matcher, lexicon),
                mine,
            )
            for document_id, mine in by_document.items()
            if document_id in profiles
        ]

    def _rerank(self, question: str, groups: list[_Group]) -> None:
        """Lets a cross-encoder move the first documents, as far as `reranked` allows."""
        first = [g for g in sorted(groups, key=lambda g: -g.near) if g.document][:RERANKED]
        if self.reranker is None or not first:
            return
        texts = [
            passage_text(g.document, p["heading"], p["start"], p["end"])
            for g in first
            if g.document
            for p in [g.hits[0].payload]
        ]
        scores = self.reranker.scores(question, texts)
        if scores is not None:
            for group, bonus in zip(first, reranked(scores), strict=True):
                group.bonus = bonus


@dataclass(slots=True)
class _Group:
    """A document with the passages found of it, best first. `near` is its score, `place` where it
    stands in the list; `document` is there once it was read, and `copies` say the same.
    """

    id: str
    revision: str
    profile: Profile
    coverage: Coverage
    hits: list[Hit]
    rank: float = 0.0
    near: float = 0.0
    place: float = 0.0
    document: Document | None = None
    copies: tuple[str, ...] = ()
    bonus: float = 0.0

    def look_into(self, document: Document, reading: Reading) -> None:
        """Holds the question against the passages found, and the document by the best of them."""
        best = 0.0
        for hit in self.hits[:PASSAGES_LOOKED_INTO]:
            quote = document.text[hit.payload["start"] : hit.payload["end"]]
            stems = _stems(quote, document.language)
            best = max(best, together(reading, self.profile, stems))
        self.coverage = replace(self.coverage, passage=best)
        self.near = self.place = order(self.coverage, self.rank)

    def says_the_same(self, other: _Group) -> bool:
        """Whether a reader needs only one of the two."""
        if self.document is None or other.document is None:
            return False
        return of_one_place(self.document, other.document) and same(self.profile, other.profile)

    def joined_with(self, other: _Group) -> _Group:
        """The one worth more, in the better place; the other is named as its copy."""
        assert self.document is not None and other.document is not None
        shown, left = self, other
        if worth(other.document) > worth(self.document):
            shown, left = other, self
        shown.near = max(self.near, other.near)
        shown.copies = (*shown.copies, left.id, *left.copies)
        return shown


@lru_cache(maxsize=8192)
def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in words(text))


def _found(document: Document, group: _Group, hit: Hit, near: float, trusted: float) -> Found:
    payload = hit.payload
    return Found(
        document=document,
        passage_id=payload["passage_id"],
        field=Field(payload["field"]),
        heading=payload["heading"],
        start=payload["start"],
        end=payload["end"],
        page=payload.get("page"),
        score=near + group.bonus,
        near=near,
        trust=trusted,
        fused=group.rank,
        coverage=group.coverage,
        copies=group.copies,
    )
