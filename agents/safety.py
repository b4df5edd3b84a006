"""What a question must not be answered like: a crisis, or what Ventanilla refuses.

    >>> screen("mi hijo se tragó cloro")
    Concern(kind='crisis', category='poisoning')

The rules and their words are data (``agents/rules/safety.yaml``, ``safety_words.yaml``); how they
are matched is told in `agents.rules.matching`. What no rule has words for is judged by its likeness
to examples (``safety_examples.yaml``, `agents.rules.likeness`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from agents.phrases import rules
from agents.rules.likeness import ORDINARY, scorer
from agents.rules.matching import Hits, Lexicon, Near, Pattern, Words, read_patterns, words_of
from sources.errors import CatalogError

NEUTRAL = "neutral"
"""The word set of idioms and names whose words mean nothing to the rules."""

Kind = Literal["crisis", "refused"]

LEAST_LIKELY: dict[Kind, float] = {"crisis": 0.5, "refused": 0.8}
"""From which likelihood on likeness alone decides. A crisis overlooked is worse than a number
named in vain, an answer refused is worse than one that quotes what is public anyway."""

SURELY_ORDINARY: dict[Kind, float] = {"crisis": 0.95, "refused": 0.98}
"""From which likelihood of an ordinary question a rule is overruled: its words met by chance, far
apart in a long story."""

SHORTEST = 3
"""Fewer words than these are like anything."""


class Concern(NamedTuple):
    """Why a question is not answered as a question; `category` names the reply's text."""

    kind: Kind
    category: str


@dataclass(frozen=True)
class Rule:
    """One rule: any of `patterns` raises `concern`, unless one of `unless` is found.

    `questions` and `documents` say what it is held against: what people write, or what documents
    say.
    """

    concern: Concern
    patterns: tuple[Pattern | Near, ...]
    unless: tuple[Pattern | Near, ...]
    questions: bool
    documents: bool

    def raised(self, hits: Hits, words: Words) -> bool:
        """Whether the rule holds for a text."""
        return any(p.found(hits, words) for p in self.patterns) and not any(
            p.found(hits, words) for p in self.unless
        )


@cache
def _loaded() -> tuple[Lexicon, tuple[Rule, ...]]:
    """The word sets and the rules, in the order of the file: a crisis goes before a refusal.

    Raises CatalogError for a rule that cannot be read.
    """
    sets = rules("safety_words")
    lexicon = Lexicon(sets, ordinary=sets.get("ordinary", ()))
    made = tuple(_rule(fields, lexicon) for fields in rules("safety")["rules"])
    lexicon.seal()  # patterns bring words of their own
    return lexicon, made


def _rule(fields: dict[str, Any], lexicon: Lexicon) -> Rule:
    kind = "crisis" if "crisis" in fields else "refused"
    if kind not in fields:
        raise CatalogError("a safety rule names neither crisis nor refused", "Name one.")
    only_documents = bool(fields.get("only_documents"))
    return Rule(
        Concern(cast(Kind, kind), fields[kind]),
        read_patterns(fields["patterns"], lexicon),
        read_patterns(fields.get("unless", ()), lexicon),
        questions=not only_documents,
        documents=only_documents or bool(fields.get("documents")),
    )


def ruled(text: str, kinds: Iterable[Kind] = ("crisis", "refused")) -> Concern | None:
    """The first concern that a rule raises for a question, or None, in the order of `kinds`."""
    lexicon, made = _loaded()
    words = words_of(text)
    hits = lexicon.find(words, NEUTRAL)
    for kind in kinds:
        for rule in made:
            if rule.questions and rule.concern.kind == kind and rule.raised(hits, words):
                return rule.concern
    return None


def screen(text: str) -> Concern | None:
    """The first concern that a question raises, or None: a crisis goes before a refusal.

    Takes about a millisecond for a question.
    """
    _, made = _loaded()
    words = words_of(text)
    shares = scorer().likelihoods(words) if len(words.keys) >= SHORTEST else {}
    for kind, least in LEAST_LIKELY.items():
        found = ruled(text, (kind,))
        if found and shares.get(ORDINARY, 0) < SURELY_ORDINARY[kind]:
            return found
        of_kind = {r.concern.category for r in made if r.concern.kind == kind}
        if sum(shares.get(category, 0) for category in of_kind) >= least:
            return Concern(kind, max(of_kind, key=lambda category: shares.get(category, 0)))
    return None


def is_instruction(text: str) -> bool:
    """Whether a passage of a document, or an earlier message, gives orders to the assistant."""
    lexicon, made = _loaded()
    words = words_of(text)
    hits = lexicon.find(words, NEUTRAL)
    return any(rule.documents and rule.raised(hits, words) for rule in made)
