"""Reads the sets that have a `schedule` when they are due, while `serve` runs.

A time that passed while nothing ran is made up for once. Times are those of the server's clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronsim import CronSim

from sources.catalog import CatalogEntry, read_catalog
from sources.errors import VentanillaError, reason_of
from ui.access.permissions import By
from ui.catalogue import summary

if TYPE_CHECKING:
    from retrieval.ingest import SyncReport
    from ui.assemble import House

LOOK_S = 30.0
"""Seconds between two looks at the clock: an entry that was added is seen within them."""

BY = By("schedule", "serve")
"""As the audit trail names what nobody did by hand."""


def due(house: House, now: datetime, since: datetime) -> list[CatalogEntry]:
    """The entries whose time has come. A set that was never read counts from `since`; all times are
    aware.
    """
    read = {row[0]: row[1] for row in house.store.rows("SELECT source_id, at FROM syncs")}
    found = []
    for entry in read_catalog(house.settings.catalog).values():
        if not (entry.enabled and entry.schedule):
            continue
        last = datetime.fromisoformat(read[entry.id]) if entry.id in read else since
        if next_time(entry.schedule, last.astimezone(now.tzinfo)) <= now:
            found.append(entry)
    return found


def next_time(schedule: str, after: datetime) -> datetime:
    """When a line of cron comes next after a moment, in the zone of `after`."""
    return next(CronSim(schedule, after))


def local_now() -> datetime:
    """The time on the server's clock, with its zone."""
    return datetime.now(UTC).astimezone()


@contextmanager
def scheduled(house: House, note: Callable[[str], None]) -> Iterator[None]:
    """Runs the due syncs in a thread of their own for as long as the context is open."""
    stop, since = threading.Event(), local_now()

    def work() -> None:
        while not stop.wait(LOOK_S):
            try:
                for entry in due(house, local_now(), since):
                    run(house, entry.id, note, stop)
            except VentanillaError as error:  # a catalogue file that somebody is writing
                note(f"schedule: {error}")

    worker = threading.Thread(target=work, name="schedule")
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def run(house: House, source_id: str, note: Callable[[str], None], stop: threading.Event) -> None:
    """One sync that nobody waits for: how it ends is noted, and told by `sources list`. `stop` ends it
    at the next item; the next one takes it up.
    """

    def go_on(_: SyncReport) -> None:
        if stop.is_set():
            raise VentanillaError("it was stopped with the server", "The next sync takes it up.")

    try:
        report = house.sync(source_id, progress=go_on)
    except VentanillaError as error:  # a portal that is down is tried again at its next time
        note(f"{source_id}: {error}")
        return
    except Exception as error:  # noqa: BLE001 – whatever broke, the other sets are still to be read
        note(f"{source_id}: something of ours broke ({reason_of(error)})")
        return
    entry = house.entry(source_id)
    house.access.trail.record(BY, "sync", source_id, agency=entry.owner, detail=summary(report))
    if report.state != "done":
        note(f"{source_id}: {report.state}, {report.reason}")
    elif report.indexed or report.removed:
        note(f"{source_id}: {report.indexed} documents indexed, {report.removed} removed")
