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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from retrieval.analyse import dimension, gram_dimensions, stem, stopwords, words
from retrieval.chunk import Passage
from sources.document import Document

TERMS, GRAMS = "terms", "grams"
LEGS = (TERMS, GRAMS)
"""The legs that need no model; a dense one joins them under the name of its model's vector."""

Dense = NDArray[np.float32]
"""A dense vector, of shape (dimension,)."""

FIELD_WEIGHTS = {
    "title": 3.0,
    "names": 2.0,
    "asked": 1.0,
    "keywords": 1.0,
    "heading": 0.5,
    "body": 1.0,
}
K1 = 1.2
B = 0.5
AVERAGE_LENGTH = {TERMS: 60.0, GRAMS: 400.0}
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


Vector = Sparse | Dense
"""What one leg makes of a passage or a question."""


def filled(vector: Vector) -> bool:
    """Whether there is anything in `vector` to search by."""
    return bool(vector.indices) if isinstance(vector, Sparse) else vector.size > 0


class Weights:
    """Dimensions with weights, of which some may repeat; kept as arrays, since a passage has
    thousands of n-grams.
    """

    def __init__(self) -> None:
        self._dimensions: list[NDArray[np.uint32]] = []
        self._weights: list[NDArray[np.float32]] = []

    def add(self, dimensions: NDArray[np.uint32], weight: float) -> None:
        """Adds `weight` to each of `dimensions`."""
        if dimensions.size:
            self._dimensions.append(dimensions)
            self._weights.append(np.full(dimensions.size, weight, np.float32))

    def plus(self, other: Weights) -> Weights:
        """Both together."""
        total = Weights()
        total._dimensions = self._dimensions + other._dimensions
        total._weights = self._weights + other._weights
        return total

    def saturated(self, average: float) -> Sparse:
        """BM25's saturation and length normalisation; `average` is the usual sum of weights."""
        if not self._dimensions:
            return Sparse((), ())
        dimensions, places = np.unique(np.concatenate(self._dimensions), return_inverse=True)
        weights = np.bincount(places, np.concatenate(self._weights))
        norm = K1 * (1 - B + B * float(weights.sum()) / average)
        values = weights * (K1 + 1) / (weights + norm)
        return Sparse(tuple(dimensions.tolist()), tuple(values.tolist()))


CONCEPT_WEIGHT = 2.0
"""A concept of the vocabulary named in a title counts as much as a word in another name."""


@lru_cache(maxsize=65536)
def _gram_array(word: str) -> NDArray[np.uint32]:
    return np.array(gram_dimensions(word), np.uint32)


@lru_cache(maxsize=65536)
def _term_array(word: str, language: str) -> NDArray[np.uint32]:
    return np.array([dimension(stem(word, language))], np.uint32)


class PassageEncoder:
    """Makes the legs of one document's passages; what all of them share is weighed once.

    `concepts` are the ids of the vocabulary that the document's title and names name.
    """

    def __init__(self, document: Document, concepts: Iterable[str] = ()) -> None:
        self._language = document.language
        self._text = document.text
        self._shared = {TERMS: Weights(), GRAMS: Weights()}
        names = " \n ".join(document.names)
        keywords = " \n ".join((*document.keywords, document.provenance.agency))
        self._weigh(self._shared, document.title, "title")
        self._weigh(self._shared, names, "names")
        self._weigh(self._shared, " \n ".join(document.asked), "asked")
        self._weigh(self._shared, keywords, "keywords")
        for concept_id in concepts:
            place = np.array([dimension(f"#{concept_id}")], np.uint32)
            self._shared[TERMS].add(place, CONCEPT_WEIGHT)

    def encode(self, passage: Passage) -> dict[str, Sparse]:
        """The legs of `passage`."""
        own = {TERMS: Weights(), GRAMS: Weights()}
        self._weigh(own, passage.heading, "heading")
        self._weigh(own, self._text[passage.start : passage.end], "body")
        return {
            leg: self._shared[leg].plus(own[leg]).saturated(AVERAGE_LENGTH[leg]) for leg in LEGS
        }

    def _weigh(self, legs: dict[str, Weights], text: str, part: str) -> None:
        stop = stopwords(self._language)
        for word, count in Counter(words(text)).items():
            if word not in stop:
                weight = FIELD_WEIGHTS[part] * count
                legs[TERMS].add(_term_array(word, self._language), weight)
                legs[GRAMS].add(_gram_array(word), weight)


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
