"""What a question becomes on its way to an answer, and the answer itself.

The state holds plain dicts and lists only: LangGraph writes it to the checkpoint, and custom
classes would not be read back. The typed views here are what the rest of the code uses.
"""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute

MAX_QUESTION = 2000
"""Characters of a question; a longer one is asked to be shortened, never cut silently."""

MAX_TURN = 20_000
"""Characters of an earlier message."""


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    CLARIFICATION = "clarification"
    UNANSWERABLE = "unanswerable"
    REFUSED = "refused"
    CRISIS = "crisis"
    ERROR_INPUT = "error_input"
    ERROR_TIMEOUT = "error_timeout"
    ERROR_INTERNAL = "error_internal"


class Turn(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "assistant", "system"]
    content: str = Attribute(max_length=MAX_TURN)


class Request(BaseModel):
    """A question as every door takes it."""

    model_config = ConfigDict(extra="ignore")

    question: str
    id: str | None = None
    country: str | None = Attribute(default=None, description="ISO 3166-1 alpha-2")
    territory: str | None = Attribute(
        default=None,
        max_length=20,
        description="where the reader is, unless the question names a place: ISO 3166-2 of a region,"
        " or the country's code and the official one of a smaller territory; e.g. CL-VS, CL-13120",
    )
    language: str | None = Attribute(default=None, description="BCP 47, e.g. es or pt-BR")
    history: list[Turn] = []
    literal: list[Annotated[str, Attribute(max_length=80)]] = Attribute(
        default=[], max_length=5, description="words to be taken as they are written"
    )


class Citation(BaseModel):
    """Proof of a sentence: ``document.text[start:end] == quote``. Offsets count code points;
    `version` is how the hash of that document's content begins (`retrieval.store.Store.version`).
    """

    marker: int
    document_id: str
    title: str
    agency: str
    country: str
    url: str | None
    as_of: str | None
    verification: str
    quote: str
    start: int
    end: int
    version: str | None = None
    page: int | None = None
    field: str | None = None
    language: str | None = None


class Option(BaseModel):
    """One button of a clarification."""

    value: str
    label: str


class Clarification(BaseModel):
    """What we must know before we can answer."""

    kind: Literal["country", "topic", "service", "argument"]
    question: str
    options: list[Option]


class ToolUse(BaseModel):
    """A tool that was called, with what, and how many rows came back."""

    name: str
    arguments: dict[str, Any]
    rows: int


class MapPoint(BaseModel):
    """A place of the answer, in degrees (WGS 84), and the marker that cites it."""

    label: str
    latitude: float
    longitude: float
    marker: int | None = None


class Understood(BaseModel):
    """A word of the question that was taken for another: a slip that was mended (`corrected`) or a
    citizen's word for an official one (`synonym`). `Request.literal` takes it back.
    """

    kind: Literal["corrected", "synonym"]
    word: str
    label: str


class Answer(BaseModel):
    """What every door gives back."""

    id: str
    status: Status
    language: str
    country: str | None
    territory: str | None = Attribute(
        default=None, description="that of the request, where the question named no other place"
    )
    sectors: list[str]
    answer: str
    citations: list[Citation] = []
    tools: list[ToolUse] = []
    points: list[MapPoint] = []
    clarification: Clarification | None = None
    notices: list[str] = []
    understood: list[Understood] = []
    suggestions: list[str] = []
    written: bool = Attribute(default=False, description="by a model, not quoted")
    timings_ms: dict[str, int] = {}


class Understanding(TypedDict):
    """What the question was understood to be. `standalone` is what is searched, `asked` what tools
    are chosen by, with the questions `before` it (newest first); `parts` are
    the subjects of a question that names several. `countries` are those that the text
    or the page named; empty means that none did. `unsaid` is what no document says, where it asks
    for that.
    """

    language: str
    standalone: str
    asked: str
    before: list[str]
    parts: list[str]
    minor: list[str]
    countries: list[str]
    elsewhere: str | None
    sectors: list[str]
    aspects: list[str]
    unsaid: str | None
    follow_up: bool


class Errand(TypedDict):
    """What one sector agent is sent to find; `country` None searches all. `part` 0 is the question as
    a whole, others are its parts.
    """

    agent: str
    question: str
    asked: str
    before: list[str]
    language: str
    minor: list[str]
    country: str | None
    part: int


class Ask(TypedDict):
    """A required argument of a tool that the question does not give, and what it may be."""

    tool: str
    argument: str
    question: str
    options: list[str]


class Evidence(TypedDict):
    """One document found, with the passages that found it; plain data for the checkpoint. `score`
    orders the documents, `near` does so without a reranker, `trust` says how surely one is right
    (`retrieval.ranking`).
    """

    document_id: str
    country: str
    sectors: list[str]
    score: float
    near: NotRequired[float]
    trust: float
    passages: list[list[int]]
    agent: str
    part: int


class Sentence(TypedDict):
    """One sentence of a draft: the words, the place they stand at, and how they are labelled."""

    document_id: str
    start: int
    end: int
    field: str
    part: str


class Part(TypedDict):
    """Lines of a tool under one heading."""

    heading: str
    lines: list[Sentence]


class Finding(TypedDict):
    """What a tool found, or that it found nothing: `text` says so. It `proves` something if it
    shows more than remarks about the sources. `points` are what can be drawn: (label, latitude,
    longitude).
    """

    tool: str
    title: str
    arguments: dict[str, Any]
    rows: int
    parts: list[Part]
    text: str
    proves: bool
    notices: list[str]
    points: list[tuple[str, float, float]]


class Written(TypedDict):
    """One sentence that a model wrote, without its marks, and the places that it cites."""

    text: str
    cites: list[Sentence]


def part_of(finding: int, part: int) -> str:
    """The part of an answer in which a row of a finding stands."""
    return f"tool:{finding}:{part}"


Ending = Literal["written", "unanswered", "slow", "down", "broken", "unproved"]
"""How the model's writing ended: with sentences that hold; with its word that the evidence does not
answer; or with nothing to show, because it was slow, away, out of order, or proved nothing."""


def _replace_or_add(old: list[Any], new: list[Any] | None) -> list[Any]:
    """Evidence of parallel agents adds up; None clears it for a new question."""
    return [] if new is None else operator.add(old, new)


def _either(old: bool, new: bool | None) -> bool:
    """True once it was true; None takes it back for a new question."""
    return False if new is None else old or new


def _merge(old: dict[str, int], new: dict[str, int] | None) -> dict[str, int]:
    return {} if new is None else {k: old.get(k, 0) + new.get(k, 0) for k in old | new}


class State(TypedDict, total=False):
    """The graph's state. Only masked text ever enters it."""

    id: str
    interactive: bool
    question: str
    selected_country: str | None
    selected_language: str | None
    history: list[dict[str, str]]
    masked: list[str]
    concern: list[str] | None
    understanding: Understanding
    evidence: Annotated[list[Evidence], _replace_or_add]
    findings: Annotated[list[Finding], _replace_or_add]
    asks: Annotated[list[Ask], _replace_or_add]
    rounds: int
    verdict: str
    chosen: list[str]
    alike: list[str]
    draft: list[Sentence]
    written: list[Written]
    writing: Ending | None
    decided: Annotated[bool, _either]
    dropped: int
    answer: dict[str, Any]
    timings_ms: Annotated[dict[str, int], _merge]
    previous: str | None
    earlier: list[str]
    previous_countries: list[str]
