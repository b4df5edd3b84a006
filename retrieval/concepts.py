"""Finds the concepts of the vocabulary in a text: "brevete" and "CNH" both name `driving-licence`.

A concept becomes a dimension of the `terms` leg, in passages and questions alike. So a citizen's
word meets the official one, and Spanish meets Portuguese, inside the index and weighed by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from retrieval.analyse import question_words, stem, stopwords, words
from sources.vocabulary import Concept


@dataclass(frozen=True, slots=True)
class Mention:
    """Concept `id` named by the content words ``start`` to ``end`` (exclusive). It is `sure` unless
    the word is an everyday one too, or one of another language: then it may help to find a
    document, but never rules one out.
    """

    id: str
    start: int
    end: int
    label: str
    sure: bool = True


class Matcher:
    """Longest-match look-up of labels over stems, per language and country."""

    def __init__(self, concepts: Mapping[str, Concept]) -> None:
        self.concepts = concepts
        self._labels: dict[str, dict[tuple[str, ...], list[tuple[str, str, str]]]] = {}
        self._longest: dict[str, int] = {}
        for concept in concepts.values():
            for tag, label in concept.labels():
                language, _, region = tag.partition("-")
                key = tuple(stem(w, language) for w in content(label, language))
                if key:
                    table = self._labels.setdefault(language, {})
                    table.setdefault(key, []).append((concept.id, region, label))
                    self._longest[language] = max(self._longest.get(language, 0), len(key))
        self.stems = {
            language: {s for key in t for s in key} for language, t in self._labels.items()
        }

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the vocabulary: passages carry concepts, so they are then indexed again."""
        labels = sorted(
            (k, *entry) for t in self._labels.values() for k, es in t.items() for entry in es
        )
        return hashlib.sha256(repr(labels).encode()).hexdigest()[:16]

    def find(
        self, tokens: Sequence[str], language: str, countries: Iterable[str] = ()
    ) -> list[Mention]:
        """The concepts in `tokens` (folded content words), longest label first, none inside another.

        A label of one country counts only where `countries` holds it, or is empty.
        """
        table = self._labels.get(language, {})
        allowed = {"", *countries}
        stems = [stem(token, language) for token in tokens]
        found: list[Mention] = []
        position = 0
        while position < len(stems):
            step = 1
            for length in range(min(self._longest.get(language, 0), len(stems) - position), 0, -1):
                entries = [
                    e
                    for e in table.get(tuple(stems[position : position + length]), ())
                    if len(allowed) == 1 or e[1] in allowed
                ]
                if entries:
                    end = position + length
                    found += [
                        Mention(i, position, end, label, not self._everyday(label, length))
                        for i, _, label in entries
                    ]
                    step = length
                    break
            position += step
        return found

    def _everyday(self, label: str, length: int) -> bool:
        return length == 1 and _says_too_little(label)

    def in_text(self, text: str, language: str, country: str) -> set[str]:
        """The ids of the concepts named in `text`."""
        return {m.id for m in self.find(content(text, language), language, (country,))}

    def neighbours(self, concept_id: str) -> tuple[str, ...]:
        """What a concept leads to: related services of a life event, and the broader concept."""
        concept = self.concepts[concept_id]
        return (*concept.related, *concept.broader)


@lru_cache(maxsize=65536)
def _says_too_little(label: str) -> bool:
    """Whether the one word that stopwords leave of a label is an everyday one: "ser mamá" leaves
    "mamá".
    """
    spelled = words(label)
    if label.isupper():
        return False
    empty, weak = question_words()
    return len(spelled) > 2 or any(w in empty or w in weak for w in spelled if len(w) > 2)


def content(text: str, language: str) -> list[str]:
    """The folded words of `text` without the stopwords of `language`."""
    stop = stopwords(language)
    return [word for word in words(text) if word not in stop]
