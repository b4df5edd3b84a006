"""How far a quoted value can be trusted, in words for the reader."""

from __future__ import annotations

from datetime import date
from functools import cache

from agents.phrases import rules
from agents.replies import reply, spoken_date
from sources.document import Document, Field, Section, Verification, last_day


@cache
def _months() -> dict[str, int]:
    months: dict[str, int] = rules("staleness")["months"]
    return months


def section_at(document: Document, start: int) -> Section:
    """The section in which offset `start` lies."""
    return next(s for s in document.sections if s.start <= start < s.end)


def as_of(document: Document, section: Section) -> str | None:
    """The day on which a section's value held (ISO 8601, any precision)."""
    return section.as_of or document.provenance.as_of


def verification(document: Document, section: Section) -> Verification:
    """How far a section's value was verified."""
    return section.verification or document.provenance.verification


def unverified(document: Document, section: Section) -> bool:
    """Whether nobody could verify a section's value."""
    return verification(document, section) is Verification.UNVERIFIED


def stale(document: Document, section: Section, today: date) -> bool:
    """Whether the value is older than values of its field keep, or has no date at all."""
    known = as_of(document, section)
    if known is None:
        return False
    months = _months().get(section.field.value, _months()["default"])
    held = last_day(known)
    return (today.year - held.year) * 12 + today.month - held.month > months


def labels(document: Document, section: Section, today: date, language: str) -> list[str]:
    """The labels to show after a quotation, most important first."""
    found = []
    if section.note:
        return [reply(language, "labels", "note")]
    if unverified(document, section):
        found.append(reply(language, "labels", "unverified"))
    if section.valid_to and section.valid_to < today:
        found.append(reply(language, "labels", "closed"))
    if section.valid_from and section.valid_from > today:
        found.append(reply(language, "labels", "future"))
    known = as_of(document, section)
    if known and stale(document, section, today):
        found.append(reply(language, "labels", "stale", date=spoken_date(known, language)))
    elif known is None and section.field in (Field.COST, Field.TEMPORAL, Field.CONTACT_POINT):
        found.append(reply(language, "labels", "undated"))
    return found
