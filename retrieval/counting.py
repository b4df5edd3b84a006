"""In how many documents and titles each word stands, per tenant and country, kept up as they change.

The counts tell a rare word from a common one, and a known word from a typing error. What a document
gave is kept beside it, so that it can be taken back without reading the document again; both happen
in the transaction that changes the document, so that a run that dies leaves no wrong count.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from retrieval.analyse import words
from sources.document import Document

SCHEMA = """
CREATE TABLE IF NOT EXISTS counted (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, country TEXT NOT NULL, content_hash TEXT NOT NULL,
    words TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS word_counts (
    tenant TEXT NOT NULL, country TEXT NOT NULL, word TEXT NOT NULL,
    documents INTEGER NOT NULL, titles INTEGER NOT NULL, asked INTEGER NOT NULL,
    PRIMARY KEY (tenant, country, word)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document_counts (
    tenant TEXT NOT NULL, country TEXT NOT NULL, documents INTEGER NOT NULL,
    PRIMARY KEY (tenant, country)) WITHOUT ROWID;
"""

_Group = tuple[str, str]


@dataclass(slots=True)
class Change:
    """What is to be added to the counts: by tenant and country, documents and, per word, in how
    many texts and titles and how often in known questions.
    """

    documents: Counter[_Group] = field(default_factory=Counter)
    texts: dict[_Group, Counter[str]] = field(default_factory=dict)
    titles: dict[_Group, Counter[str]] = field(default_factory=dict)
    asked: dict[_Group, Counter[str]] = field(default_factory=dict)

    def take_back(self, connection: sqlite3.Connection, ids: Iterable[str]) -> None:
        """Takes back what the documents `ids` gave, and forgets it."""
        for document_id in ids:
            row = connection.execute(
                "SELECT tenant, country, words FROM counted WHERE id = ?", (document_id,)
            ).fetchone()
            if row:
                self._add((row[0], row[1]), row[2], -1)
                connection.execute("DELETE FROM counted WHERE id = ?", (document_id,))

    def give(self, connection: sqlite3.Connection, document: Document, content_hash: str) -> None:
        """Adds what `document` gives, and keeps it beside the hash of its content."""
        group, given = (document.tenant, document.country), words_of(document)
        self._add(group, given, 1)
        row = (document.id, *group, content_hash, given)
        connection.execute("INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?, ?)", row)

    def _add(self, group: _Group, given: str, sign: int) -> None:
        in_text, in_title, asked = json.loads(given)
        self.documents[group] += sign
        for counts, found in ((self.texts, in_text), (self.titles, in_title)):
            mine = counts.setdefault(group, Counter())
            for word in found.split():
                mine[word] += sign
        mine = self.asked.setdefault(group, Counter())
        for word, times in asked.items():
            mine[word] += sign * times

    def apply(self, connection: sqlite3.Connection) -> None:
        """Writes the counts; a word that stands nowhere any more is forgotten."""
        connection.executemany(
            "INSERT INTO document_counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "documents = documents + excluded.documents",
            [(*group, count) for group, count in self.documents.items() if count],
        )
        rows = []
        for group in self.documents:
            texts, titles, asked = (
                counts.get(group, Counter()) for counts in (self.texts, self.titles, self.asked)
            )
            for word in texts.keys() | titles.keys() | asked.keys():
                change = (texts[word], titles[word], asked[word])
                if any(change):
                    rows.append((*group, word, *change))
        connection.executemany(
            "INSERT INTO word_counts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "documents = documents + excluded.documents, titles = titles + excluded.titles, "
            "asked = asked + excluded.asked",
            rows,
        )
        connection.executemany(
            "DELETE FROM word_counts WHERE tenant = ? AND country = ? AND word = ? "
            "AND documents = 0 AND titles = 0 AND asked = 0",
            [row[:3] for row in rows],
        )
        connection.execute("DELETE FROM document_counts WHERE documents = 0")


def words_of(document: Document) -> str:
    """The words that a document gives, as JSON: those of text and labels, those of its labels
    (title, names, keywords), and how often each stands in its known questions.
    """
    label = set(words(" \n ".join((document.title, *document.names, *document.keywords))))
    in_text = set(words(document.text)) | label
    asked = Counter(words(" \n ".join(document.asked)))
    given = [" ".join(sorted(in_text)), " ".join(sorted(label)), asked]
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))
