"""The `sources` commands: here, or through a running `serve` that holds the index."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from retrieval.dense_leg import EmbedReport
from retrieval.ingest import SyncReport
from retrieval.pack_import import CONNECTOR
from retrieval.store import Store
from retrieval.table_sync import counted
from sources import connectors
from sources.catalog import CatalogEntry, read_catalog, read_entry
from sources.document import VERSION, Document, Rejected
from sources.errors import UsageError
from ui.assemble import House, add_entry, open_house
from ui.local import SYNC_S, Running
from ui.settings import Settings


def sync(settings: Settings, source_id: str, origin: str | None) -> dict[str, Any]:
    """Reads a document set, with a progress line where somebody watches."""
    if running := Running.find(settings):
        body = {"source": source_id, "origin": origin}
        report: dict[str, Any] = running.post("/api/local/sync", body, SYNC_S)
        return report
    with open_house(settings) as house:
        made = watched(house, source_id, origin)
        note_change(settings, "sync", house.entry(source_id), summary(made))
        return made.model_dump()


def watched(house: House, source_id: str, origin: str | None = None) -> SyncReport:
    """Reads a document set and shows how far it is."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed} read"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"reading {source_id}", total=None)

        def update(report: SyncReport) -> None:
            progress.update(task, completed=max(report.read, report.indexed + report.unchanged))

        return house.sync(source_id, origin, update)


def embed(settings: Settings) -> EmbedReport:
    """Embeds what lacks the vector of the model that was set."""
    if running := Running.find(settings):
        return EmbedReport.model_validate(running.post("/api/local/embed", {}, SYNC_S))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        open_house(settings) as house,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("reading the model", total=None)

        def update(embedded: int, passages: int) -> None:
            progress.update(task, description=f"embedding: {embedded} of {passages} passages")

        return house.embed(update)


def confirm(settings: Settings, source_id: str) -> dict[str, Any]:
    """Lets answer what was read of a set and held or quarantined."""
    if running := Running.find(settings):
        report: dict[str, Any] = running.post("/api/local/confirm", {"source": source_id}, SYNC_S)
        return report
    with open_house(settings) as house:
        confirmed = house.confirm(source_id)
        note_change(settings, "confirm", house.entry(source_id), summary(confirmed))
        return confirmed.model_dump()


def discard(settings: Settings, source_id: str) -> None:
    """Forgets what was read of a set and held or quarantined."""
    if running := Running.find(settings):
        running.post("/api/local/discard", {"source": source_id}, SYNC_S)
        return
    with open_house(settings) as house:
        house.discard(source_id)
        note_change(settings, "discard", house.entry(source_id))


def versions(settings: Settings, document_id: str, version: str | None) -> list[str]:
    """The text of one version of a document, or a line for each that there is.

    Raises UsageError where there is none.
    """
    store = Store(settings.documents)
    try:
        if version:
            if document := store.version(document_id, version):
                return [document.title, "", document.text]
        else:
            current = store.get(document_id)
            rows = [f"{current.content_hash[:VERSION]}  as it is now"] if current else []
            rows += [f"{v[:VERSION]}  until {until}" for v, until in store.versions(document_id)]
            if rows:
                return rows
    finally:
        store.close()
    asked = f"{document_id} in version {version}" if version else document_id
    raise UsageError(f"there is no {asked}", "A citation has both: document_id and version.")


def remove(settings: Settings, source_id: str, *, purge: bool = False) -> int:
    """Removes a document set; returns how many documents or rows it had."""
    if running := Running.find(settings):
        body = {"source": source_id, "purge": purge}
        return int(running.post("/api/local/remove", body, SYNC_S)["removed"])
    with open_house(settings) as house:
        entry = house.entry(source_id)
        removed = house.remove(source_id, purge=purge)
        note_change(settings, "purge" if purge else "remove", entry, f"{removed} removed")
        return removed


def add(settings: Settings, path: Path, agency: str | None = None) -> CatalogEntry:
    """Adds a set to the catalogue, as `agency`'s own if one is named.

    Raises CatalogError where the file is wrong, UsageError where there is no such agency.
    """
    if agency is not None:
        from ui.access.store import AccessStore

        with AccessStore.open(settings.access) as store:
            store.agencies.get(agency)
    added = add_entry(settings, path, agency)
    note_change(settings, "add", added, f"readers: {added.tenant}")
    return added


def summary(report: SyncReport) -> str:
    """A sync, as the audit trail tells of it."""
    return f"{report.state}: {report.indexed} indexed, {report.removed} removed"


def note_change(settings: Settings, action: str, entry: CatalogEntry, detail: str = "") -> None:
    """Adds a line to the audit trail on what a command did to a document set."""
    from ui.access.commands import by
    from ui.access.store import AccessStore

    with AccessStore.open(settings.access) as store:
        store.trail.record(by(), action, entry.id, agency=entry.owner, detail=detail)


def kept_as(settings: Settings, source_id: str) -> str:
    """What a set consists of: "documents" or "rows"."""
    entry = read_catalog(settings.catalog).get(source_id)
    return "rows" if entry and connectors.gives_tables(entry.connector) else "documents"


@dataclass(frozen=True)
class Preview:
    """A document as it would be read: its title, and the headings of its sections in order."""

    id: str
    title: str
    headings: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """What a set would give: how many documents or rows, how many not, and why not. `documents` are
    previews; `whole` is false where the reading was ended before the set was.
    """

    unit: str
    taken: int
    refused: int
    reasons: list[str]
    documents: list[Preview] = field(default_factory=list)
    whole: bool = True


def check(path: Path) -> Checked:
    """Reads a set without indexing it. Raises SourceError where nothing can be read."""
    return check_entry(read_entry(path))


def check_entry(
    entry: CatalogEntry,
    *,
    most: int | None = None,
    progress: Callable[[int], None] = lambda taken: None,
) -> Checked:
    """As `check`, of an entry that lies in no file; ends after `most` documents. `progress` is told
    how many there are so far.
    """
    if connectors.gives_tables(entry.connector):
        return _check_tables(entry)
    rejected: list[str] = []
    documents: list[Preview] = []
    whole = True
    for item in connectors.read(entry):
        if isinstance(item, Document):
            documents.append(_preview(item))
            progress(len(documents))
        elif isinstance(item, Rejected):
            rejected.append(f"{item.name}: {item.reason}")
        if most is not None and len(documents) >= most:
            whole = False
            break
    return Checked("documents", len(documents), len(rejected), rejected, documents, whole)


def _preview(document: Document) -> Preview:
    headings = dict.fromkeys(s.heading for s in document.sections if s.heading)
    return Preview(document.id, document.title, tuple(headings))


def _check_tables(entry: CatalogEntry) -> Checked:
    with tempfile.TemporaryDirectory(prefix="ventanilla-") as folder:
        read = connectors.load_tables(entry.connector)
        made = read(entry, entry.origin or "", Path(folder), None)
    reasons = [f"{counted(n)}: {why}" for why, n in {**made.rejects, **made.repairs}.items()]
    return Checked("rows", made.rows, sum(made.rejects.values()), reasons)


def overview(settings: Settings) -> list[dict[str, Any]]:
    """Every entry of the catalogue, with what is indexed or loaded and how the last reading ended."""
    store = Store(settings.documents)
    try:
        syncs = {row[0]: row for row in store.rows("SELECT * FROM syncs")}
        counts = store.counts()
    finally:
        store.close()
    reports = {source_id: json.loads(row[3]) for source_id, row in syncs.items()}
    return [
        {
            "id": entry.id,
            "title": entry.title,
            "connector": entry.connector,
            "enabled": entry.enabled,
            "country": entry.country,
            "licence": entry.licence,
            "pack": entry.options.get("pack") if entry.connector == CONNECTOR else None,
            "made_by": entry.options.get("made_by") if entry.connector == CONNECTOR else None,
            "documents": counts.get(entry.id, 0),
            "rows": reports.get(entry.id, {}).get("rows", 0),
            "state": syncs[entry.id][1] if entry.id in syncs else "never read",
            "at": syncs[entry.id][2] if entry.id in syncs else None,
            "report": reports.get(entry.id),
        }
        for entry in read_catalog(settings.catalog).values()
    ]
