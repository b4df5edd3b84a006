"""The data about names of places: ``sources/places/*.yaml``, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sources
from retrieval.analyse import fold, question_words, stem, stopwords, words
from retrieval.reading import is_ordinary
from sources.bilingual import translations
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
    in_the: frozenset[str]
    of: frozenset[str]
    near: frozenset[str]
    services: frozenset[str]
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
    foreign: frozenset[str]


def _cities_elsewhere() -> frozenset[str]:
    return frozenset(" ".join(words(name)) for other in elsewhere() for name in other.other_names)


@cache
def around() -> Words:
    """The words around names. Raises CatalogError naming the field that is missing or wrong."""
    data = read("words")
    try:
        parts = data["name_parts"]
        simple = (
            "any_kind",
            "located",
            "in_the",
            "of",
            "near",
            "services",
            "articles",
            "particles",
            "shy",
            "strong",
        )
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
            foreign=_flat(data["foreign"], "foreign") | _cities_elsewhere(),
            **{field: _flat(data[field], field) for field in simple},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CatalogError(
            f"words.yaml lacks {error}", "Compare it with the published file."
        ) from None


def kind_label(kind: str, language: str) -> str:
    """What a kind of territory is called in `language`: "comuna", "município"."""
    labels = read("words")["kinds"].get(kind, {}).get("label", {})
    return str(labels.get(language, kind))


def usual_kind(country: str) -> str:
    """The kind of territory that a bare name means in `country` before all others."""
    return next(iter(around().prefer.get(country, ())), "")


@cache
def country_names() -> dict[str, str]:
    """The folded names of all countries, covered or not → their ISO 3166-1 codes. No place is one."""
    found: dict[str, str] = {}
    for country in countries().values():
        for name in country.names.values():
            found[" ".join(words(name))] = country.code
    for other in elsewhere():
        for name in other.names.values():
            found.setdefault(" ".join(words(name)), other.code)
    return found


@cache
def _services() -> tuple[frozenset[str], frozenset[str]]:
    """The folded words that name a service by themselves, and all words of the vocabulary and of
    what tells a country. A label with a capital is a name ("Metro de Santiago") and no such word.
    """
    alone: set[str] = set()
    every: set[str] = set()
    for concept in concepts().values():
        for _, label in concept.labels():
            spelled = words(label)
            every.update(spelled)
            if len(spelled) == 1 and not label[0].isupper():
                alone.add(spelled[0])
    for country in countries().values():
        for label in (*country.implied_by, *country.demonyms, *country.currency_words):
            every.update(words(label))
    for other in elsewhere():
        every.update(word for label in other.demonyms for word in words(label))
    return frozenset(alone), frozenset(every)


@cache
def _little() -> frozenset[str]:
    """The folded words that carry no subject, and those that only ask."""
    return stopwords("es") | stopwords("pt") | question_words()[0]


def is_little(word: str) -> bool:
    """Whether a folded word carries no subject: an article, a pronoun, a word that asks."""
    return word in _little()


@cache
def _asking() -> frozenset[str]:
    return _little() | question_words()[1]


@cache
def _spelled() -> frozenset[str]:
    """The folded words of the word lists as they are spelled, and of the questions' words."""
    listed = {word for table in translations().values() for entry in table for word in words(entry)}
    return frozenset(listed) | _asking()


@cache
def is_word(word: str) -> bool:
    """Whether a folded word is an everyday one, as it is spelled: a name like it is shy."""
    return word in _spelled() or word in _services()[0] or word.removesuffix("s") in _spelled()


LEAST_STEM = 5
"""Letters; a shorter stem says too little: "chilan" has the stem of "chileno"."""


@cache
def is_everyday(word: str) -> bool:
    """Whether a folded word is one of ours in any form, so that it is no misspelt name."""
    lists = around()
    if is_word(word) or word in _services()[1] or word in lists.foreign | lists.shy | lists.strong:
        return True
    return is_ordinary(word) and all(len(stem(word, tag)) >= LEAST_STEM for tag in ("es", "pt"))


@cache
def shyness(key: tuple[str, ...]) -> int:
    """How easily a name, as folded words, is something else: 0 never; 1 a person's name or an
    everyday word; 2 an everyday word of services, which even a preposition does not make a place.
    """
    lists = around()
    joined = " ".join(key)
    if joined in lists.strong or joined in lists.foreign:
        return 2
    content = [word for word in key if word not in lists.articles] or list(key)
    if len(content) == 1:
        word = content[0]
        if word in lists.shy:
            return 1
        if len(key) == 1 and word in _little():
            return 2
        return int(is_word(word))
    return int(joined in lists.shy or all(map(is_word, content)))
