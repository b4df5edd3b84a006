"""Words that a misspelt word may stand for: one error in sound or spelling, two in a long word.

    >>> Slips(["chillan", "nunoa", "chillanes"]).of("chilan")
    (('chillan', 1),)

Candidates are found by their deletions (W. Garbe's SymSpell), so that ten thousand names cost no
more than ten.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.analyse import sound

LEAST = 5
"""Letters; shorter words have too many neighbours to guess at."""

MOST = 40
"""Letters; no name has more in one word, and every letter costs time."""

LONG = 9
"""Letters from which on two errors are still the same word."""


class Slips:
    """Finds the words of one vocabulary that lie near a misspelt one."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_rest: dict[str, list[str]] = {}
        self._long: list[str] = []
        for word in sorted({w for w in words if len(w) >= LEAST and not w.isdigit()}):
            heard = sound(word)
            for rest in {*_rests(heard), *_rests(word)}:
                self._by_rest.setdefault(rest, []).append(word)
            if len(word) >= LONG - 1:
                self._long.append(word)
        self.of = lru_cache(maxsize=8192)(self._of)

    def _of(self, word: str) -> tuple[tuple[str, int], ...]:
        """Words near the folded `word` with their errors (0: it only sounds alike), nearest first."""
        if not LEAST <= len(word) <= MOST or word.isdigit():
            return ()
        heard = sound(word)
        near: dict[str, int] = {}
        for rest in {*_rests(heard), *_rests(word)}:
            for candidate in self._by_rest.get(rest, ()):
                if candidate != word and candidate not in near:
                    spelled = OSA.distance(word, candidate)
                    errors = min(spelled, OSA.distance(heard, sound(candidate)))
                    if errors <= 1 and spelled <= 2:
                        near[candidate] = errors
        if not near and len(word) >= LONG:
            near = {
                candidate: int(errors)
                for candidate, errors, _ in process.extract(
                    word, self._long, scorer=OSA.distance, score_cutoff=2, limit=3
                )
            }
        # A first letter is seldom mistaken.
        order = sorted(near, key=lambda w: (near[w], w[0] != word[0], OSA.distance(word, w)))
        return tuple((w, near[w]) for w in order)


def _rests(word: str) -> set[str]:
    """The word, and all that remains when one letter is taken out of it."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}
