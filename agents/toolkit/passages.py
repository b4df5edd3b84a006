"""What tools that decide by rules cite: exact quotes of documents, and dates that sections speak of.

A rule names a document and the words that stand in it. Where the document is gone, was changed, or
belongs to another country or tenant, the rule has nothing to show and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from agents.replies import spoken_date
from agents.stated import months
from agents.toolkit import Access, Cited
from retrieval.analyse import fold
from sources.catalog import read_yaml
from sources.document import Document, Field, Section


@cache
def rules_of(module: str) -> dict[str, Any]:
    """What stands under `rules` in the YAML file beside a tool's module (its ``__file__``)."""
    found: dict[str, Any] = read_yaml(Path(module).with_suffix(".yaml"))["rules"]
    return found


def document_of(access: Access, document_id: str) -> Document | None:
    """A document that `access` may show, or None."""
    found = access.searcher.store.get(document_id)
    if found is None or found.country != access.country or found.tenant not in access.tenants:
        return None
    return found


def quoted(access: Access, document_id: str, quote: str) -> Cited | None:
    """The place where `quote` stands in a section of the document, or None."""
    document = document_of(access, document_id)
    if document is None:
        return None
    for section in document.sections:
        at = document.text.find(quote, section.start, section.end)
        if at >= 0:
            return Cited(document, at, at + len(quote))
    return None


def all_quoted(access: Access, listed: Iterable[Mapping[str, str]]) -> tuple[Cited, ...]:
    """The quotes of ``{document, quote}`` that can be shown, each once."""
    found = (quoted(access, each["document"], each["quote"]) for each in listed)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def read_on(rules: Mapping[str, Any], language: str) -> dict[str, str]:
    """{read_on}: the day on which `rules` were read off the documents, as people say it."""
    return {"read_on": spoken_date(rules["read_on"].isoformat(), language)}


def in_force(rules: Iterable[Mapping[str, Any]], today: date) -> list[Mapping[str, Any]]:
    """Those of `rules` that hold on the day `today`, by their own `valid_from` and `valid_to`."""
    return [
        rule
        for rule in rules
        if rule.get("valid_from", date.min) <= today <= rule.get("valid_to", date.max)
    ]


def cited(document: Document, section: Section) -> Cited:
    """A whole section."""
    return Cited(document, section.start, section.end)


def sections_of(document: Document, *fields: Field) -> tuple[Section, ...]:
    """The sections of `document` that speak of one of `fields`, in their order."""
    return tuple(section for section in document.sections if section.field in fields)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a text speaks of; `start` is `end` where it names a single day."""

    start: date
    end: date


def period(text: str) -> Period | None:
    """The days from the first to the last full date in a Spanish or Portuguese text, or None.

    >>> period("La apelación fue del 10 al 25 de marzo de 2026.")
    Period(start=datetime.date(2026, 3, 10), end=datetime.date(2026, 3, 25))
    """
    days: list[date] = []
    for match in _dates().finditer(fold(text)):
        month = months()[match["month"]]
        last = _day(match["year"], month, match["day"])
        first = months().get(match["first_month"] or match["month"], month)
        begins = match["first"] and _day(
            match["first_year"] or match["year"], first, match["first"]
        )
        days += [day for day in (begins, last) if day]
    return Period(min(days), max(days)) if days else None


def _day(year: str, month: int, day: str) -> date | None:
    try:
        return date(int(year), month, int(day))
    except ValueError:  # "31 de abril" is no date, whatever stands in the text
        return None


@cache
def _dates() -> re.Pattern[str]:
    """Dates in words, with what a range puts before them: "1 al", "29 y", "2 de abril al"."""
    month = "|".join(months())
    return re.compile(
        rf"(?:(?<!\d)(?P<first>\d{{1,2}})[ºo]?(?: de (?P<first_month>{month}))?"
        rf"(?: del? (?P<first_year>\d{{4}}))?\s*(?:al?|y|e|ate|hasta|a|ao|-|–)\s*(?:el|o|dia)?\s*)?"
        rf"(?<!\d)(?P<day>\d{{1,2}})[ºo]? de (?P<month>{month})(?: del?|,)? (?P<year>\d{{4}})"
    )
