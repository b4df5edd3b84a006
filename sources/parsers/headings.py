"""What a heading or a label announces, by the phrases of ``headings.yaml``.

>>> infer("¿Cuánto cuesta el duplicado?").value
'cost'
>>> label_field("Plazo: 5 días hábiles").value
'processing_time'
>>> label_field("Nota: traiga lapicero") is None
True
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from sources.catalog import read_yaml
from sources.document import Field
from sources.errors import CatalogError
from sources.parsers.blocks import fold, unnumbered

DATA = Path(__file__).with_name("headings.yaml")

_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"([^:?\n]{2,60}):(?=\s|$)")
_QUESTION = re.compile(r"([¿\w][^?\n]{2,90}\?)(?=\s)")
_LABEL_WORDS = 6


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    field: Field

    def matches(self, words: tuple[str, ...], start: int) -> bool:
        """Whether the phrase stands in `words` at `start`."""
        stretch = words[start : start + len(self.words)]
        return len(stretch) == len(self.words) and all(
            word.startswith(own[:-1]) if own.endswith("*") else word == own
            for own, word in zip(self.words, stretch, strict=True)
        )


_Group = Mapping[str, Sequence[_Phrase]]
"""Phrases by the letter that they begin with, in the order in which they are tried."""


class _Phrases(NamedTuple):
    ignored: frozenset[str]
    strong: _Group
    weak: _Group


@cache
def _phrases() -> _Phrases:
    """The data file. Raises CatalogError where it names a property that does not exist."""
    data = read_yaml(DATA)
    ignored = frozenset(data.get("ignored", ()))

    def group(name: str) -> _Group:
        found = []
        for field, phrases in data.get(name, {}).items():
            if field not in {known.value for known in Field}:
                raise CatalogError(f"{DATA.name}: {name}: unknown property {field!r}", "Mend it.")
            for phrase in phrases:
                words = tuple(word for word in phrase.split() if word not in ignored)
                if not words or words[0] == "*":
                    raise CatalogError(f"{DATA.name}: {name}: {phrase!r} fits all", "Mend it.")
                found.append(_Phrase(words, Field(field)))
        # The longest phrase wins at one place, and of two equally long the one without a star.
        found.sort(key=lambda p: (-len(p.words), sum(w.endswith("*") for w in p.words)))
        by_letter: dict[str, list[_Phrase]] = defaultdict(list)
        for each in found:
            by_letter[each.words[0][0]].append(each)
        return by_letter

    return _Phrases(ignored, group("phrases"), group("weak"))


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    ignored = _phrases().ignored
    return tuple(word for word in _WORD.findall(fold(text)) if word not in ignored)


def _at(words: tuple[str, ...], start: int, group: _Group) -> _Phrase | None:
    if start >= len(words):
        return None
    candidates = group.get(words[start][0], ())
    return next((phrase for phrase in candidates if phrase.matches(words, start)), None)


@lru_cache(maxsize=4096)
def infer(heading: str) -> Field | None:
    """The property that `heading` announces, or None where it announces none that we know."""
    words = _words(unnumbered(heading))
    for group in (_phrases().strong, _phrases().weak):
        for start in range(len(words)):
            if phrase := _at(words, start, group):
                return phrase.field
    return None


@lru_cache(maxsize=4096)
def head_field(text: str) -> Field | None:
    """As `infer`, but only for a phrase that `text` begins with: a title's or label's main word."""
    words = _words(unnumbered(text))
    phrase = _at(words, 0, _phrases().strong)
    return phrase.field if phrase else None


def exact_field(text: str) -> Field | None:
    """As `infer`, but only where `text` is a phrase and nothing else, as a column's header is."""
    words = _words(text)
    phrase = _at(words, 0, _phrases().strong)
    return phrase.field if phrase and len(phrase.words) == len(words) else None


def label_field(text: str) -> Field | None:
    """The property of "Label: value" or "¿Question? answer", by what stands before the value."""
    if question := _QUESTION.match(text):
        return infer(question[1])
    label = _LABEL.match(text)
    if label is None or len(label[1].split()) > _LABEL_WORDS:
        return None
    found = head_field(label[1])
    return None if found is Field.BODY else found
