"""The data about names of places: ``sources/places/*.yaml``, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sources
from retrieval.analyse import fold, question_words, stopwords, words
from retrieval.reading import is_ordinary
from sources.catalog import read_yaml
from sources.country import countries, elsewhere
from sources.errors import CatalogError
from sources.vocabulary import concepts

FOLDER = Path(sources.__file__).parent / "places"


@cache
def read(name: str) -> dict[str, Any]:
    """``sources/places/NAME.yaml``. Raises CatalogError if it is no YAML mapping."""
    return read_yaml(FOLDER / f"{name}.yaml")


def _flat(values: Any, where: str) -> frozenset[str]:
    """A list of words of a file, folded."""
    if not isinstance(values, list):
        raise CatalogError(f"words.yaml: {where} is no list", "Write it as [a, b].")
    return frozenset(" ".join(words(str(value))) for value in values)


@dataclass(frozen=True)
class Words:
    """``words.yaml``: folded words by what they say about a name next to them."""

    kinds: dict[str, frozenset[str]]
    any_kind: frozenset[str]
    prefer: dict[str, tuple[str, ...]]
    located: frozenset[str]
    of: frozenset[str]
    articles: frozenset[str]
    particles: frozenset[str]
    same: dict[str, str]
    abbreviations: dict[str, tuple[str, ...]]
    always: frozenset[str]
    facility: frozenset[str]
    part_of: frozenset[str]
    between: frozenset[str]
    shy: frozenset[str]
    strong: frozenset[str]


@cache
def around() -> Words:
    """The words around names. Raises CatalogError naming the field that is missing or wrong."""
    data = read("words")
    try:
        parts = data["name_parts"]
        simple = ("any_kind", "located", "of", "articles", "particles", "shy", "strong")
        return Words(
            kinds={
                kind: _flat(fields["words"], f"kinds.{kind}.words")
                for kind, fields in data["kinds"].items()
            },
            prefer={country: tuple(kinds) for country, kinds in data["prefer"].items()},
            same={fold(a): fold(b) for a, b in data["same"].items()},
            abbreviations={
                fold(short): tuple(fold(word) for word in long)
                for short, long in data["abbreviations"].items()
            },
            always=_flat(parts["always"], "name_parts.always"),
            facility=_flat(parts["facility"], "name_parts.facility"),
            part_of=_flat(parts["of"], "name_parts.of"),
            between=_flat(parts["between"], "name_parts.between"),
            **{field: _flat(data[field], field) for field in simple},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"words.yaml lacks {error}", "Compare it with the published file.") from None


def kind_label(kind: str, language: str) -> str:
    """What a kind of territory is called in `language`: "comuna", "município"."""
    labels = read("words")["kinds"].get(kind, {}).get("label", {})
    return str(labels.get(language, kind))


@cache
def country_names() -> dict[str, str]:
    """The folded names of all countries, covered or not → their ISO 3166-1 codes. No place is one."""
    found: dict[str, str] = {}
    for country in countries().values():
        for name in (*country.names.values(), *country.other_names):
            found[" ".join(words(name))] = country.code
    for other in elsewhere():
        for name in other.names.values():
            found.setdefault(" ".join(words(name)), other.code)
    return found


@cache
def _service_words() -> tuple[frozenset[str], frozenset[str]]:
    """The folded words that name a service by themselves, and all words of the vocabulary."""
    alone: set[str] = set()
    every: set[str] = set()
    for concept in concepts().values():
        for _, label in concept.labels():
            spelled = words(label)
            every.update(spelled)
            if len(spelled) == 1:
                alone.add(spelled[0])
    for country in countries().values():
        for label in (*country.implied_by, *country.demonyms, *country.currency_words):
            every.update(words(label))
    for other in elsewhere():
        every.update(word for label in other.demonyms for word in words(label))
    return frozenset(alone), frozenset(every)


@cache
def _asking() -> frozenset[str]:
    empty, weak = question_words()
    return stopwords("es") | stopwords("pt") | empty | weak


@cache
def is_everyday(word: str) -> bool:
    """Whether a folded word is one of ours, so that it is no misspelt name."""
    return word in _asking() or word in _service_words()[1] or is_ordinary(word)


@cache
def shyness(key: tuple[str, ...]) -> int:
    """How easily a name, as folded words, is something else: 0 never; 1 a person's name or an
    everyday word; 2 an everyday word of services, which even a preposition does not make a place.
    """
    lists = around()
    joined = " ".join(key)
    if joined in lists.strong:
        return 2
    content = [word for word in key if word not in lists.articles] or list(key)
    if len(content) == 1:
        word = content[0]
        if len(key) == 1 and (word in _asking() or word in _service_words()[0]):
            return 2
        return int(word in lists.shy or is_everyday(word))
    return int(joined in lists.shy or all(map(is_everyday, content)))
