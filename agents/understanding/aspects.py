"""What a question asks for: the cost, the papers, the place …"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from agents.phrases import Normaliser, Phrases, rules
from retrieval.analyse import question_words
from retrieval.lexicon import Lexicon
from retrieval.reading import is_ordinary
from sources.document import Field


@dataclass(frozen=True)
class Aspect:
    """One thing to ask for: the fields that answer it, best first, and what the answer shows.

    A `soft` one is answered by what a document says in general; any other has its own answer, and
    its absence is told.
    """

    name: str
    fields: tuple[Field, ...]
    shows: str
    phrases: Phrases
    soft: bool = False


@cache
def aspects() -> dict[str, Aspect]:
    """All aspects by name, in the order of the rule file."""
    return {
        name: Aspect(
            name,
            tuple(Field(field) for field in data["fields"]),
            data["shows"],
            Phrases(data["phrases"]),
            bool(data.get("soft")),
        )
        for name, data in rules("aspects")["aspects"].items()
    }


@cache
def _normaliser() -> Normaliser:
    phrases = [p for aspect in aspects().values() for p in aspect.phrases.phrases]
    empty, weak = question_words()
    return Normaliser(phrases, empty | weak)


def asked(text: str, lexicon: Lexicon | None = None) -> list[str]:
    """The aspects that `text` asks for, in its order; empty where it asks in general.

    A longer phrase takes its words from the shorter ones inside it: "cuánto tiempo vale" asks how
    long something is good for, not what it costs.
    """
    normalise = _normaliser()
    folded = " ".join(
        word if is_ordinary(word) or (lexicon and lexicon.knows(word)) else normalise.mend(word)
        for word in normalise.split(text)
    )
    found = [
        (start, end, name)
        for name, aspect in aspects().items()
        for start, end, _ in aspect.phrases.find(folded)
    ]
    kept = [
        f
        for f in found
        if not any(
            o is not f and o[0] <= f[0] and f[1] <= o[1] and (o[1] - o[0]) > (f[1] - f[0])
            for o in found
        )
    ]
    ordered = dict.fromkeys(name for _, _, name in sorted(kept))
    # "¿Cómo …?" and "¿qué es?" say little where the question also names something to be told.
    specific = [name for name in ordered if name not in ("steps", "description")]
    return specific or list(ordered)
