"""Values that may no longer hold: expired, old, undated, unverified, or on a page that changed.

    staleness(house.store, Viewer(sources=("muni",)), today=date.today())

Old is what the assistant shows as old: the months of each field are in ``agents/rules/staleness.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from agents.labels import as_of, stale, unverified
from retrieval.store import Store
from sources.document import Document, Field, Section
from ui.reports.viewer import Viewer

KINDS = ("expired", "old", "unverified", "undated", "changed")
"""Why a value is in the report, most urgent first."""

DATED = (Field.COST, Field.TEMPORAL, Field.CONTACT_POINT)
"""Fields that an answer shows as undated where they have no date."""


@dataclass(frozen=True, slots=True)
class Stale:
    """One passage and why it should be looked at. `since` is the day (ISO 8601) on which it expired,
    for which it held, or on which the page changed.
    """

    kind: str
    document_id: str
    title: str
    source_id: str
    agency: str
    field: str
    since: str | None
    quote: str


def staleness(store: Store, viewer: Viewer, today: date, since: date | None = None) -> list[Stale]:
    """Of the viewer's own documents; with `since` (a day), pages that changed from then on, too."""
    found = [
        row
        for document in viewer.own_documents(store)
        for row in _of(document, store, today, since)
    ]
    return sorted(found, key=lambda row: (KINDS.index(row.kind), row.since or "", row.document_id))


def _of(document: Document, store: Store, today: date, since: date | None) -> Iterator[Stale]:
    for section in document.sections:
        if section.note:
            continue
        until = section.valid_to or document.provenance.valid_to
        if until and until < today:
            yield _row("expired", document, section, until.isoformat())
        elif stale(document, section, today):
            yield _row("old", document, section, as_of(document, section))
        if unverified(document, section):
            yield _row("unverified", document, section, as_of(document, section))
        if as_of(document, section) is None and section.field in DATED:
            yield _row("undated", document, section, None)
    if since is not None:
        yield from _changed(document, store, since)


def _changed(document: Document, store: Store, since: date) -> Iterator[Stale]:
    """What a document says otherwise than before `since`."""
    later = [
        (hash_, day) for hash_, day in store.versions(document.id) if day[:10] >= since.isoformat()
    ]
    if not later:
        return
    # The oldest of those that were replaced since then is what was said at that day.
    before = store.version(document.id, later[-1][0])
    said = {(s.field, before.quote(s)) for s in before.sections} if before else set()
    for section in document.sections:
        if not section.note and (section.field, document.quote(section)) not in said:
            yield _row("changed", document, section, later[0][1][:10])


def _row(kind: str, document: Document, section: Section, since: str | None) -> Stale:
    provenance = document.provenance
    return Stale(
        kind,
        document.id,
        document.title,
        provenance.source_id,
        provenance.agency,
        section.field.value,
        since,
        document.quote(section),
    )
