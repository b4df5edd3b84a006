"""Phrases as an agency would write them, matched against what people type.

A phrase is a few folded words; a star stands for any ending (``cobra*``). Text is folded before it
is matched, and a word that is no word but nearly one of the phrases is read as that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.analyse import fold, words
from sources.catalog import read_yaml

RULES = Path(__file__).parent / "rules"
_FUZZY_FROM = 5


@cache
def rules(name: str) -> dict[str, Any]:
    """The rule file ``agents/rules/<name>.yaml``."""
    return read_yaml(RULES / f"{name}.yaml")


class Phrases:
    """A set of phrases, compiled once."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = tuple(dict.fromkeys(fold(str(p)).strip() for p in phrases))
        longest_first = sorted(self.phrases, key=len, reverse=True)
        body = "|".join(_pattern(phrase) for phrase in longest_first)
        self._regex = re.compile(rf"(?<!\w)(?:{body})(?!\w)") if body else None

    def find(self, folded: str) -> list[tuple[int, int, str]]:
        """Start, end and words of every match in folded text, left to right."""
        if self._regex is None:
            return []
        return [(m.start(), m.end(), m.group()) for m in self._regex.finditer(folded)]

    def __contains__(self, folded: str) -> bool:
        return self._regex is not None and self._regex.search(folded) is not None


def _pattern(phrase: str) -> str:
    parts = [re.escape(word).replace(r"\*", r"\w*") for word in phrase.split()]
    return r"\W+".join(parts)


class Normaliser:
    """Folds text and mends words that are one slip away from a rule's own words."""

    def __init__(self, phrases: Iterable[str], known: Iterable[str]) -> None:
        vocabulary = {w for p in phrases for w in fold(p).replace("*", "").split()}
        self._targets = sorted(w for w in vocabulary if len(w) >= _FUZZY_FROM)
        self._known = frozenset(known) | vocabulary
        self.mend = lru_cache(maxsize=16384)(self._mend)

    def _mend(self, word: str) -> str:
        if len(word) < _FUZZY_FROM or word in self._known or word.isdigit():
            return word
        cutoff = 0.8 if len(word) < 8 else 0.75
        found = process.extractOne(
            word, self._targets, scorer=OSA.normalized_similarity, score_cutoff=cutoff
        )
        return found[0] if found else word

    @staticmethod
    def split(text: str) -> list[str]:
        """The folded words of `text`."""
        return words(text)
