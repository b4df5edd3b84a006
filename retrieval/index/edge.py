"""The index inside this process: Qdrant Edge, one shard in one folder, one process at a time."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import qdrant_edge as qe

from retrieval.embed import LEGS, Dense, Sparse, Vector
from retrieval.index import (
    INTEGERS,
    KEYWORDS,
    RRF_K,
    SHOWN,
    Embedded,
    Hit,
    Lacking,
    Legs,
    Point,
    Scope,
    day_number,
    used_legs,
    uuid_of,
)
from retrieval.index.holes import copy_tree
from sources.errors import IndexUnavailable, reason_of

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
        raise IndexUnavailable(
            f"the index in {path} cannot be used ({reason_of(error)})",
            "Move that folder away and run `ventanilla sources sync`.",
        ) from error


class EdgeIndex:
    """See `retrieval.index.Index`."""

    def __init__(self, shard: qe.EdgeShard, path: Path) -> None:
        self._shard = shard
        self._path = path
        self._writing = threading.Lock()
        self._dense = _dense_of(path)

    @classmethod
    def open(cls, path: Path) -> EdgeIndex:
        """Opens the folder, creating it where there is none."""
        with _errors(path):
            if not any(path.glob("*")):
                _create(path)
            shard = qe.EdgeShard.load(str(path))
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
        with _errors(self._path), self._writing:
            for first in range(0, len(points), _BATCH):
                batch = [
                    qe.Point(p.uuid, {n: _vector(v) for n, v in p.vectors.items()}, p.payload)
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
        with _errors(self._path), self._writing:
            self._shard.update(qe.UpdateOperation.delete_points_by_filter(condition))

    def query(self, legs: Legs, scope: Scope, limit: int) -> list[Hit]:
        """See `Index.query`."""
        with _errors(self._path):
            used = used_legs(legs, self._dense)
            try:
                return self._query(used, scope, limit)
            except Exception:
                left = used_legs(legs, self._dense)
                if left.keys() == used.keys():
                    raise
                return self._query(left, scope, limit)  # a vector was dropped in between

    def _query(self, legs: Legs, scope: Scope, limit: int) -> list[Hit]:
        if not legs:
            return []
        condition = _filter(scope)
        prefetches = [
            qe.Prefetch(
                limit=limit, query=qe.Query.Nearest(_vector(vector), using=name), filter=condition
            )
            for name, (vector, _) in legs.items()
        ]
        request = qe.QueryRequest(
            limit=limit,
            prefetches=prefetches,
            query=cast(qe.Fusion, qe.Fusion.Rrf(RRF_K, [weight for _, weight in legs.values()])),
            with_payload=list(SHOWN),
        )
        return [Hit(p.score, p.payload or {}) for p in self._shard.query(request)]

    def dense_vectors(self) -> dict[str, int]:
        """The dense vectors that points may have: name → dimension."""
        return dict(self._dense)

    def add_dense(self, name: str, dimension: int) -> None:
        """See `Index.add_dense`: half precision, and the dot product of what the encoder gives."""
        if name in self._dense:
            return
        half = qe.VectorStorageDatatype.Float16
        with _errors(self._path), self._writing:
            self._shard.update(
                qe.UpdateOperation.create_dense_vector(
                    name, dimension, qe.Distance.Dot, datatype=half
                )
            )
            self._dense = {**self._dense, name: dimension}

    def drop_dense(self, name: str) -> None:
        """See `Index.drop_dense`; it leaves the searches first."""
        if name not in self._dense:
            return
        with _errors(self._path), self._writing:
            self._dense = {n: size for n, size in self._dense.items() if n != name}
            self._shard.update(qe.UpdateOperation.delete_vector_name(name))

    def put_dense(self, name: str, rows: Sequence[Embedded]) -> None:
        """See `Index.put_dense`."""
        by_uuid = {uuid_of(row.passage_id): row for row in rows}
        with _errors(self._path), self._writing:
            # One unknown id would spoil the whole batch: nothing is deleted while we look and write.
            found = self._shard.retrieve(
                list(by_uuid), with_payload=["revision"], with_vector=False
            )
            points = [
                qe.PointVectors(point.id, {name: by_uuid[str(point.id)].vector.tolist()})
                for point in found
                if (point.payload or {}).get("revision") == by_uuid[str(point.id)].revision
            ]
            if points:
                self._shard.update(qe.UpdateOperation.update_vectors(points))

    def count_dense(self, name: str) -> int:
        """How many points have the dense vector `name`."""
        with _errors(self._path):
            condition = qe.Filter(must=[qe.HasVectorCondition(name)])
            return self._shard.count(qe.CountRequest(exact=True, filter=condition))

    def dense_of(self, name: str, passage_ids: Sequence[str]) -> dict[str, Dense]:
        """See `Index.dense_of`."""
        if name not in self._dense:
            return {}
        with _errors(self._path):
            points = self._shard.retrieve(
                [uuid_of(i) for i in passage_ids], with_payload=["passage_id"], with_vector=[name]
            )
        return {
            str((p.payload or {})["passage_id"]): np.asarray(vectors[name], np.float32)
            for p in points
            if isinstance(vectors := p.vector, dict) and name in vectors
        }

    def lacking(self, name: str, after: str | None, limit: int) -> Lacking:
        """See `Index.lacking`."""
        with _errors(self._path):
            points, following = self._shard.scroll(
                qe.ScrollRequest(
                    offset=after,
                    limit=limit,
                    filter=qe.Filter(must_not=[qe.HasVectorCondition(name)]),
                    with_payload=True,
                    with_vector=False,
                )
            )
        return [p.payload or {} for p in points], None if following is None else str(following)

    def count(self, scope: Scope | None = None) -> int:
        """How many points there are in `scope`, or at all."""
        with _errors(self._path):
            condition = _filter(scope) if scope else None
            return self._shard.count(qe.CountRequest(exact=True, filter=condition))

    def compact(self) -> None:
        """See `Index.compact`: sparse vectors move from memory to a mapped file."""
        with _errors(self._path):
            self._shard.optimize()

    def copy(self, folder: Path) -> EdgeIndex:
        """See `Index.copy`: the files, between two writes."""
        with _errors(self._path), self._writing:
            self._shard.flush()
            copy_tree(self._path, folder)
        return EdgeIndex.open(folder)

    def flush(self) -> None:
        """Writes everything to disk."""
        with _errors(self._path):
            self._shard.flush()

    def close(self) -> None:
        """Flushes and gives the folder free."""
        with _errors(self._path):
            self._shard.flush()
            self._shard.close()


def _create(path: Path) -> None:
    """An empty shard in `path`, whole or not at all: one that was begun could not be loaded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    sparse = {leg: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf) for leg in LEGS}
    shard = qe.EdgeShard.create(str(begun), qe.EdgeConfig(sparse_vectors=sparse))
    shard.flush()
    shard.close()
    try:
        begun.rename(path)  # an empty folder in its place gives way
    except OSError:
        if not any(path.glob("*")):  # else another process was quicker
            raise
    for left in path.parent.glob(f".{path.name}-*"):
        shutil.rmtree(left, ignore_errors=True)


def _dense_of(path: Path) -> dict[str, int]:
    """The dense vectors of a shard; Edge itself tells them only in the file of its configuration."""
    config = json.loads((path / "edge_config.json").read_text(encoding="utf-8"))
    return {name: int(given["size"]) for name, given in (config.get("vectors") or {}).items()}


def _vector(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return qe.SparseVector(list(vector.indices), list(vector.values))
    return vector.tolist()


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
