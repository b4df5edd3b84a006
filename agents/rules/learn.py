"""Learns from examples how crises and refusals sound.

    python -m agents.rules.learn

reads ``safety_examples.yaml`` and writes ``safety_weights.json``: for each piece of text a weight
per category, of a multinomial logistic regression trained one example at a time with adaptive
steps (AdaGrad, Duchi et al. 2011). What the seed corpus and the vocabulary say counts as ordinary.
The run is deterministic.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.rules.likeness import ORDINARY, SCALE, WEIGHTS, features
from agents.rules.matching import words_of
from agents.safety import ruled
from sources.asked import read_asked
from sources.catalog import read_catalog, read_yaml
from sources.connectors import read
from sources.document import Document

EXAMPLES = Path(__file__).parent / "safety_examples.yaml"
VOCABULARY = Path(__file__).parents[2] / "sources" / "vocabulary"

ROUNDS, RATE, DECAY = 12, 0.3, 1e-4
"""Passes over the examples, first step, and how fast a weight fades."""

SEEN, LEAST = 3, 60
"""In how many examples a piece must stand, and the weight (in SCALE) below which it is left out."""

THINNED = 3
"""Of so many labels of the vocabulary one is used, to keep a balance with the examples."""

RARITY = 4
"""How much more an example of the rarest category may count than an ordinary one."""


class Example(NamedTuple):
    """A text and its category, `ORDINARY` where it is neither crisis nor refusal."""

    text: str
    category: str


def examples() -> list[Example]:
    """What the file holds, with its category."""
    data = read_yaml(EXAMPLES)
    found = [Example(text, ORDINARY) for text in data["legitimate"]]
    for kind in ("crisis", "refused"):
        for category, texts in data[kind].items():
            found += [Example(text, category) for text in texts]
    return found


def digest() -> str:
    """The state of the examples, by which a file of weights tells what it was learnt from."""
    return hashlib.sha256(EXAMPLES.read_bytes()).hexdigest()


def _ordinary() -> Iterator[Example]:
    """What citizens ask of services, official texts and the vocabulary, names and labels in the
    frames of a question. A question that a rule stops is left out: services on violence are asked
    for by its victims too.
    """
    frames = cycle(read_yaml(EXAMPLES)["frames"])
    for entry in read_catalog().values():
        if entry.questions:
            for questions in read_asked(Path(entry.questions)).values():
                yield from (Example(q, ORDINARY) for q in questions if not ruled(q))
    for item in read(read_catalog()["seed"]):
        if isinstance(item, Document):
            yield from (Example(item.quote(s)[:200], ORDINARY) for s in item.sections)
            for name in (item.title, *item.names, *item.keywords):
                yield Example(next(frames).format(name), ORDINARY)
    for path in sorted(VOCABULARY.glob("*.yaml")):
        labels = sorted({text for text in _texts(read_yaml(path)) if 3 < len(text) < 80})
        for label in labels[::THINNED]:
            yield Example(next(frames).format(label), ORDINARY)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _texts(child)


def learn() -> dict[str, Any]:
    """The weights as the file keeps them."""
    own = examples()
    known = {example.text for example in own}
    taught = own + [e for e in dict.fromkeys(_ordinary()) if e.text not in known]
    pieces = [features(words_of(example.text).keys) for example in taught]
    counts = Counter(piece for found in pieces for piece in found)
    places = {p: i for i, p in enumerate(sorted(p for p, n in counts.items() if n >= SEEN))}
    rows = [np.array(sorted(places[p] for p in found if p in places), int) for found in pieces]
    categories = [ORDINARY, *sorted({example.category for example in own} - {ORDINARY})]
    truth = [categories.index(example.category) for example in taught]
    shares = [1 / np.sqrt(max(len(found), 1)) for found in pieces]
    weights, bias = _descend(rows, shares, truth, len(places), len(categories))
    whole = np.rint(weights * SCALE).astype(int)
    return {
        "examples": digest(),
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


def main() -> None:
    """Learns anew and writes the weights, one piece of text a line."""
    data = learn()
    weights = ",\n".join(
        f"{json.dumps(piece, ensure_ascii=False)}:{json.dumps(row, separators=(',', ':'))}"
        for piece, row in data.pop("weights").items()
    )
    head = json.dumps(data, separators=(",", ":"))
    WEIGHTS.write_text(f'{head[:-1]},"weights":{{\n{weights}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
