"""The index inside this process: Qdrant Edge, one shard in one folder, one process at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import qdrant_edge as qe

from retrieval.embed import LEGS, Sparse
from retrieval.index import INTEGERS, KEYWORDS, RRF_K, Hit, Point, Scope, day_number
from sources.errors import IndexUnavailable

_BATCH = 512


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Qdrant Edge raises bare `Exception`: tells a held lock from a broken folder."""
    try:
        yield
    except IndexUnavailable:
        raise
    except Exception as error:
        text = str(error)
        if "WouldBlock" in text or "lock" in text.lower():
            raise IndexUnavailable(
                f"another process is using the index in {path}",
                "Ask through it, or stop it and try again; for several processes set "
                "VENTANILLA_QDRANT_URL to a Qdrant server.",
            ) from None
        reason = " ".join(text.split())[:200]
        raise IndexUnavailable(
            f"the index in {path} cannot be used ({reason})",
            "Move that folder away and run `ventanilla sources sync`.",
        ) from error


class EdgeIndex:
    """See `retrieval.index.Index`."""

    def __init__(self, shard: qe.EdgeShard, path: Path) -> None:
        self._shard = shard
        self._path = path

    @classmethod
    def open(cls, path: Path) -> EdgeIndex:
        """Opens the folder, creating it where there is none."""
        with _errors(path):
            if (path / "edge_config.json").exists() or any(path.glob("*")):
                shard = qe.EdgeShard.load(str(path))
            else:
                path.mkdir(parents=True, exist_ok=True)
                sparse = {leg: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf) for leg in LEGS}
                shard = qe.EdgeShard.create(str(path), qe.EdgeConfig(sparse_vectors=sparse))
            known = shard.info().payload_schema  # an older index may lack a field's
            fields: dict[str, Any] = {
                key: qe.KeywordIndexParams(is_tenant=key == "tenant") for key in KEYWORDS
            }
            fields |= dict.fromkeys(INTEGERS, qe.PayloadSchemaType.Integer)
            for key, params in fields.items():
                if key not in known:
                    shard.update(qe.UpdateOperation.create_field_index(key, params))
            return cls(shard, path)

    def upsert(self, points: Sequence[Point]) -> None:
        """Adds or replaces points."""
        with _errors(self._path):
            for first in range(0, len(points), _BATCH):
                batch = [
                    qe.Point(p.uuid, {n: _sparse(v) for n, v in p.vectors.items()}, p.payload)
                    for p in points[first : first + _BATCH]
                ]
                self._shard.update(qe.UpdateOperation.upsert_points(batch))

    def delete(self, document_ids: Iterable[str], *, keep: Sequence[str] = ()) -> None:
        """Removes all points of the documents, but those of the revisions to `keep`."""
        ids = list(document_ids)
        if not ids:
            return
        condition = qe.Filter(
            must=[qe.FieldCondition("document_id", match=qe.MatchAny(ids))],
            must_not=(
                [qe.FieldCondition("revision", match=qe.MatchAny(list(keep)))] if keep else None
            ),
        )
        with _errors(self._path):
            self._shard.update(qe.UpdateOperation.delete_points_by_filter(condition))

    def query(self, legs: dict[str, tuple[Sparse, float]], scope: Scope, limit: int) -> list[Hit]:
        """The best points by reciprocal rank fusion."""
        used = {name: leg for name, leg in legs.items() if leg[0].indices}
        if not used:
            return []
        condition = _filter(scope)
        prefetches = [
            qe.Prefetch(
                limit=limit, query=qe.Query.Nearest(_sparse(vector), using=name), filter=condition
            )
            for name, (vector, _) in used.items()
        ]
        request = qe.QueryRequest(
            limit=limit,
            prefetches=prefetches,
            query=cast(qe.Fusion, qe.Fusion.Rrf(RRF_K, [weight for _, weight in used.values()])),
            with_payload=True,
        )
        with _errors(self._path):
            return [Hit(p.score, p.payload or {}) for p in self._shard.query(request)]

    def count(self, scope: Scope | None = None) -> int:
        """How many points there are in `scope`, or at all."""
        with _errors(self._path):
            condition = _filter(scope) if scope else None
            return self._shard.count(qe.CountRequest(exact=True, filter=condition))

    def compact(self) -> None:
        """See `Index.compact`: sparse vectors move from memory to a mapped file."""
        with _errors(self._path):
            self._shard.optimize()

    def flush(self) -> None:
        """Writes everything to disk."""
        with _errors(self._path):
            self._shard.flush()

    def close(self) -> None:
        """Flushes and gives the folder free."""
        with _errors(self._path):
            self._shard.flush()
            self._shard.close()


def _sparse(vector: Sparse) -> qe.SparseVector:
    return qe.SparseVector(list(vector.indices), list(vector.values))


def _filter(scope: Scope) -> qe.Filter:
    must: list[Any] = [
        qe.FieldCondition(key, match=qe.MatchAny(list(any_of)))
        for key, any_of in scope.matches().items()
    ]
    if scope.territories:
        inside = qe.FieldCondition("territory", match=qe.MatchAny(list(scope.territories)))
        must.append(qe.Filter(should=[inside, qe.IsEmptyCondition("territory")]))
    if scope.on:
        today = day_number(scope.on)
        must.append(qe.FieldCondition("valid_from", range=qe.RangeFloat(lte=today)))
        must.append(qe.FieldCondition("valid_to", range=qe.RangeFloat(gte=today)))
    return qe.Filter(must=must)
