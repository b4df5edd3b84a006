"""Step 2: language, country, sectors, what is asked for, and the question made to stand alone."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from agents.context import Context
from agents.phrases import rules
from agents.sectors import concerned
from agents.state import State, Understanding
from agents.toolkit.reading import sectors_asked
from agents.understanding.aspects import asked
from agents.understanding.country import locate, place_words, speaking
from agents.understanding.history import standalone
from agents.understanding.language import detect
from agents.understanding.unsaid import unsaid
from retrieval.analyse import fold, words
from retrieval.index import Scope
from sources.country import countries

MOST_PARTS = 3
_AND = re.compile(r"\s(?:y|e|además de|além de|y también|e também)\s", re.IGNORECASE)

KEPT = 3
"""Earlier questions that a follow-up may go on with."""

_MASKS = re.compile(r"\[[^\]\[]{2,20}\]")


def understand(state: State, context: Context) -> dict[str, Any]:
    """Reads the question by rules; a model decides only what rules leave open, and none is here."""
    question = unmasked_words(state["question"])
    selected = state.get("selected_country")
    earlier = _earlier(state)
    language = language_of(state)
    where = locate(question, selected)
    scope = Scope(tenants=context.tenants, countries=where.countries)
    reading = context.searcher.read(question, scope)
    previous = state.get("previous") or _previous(earlier, context)
    before = context.searcher.read(previous, scope) if previous else None
    alone = standalone(question, reading, previous, before, place_words(question))
    if alone.follow_up and not where.explicit:
        known = state.get("previous_countries") or _countries_of(earlier, selected)
        if len(known) == 1:
            where = locate("", known[0])
    aspects = asked(question, context.searcher.lexicon(scope))
    if alone.follow_up and not aspects:
        aspects = asked(previous or "", context.searcher.lexicon(scope))
    found: tuple[str, ...] = where.countries
    if not found and not where.elsewhere:
        found = speaking(language)
    asked_before = (earlier or list(state.get("earlier") or ()))[: -KEPT - 1 : -1]
    tool_sectors, plainly = sectors_asked(question, found, context.places, asked_before)
    beyond = None if alone.follow_up else unsaid(question, aspects, plainly)
    if beyond:
        tool_sectors = set()
    understanding: Understanding = {
        "language": language,
        "standalone": alone.subject_text,
        "asked": "" if beyond else question,
        "before": asked_before,
        "parts": _parts(alone.subject_text, context, scope, language) if len(found) == 1 else [],
        "minor": sorted(place_words(alone.subject_text) | alone.minor),
        "countries": list(found),
        "elsewhere": where.elsewhere,
        "sectors": _sectors(alone.subject_text, tool_sectors),
        "aspects": aspects,
        "unsaid": beyond,
        "follow_up": alone.follow_up,
    }
    said = [*(earlier or state.get("earlier") or ()), question][-KEPT:]
    return {"understanding": understanding, "evidence": None, "rounds": 0, "earlier": said}


def _parts(text: str, context: Context, scope: Scope, language: str) -> list[str]:
    """The subjects of "el colegio y el pase escolar": pieces that each name a service by themselves."""
    pieces = [piece.strip() for piece in _AND.split(text) if piece.strip()]
    if not 2 <= len(pieces) <= MOST_PARTS:
        return []
    readings = [context.searcher.read(piece, scope, language=language) for piece in pieces]
    subjects = [{m.id for m in r.mentions} for r in readings]
    apart = all(subjects) and len(set(map(frozenset, subjects))) == len(pieces)
    return pieces if apart else []


def _sectors(subject: str, by_tools: set[str]) -> list[str]:
    """The agents that the words of the question concern, and those whose tools it asks for."""
    named = concerned(" ".join(words(subject)))
    return [*(s for s in sorted(by_tools) if s not in named), *named]


def unmasked_words(text: str) -> str:
    """`text` without the personal numbers that were masked, and the words that announced them:
    "mi RUT es [RUT] y quiero …" asks nothing about a RUT.
    """
    kept: list[str] = []
    for piece in _MASKS.split(text):
        if kept:
            while kept and fold(kept[-1].strip(".,:;()#°º")) in _announcing():
                kept.pop()
        kept += piece.split()
    return " ".join(kept)


@cache
def _announcing() -> frozenset[str]:
    """The words by which people announce a number of their own."""
    kinds = rules("privacy")["kinds"]
    labels = {word for kind in kinds for phrase in kind["words"] for word in fold(phrase).split()}
    return frozenset(labels | set(rules("conversation")["announcing"]))


def _earlier(state: State) -> list[str]:
    return [
        unmasked_words(turn["content"])
        for turn in state.get("history", ())
        if turn["role"] == "user"
    ]


def language_of(state: State) -> str:
    """The language of the question; where it does not tell, of the page, or of earlier messages."""
    earlier = _earlier(state)
    chosen = (state.get("selected_language") or "").split("-")[0]
    if not chosen and state.get("selected_country"):
        country = countries().get(state["selected_country"] or "")
        chosen = country.language if country else ""
    if earlier:
        chosen = detect(" ".join(earlier), chosen or "es")
    found = detect(state["question"], chosen or "es")
    return found if found in ("es", "pt") else (chosen if chosen in ("es", "pt") else "es")


def _previous(earlier: list[str], context: Context) -> str | None:
    """The subject that the earlier messages lead to, each resolved by the one before it."""
    previous: str | None = None
    scope = Scope(tenants=context.tenants)
    for text in earlier[-6:]:
        reading = context.searcher.read(text, scope)
        before = context.searcher.read(previous, scope) if previous else None
        previous = standalone(text, reading, previous, before, place_words(text)).subject_text
    return previous


def _countries_of(earlier: list[str], selected: str | None) -> list[str]:
    for text in reversed(earlier):
        where = locate(text)
        if where.explicit and where.countries:
            return list(where.countries)
    return [selected] if selected else []
