"""Rows of open data in an answer, as a table: one row for each place, the columns of its role."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agents.state import Answer, Citation
from sources.document import Document
from sources.tables import Role, roles

LEAST_ROWS = 2
"""A single row says the same in its sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are labels; each row has its marker and a value ("" for none) for each of them."""

    title: str
    language: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def tables(answer: Answer, lookup: Callable[[str], Document | None]) -> list[Table]:
    """A table for each role of which the answer cites at least `LEAST_ROWS` rows."""
    by_role: dict[str, list[tuple[Citation, Document]]] = {}
    for citation in answer.citations:
        role, document = _role(citation.document_id), lookup(citation.document_id)
        if role and document:
            by_role.setdefault(role.name, []).append((citation, document))
    return [_table(roles()[n], given) for n, given in by_role.items() if len(given) >= LEAST_ROWS]


def _role(document_id: str) -> Role | None:
    """The role of a row by its id, ``source.role.row``; None for any other document."""
    parts = document_id.rsplit(".", 2)
    return roles().get(parts[1]) if len(parts) == 3 else None


def _table(role: Role, given: list[tuple[Citation, Document]]) -> Table:
    language = given[0][1].language
    labels = [role.column(name).label(language) for name in role.line]
    read = [(citation.marker, _values(document)) for citation, document in given]
    shown = _used((label for label in labels if label), [values for _, values in read])
    return Table(
        title=role.labels["pt" if language == "pt" else "es"],
        language=language,
        columns=shown,
        rows=tuple(
            (marker, tuple(values.get(label, "") for label in shown)) for marker, values in read
        ),
    )


def _values(document: Document) -> dict[str, str]:
    """Label → value: `retrieval.table_text` writes each as ``label: value`` under that heading."""
    found = {}
    for section in document.sections:
        label, colon, value = document.quote(section).partition(": ")
        if colon and label == section.heading:
            found[label] = value
    return found


def _used(labels: Iterable[str], rows: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for label in labels if any(row.get(label) for row in rows)))
