"""Which cards are one service, and what each service is called.

A catalogue exported over years holds several revisions of a service under one number, each in the
file of the title that it had then, and now and then two services under one number. Of revisions
the latest is kept: the one with the later date, then the higher row number (a revision writes its
steps and applicants anew, so its rows are numbered higher), then the one that says more, then the
first by slug. Nothing depends on the order in which the cards were read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from sources.document import Rejected
from sources.parsers.govbr_card import Card, fold, slugify
from sources.parsers.govbr_phrases import wording
from sources.parsers.markup import one_line, plain

PREFIX = "br-servico-"

# Measured on the 89 numbers of the 2018 catalogue that stand in several files: revisions keep the
# description (≥ 85) or the title (≥ 60), or at least the agency and a word of the subject.
_SAME_DESCRIPTION = 85
_SAME_TITLE = 60
_STEM = 5
"""Letters by which words of one family are known: "credenciar", "credenciamento"."""


@dataclass(frozen=True, slots=True)
class Source:
    """A card and the file or entry it was read from."""

    name: str
    card: Card


def identify(sources: Iterable[Source]) -> Iterator[tuple[str, Card] | Rejected]:
    """Document ids with their cards, sorted by id, then a `Rejected` for every card left out."""
    by_key: dict[str, list[Source]] = {}
    rejected: list[Rejected] = []
    for source in sources:
        if reason := _unfit(source.card):
            rejected.append(Rejected(name=source.name, reason=reason))
        else:
            by_key.setdefault(_key(source.card), []).append(source)
    kept: dict[str, Card] = {}
    for key in sorted(by_key):
        groups = sorted((sorted(g, key=_rank) for g in _services(by_key[key])), key=_precedence)
        for place, group in enumerate(groups):
            name = _free_name(key, group[0].card, place, kept)
            kept[name] = group[0].card
            rejected += (_superseded(source, group[0], name) for source in group[1:])
    yield from sorted(kept.items(), key=lambda item: _natural(item[0]))
    yield from sorted(rejected, key=lambda item: (item.name, item.reason))


def _natural(name: str) -> tuple[int, int, str]:
    number = name.removeprefix(PREFIX).partition("-")[0]
    return (0, int(number), name) if number.isdecimal() else (1, 0, name)


def _superseded(source: Source, kept: Source, name: str) -> Rejected:
    return Rejected(name=source.name, reason=f"superseded revision of {name} ({kept.name})")


def _unfit(card: Card) -> str:
    """Why a card is no service at all, empty where it is one."""
    title = re.sub(r"[\s\d]+$", "", fold(one_line(card.name)))
    if not title:
        return "the card has no name"
    if title in _placeholders():
        return f"the card is a test entry, called {one_line(card.name)[:40]!r}"
    if not card.says_something:
        return "the card says nothing beside its name"
    return ""


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(map(fold, wording()["placeholder_titles"]))


@cache
def _generic_words() -> frozenset[str]:
    return frozenset(word[:_STEM] for word in map(fold, wording()["generic_title_words"]))


def slug_of(card: Card) -> str:
    """The card's own slug, else one made of its title."""
    return slugify(card.slug) or slugify(one_line(card.name)) or "sem-nome"


def _key(card: Card) -> str:
    number = card.number.strip()
    if number.isdecimal() and number.isascii():
        return str(int(number))
    return slugify(number) or slug_of(card)


def _free_name(key: str, card: Card, place: int, kept: dict[str, Card]) -> str:
    name = PREFIX + (key if place == 0 else f"{key}-{slug_of(card)}")
    count = 2
    while name in kept:  # two services of one number and one slug
        name, count = f"{PREFIX}{key}-{slug_of(card)}-{count}", count + 1
    return name


def _rank(source: Source) -> tuple[str, int, int, str, str]:
    """Sorts the latest revision first."""
    card = source.card
    # The live API outlived the XML catalogue: its cards are the later ones even without a date.
    day = card.as_of or ("2019" if card.origin == "json" else "0")
    inverted_date = "".join(chr(255 - ord(sign)) for sign in day)
    return (
        inverted_date,
        -card.revision,
        -len(card.model_dump_json()),
        slug_of(card),
        source.name,
    )


def _precedence(group: list[Source]) -> tuple[int, str, str]:
    """Sorts services that share a number: the one edited last keeps the number alone."""
    return -max(s.card.revision for s in group), slug_of(group[0].card), group[0].name


def _services(sources: list[Source]) -> list[list[Source]]:
    """Groups of revisions: two belong together if a chain of similar cards joins them."""
    groups: list[list[Source]] = []
    for source in sources:
        near = [g for g in groups if any(same_service(source.card, other.card) for other in g)]
        groups = [g for g in groups if g not in near]
        groups.append([source, *(other for group in near for other in group)])
    return groups


def same_service(one: Card, other: Card) -> bool:
    """Whether two cards of one number speak of the same service."""
    if fuzz.token_set_ratio(*map(_title, (one, other))) >= _SAME_TITLE:
        return True
    first, second = (fold(plain(card.description)) for card in (one, other))
    if first and second and fuzz.token_set_ratio(first, second) >= _SAME_DESCRIPTION:
        return True
    related = bool(_subject(one) & _subject(other))
    return related and fold(one.agency) == fold(other.agency)


def _title(card: Card) -> str:
    return fold(one_line(card.name))


def _subject(card: Card) -> set[str]:
    """Stems of the words in a card's title and popular names that tell what it is about."""
    words = re.findall(r"[^\W\d_]{4,}", fold(" ".join((card.name, *card.popular_names))))
    return {word[:_STEM] for word in words} - _generic_words()
