"""Weights for pieces of text, learnt from examples: a multinomial logistic regression, trained one
example at a time with adaptive steps (AdaGrad, Duchi et al. 2011). A run is deterministic.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.rules.likeness import ORDINARY, SCALE, features
from agents.rules.matching import words_of

ROUNDS, RATE, DECAY = 12, 0.3, 1e-4
"""Passes over the examples, first step, and how fast a weight fades."""

SEEN, LEAST = 3, 60
"""In how many examples a piece must stand, and the weight (in SCALE) below which it is left out."""

RARITY = 4
"""How much more an example of the rarest category may count than an ordinary one."""


class Example(NamedTuple):
    """A text and its category, `ORDINARY` where it is none of those that are looked for."""

    text: str
    category: str


def fit(taught: Sequence[Example], digest: str) -> dict[str, Any]:
    """The weights as their file keeps them; `digest` says what they were learnt from."""
    pieces = [features(words_of(example.text).keys) for example in taught]
    counts = Counter(piece for found in pieces for piece in found)
    places = {p: i for i, p in enumerate(sorted(p for p, n in counts.items() if n >= SEEN))}
    rows = [np.array(sorted(places[p] for p in found if p in places), int) for found in pieces]
    categories = [ORDINARY, *sorted({example.category for example in taught} - {ORDINARY})]
    truth = [categories.index(example.category) for example in taught]
    shares = [1 / np.sqrt(max(len(found), 1)) for found in pieces]
    weights, bias = _descend(rows, shares, truth, len(places), len(categories))
    whole = np.rint(weights * SCALE).astype(int)
    return {
        "examples": digest,
        "categories": categories,
        "bias": np.rint(bias * SCALE).astype(int).tolist(),
        "weights": {
            p: whole[i].tolist() for p, i in places.items() if abs(whole[i]).max() >= LEAST
        },
    }


def _descend(
    rows: list[Any], shares: list[float], truth: list[int], pieces: int, categories: int
) -> tuple[Any, Any]:
    """Weights and bias that tell `truth` from `rows`, the places of each example's pieces."""
    counted = np.sqrt(len(rows) / np.bincount(truth, minlength=categories))
    rarity = np.minimum(counted / counted[0], RARITY)
    weights, bias = np.zeros((pieces, categories)), np.zeros(categories)
    steps = np.full((pieces, categories), 1e-6)
    order = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for at in order.permutation(len(rows)):
            row, share = rows[at], shares[at]
            odds = weights[row].sum(0) * share + bias
            error = np.exp(odds - odds.max())
            error /= error.sum()
            error[truth[at]] -= 1
            error *= rarity[truth[at]]
            slope = error * share + DECAY * weights[row]
            steps[row] += slope * slope
            weights[row] -= RATE * slope / np.sqrt(steps[row])
            bias -= RATE / 15 * error
    return weights, bias


def write(data: dict[str, Any], path: Path) -> None:
    """Writes the weights, one piece of text a line."""
    weights = ",\n".join(
        f"{json.dumps(piece, ensure_ascii=False)}:{json.dumps(row, separators=(',', ':'))}"
        for piece, row in data.pop("weights").items()
    )
    head = json.dumps(data, separators=(",", ":"))
    path.write_text(f'{head[:-1]},"weights":{{\n{weights}\n}}}}\n', encoding="utf-8")
