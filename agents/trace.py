"""What happened to a question, step by step, for those who look after documents.

    watcher = Watcher()
    answer = await assistant.ask(request, tenants=tenants, watch=watcher)
    traced = watcher.trace(replace(assistant.context, tenants=tenants))

Shown are the steps of `agents.graph` in their order. All of it is what the same readers may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from agents.context import Context
from agents.state import Evidence, Sentence, Written
from agents.steps.assess import ranked
from agents.steps.check import objection
from retrieval.index import Scope

MOST = 12
"""Documents of the evidence that are shown."""


class Meant(BaseModel):
    """How a question was read. `corrections` are (as written, as read), `concepts` labels of the
    vocabulary with their ids, `places` official names.
    """

    language: str
    countries: list[str]
    standalone: str
    parts: list[str]
    sectors: list[str]
    aspects: list[str]
    corrections: list[tuple[str, str]] = []
    concepts: list[tuple[str, str]] = []
    places: list[str] = []


class Seen(BaseModel):
    """A document of the evidence; `score` orders it, `trust` (0 to 1) says how surely it is right."""

    document_id: str
    title: str
    country: str
    agent: str
    score: float
    trust: float
    chosen: bool
    passages: list[str]


class Called(BaseModel):
    """A tool that was called."""

    name: str
    arguments: dict[str, Any]
    rows: int
    text: str


class Judged(BaseModel):
    """A sentence of the draft; `objection` says why it was dropped, None that it was kept."""

    text: str
    document_id: str
    title: str
    part: str
    objection: str | None


class Trace(BaseModel):
    """All of it. `concern` is set where a question was not to be answered by documents; `written` are
    a model's sentences with whether they were kept, and `writing` says how it ended.
    """

    concern: list[str] | None = None
    meant: Meant | None = None
    seen: list[Seen] = []
    tools: list[Called] = []
    rounds: int = 0
    verdict: str = ""
    judged: list[Judged] = []
    written: list[tuple[str, bool]] = []
    writing: str | None = None
    timings_ms: dict[str, int] = {}


class Watcher:
    """Collects what the steps of one run change."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any]] = {}
        self._gathered: dict[str, list[Any]] = {"evidence": [], "findings": []}
        self._timings: dict[str, int] = {}

    def __call__(self, step: str, changes: dict[str, Any]) -> None:
        """Takes one step; see `Assistant.ask`."""
        if step == "understand":
            self._gathered = {"evidence": [], "findings": []}
        for name, found in self._gathered.items():
            found += changes.get(name) or []
        for name, spent in (changes.get("timings_ms") or {}).items():
            self._timings[name] = self._timings.get(name, 0) + spent
        self._last[step] = {**self._last.get(step, {}), **changes}

    def trace(self, context: Context) -> Trace:
        """What was collected, told with the documents of `context` and to its tenants."""
        understood = self._last.get("understand", {}).get("understanding")
        assessed = self._last.get("assess", {})
        composed, checked = self._last.get("compose", {}), self._last.get("check", {})
        state: Any = {"understanding": understood}
        return Trace(
            concern=self._last.get("guard", {}).get("concern"),
            meant=_meant(understood, context) if understood else None,
            seen=_seen(self._gathered["evidence"], assessed.get("chosen") or (), context),
            tools=[
                Called(name=f["tool"], arguments=f["arguments"], rows=f["rows"], text=f["text"])
                for f in self._gathered["findings"]
            ],
            rounds=int(assessed.get("rounds") or 0),
            verdict=assessed.get("verdict", ""),
            judged=[_judged(s, state, context) for s in composed.get("draft") or ()],
            written=_written(composed.get("written") or (), checked.get("written") or ()),
            writing=composed.get("writing"),
            timings_ms=self._timings,
        )


def _meant(understood: dict[str, Any], context: Context) -> Meant:
    countries, language = tuple(understood["countries"]), understood["language"]
    scope = Scope(tenants=context.tenants, countries=countries)
    reading = context.searcher.read(understood["asked"], scope, language=language)
    known = context.searcher.matcher.concepts
    named = dict.fromkeys((m.label, m.id) for m in reading.mentions if m.id in known)
    return Meant(
        **{k: understood[k] for k in ("language", "countries", "standalone", "parts", "sectors")},
        aspects=understood["aspects"],
        corrections=list(reading.corrections),
        concepts=list(named),
        places=_places(understood["asked"], countries, context),
    )


def _places(text: str, countries: tuple[str, ...], context: Context) -> list[str]:
    found = context.places.find(text, countries)
    return list(dict.fromkeys(place.label for each in found for place in each.places))


def _seen(evidence: list[Evidence], chosen: Iterable[str], context: Context) -> list[Seen]:
    taken, shown = set(chosen), []
    for each in ranked(evidence)[:MOST]:
        document = context.document(each["document_id"])
        if document is not None:
            shown.append(
                Seen(
                    document_id=document.id,
                    title=document.title,
                    country=document.country,
                    agent=each["agent"],
                    score=round(each["score"], 4),
                    trust=round(each["trust"], 4),
                    chosen=document.id in taken,
                    passages=[document.text[p[0] : p[1]] for p in each["passages"]],
                )
            )
    return shown


def _judged(sentence: Sentence, state: Any, context: Context) -> Judged:
    document = context.document(sentence["document_id"])
    return Judged(
        text=document.text[sentence["start"] : sentence["end"]] if document else "",
        document_id=sentence["document_id"] if document else "",
        title=document.title if document else "",
        part=sentence["part"],
        objection=objection(sentence, state, context),
    )


def _written(before: Iterable[Written], after: Iterable[Written]) -> list[tuple[str, bool]]:
    kept = [each["text"] for each in after]
    return [(each["text"], each["text"] in kept) for each in before]
