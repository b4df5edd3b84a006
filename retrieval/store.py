"""The documents behind the index, and what was counted over them, in one SQLite file.

A hit of the index is only a pointer; the text that is quoted comes from here. A document that is
not here, or stands here in another revision, cannot answer whatever the index still holds. What a
document said before it was replaced or removed stays readable as a version, by the hash of its
content: no search reaches it, but an answer that quoted it can be looked up.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from retrieval.counting import SCHEMA, Change
from sources.document import Document
from sources.errors import IndexUnavailable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source_id TEXT NOT NULL, tenant TEXT NOT NULL, country TEXT NOT NULL,
    revision TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_by_source ON documents (source_id);
CREATE TABLE IF NOT EXISTS profiles (
    id TEXT PRIMARY KEY, revision TEXT NOT NULL, made TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS kv (
    collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS syncs (
    source_id TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL, report TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    id TEXT NOT NULL, content_hash TEXT NOT NULL, source_id TEXT NOT NULL, tenant TEXT NOT NULL,
    until TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id, content_hash));
DROP TABLE IF EXISTS lexicon;
DROP TABLE IF EXISTS lexicon_size;
"""

_ARCHIVE = """
INSERT OR REPLACE INTO versions
SELECT d.id, c.content_hash, d.source_id, d.tenant, ?, d.body
FROM documents d JOIN counted c ON c.id = d.id WHERE d.id = ?
"""


class Store:
    """One SQLite connection, shared by the threads of this process."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises IndexUnavailable where it is not ours to open."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA + SCHEMA)
            self._count_what_was_never_counted()
        except sqlite3.Error as error:
            raise IndexUnavailable(
                f"{path} cannot be opened ({error})",
                "Check its permissions, or move it away and run `ventanilla sources sync`.",
            ) from error
        self._parse = lru_cache(maxsize=2048)(self._parse_uncached)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept together, or not at all."""
        with self._lock, self._connection:
            yield self._connection

    def rows(self, query: str, *parameters: object) -> list[tuple[str, ...]]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def _count_what_was_never_counted(self) -> None:
        """The documents of a home that was written before counts were kept beside them."""
        uncounted = self.rows("SELECT body FROM documents WHERE id NOT IN (SELECT id FROM counted)")
        if not uncounted:
            return  # who only reads need not wait for who writes
        change = Change()
        with self.transaction() as connection:
            for (body,) in uncounted:
                document = Document.model_validate_json(body)
                change.give(connection, document, document.content_hash)
            change.apply(connection)

    def put(self, documents: Iterable[Document], revisions: dict[str, str]) -> None:
        """Adds or replaces documents, with their words; `revisions` by document id. What a document
        said until now becomes a version of it.
        """
        documents = list(documents)
        if not documents:
            return
        change, now = Change(), _now()
        with self.transaction() as connection:
            query = "SELECT content_hash FROM counted WHERE id = ?"
            for document in documents:
                counted = connection.execute(query, (document.id,)).fetchone()
                content_hash = document.content_hash  # it reads the whole document
                if counted and counted[0] == content_hash:
                    continue
                connection.execute(_ARCHIVE, (now, document.id))
                change.take_back(connection, [document.id])
                change.give(connection, document, content_hash)
            change.apply(connection)
            connection.executemany("DELETE FROM seen WHERE id = ?", [(d.id,) for d in documents])
            connection.executemany(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        d.id,
                        d.provenance.source_id,
                        d.tenant,
                        d.country,
                        revisions[d.id],
                        d.model_dump_json(exclude_defaults=True),
                    )
                    for d in documents
                ],
            )
        self._parse.cache_clear()  # a revision may have been dated anew

    def see(self, days: Mapping[str, str]) -> None:
        """Notes on which day (ISO 8601) the origin of documents, by id, still said what they say."""
        with self.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", days.items())
        self._parse.cache_clear()

    def delete(self, ids: Iterable[str]) -> None:
        """Removes documents: from this moment they cannot answer, and stay readable as versions."""
        gone, change, now = list(ids), Change(), _now()
        with self.transaction() as connection:
            connection.executemany(_ARCHIVE, [(now, i) for i in gone])
            change.take_back(connection, gone)
            change.apply(connection)
            for table in ("documents", "profiles", "seen"):
                connection.executemany(
                    f"DELETE FROM {table} WHERE id = ?",  # noqa: S608
                    [(i,) for i in gone],
                )

    def version(self, document_id: str, content_hash: str) -> Document | None:
        """What the document said when its content had that hash, or a hash that begins so: now, or
        before it was replaced or removed. None where it never did, or two versions begin so.
        """
        if (current := self.get(document_id)) and current.content_hash.startswith(content_hash):
            return current
        found = self.rows(
            "SELECT body FROM versions WHERE id = ? AND substr(content_hash, 1, ?) = ?",
            document_id,
            len(content_hash),
            content_hash,
        )
        return Document.model_validate_json(found[0][0]) if len(found) == 1 else None

    def versions(self, document_id: str) -> list[tuple[str, str]]:
        """The earlier versions of a document, the newest first: (hash of the content, until when)."""
        query = "SELECT content_hash, until FROM versions WHERE id = ? ORDER BY until DESC"
        return [(row[0], row[1]) for row in self.rows(query, document_id)]

    def forget_versions(self, source_id: str) -> int:
        """Erases the versions of a source's documents for good; returns how many there were."""
        with self.transaction() as connection:
            query = "DELETE FROM versions WHERE source_id = ?"
            return connection.execute(query, (source_id,)).rowcount

    def get(self, document_id: str, revision: str | None = None) -> Document | None:
        """The document, or None where it is gone or no longer stands in `revision`."""
        found = self.rows("SELECT revision FROM documents WHERE id = ?", document_id)
        if not found or (revision is not None and found[0][0] != revision):
            return None
        return self._parse(document_id, found[0][0])

    def _parse_uncached(self, document_id: str, revision: str) -> Document | None:
        found = self.rows(
            "SELECT d.body, s.day FROM documents d LEFT JOIN seen s ON s.id = d.id "
            "WHERE d.id = ? AND d.revision = ?",
            document_id,
            revision,
        )
        return read_again(Document.model_validate_json(found[0][0]), found[0][1]) if found else None

    def ids(self, source_id: str) -> dict[str, str]:
        """The documents of a source: id → revision."""
        return {
            row[0]: row[1]
            for row in self.rows(
                "SELECT id, revision FROM documents WHERE source_id = ?", source_id
            )
        }

    def counts(self) -> dict[str, int]:
        """How many documents there are of each source."""
        query = "SELECT source_id, COUNT(*) FROM documents GROUP BY source_id"
        return {row[0]: int(row[1]) for row in self.rows(query)}

    def revisions(self, ids: Iterable[str]) -> dict[str, str]:
        """Of those of `ids` that are here: id → the revision in which it stands now."""
        return dict(self._among("SELECT id, revision FROM documents WHERE id IN", ids))

    def put_profiles(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Adds or replaces what `retrieval.profile` keeps: (id, revision, made with, body)."""
        with self.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO profiles VALUES (?, ?, ?, ?)", rows)

    def profiles(self, ids: Iterable[str], made: str) -> list[tuple[str, str, str]]:
        """(id, revision, body) of the profiles of `ids` that were made with `made`."""
        query = "SELECT id, revision, body, made FROM profiles WHERE id IN"
        return [
            (i, revision, body) for i, revision, body, m in self._among(query, ids) if m == made
        ]

    def _among(self, query: str, ids: Iterable[str]) -> list[Any]:
        """The rows of a query that ends in "IN", few enough ids at a time for SQLite."""
        listed, found = list(ids), []
        for first in range(0, len(listed), 500):
            some = listed[first : first + 500]
            found += self.rows(f"{query} ({','.join('?' * len(some))})", *some)
        return found

    def documents(self) -> Iterator[Document]:
        """Every document, one at a time."""
        query, last = "SELECT id, body FROM documents WHERE id > ? ORDER BY id LIMIT 256", ""
        while found := self.rows(query, last):
            for _, body in found:
                yield Document.model_validate_json(body)
            last = found[-1][0]

    def copy(self, path: Path) -> Store:
        """A store in the new file `path` that holds the same."""
        path.parent.mkdir(parents=True, exist_ok=True)
        target = sqlite3.connect(path)
        try:
            with self._lock:
                self._connection.backup(target)
        finally:
            target.close()
        return Store(path)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()


def read_again(document: Document, day: str | None) -> Document:
    """The document as its origin still had it on `day`: a value that only says when it was read
    holds on that day.
    """
    provenance = document.provenance
    if day is None or day <= (provenance.retrieved_at or day):
        return document
    dated = {"retrieved_at": day}
    if provenance.as_of == provenance.retrieved_at:
        dated["as_of"] = day
    return document.model_copy(update={"provenance": provenance.model_copy(update=dated)})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
