"""The words of the indexed documents: how rare they are, and what a misspelt one may mean."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.analyse import sound, stem
from retrieval.store import Store

MIN_LENGTH = 4
"""Shorter words have too many neighbours to guess at."""


class Lexicon:
    """Counts over one choice of tenants and countries; read once, asked many times."""

    def __init__(self, store: Store, tenants: Iterable[str], countries: Iterable[str] = ()) -> None:
        asked_for, countries = tuple(set(tenants)), set(countries)
        among = f"WHERE tenant IN ({', '.join('?' * len(asked_for))})"

        def wanted(row: tuple[str, ...]) -> bool:
            return not countries or row[1] in countries

        query = f"SELECT * FROM document_counts {among}"  # noqa: S608
        self.size = sum(int(row[2]) for row in store.rows(query, *asked_for) if wanted(row))
        self._documents: Counter[str] = Counter()
        self._titles: Counter[str] = Counter()
        for row in store.rows(f"SELECT * FROM word_counts {among}", *asked_for):  # noqa: S608
            if not wanted(row):
                continue
            word, documents, titles, asked = row[2], int(row[3]), int(row[4]), int(row[5])
            # People misspell: a word that only one question holds is not known by it.
            if documents or asked > 1:
                self._documents[word] += documents + asked
            if titles:
                self._titles[word] += titles
        self._by_stem: dict[str, Counter[str]] = {}
        self._by_sound: dict[str, list[str]] | None = None
        self._title_words = [w for w in self._titles if len(w) >= MIN_LENGTH and not w.isdigit()]
        self._words = [w for w in self._documents if len(w) >= MIN_LENGTH and not w.isdigit()]
        self.similar = lru_cache(maxsize=8192)(self._similar)
        self.rarity = lru_cache(maxsize=65536)(self._rarity)
        self.correct = lru_cache(maxsize=8192)(self._correct)

    def _stems(self, language: str) -> Counter[str]:
        if language not in self._by_stem:
            counts: Counter[str] = Counter()
            for word, documents in self._documents.items():
                counts[stem(word, language)] += documents
            self._by_stem[language] = counts
        return self._by_stem[language]

    def knows(self, word: str) -> bool:
        """Whether a folded word stands in any document as it is."""
        return word in self._documents

    def titles(self, word: str) -> bool:
        """Whether a folded word stands in the title, a name or a keyword of any document."""
        return word in self._titles

    def _rarity(self, stemmed: str, language: str) -> float:
        """The inverse document frequency of a stem, at least 0; see `idf`."""
        return self._idf(self._stems(language)[stemmed])

    def idf(self, word: str, languages: Iterable[str]) -> float:
        """BM25's inverse document frequency of the word's commonest stem, at least 0.

        ln(1 + (N − n + 0.5) / (n + 0.5)), as in Lucene; a word that never occurs weighs most.
        """
        n = max((self._stems(language)[stem(word, language)] for language in languages), default=0)
        if named := self._titles[word]:
            # "CPF" stands in every list of papers, and still names few services.
            n = round(math.sqrt(n * named))
        return self._idf(n)

    def _idf(self, documents: int) -> float:
        n = min(documents, self.size)
        return math.log(1 + (self.size - n + 0.5) / (n + 0.5))

    def _similar(self, word: str) -> tuple[tuple[str, float], ...]:
        """Title words that look like `word`, with a likeness from 0.75 to 1: typos and cognates."""
        if len(word) < MIN_LENGTH:
            return ()
        found = process.extract(
            word,
            self._title_words,
            scorer=OSA.normalized_similarity,
            score_cutoff=0.75,
            limit=6,
        )
        return tuple((candidate, score) for candidate, score, _ in found if candidate != word)

    def _correct(self, word: str, common: frozenset[str]) -> tuple[str, float] | None:
        """What an unknown word was most likely meant to be, with the likeness; None if unclear.

        `common` are words to be met in any question. Words are held against each other as they
        sound: who writes "kero" or "renobal" knows how "quero" and "renovar" are spoken.
        """
        if len(word) < MIN_LENGTH or word.isdigit() or self.knows(word):
            return None
        spoken = self._spoken(common)
        cutoff = 0.8 if len(word) > 5 else 0.74
        found = process.extract(
            sound(word),
            spoken.keys(),
            scorer=OSA.normalized_similarity,
            score_cutoff=cutoff,
            limit=8,
        )
        if not found:
            return None

        # People seldom miss the first sound, and ask for what titles name; of two equally near
        # words the commoner one is meant more often.
        def likely(candidate: tuple[str, float]) -> tuple[float, int]:
            meant, likeness = candidate
            bonus = 0.06 * (sound(meant)[:1] == sound(word)[:1])
            bonus += 0.06 * (meant in self._titles or meant in common)
            return round(likeness + bonus, 2), self._documents[meant]

        each = [(meant, likeness) for key, likeness, _ in found for meant in spoken[key]]
        return max(each, key=likely)

    def _spoken(self, common: frozenset[str]) -> dict[str, list[str]]:
        if self._by_sound is None:
            by_sound: dict[str, list[str]] = {}
            for word in dict.fromkeys((*self._words, *sorted(common))):
                if len(word) >= MIN_LENGTH:
                    by_sound.setdefault(sound(word), []).append(word)
            self._by_sound = by_sound
        return self._by_sound
