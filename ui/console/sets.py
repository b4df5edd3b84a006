"""Document sets as their owners see them: how each stands, and what may be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from retrieval.ingest import SyncReport
from sources import connectors
from sources.catalog import CatalogEntry, built_in
from ui.access.permissions import Principal, may
from ui.catalogue import summary
from ui.console import Refused
from ui.console.desk import Desk, watched
from ui.schedule import local_now, next_time

WAITS = ("held", "quarantined")
"""States in which what was read waits for a person."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a set stands: `state` as the last sync left it, `at` and `due` ISO 8601, None never."""

    entry: CatalogEntry
    state: str
    documents: int
    rows: int
    at: str | None
    due: str | None
    report: SyncReport | None

    @property
    def waits(self) -> bool:
        """Whether somebody has to confirm or discard what was read."""
        return self.state in WAITS


def standings(desk: Desk, who: Principal) -> list[Standing]:
    """All sets of an agency's people, those that wait for a person first."""
    own = desk.own(who, "see")
    store = desk.house.store
    syncs = {row[0]: row for row in store.rows("SELECT source_id, state, at, report FROM syncs")}
    counts = store.counts()
    found = [
        _standing(entry, syncs.get(entry.id), counts.get(entry.id, 0)) for entry in own.values()
    ]
    found = [each if may(who, "test", each.entry) else _without_words(each) for each in found]
    return sorted(found, key=lambda s: (not s.waits, s.entry.title.casefold()))


def _without_words(one: Standing) -> Standing:
    """For the house's people, who keep in order what an agency keeps internal, and do not read it."""
    if one.report is None:
        return one
    hidden = {"notes": [], "turned": [], "rejected": ["…"] * len(one.report.rejected)}
    return replace(one, report=one.report.model_copy(update=hidden))


def standing(desk: Desk, who: Principal, set_id: object) -> Standing:
    """One of them. Raises Refused where there is none of theirs."""
    entry = desk.entry(who, "see", set_id)
    return next(each for each in standings(desk, who) if each.entry.id == entry.id)


def _standing(entry: CatalogEntry, row: tuple[str, ...] | None, documents: int) -> Standing:
    report = SyncReport.model_validate(json.loads(row[3])) if row else None
    due = None
    if entry.enabled and entry.schedule:
        due = next_time(entry.schedule, local_now()).isoformat()
    state, at = (row[1], row[2]) if row else ("never", None)
    rows = report.rows if report and connectors.gives_tables(entry.connector) else 0
    return Standing(entry, state, documents, rows, at, due, report)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading is: `state` is reading, checking, running or how it ended."""

    state: str
    read: int
    report: SyncReport | None = None


def sync(desk: Desk, who: Principal, set_id: object) -> Iterator[Progress]:
    """Reads a set and tells how far it is. It goes on if nobody watches any more.

    Raises Refused or Forbidden, and VentanillaError where it cannot be read.
    """
    entry = desk.entry(who, "sync", set_id)

    def work(tell: Callable[[SyncReport], None]) -> SyncReport:
        return desk.house.sync(entry.id, progress=tell)

    yield from _watched(desk, who, entry, "sync", work)


def confirm(desk: Desk, who: Principal, set_id: object) -> Iterator[Progress]:
    """Lets answer what was held or quarantined, and tells how far it is."""
    entry = desk.entry(who, "confirm", set_id)

    def work(tell: Callable[[SyncReport], None]) -> SyncReport:
        return desk.house.confirm(entry.id, tell)

    yield from _watched(desk, who, entry, "confirm", work)


def discard(desk: Desk, who: Principal, set_id: object) -> None:
    """Forgets what was held or quarantined. Raises UsageError where nothing waits."""
    entry = desk.entry(who, "confirm", set_id)
    desk.house.discard(entry.id)
    desk.note(who, "discard", entry)


def remove(
    desk: Desk, who: Principal, set_id: object, typed: object, *, purge: bool = False
) -> int:
    """Takes a set away, once its id was typed; returns how many documents it had.

    Raises Refused where another word was typed, or the set comes with Ventanilla.
    """
    entry = desk.entry(who, "remove", set_id)
    if str(typed or "").strip() != entry.id:
        raise Refused("remove_typed_wrong", id=entry.id)
    if entry.id in {each.id for each in built_in()}:
        raise Refused("remove_built_in")
    removed = desk.house.remove(entry.id, purge=purge)
    desk.note(who, "purge" if purge else "remove", entry, f"{removed} removed")
    return removed


def _watched(
    desk: Desk,
    who: Principal,
    entry: CatalogEntry,
    action: str,
    work: Callable[[Callable[[SyncReport], None]], SyncReport],
) -> Iterator[Progress]:
    """Runs `work`, tells how far it is until it ends, and writes it into the trail."""
    read = 0

    def tell(report: SyncReport) -> None:
        nonlocal read
        read = max(report.read, report.indexed + report.unchanged, report.rows)

    def run() -> SyncReport:
        report = work(tell)
        desk.note(who, action, entry, summary(report))
        return report

    looks = watched(f"console-{entry.id}", "the reading", run)
    yield Progress("reading", 0)
    for report in looks:
        if report is None:
            yield Progress(_state(desk, entry.id), read)
        else:
            yield Progress(report.state, report.read or report.rows, report)


def _state(desk: Desk, set_id: str) -> str:
    found = desk.house.store.rows("SELECT state FROM syncs WHERE source_id = ?", set_id)
    return found[0][0] if found else "reading"
