"""How much a text sounds like examples: of a crisis, of what is refused, of what a tool answers or no
document says.

Rules know only the words that someone thought of; what they miss is weighed here by the words,
pairs of words and parts of words that it shares with the examples (``safety_examples.yaml``,
``tool_examples.yaml``, ``unsaid_examples.yaml``). The weights beside them are learnt by `agents.rules.learn`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from agents.rules.matching import Words
from sources.errors import CatalogError

ORDINARY = "ordinary"
"""The category of what is none of those that are looked for."""

SCALE = 100
"""Weights are kept as hundredths, so that the file stays small."""

PART = 4
"""Letters in a part of a word."""


def features(keys: tuple[str, ...]) -> set[str]:
    """The pieces of a text that carry weight: words, pairs (also over a gap), parts of words."""
    pieces = set(keys)
    pieces.update(f"{a} {b}" for a, b in pairwise(keys))
    pieces.update(f"{a} _ {b}" for a, b in zip(keys, keys[2:], strict=False))
    for key in keys:
        framed = f"<{key}>"
        pieces.update(framed[i : i + PART] for i in range(len(framed) - PART))
    return pieces


class Scorer:
    """How likely a text belongs to each category, by what was learnt."""

    def __init__(self, data: dict[str, Any]) -> None:
        """`data` as `agents.rules.learn.learn` gives it."""
        self.learnt_from: str = data["examples"]
        self._categories: list[str] = data["categories"]
        self._bias: list[int] = data["bias"]
        self._weights: dict[str, list[int]] = data["weights"]

    def likelihoods(self, words: Words) -> dict[str, float]:
        """The probability of each category, between 0 and 1."""
        pieces = features(words.keys)
        rows = [row for piece in pieces if (row := self._weights.get(piece))]
        share = 1 / math.sqrt(max(len(pieces), 1))  # what is unknown speaks for nothing
        sums = map(sum, zip(*rows, strict=True)) if rows else [0] * len(self._bias)
        odds = [(s * share + b) / SCALE for s, b in zip(sums, self._bias, strict=True)]
        powers = [math.exp(odd - max(odds)) for odd in odds]
        whole = sum(powers)
        return dict(zip(self._categories, (p / whole for p in powers), strict=True))


def weights_file(name: str) -> Path:
    """The file of the weights called `name`: "safety", "tool" or "unsaid"."""
    return Path(__file__).parent / f"{name}_weights.json"


@cache
def scorer(name: str = "safety") -> Scorer:
    """The scorer with the weights that come with Ventanilla.

    Raises CatalogError where the file is missing or spoilt.
    """
    path = weights_file(name)
    try:
        return Scorer(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise CatalogError(
            f"{path.name} cannot be read ({error})", "Run `python -m agents.rules.learn`."
        ) from None


PLACE_WORD, NUMBER_WORD = "lugarlugar", "numeronumero"
"""What stands for any place and any number, so that none is learnt by heart."""

_PLACEHOLDERS = {
    "{place}": PLACE_WORD, "{stop}": "", "{route}": "1", "{age}": "1 anos", "{university}": "universidad",
}  # fmt: skip


def masked(text: str, places: Iterable[tuple[int, int]] = ()) -> str:
    """`text` with its places (spans of code points), placeholders and numbers put into one word."""
    for start, end in sorted(places, reverse=True):
        text = f"{text[:start]}{PLACE_WORD}{text[end:]}"
    for placeholder, word in _PLACEHOLDERS.items():
        text = text.replace(placeholder, word)
    return re.sub(r"\w*\d[\w-]*", NUMBER_WORD, text)
