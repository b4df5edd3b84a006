"""Learns from examples how crises and refusals sound, how people ask for what tools answer, and for
what no document says.

    python -m agents.rules.learn

reads ``safety_examples.yaml``, ``tool_examples.yaml`` and ``unsaid_examples.yaml`` and writes the
weights beside them. What the seed corpus, the vocabulary and the known questions say counts as ordinary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from agents.rules.fit import Example, fit, write
from agents.rules.likeness import ORDINARY, masked, weights_file
from agents.safety import ruled
from sources.asked import read_asked
from sources.catalog import read_catalog, read_yaml
from sources.connectors import read
from sources.document import Document

FOLDER = Path(__file__).parent
VOCABULARY = Path(__file__).parents[2] / "sources" / "vocabulary"

THINNED = 3
"""Of so many labels of the vocabulary, or known questions, one is used where there are many, to keep a
balance with the examples."""

NAMED = 7
"""Of so many labels one is used as it stands: a bare name asks for what documents say."""


def examples_file(name: str) -> Path:
    """The YAML file of the examples called `name`."""
    return FOLDER / f"{name}_examples.yaml"


def digest(name: str = "safety") -> str:
    """The state of the examples, by which a file of weights tells what it was learnt from."""
    return hashlib.sha256(examples_file(name).read_bytes()).hexdigest()


def examples() -> list[Example]:
    """The examples for the guard, with their categories."""
    data = read_yaml(examples_file("safety"))
    found = [Example(text, ORDINARY) for text in data["legitimate"]]
    for kind in ("crisis", "refused"):
        for category, texts in data[kind].items():
            found += [Example(text, category) for text in texts]
    return found


def tool_examples() -> list[Example]:
    """The examples for the tools; `none` are those that no tool answers."""
    data = read_yaml(examples_file("tool"))
    return [
        Example(masked(str(text)), ORDINARY if name == "none" else name)
        for name, texts in data.items()
        for text in texts
    ]


def learn() -> dict[str, Any]:
    """The guard's weights as the file keeps them."""
    own = examples()
    known = {example.text for example in own}
    # A question that a rule stops is left out: services on violence are asked for by its victims too.
    asked = (Example(q, ORDINARY) for q in _asked() if not ruled(q))
    ordinary = dict.fromkeys([*asked, *_ordinary()])
    return fit(own + [e for e in ordinary if e.text not in known], digest("safety"))


def learn_tools() -> dict[str, Any]:
    """The tools' weights as the file keeps them."""
    own = tool_examples()
    frames = (e for e in _ordinary() if "?" in e.text)
    ordinary = dict.fromkeys([*(Example(masked(q), ORDINARY) for q in _asked()), *frames])
    return fit([*own, *ordinary], digest("tool"))


def learn_unsaid() -> dict[str, Any]:
    """The weights for what no document says. What documents and tools are asked for is ordinary."""
    own = [
        Example(masked(text), category)
        for category, texts in read_yaml(examples_file("unsaid")).items()
        for text in texts
    ]
    others = [*map(masked, _asked()), *(example.text for example in tool_examples())]
    named = [label for labels in _labels() for label in labels]
    taken = [*others[::THINNED], *named[::NAMED]]
    ordinary = dict.fromkeys(Example(text, ORDINARY) for text in taken)
    return fit([*own, *ordinary], digest("unsaid"))


def _asked() -> Iterator[str]:
    """What citizens ask of services, as the catalogue knows it."""
    for entry in read_catalog().values():
        if entry.questions:
            for questions in read_asked(Path(entry.questions)).values():
                yield from questions


def _ordinary() -> Iterator[Example]:
    """Official texts and the vocabulary, names and labels in the frames of a question."""
    frames = cycle(read_yaml(examples_file("safety"))["frames"])
    for item in read(read_catalog()["seed"]):
        if isinstance(item, Document):
            yield from (Example(item.quote(s)[:200], ORDINARY) for s in item.sections)
            for name in (item.title, *item.names, *item.keywords):
                yield Example(next(frames).format(name), ORDINARY)
    for labels in _labels():
        for label in labels[::THINNED]:
            yield Example(next(frames).format(label), ORDINARY)


def _labels() -> Iterator[list[str]]:
    """What the vocabulary calls things, theme by theme."""
    for path in sorted(VOCABULARY.glob("*.yaml")):
        yield sorted({text for text in _texts(read_yaml(path)) if 3 < len(text) < 80})


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _texts(child)


def main() -> None:
    """Learns anew and writes the weights."""
    write(learn(), weights_file("safety"))
    write(learn_tools(), weights_file("tool"))
    write(learn_unsaid(), weights_file("unsaid"))


if __name__ == "__main__":
    main()
