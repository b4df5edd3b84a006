"""Catalogue → tables: reads a set of tables and loads it where its content is new.

    report = sync_tables(entry, None, tables, store)

A reading that fails leaves yesterday's table as it was, and the report says so.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from retrieval.ingest import SyncReport, record
from retrieval.store import Store
from retrieval.tables import Dataset, Tables
from sources import connectors
from sources.catalog import CatalogEntry
from sources.errors import SourceError, VentanillaError
from sources.tables import Reading, TableSet

RECIPE = "1"
"""Raise it when rows are normalised differently: every set is then loaded anew."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one reading gave, the data set as it is now, and whether its rows were loaded anew."""

    made: TableSet
    dataset: Dataset
    changed: bool


def load(
    entry: CatalogEntry,
    origin: str | None,
    tables: Tables,
    *,
    reading: Reading | None = None,
    source_id: str | None = None,
) -> Loaded:
    """Reads `entry` into `tables` under `source_id` (the entry's own, if none is given).

    Raises SourceError where it cannot be read or loaded; the rows from before are then still there.
    """
    source_id = source_id or entry.id
    reading = reading or Reading()
    place = origin or entry.origin or ""
    recipe = _recipe(entry, reading)
    before = tables.dataset(source_id)
    is_known = before is not None and before.recipe == recipe
    if before and is_known:
        reading = Reading(reading.parameters, before.known, reading.seconds)
    read = connectors.load_tables(entry.connector)
    with tempfile.TemporaryDirectory(prefix="ventanilla-") as folder:
        made = read(entry, place, Path(folder), reading)
        if made.unchanged and before is None:
            raise SourceError(f"{source_id}: the server sent nothing, and there is no copy of it")
        dataset = _dataset(entry, source_id, made, before, recipe)
        if before and (made.unchanged or (is_known and before.content_hash == made.content_hash)):
            tables.update(dataset)
            return Loaded(made, dataset, changed=False)
        tables.replace(dataset, made.tables)
    return Loaded(made, tables.dataset(source_id) or dataset, changed=True)


def _recipe(entry: CatalogEntry, reading: Reading) -> str:
    """Changes whenever the same file would be read differently."""
    told = (
        RECIPE,
        entry.connector,
        entry.country,
        repr(sorted(entry.options.items())),
        repr(sorted(reading.parameters.items())),
    )
    return hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()[:32]


def _dataset(
    entry: CatalogEntry, source_id: str, made: TableSet, before: Dataset | None, recipe: str
) -> Dataset:
    today = date.today().isoformat()
    as_of = made.as_of or entry.as_of or (today if "live" in entry.options else None)
    kept = before if before and made.unchanged else None
    if kept and "live" not in entry.options:
        as_of = kept.as_of
    return Dataset(
        source_id=source_id,
        title=entry.title,
        agency=entry.agency or entry.title,
        licence=entry.licence,
        url=entry.url,
        country=entry.country or "",
        language=entry.language or _language(entry.country),
        as_of=as_of,
        retrieved_at=today,
        verification=entry.verification,
        tenant=entry.tenant,
        sectors=entry.sectors,
        roles=before.roles if before else tuple(made.tables),
        rows=before.rows if before else made.rows,
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        content_hash=kept.content_hash if kept else made.content_hash,
        recipe=recipe,
        known={address: dict(said) for address, said in made.known.items()},
    )


def _language(country: str | None) -> str:
    """An agency that names no language speaks its country's first one."""
    from sources.country import countries

    known = countries().get(country or "")
    return known.language if known else "es"


def sync_tables(
    entry: CatalogEntry,
    origin: str | None,
    tables: Tables,
    store: Store,
    *,
    progress: Callable[[SyncReport], None] = lambda report: None,
) -> SyncReport:
    """Reads a set of tables and records the run. Raises SourceError where that fails: it says that
    yesterday's rows stay, if there are any.
    """
    started = time.monotonic()
    before = tables.dataset(entry.id)
    report = SyncReport(source_id=entry.id, rows=before.rows if before else 0)
    record(store, report, "running")
    try:
        loaded = load(entry, origin, tables)
    except BaseException as error:
        report.seconds = time.monotonic() - started
        failure = _with_yesterday(error, before)
        record(store, report, f"failed: {failure or type(error).__name__}")
        if failure is error:
            raise
        raise failure from error
    made = loaded.made
    report.rows = loaded.dataset.rows
    report.rows_rejected = sum(made.rejects.values())
    report.read = made.rows + report.rows_rejected + made.filtered
    report.indexed, report.unchanged = (report.rows, 0) if loaded.changed else (0, report.rows)
    report.removed = max(0, before.rows - report.rows) if before and loaded.changed else 0
    report.rejected = [f"{counted(count)}: {why}" for why, count in sorted(made.rejects.items())]
    report.notes = [f"{counted(count)}: {why}" for why, count in sorted(made.repairs.items())]
    if made.filtered:
        report.notes.append(f"{counted(made.filtered)}: not among those that the entry wants")
    report.seconds = time.monotonic() - started
    record(store, report, "done")
    progress(report)
    return report


def counted(count: int) -> str:
    """So many rows, in words."""
    return "1 row" if count == 1 else f"{count} rows"


def _with_yesterday(error: BaseException, before: Dataset | None) -> BaseException:
    if before is None or not isinstance(error, VentanillaError):
        return error
    day = before.as_of or before.retrieved_at
    stays = f"What was read before stays ({counted(before.rows)}, {day})."
    return type(error)(error.problem, f"{error.remedy} {stays}".strip())


def remove_tables(source_id: str, tables: Tables, store: Store) -> int:
    """Removes a set of tables and what is known of its runs; returns how many rows it had."""
    removed = tables.remove(source_id)
    with store.transaction() as connection:
        connection.execute("DELETE FROM syncs WHERE source_id = ?", (source_id,))
    return removed
