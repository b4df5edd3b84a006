"""The one interface over Qdrant, and the choice between its two forms.

index = open_index(path)                     # inside this process: Qdrant Edge
index = open_index(url="http://qdrant:6333") # a Qdrant server
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid5

from retrieval.embed import Dense, Sparse, Vector, filled

_NAMESPACE = UUID("8f2b6c1e-5d0a-4a3e-9a57-6f0c7a1d4e21")

KEYWORDS = (
    "tenant",
    "country",
    "language",
    "sectors",
    "document_id",
    "source_id",
    "revision",
    "field",
    "territory",
)
INTEGERS = ("valid_from", "valid_to")
"""Payload fields with an index of their own; days are written as the integer YYYYMMDD."""

SHOWN = ("document_id", "passage_id", "revision", "field", "heading", "start", "end", "page")
"""Payload fields that a hit brings."""

EMBEDDED_PASSAGES = 200_000
"""Passages up to which the embedded index does; beyond, a Qdrant server: opening takes seconds by then,
and memory more than a gigabyte. Decision 15 has what `tests/bench/search.py` measured up to a million.
"""

RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One passage in the index."""

    passage_id: str
    vectors: Mapping[str, Vector]
    payload: dict[str, Any]

    @property
    def uuid(self) -> str:
        """See `uuid_of`."""
        return uuid_of(self.passage_id)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The dense vector of a passage that is in the index already, in one revision."""

    passage_id: str
    revision: str
    vector: Dense


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may see. An empty field does not narrow; `tenants` always does. `territories`
    leave out documents of other territories, never those of a whole country.
    """

    tenants: tuple[str, ...]
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    on: date | None = None

    def matches(self) -> dict[str, tuple[str, ...]]:
        """The conditions "field is one of", without the empty ones that do not narrow."""
        optional = {
            "country": self.countries,
            "language": self.languages,
            "sectors": self.sectors,
            "document_id": self.documents,
            "source_id": self.sources,
        }
        return {"tenant": self.tenants} | {
            key: any_of for key, any_of in optional.items() if any_of
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found, with its fused score."""

    score: float
    payload: dict[str, Any] = field(repr=False)


Legs = Mapping[str, tuple[Vector, float]]
"""Name of a vector → the question's vector and its weight."""

Lacking = tuple[list[dict[str, Any]], str | None]
"""Payloads, and from where to go on (None at the end)."""


class Index(Protocol):
    """What retrieval needs of a vector store."""

    def upsert(self, points: Sequence[Point]) -> None:
        """Adds or replaces points."""

    def delete(self, document_ids: Iterable[str], *, keep: Sequence[str] = ()) -> None:
        """Removes all points of the documents, but those of the revisions to `keep`."""

    def query(self, legs: Legs, scope: Scope, limit: int) -> list[Hit]:
        """The best points by reciprocal rank fusion of the legs, best first.

        A dense vector that is not there (any more) takes no part.
        """

    def count(self, scope: Scope | None = None) -> int:
        """How many points there are in `scope`, or at all."""

    def dense_vectors(self) -> dict[str, int]:
        """The dense vectors that points may have: name → dimension."""

    def add_dense(self, name: str, dimension: int) -> None:
        """Lets points have the dense vector `name`; nothing where they may already."""

    def drop_dense(self, name: str) -> None:
        """Forgets a dense vector and all that was stored of it; nothing where there is none."""

    def put_dense(self, name: str, rows: Sequence[Embedded]) -> None:
        """Gives dense vectors to points; those that are gone or of another revision get none."""

    def count_dense(self, name: str) -> int:
        """How many points have the dense vector `name`."""

    def dense_of(self, name: str, passage_ids: Sequence[str]) -> dict[str, Dense]:
        """The dense vectors `name` of those passages that have one."""

    def lacking(self, name: str, after: str | None, limit: int) -> Lacking:
        """Points without the dense vector `name`, from `after` on, at most `limit`."""

    def compact(self) -> None:
        """Rearranges what many writes left behind, so that it is read from disk and not from memory."""

    def copy(self, folder: Path) -> Index:
        """An embedded index in the empty `folder` that holds the same points: to try something on."""

    def flush(self) -> None:
        """Returns once all that was written would survive a power cut."""

    def close(self) -> None:
        """Gives back files and connections."""


def uuid_of(passage_id: str) -> str:
    """Qdrant takes integers and UUIDs: this one is derived from the passage's id."""
    return str(uuid5(_NAMESPACE, passage_id))


def used_legs(legs: Legs, dense: Container[str]) -> dict[str, tuple[Vector, float]]:
    """The legs that can be searched by: not empty, and sparse or among the `dense` vectors."""
    return {
        name: leg
        for name, leg in legs.items()
        if filled(leg[0]) and (isinstance(leg[0], Sparse) or name in dense)
    }


def day_number(day: date) -> int:
    """2026-03-05 → 20260305."""
    return day.year * 10000 + day.month * 100 + day.day


def open_index(
    path: Path | None = None,
    *,
    url: str | None = None,
    collection: str = "ventanilla",
    api_key: str | None = None,
) -> Index:
    """The index in the folder `path`, or on the server at `url`.

    Raises IndexUnavailable where another process holds the folder or the server does not answer.
    """
    if url:
        from retrieval.index.server import ServerIndex

        return ServerIndex.connect(url, collection, api_key)
    if path is None:
        raise ValueError("an index needs a path or a url")
    from retrieval.index.edge import EdgeIndex

    return EdgeIndex.open(path)
