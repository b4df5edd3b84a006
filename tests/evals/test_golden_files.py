"""The golden questions are sound: one form, known words, two splits that share nothing.

Every file ``golden/*.jsonl`` holds one question a line. The expected documents must exist: seed
procedures in ``sources/corpus/``, Brazilian service cards in the shared data where it is at hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import pytest
from defusedxml.ElementTree import parse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from rapidfuzz import fuzz, process

from sources.asked import read_asked
from sources.catalog import read_catalog

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico" / "servicos"
CARD_PREFIX = "br-servico-"
CARD_NAMESPACE = "{http://servicos.gov.br/v3/schema}"
LEAST_QUESTIONS = 250

Text = Annotated[str, StringConstraints(pattern=r"\S")]
Split = Literal["tune", "report"]
Kind = Literal[
    "ambiguous",
    "crisis",
    "cross_country",
    "field",
    "follow_up",
    "legit_sensitive",
    "life",
    "misspelt",
    "personal",
    "plain",
    "refused",
    "spanish",
    "stale",
    "unanswerable",
]
Ending = Annotated[
    str,
    StringConstraints(
        pattern=r"^(answered|clarification|unanswerable|refused|crisis|error_[a-z_]+)$"
    ),
]
CountryCode = Literal["CL", "PE", "BR", "DO"]


class _Model(BaseModel):
    # Unknown keys are refused: a misspelt expectation would never be checked.
    model_config = ConfigDict(extra="forbid", strict=True)


class Turn(_Model):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: Text


class Expectation(_Model):
    """What a right answer shows; `status` lists every ending that is acceptable."""

    status: Annotated[list[Ending], Field(min_length=1)]
    country: CountryCode | None = None
    documents: list[Text] = []
    figures: list[Text] = []
    forbidden: list[Text] = []
    labels: list[Text] = []
    planted: list[Text] = []


class Question(_Model):
    """One line of a golden file."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z]+-\d{4}$")]
    split: Split
    kind: Kind
    question: Text
    country: CountryCode | None = None
    language: Literal["es", "pt"] | None = None
    history: list[Turn] = []
    expect: Expectation


def _lines() -> list[tuple[str, str]]:
    """Every line of every golden file, with `file:number` to find it by."""
    return [
        (f"{path.name}:{number}", line)
        for path in sorted(GOLDEN.glob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]


@cache
def _questions() -> tuple[Question, ...]:
    return tuple(Question.model_validate_json(line) for _, line in _lines())


@cache
def _cards() -> dict[str, str]:
    """Card id → the text and attribute values of all its revisions."""
    cards: dict[str, str] = defaultdict(str)
    for path in CARDS.glob("*.xml"):
        root = parse(path).getroot()
        assert root is not None, f"{path.name} is empty"
        number = (root.findtext(f"{CARD_NAMESPACE}dbId") or "").strip()
        values = " ".join(value for element in root.iter() for value in element.attrib.values())
        cards[CARD_PREFIX + number] += f" {' '.join(root.itertext())} {values}"
    return cards


def _fold(text: str) -> str:
    """Lower case, without accents, punctuation or repeated spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare.casefold()))


needs_cards = pytest.mark.skipif(
    not CARDS.is_dir(), reason="the shared service cards are not beside this project"
)


@pytest.mark.parametrize(("place", "line"), _lines(), ids=[place for place, _ in _lines()])
def test_every_line_has_the_agreed_form(place: str, line: str) -> None:
    Question.model_validate_json(line)


def test_ids_are_unique_over_all_files() -> None:
    twice = [id_ for id_, count in Counter(q.id for q in _questions()).items() if count > 1]
    assert not twice


def test_there_are_enough_questions() -> None:
    assert len(_questions()) >= LEAST_QUESTIONS


@pytest.mark.parametrize("split", get_args(Split))
def test_every_split_has_every_kind(split: str) -> None:
    assert {q.kind for q in _questions() if q.split == split} == set(get_args(Kind))


def test_no_question_stands_in_both_splits() -> None:
    # A follow-up ("¿y cuánto cuesta?") is told apart by what was said before it.
    splits: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for q in _questions():
        before = tuple(_fold(turn.content) for turn in q.history)
        splits[(*before, _fold(q.question))].add(q.split)
    assert not [key for key, found in splits.items() if len(found) > 1]


def test_what_cannot_be_answered_expects_no_document() -> None:
    wrong = [
        q.id for q in _questions() if q.expect.status == ["unanswerable"] and q.expect.documents
    ]
    assert not wrong


def test_expected_seed_documents_exist() -> None:
    known = {path.stem for path in (ROOT / "sources" / "corpus").rglob("*.yaml")}
    missing = {
        (q.id, document)
        for q in _questions()
        for document in q.expect.documents
        if not document.startswith(CARD_PREFIX) and document not in known
    }
    assert not missing


@needs_cards
def test_expected_cards_exist() -> None:
    missing = {
        (q.id, document)
        for q in _questions()
        for document in q.expect.documents
        if document.startswith(CARD_PREFIX) and document not in _cards()
    }
    assert not missing


@needs_cards
def test_expected_figures_stand_in_the_expected_cards() -> None:
    wrong = [
        (q.id, figure)
        for q in _questions()
        if q.expect.documents and all(d.startswith(CARD_PREFIX) for d in q.expect.documents)
        for figure in q.expect.figures
        if not any(figure in _cards()[document] for document in q.expect.documents)
    ]
    assert not wrong


def test_no_known_question_echoes_one_that_only_measures() -> None:
    measured = [_fold(q.question) for q in _questions() if q.split == "report"]
    echoes = [
        question
        for entry in read_catalog().values()
        if entry.questions
        for questions in read_asked(Path(entry.questions)).values()
        for question in questions
        if process.extractOne(_fold(question), measured, scorer=fuzz.ratio, score_cutoff=88)
    ]
    assert not echoes
