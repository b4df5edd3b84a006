"""Documents as they were read: sections, passages with pages and offsets, and what they said before."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.analyse import fold, words
from retrieval.chunk import Passage, passages
from sources.document import VERSION, Document
from ui.access.permissions import Principal
from ui.console import Refused
from ui.console.desk import Desk

MOST = 200
"""Documents that a list shows."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in a list; `until` (ISO 8601) says when one that was removed went."""

    id: str
    title: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as the index has it: its passages, the concepts that each names, earlier versions
    as (hash, until), and whether it stands there at all.
    """

    document: Document
    passages: tuple[Passage, ...]
    concepts: tuple[tuple[str, ...], ...]
    versions: tuple[tuple[str, str], ...]
    here: bool


def listed(desk: Desk, who: Principal, set_id: object, asked: object = "") -> list[Listed]:
    """The documents of a set whose title or text has all words asked for, by title; then those that
    were removed and can still be read.
    """
    entry = desk.entry(who, "test", set_id)
    wanted = words(str(asked or ""))
    query = (
        "SELECT id, json_extract(body, '$.title'), json_extract(body, '$.text') "
        "FROM documents WHERE source_id = ?"
    )
    found = [
        Listed(row[0], row[1])
        for row in desk.house.store.rows(query, entry.id)
        if _has(f"{row[0]} {row[1]} {row[2]}", wanted)
    ]
    gone = (
        "SELECT v.id, json_extract(v.body, '$.title'), MAX(v.until) FROM versions v "
        "LEFT JOIN documents d ON d.id = v.id WHERE v.source_id = ? AND d.id IS NULL GROUP BY v.id"
    )
    found.sort(key=lambda each: each.title.casefold())
    found += [
        Listed(row[0], row[1], row[2])
        for row in desk.house.store.rows(gone, entry.id)
        if _has(f"{row[0]} {row[1]}", wanted)
    ]
    return found[:MOST]


def _has(text: str, wanted: list[str]) -> bool:
    folded = fold(text) if wanted else ""
    return all(word in folded for word in wanted)


def reading(desk: Desk, who: Principal, set_id: object, document_id: object) -> Reading:
    """One document of a set, or its last version where it was removed. Raises Refused where it is not
    of that set.
    """
    entry = desk.entry(who, "test", set_id)
    store, asked = desk.house.store, str(document_id or "")
    versions = _versions(desk, entry.id, asked)
    document = store.get(asked)
    here = document is not None and document.provenance.source_id == entry.id
    if not here:
        document = store.version(asked, versions[0][0]) if versions else None
    if document is None:
        raise Refused("no_such_document")
    found = tuple(passages(document))
    return Reading(
        document=document,
        passages=found,
        concepts=tuple(_concepts(desk, document, each) for each in found),
        versions=versions,
        here=here,
    )


def version(
    desk: Desk, who: Principal, set_id: object, document_id: object, mark: object
) -> Document:
    """What a document said in one of its earlier versions. Raises Refused where there is none."""
    entry = desk.entry(who, "test", set_id)
    asked, known = str(document_id or ""), str(mark or "")
    if known not in {each[0] for each in _versions(desk, entry.id, asked)}:
        raise Refused("no_such_document")
    found = desk.house.store.version(asked, known)
    if found is None:
        raise Refused("no_such_document")
    return found


def _versions(desk: Desk, set_id: str, document_id: str) -> tuple[tuple[str, str], ...]:
    """The earlier versions that belonged to this very set."""
    query = "SELECT content_hash, until FROM versions WHERE id = ? AND source_id = ? ORDER BY until DESC"
    rows = desk.house.store.rows(query, document_id, set_id)
    return tuple((row[0], row[1]) for row in rows)


def _concepts(desk: Desk, document: Document, passage: Passage) -> tuple[str, ...]:
    """The labels of the vocabulary that a passage names: with them it is found, too."""
    tokens = words(f"{document.title} {document.text[passage.start : passage.end]}")
    found = desk.house.matcher.find(tokens, document.language, (document.country,))
    return tuple(dict.fromkeys(mention.label for mention in found))


def short(mark: str) -> str:
    """A version as a citation names it."""
    return mark[:VERSION]
