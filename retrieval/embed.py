"""The legs of the search: what turns a passage or a question into named sparse vectors.

Two legs need no model. `terms` are stems weighted by BM25F (Robertson & Zaragoza 2009, eq. 3.19):
the title and the other names of a document count more than its body. `grams` are character n-grams
inside words, which forgive typing errors and bridge Spanish and Portuguese. Inverse document
frequency is Qdrant's part (`Modifier.IDF`), so it is always that of the passages at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retrieval.analyse import dimension, gram_dimensions, stem, stopwords, words
from retrieval.chunk import Passage
from sources.document import Document

TERMS, GRAMS = "terms", "grams"
LEGS = (TERMS, GRAMS)

FIELD_WEIGHTS = {"title": 3.0, "names": 2.0, "keywords": 1.0, "heading": 0.5, "body": 1.0}
K1 = 1.2
B = 0.5
AVERAGE_LENGTH = {TERMS: 60.0, GRAMS: 900.0}
"""Weighted tokens in a typical passage; fixed, so that adding documents re-weighs nothing."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: `indices` are unique, `values` stand at the same places."""

    indices: tuple[int, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, weights: Mapping[int, float]) -> Sparse:
        """From dimension → weight."""
        return cls(tuple(weights), tuple(weights.values()))


def _saturate(weights: Mapping[int, float], average: float) -> Sparse:
    length = sum(weights.values())
    norm = K1 * (1 - B + B * length / average)
    return Sparse.of({d: w * (K1 + 1) / (w + norm) for d, w in weights.items()})


def context(document: Document) -> dict[str, str]:
    """The parts of a document that every passage of it is found by."""
    return {
        "title": document.title,
        "names": " \n ".join(document.names),
        "keywords": " \n ".join((*document.keywords, document.provenance.agency)),
    }


CONCEPT_WEIGHT = 2.0
"""A concept of the vocabulary named in a title counts as much as a word in another name."""


def passage_vectors(
    document: Document, passage: Passage, concepts: Iterable[str] = ()
) -> dict[str, Sparse]:
    """The legs of one passage; `concepts` are the ids named by the document's title and names."""
    parts = context(document) | {
        "heading": passage.heading,
        "body": document.text[passage.start : passage.end],
    }
    by_term: Counter[int] = Counter()
    by_gram: Counter[int] = Counter()
    stop = stopwords(document.language)
    for part, text in parts.items():
        weight = FIELD_WEIGHTS[part]
        for word, count in Counter(words(text)).items():
            if word in stop:
                continue
            by_term[dimension(stem(word, document.language))] += weight * count
            for gram in gram_dimensions(word):
                by_gram[gram] += weight * count
    for concept_id in concepts:
        by_term[dimension(f"#{concept_id}")] += CONCEPT_WEIGHT
    return {
        TERMS: _saturate(by_term, AVERAGE_LENGTH[TERMS]),
        GRAMS: _saturate(by_gram, AVERAGE_LENGTH[GRAMS]),
    }


def question_vectors(
    weighted_words: Iterable[tuple[str, float]],
    languages: Iterable[str],
    concepts: Iterable[tuple[str, float]] = (),
) -> dict[str, Sparse]:
    """The legs of a question, from its folded words and the concepts they name, with weights.

    A word is stemmed as each of `languages` does, since a passage is stemmed in its own.
    """
    languages = tuple(languages)
    by_term: dict[int, float] = {}
    by_gram: dict[int, float] = {}
    for word, weight in weighted_words:
        for token in {dimension(stem(word, language)) for language in languages}:
            by_term[token] = max(weight, by_term.get(token, 0.0))
        for gram in gram_dimensions(word):
            by_gram[gram] = max(weight, by_gram.get(gram, 0.0))
    for concept_id, weight in concepts:
        by_term[dimension(f"#{concept_id}")] = weight
    return {TERMS: Sparse.of(by_term), GRAMS: Sparse.of(by_gram)}
