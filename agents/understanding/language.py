"""Which language a question is written in."""

from __future__ import annotations

from functools import cache

from agents.phrases import rules
from retrieval.analyse import fold, stopwords, words

MARK_WEIGHT = 1.5
"""A letter or ending that only one language writes says more than one common word."""


@cache
def _lists() -> tuple[dict[str, frozenset[str]], dict[str, tuple[str, ...]]]:
    data = rules("languages")
    raw = {
        language: {{False: "no", True: "si"}.get(w, w) for w in data[language]}
        for language in ("es", "pt", "en")
    }
    # A word tells two languages apart only if the other has no such word.
    lists = {
        language: frozenset(
            known - set().union(*(raw[o] | stopwords(o) for o in raw if o != language))
        )
        for language, known in raw.items()
    }
    return lists, {language: tuple(marks) for language, marks in data["marks"].items()}


def detect(text: str, fallback: str = "es") -> str:
    """One of es, pt and en; `fallback` where the text does not tell."""
    lists, marks = _lists()
    tokens = words(text)
    scores: dict[str, float] = {
        language: float(sum(token in known for token in tokens))
        for language, known in lists.items()
    }
    lowered = f"{text.lower()} "
    for language, signs in marks.items():
        for sign in signs:
            found = lowered.count(sign) if sign != fold(sign) else fold(lowered).count(sign)
            scores[language] += MARK_WEIGHT * min(found, 3)
    # English is answered only when nothing of the others is there: loanwords are everywhere.
    if scores["en"] >= 2 and scores["en"] > 2 * max(scores["es"], scores["pt"]):
        return "en"
    if scores["es"] == scores["pt"]:
        return fallback if fallback in ("es", "pt") else "es"
    return "es" if scores["es"] > scores["pt"] else "pt"
