"""Catalogue → index: reads a document set and indexes only what changed.

    report = sync(read(entry), entry.id, index, store, matcher)

A document's hash is written last and withdrawn first, so a run that dies at any moment is taken up
by the next: whatever has no hash is done again. LlamaIndex's own UPSERTS_AND_DELETE would delete
the documents of every other source, so what vanished is found here, per source.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice

from pydantic import BaseModel

from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg
from retrieval.index import Index
from retrieval.store import Store
from sources.document import PUBLIC, Document, Item, Rejected, Unchanged

BATCH = 128
MANY = 500
"""Changed documents after which the index is rearranged: about a millisecond each."""

FORMAT = "4"
"""Raise it when passages, vectors or profiles are made differently: every document is then done again."""


class Turned(BaseModel):
    """A golden question that is answered rightly `now` and would not be `then`; both are what a
    reader would see.
    """

    question: str
    expected: str
    now: str
    then: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.question} → expected {self.expected}; it would be {self.then}"


class SyncReport(BaseModel):
    """What one run did. `rejected` holds "name: reason".

    Of a set of tables, `rows` is how many there are now, `rows_rejected` how many lack something
    that they need, and `notes` say what was mended. `vocabulary` is the fingerprint of the concepts
    that the passages of a document set carry. `state` is "done", or "held" or "quarantined" where
    nothing was indexed and `reason` says why (`turned`: the right answers that would turn wrong);
    `lacking` counts documents that the origin called unchanged and that are not here.
    """

    source_id: str
    state: str = "done"
    reason: str = ""
    read: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    rejected: list[str] = []
    seconds: float = 0.0
    rows: int = 0
    rows_rejected: int = 0
    notes: list[str] = []
    vocabulary: str = ""
    lacking: int = 0
    turned: list[Turned] = []


def revision_of(document: Document, vocabulary: str) -> str:
    """Changes whenever the document, or the way it is indexed, does."""
    parts = f"{FORMAT}:{vocabulary}:{document.content_hash}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def sync(
    items: Iterable[Item],
    source_id: str,
    index: Index,
    store: Store,
    matcher: Matcher,
    *,
    dense: DenseLeg | None = None,
    progress: Callable[[SyncReport], None] = lambda report: None,
) -> SyncReport:
    """Makes the index hold exactly the documents in `items` for `source_id`.

    With `dense` the passages that changed are embedded, too. An error of the connector itself (the
    whole origin out of reach) passes through and leaves what was indexed before as it was, except
    documents already read in this run.
    """
    from retrieval.pipeline import docstore_of, run_batch

    started = time.monotonic()
    vocabulary = matcher.fingerprint
    report = SyncReport(source_id=source_id, vocabulary=vocabulary)
    docstore = docstore_of(store, source_id)
    before = store.ids(source_id)
    seen: set[str] = set()
    again: dict[str, str] = {}
    record(store, report, "running")
    try:
        accepted = _accept(items, before, seen, again, report, store)
        while batch := list(islice(accepted, BATCH)):
            for document in batch:
                if document.id not in before:  # a hash that a dying removal left behind
                    docstore.delete_document(document.id, raise_error=False)
            revisions = {document.id: revision_of(document, vocabulary) for document in batch}
            changed = [
                d
                for d in batch
                if before.get(d.id) != revisions[d.id] or not docstore.get_document_hash(d.id)
            ]
            run_batch(batch, revisions, docstore, index, store, matcher, dense)
            done = {d.id for d in changed}
            for document in batch:
                if document.provenance.retrieved_at and document.id not in done:
                    again[document.id] = document.provenance.retrieved_at
            report.indexed += len(changed)
            report.unchanged += len(batch) - len(changed)
            progress(report)
        # What was read again unchanged holds on the day of this reading.
        store.see(again)
        known = {*store.ids(source_id), *docstore.get_all_document_hashes().values()}
        vanished = sorted(known - seen)
        _remove(vanished, source_id, index, store)
        report.removed = len(vanished)
        if report.indexed + report.removed >= MANY:
            index.compact()
        index.flush()
    except BaseException as error:
        report.seconds = time.monotonic() - started
        record(store, report, f"failed: {error or type(error).__name__}")
        raise
    report.seconds = time.monotonic() - started
    record(store, report, "done")
    progress(report)
    return report


def _accept(
    items: Iterable[Item],
    before: Container[str],
    seen: set[str],
    again: dict[str, str],
    report: SyncReport,
    store: Store,
) -> Iterator[Document]:
    """The documents of `items`; those that cannot be taken are reported."""
    today = date.today().isoformat()
    for item in items:
        if isinstance(item, Rejected):
            report.rejected.append(f"{item.name}: {item.reason}")
            continue
        report.read += 1
        if isinstance(item, Unchanged):
            if item.document_id in before:
                report.unchanged += 1
                seen.add(item.document_id)
                again[item.document_id] = today
            else:
                report.lacking += 1
                report.rejected.append(f"{item.document_id}: it is read in full next time")
            continue
        owner = store.rows("SELECT source_id, tenant FROM documents WHERE id = ?", item.id)
        if item.id in seen:
            report.rejected.append(f"{item.id}: two documents of this set have that id")
        elif owner and owner[0][0] != report.source_id:
            # What another agency keeps to itself is not named to this one.
            named = owner[0][1] in (PUBLIC, item.tenant)
            which = f"the set {owner[0][0]!r}" if named else "another set"
            report.rejected.append(f"{item.id}: the id belongs to {which}")
        elif not item.sections:
            report.rejected.append(f"{item.id}: it has no text")
        else:
            seen.add(item.id)
            yield item


def remove(source_id: str, index: Index, store: Store) -> int:
    """Removes every document of a source; returns how many there were."""
    ids = sorted(store.ids(source_id))
    _remove(ids, source_id, index, store)
    with store.transaction() as connection:
        connection.execute("DELETE FROM syncs WHERE source_id = ?", (source_id,))
        connection.execute("DELETE FROM kv WHERE collection LIKE ?", (f"source/{source_id}/%",))
    index.flush()
    return len(ids)


def _remove(ids: list[str], source_id: str, index: Index, store: Store) -> None:
    """The text goes first: from then on nothing of it can be quoted, whatever dies next."""
    from retrieval.pipeline import forget_hashes

    store.delete(ids)
    for first in range(0, len(ids), 500):
        index.delete(ids[first : first + 500])
    forget_hashes(store, source_id, ids)


def record(store: Store, report: SyncReport, state: str) -> None:
    """Keeps how a run stands, for `sources list` and for the next run."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with store.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO syncs VALUES (?, ?, ?, ?)",
            (report.source_id, state, now, report.model_dump_json()),
        )
