"""How much of a question a document speaks of, and how much of the document the question names.

A fused rank says which document is nearest, not whether it is near: this is the evidence on which
an answer is given or withheld.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from enum import Enum, auto

from retrieval.concepts import Matcher
from retrieval.lexicon import Lexicon
from retrieval.profile import AskedQuestion, Label, Profile
from retrieval.reading import ACTIONS, EVENTS, TRANSLATED, Reading, Subject

CONCEPT = 0.95
EVENT, RELATED = 0.7, 0.3
"""A service that follows from what happened to somebody; any other neighbour of a concept."""

OTHERWISE = 0.5
"""A word that a known question has too, where it means another concept: "carnet" in "carnet de manejar"."""

IN_ASKED, IN_BODY, IN_PROSE = 0.7, 0.5, 0.8
"""How strongly a word is covered by where it stands; PROSE is the body of a document that has no
CPSV-AP fields, where the text itself says what it is about."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a document meets a question.

    - `share` of the question's weight that the document covers, `label_share` that its title and
      names cover, `literal` whose very words it holds; `strength` is the latter's rarity added up;
    - `reverse`: the share of its best title or name that the question names; `named` the same with
      rare words counting more;
    - `passage`: the share that one passage covers together with the title: words that stand
      together mean more than words scattered over a long text;
    - `elsewhere`: the share of the question's weight in concepts of the vocabulary that the document
      has nowhere, and `aside` in those that only its text has, or that it is merely related to:
      "certificado de nacionalidad" is not what a "certificado de estudios" is about, whatever words
      they have in common;
    - `subjects`: how many words the question is about: a long story names less of any one service;
    - `asked`: the likeness to the nearest question that the document is known to answer;
    - `action`: 1 where both want the same done, -1 where the question wants something else done;
    - `met` and `unmet`: the qualifying words (a town, a circumstance) that it holds, and not;
    - `strange`: the words that nothing knows; `rivals`: how many documents there were to choose
      from, as a decimal logarithm; `foreign`: whether the document is in another language.
    """

    share: float = 0.0
    label_share: float = 0.0
    reverse: float = 0.0
    elsewhere: float = 0.0
    aside: float = 0.0
    subjects: int = 0
    asked: float = 0.0
    action: float = 0.0
    literal: float = 0.0
    met: int = 0
    unmet: int = 0
    strange: int = 0
    rivals: float = 0.0
    strength: float = 0.0
    named: float = 0.0
    foreign: bool = False
    passage: float = 0.0


def cover(reading: Reading, profile: Profile, matcher: Matcher, lexicon: Lexicon) -> Coverage:
    """Holds a question against a document; `lexicon` tells rare words from common ones."""
    counted = reading.counted
    total = sum(s.weight for s in counted)
    if not total:
        return Coverage()
    neighbours = _neighbours(reading.concepts, matcher)
    covered = in_label = literal = elsewhere = aside = 0.0
    met = unmet = 0
    foreign = reading.language not in (None, profile.language)
    for subject in reading.subjects:
        if subject.minor:
            held = _holds(subject, profile, foreign)
            met, unmet = met + held, unmet + (not held)
    for subject in counted:
        literal += subject.weight * _holds(subject, profile, foreign)
        label = _in_label(subject, profile, matcher, foreign)
        best = max(label, _in_body(subject, profile, foreign))
        covered += subject.weight * best
        in_label += subject.weight * label
        has = _has(subject, profile, matcher)
        elsewhere += subject.weight * (has is _Has.NOWHERE)
        aside += subject.weight * (has is _Has.ASIDE)
    reverse = named = 0.0
    for name in profile.labels:
        told = _named(name, reading, neighbours, foreign)
        reverse = max(reverse, sum(told) / len(told))
        rarity = [0.2 + lexicon.rarity(s, profile.language) for s in name.stems]
        named = max(named, sum(map(operator.mul, told, rarity)) / sum(rarity))
    return Coverage(
        share=covered / total,
        label_share=in_label / total,
        reverse=reverse,
        elsewhere=elsewhere / total,
        aside=aside / total,
        subjects=len(counted),
        asked=max((_alike(reading, asked, total, foreign) for asked in profile.asked), default=0.0),
        action=_same_action(reading, profile, matcher),
        literal=literal / total,
        met=met,
        unmet=unmet,
        strange=sum(subject.strange for subject in reading.subjects),
        rivals=math.log10(1 + reading.documents),
        strength=literal,
        named=named,
        foreign=foreign,
    )


class _Has(Enum):
    """Where a document has what a word of the question means."""

    NAMED = auto()
    ASIDE = auto()
    NOWHERE = auto()


def _has(subject: Subject, profile: Profile, matcher: Matcher) -> _Has:
    """NAMED also where the word names no concept, or only what is to be done."""
    meant = {c for c in subject.concepts if matcher.concepts[c].scheme != ACTIONS}
    if not meant or meant & profile.subjects:
        return _Has.NAMED
    if meant & (profile.concepts | profile.body_concepts):
        return _Has.ASIDE
    leads = {near for concept in meant for near in matcher.neighbours(concept)}
    return _Has.ASIDE if leads & profile.concepts else _Has.NOWHERE


def _holds(subject: Subject, profile: Profile, foreign: bool) -> bool:
    """Whether the very word, or what it is a slip of, stands anywhere in the document."""
    alike = (near for near, likeness in subject.likely(foreign) if likeness >= TRANSLATED)
    return any(
        s in profile.body or s in profile.strengths or any(s in a.stems for a in profile.asked)
        for s in (*subject.stems, *alike)
    )


def _alike(reading: Reading, asked: AskedQuestion, total: float, foreign: bool) -> float:
    """The geometric mean of the shares that two questions have in common."""
    met = weight = 0.0
    for subject in reading.counted:
        if subject.stems & asked.stems:
            meant = not subject.concepts or subject.concepts & asked.concepts
            likeness = 1.0 if meant else OTHERWISE
        elif subject.concepts & asked.concepts:
            likeness = CONCEPT
        else:
            met_by = (like for near, like in subject.likely(foreign) if near in asked.stems)
            likeness = max(met_by, default=0.0)
        met += likeness
        weight += likeness * subject.weight
    return math.sqrt(weight / total * min(1.0, met / asked.size))


def _same_action(reading: Reading, profile: Profile, matcher: Matcher) -> float:
    wanted = {c for c in reading.concepts if matcher.concepts[c].scheme == ACTIONS}
    if not wanted or not profile.actions:
        return 0.0
    return 1.0 if wanted & profile.actions else -1.0


def together(reading: Reading, profile: Profile, passage: frozenset[str]) -> float:
    """The share of the question's weight that the stems of one passage cover, with the title."""
    total = sum(s.weight for s in reading.counted)
    foreign = reading.language not in (None, profile.language)
    covered, title = 0.0, profile.strengths.keys()
    for subject in reading.counted:
        if not (subject.stems.isdisjoint(passage) and subject.stems.isdisjoint(title)):
            covered += subject.weight
        elif subject.concepts & profile.concepts:
            covered += subject.weight * CONCEPT
        else:
            near = (
                n for n in subject.likely(foreign) if n[0] in passage or n[0] in profile.strengths
            )
            covered += subject.weight * max((likeness for _, likeness in near), default=0.0)
    return covered / total if total else 0.0


def _in_label(subject: Subject, profile: Profile, matcher: Matcher, foreign: bool) -> float:
    best = max((profile.strengths.get(s, 0.0) for s in subject.stems), default=0.0)
    if subject.concepts & profile.concepts:
        best = max(best, CONCEPT)
    for neighbour, strength in _neighbours(subject.concepts, matcher).items():
        if neighbour in profile.concepts:
            best = max(best, strength)
    for near, likeness in subject.likely(foreign):
        best = max(best, profile.strengths.get(near, 0.0) * likeness)
    return best


def _in_body(subject: Subject, profile: Profile, foreign: bool) -> float:
    strength = IN_PROSE if profile.prose else IN_BODY
    if any(subject.stems & asked.stems for asked in profile.asked):
        return max(strength, IN_ASKED)
    if subject.stems & profile.body or subject.concepts & profile.body_concepts:
        return strength
    return max(
        (strength * like for near, like in subject.likely(foreign) if near in profile.body),
        default=0.0,
    )


def _neighbours(concepts: frozenset[str], matcher: Matcher) -> dict[str, float]:
    """What the concepts lead to, with how surely it is meant."""
    found: dict[str, float] = {}
    for concept in concepts:
        strength = EVENT if matcher.concepts[concept].scheme == EVENTS else RELATED
        for neighbour in matcher.neighbours(concept):
            found[neighbour] = max(strength, found.get(neighbour, 0.0))
    return found


def _named(
    label: Label, reading: Reading, neighbours: dict[str, float], foreign: bool
) -> list[float]:
    """How far the question names each of the label's words, itself or by a concept."""
    wanted = reading.wanted(foreign)
    shares = []
    for token, concepts in zip(label.stems, label.concepts, strict=True):
        if concepts & reading.concepts:
            shares.append(1.0)
        elif token in wanted:
            shares.append(wanted[token])
        else:
            shares.append(max((neighbours.get(c, 0.0) for c in concepts), default=0.0))
    return shares
