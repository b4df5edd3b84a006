"""One sync of a document set as a job: read, look at it, index it; taken up where it was cut off.

    jobs = Jobs(home / "jobs", index, store, matcher)
    report = jobs.run(entry)                 # state "done", "held" or "quarantined"
    report = jobs.confirm(entry)             # a person has looked: index it as it was read

Nothing is indexed before the whole set was read. A set that suddenly lost much of its documents is
held, and one that would turn right answers wrong is quarantined, each until a person confirms or
discards what was read. The system itself frees the lock of a job that died.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg
from retrieval.index import Index
from retrieval.ingest import FORMAT, SyncReport, Turned, record, remove, revision_of, sync
from retrieval.spool import Spool
from retrieval.store import Store
from sources import connectors
from sources.catalog import CatalogEntry
from sources.document import Document, Item, Rejected
from sources.errors import UsageError

READING = "1"
"""Raise it when files and pages are read differently: whatever was remembered of them is forgotten."""

MOST_LOST = 0.3
"""Share of its documents that a set may lose without a person's word."""

FEW = 4
"""Documents that a set may lose whatever their share: in a small set one or two are much."""

SHOWN = 20
"""Documents that a report names of those that would go."""

OFTEN = 64
"""Items after which progress is told."""

Gate = Callable[[CatalogEntry, Callable[[], Iterator[Item]]], list[Turned]]
"""Given an entry and what was read of it: the right answers that it would turn wrong."""


@dataclass(frozen=True, slots=True)
class _Read:
    """How a reading went: its report, how many documents there were before it, which of them are
    gone, and whether anything would change.
    """

    report: SyncReport
    before: int
    gone: tuple[str, ...]
    changed: bool


class Jobs:
    """The syncs of one home. `gate` is asked before anything is indexed, if there is one."""

    def __init__(
        self,
        folder: Path,
        index: Index,
        store: Store,
        matcher: Matcher,
        dense: DenseLeg | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._folder = folder
        self._index, self._store, self._matcher, self._dense = index, store, matcher, dense
        self._gate = gate
        # Sets are read side by side, and indexed one after the other.
        self._indexing = threading.Lock()

    def run(
        self,
        entry: CatalogEntry,
        origin: str | None = None,
        progress: Callable[[SyncReport], None] = lambda report: None,
    ) -> SyncReport:
        """Reads and indexes the set of `entry`, after what a job that died left to be indexed. What
        waits for a person is read anew.

        Raises UsageError where another job works on the set, SourceError where the origin cannot be
        read: what was indexed stays as it was.
        """
        with self.alone(entry.id):
            spool = Spool(self._folder / entry.id, self._fingerprint(entry, origin))
            if spool.accepted:  # a job died while it indexed
                self._index_it(entry, spool, progress)
            with self._recorded(SyncReport(source_id=entry.id)) as report:
                read = self._read(entry, origin, spool, report, progress)
                waits = self._lost(read) or self._worse(entry, spool, read)
            if waits:
                return waits
            spool.accept()
            return self._index_it(entry, spool, progress)

    def confirm(
        self, entry: CatalogEntry, progress: Callable[[SyncReport], None] = lambda report: None
    ) -> SyncReport:
        """Indexes what was held or quarantined. Raises UsageError where nothing waits."""
        with self.alone(entry.id):
            spool = self._waiting(entry)
            spool.accept()
            return self._index_it(entry, spool, progress)

    def discard(self, entry: CatalogEntry) -> None:
        """Forgets what was held or quarantined; what is indexed stays. Raises UsageError where
        nothing waits.
        """
        with self.alone(entry.id):
            self._waiting(entry).clear()
            record(self._store, SyncReport(source_id=entry.id), "discarded")

    def remove(self, source_id: str) -> int:
        """Takes a set out of the index, with what waits and what is remembered of it; returns how many
        documents there were. Raises UsageError where a job works on it.
        """
        with self.alone(source_id), self._indexing:
            Spool(self._folder / source_id).clear()
            self._keep_memory(source_id, "", {})
            return remove(source_id, self._index, self._store)

    @contextmanager
    def alone(self, source_id: str) -> Iterator[None]:
        """While it is open no job works on the set. Raises UsageError where one does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{source_id}.lock").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    f"a sync of {source_id} is under way",
                    "Wait for it; `ventanilla sources list` shows how far it is.",
                ) from None
            yield

    def _state(self, source_id: str) -> str:
        found = self._store.rows("SELECT state FROM syncs WHERE source_id = ?", source_id)
        return found[0][0] if found else ""

    def _waiting(self, entry: CatalogEntry) -> Spool:
        state = self._state(entry.id)
        if state not in ("held", "quarantined"):
            raise UsageError(
                f"nothing of {entry.id} waits for a decision ({state or 'never read'})",
                "`ventanilla sources list` shows what does.",
            )
        spool = Spool(self._folder / entry.id)
        if not spool.whole:
            raise UsageError(f"what was read of {entry.id} is gone", "Run its sync again.")
        return spool

    def _fingerprint(self, entry: CatalogEntry, origin: str | None) -> str:
        """Changes whenever the same origin would give other documents, or be indexed otherwise."""
        asked = Path(entry.questions) if entry.questions else None
        told = (
            READING,
            FORMAT,
            self._matcher.fingerprint,
            entry.model_dump_json(exclude={"title", "description", "enabled", "schedule"}),
            origin or "",
            hashlib.sha256(asked.read_bytes()).hexdigest() if asked and asked.is_file() else "",
        )
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    @contextmanager
    def _recorded(self, report: SyncReport) -> Iterator[SyncReport]:
        """Records why a job ended before anything was indexed."""
        began = time.monotonic()
        record(self._store, report, "reading")
        try:
            yield report
        except BaseException as error:
            report.seconds = time.monotonic() - began
            record(self._store, report, f"failed: {error or type(error).__name__}")
            raise

    def _read(
        self,
        entry: CatalogEntry,
        origin: str | None,
        spool: Spool,
        report: SyncReport,
        progress: Callable[[SyncReport], None],
    ) -> _Read:
        memory = spool.begin(self._memory(entry.id, spool.fingerprint))
        before, vocabulary = self._store.ids(entry.id), self._matcher.fingerprint
        there, changed = set[str](), False
        for item in spool.fill(connectors.read(entry, origin, memory), memory):
            if isinstance(item, Rejected):
                report.rejected.append(f"{item.name}: {item.reason}")
            elif isinstance(item, Document):
                there.add(item.id)
                changed = changed or before.get(item.id) != revision_of(item, vocabulary)
            else:
                there.add(item.document_id)
            if (len(there) + len(report.rejected)) % OFTEN == 0:
                report.read = len(there)
                progress(report)
        report.read = len(there)
        gone = tuple(sorted(before.keys() - there))
        return _Read(report, len(before), gone, changed or bool(gone))

    def _lost(self, read: _Read) -> SyncReport | None:
        """The report of a set that is held, or None."""
        if len(read.gone) <= max(FEW, MOST_LOST * read.before):
            return None
        reason = f"{len(read.gone)} of {read.before} documents would go"
        named = [f"would go: {document_id}" for document_id in read.gone[:SHOWN]]
        return self._wait(read.report, "held", reason, named)

    def _worse(self, entry: CatalogEntry, spool: Spool, read: _Read) -> SyncReport | None:
        """The report of a set that is quarantined, or None."""
        if self._gate is None or not read.changed:
            return None
        record(self._store, read.report, "checking")
        turned = self._gate(entry, spool.items)
        if not turned:
            return None
        reason = f"{len(turned)} right answers would turn wrong"
        report = read.report.model_copy(update={"turned": turned})
        return self._wait(report, "quarantined", reason, [str(each) for each in turned])

    def _wait(self, read: SyncReport, state: str, reason: str, notes: list[str]) -> SyncReport:
        report = read.model_copy(update={"state": state, "reason": reason, "notes": notes})
        record(self._store, report, state)
        return report

    def _index_it(
        self,
        entry: CatalogEntry,
        spool: Spool,
        progress: Callable[[SyncReport], None],
    ) -> SyncReport:
        with self._indexing:
            # What is remembered is of documents as they were: half of them may be new in a moment.
            self._keep_memory(entry.id, "", {})
            report = sync(
                spool.items(),
                entry.id,
                self._index,
                self._store,
                self._matcher,
                dense=self._dense,
                progress=progress,
            )
            # A document that was thought to be here and is not is read in full next time.
            self._keep_memory(entry.id, spool.fingerprint, {} if report.lacking else spool.marks())
            spool.clear()
        return report

    def _memory(self, source_id: str, fingerprint: str) -> dict[str, connectors.Mark]:
        query = "SELECT key, value FROM kv WHERE collection = ?"
        rows = {row[0]: row[1] for row in self._store.rows(query, f"memory/{source_id}")}
        if rows.pop("", None) != fingerprint:
            return {}
        return {name: json.loads(mark) for name, mark in rows.items()}

    def _keep_memory(
        self, source_id: str, fingerprint: str, marks: dict[str, connectors.Mark]
    ) -> None:
        collection = f"memory/{source_id}"
        rows = [(collection, name, json.dumps(mark)) for name, mark in marks.items()]
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM kv WHERE collection = ?", (collection,))
            if fingerprint:
                rows.append((collection, "", fingerprint))
            connection.executemany("INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", rows)
