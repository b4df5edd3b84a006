"""The index on a Qdrant server, through qdrant-client: many processes, one collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

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
from sources.errors import IndexUnavailable, reason_of

if TYPE_CHECKING:
    from retrieval.index.edge import EdgeIndex

_BATCH = 256
_TIMEOUT_S = 10


class ServerIndex:
    """See `retrieval.index.Index`."""

    def __init__(self, client: QdrantClient, collection: str) -> None:
        self._client = client
        self._collection = collection
        with self._errors():
            if not client.collection_exists(collection):
                self._create()
            self._index_fields()

    @classmethod
    def connect(cls, url: str, collection: str, api_key: str | None = None) -> ServerIndex:
        """Connects to `url`. Raises IndexUnavailable where nobody answers."""
        client = QdrantClient(
            url=url, api_key=api_key, timeout=_TIMEOUT_S, check_compatibility=False
        )
        return cls(client, collection)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (ApiException, OSError) as error:
            raise IndexUnavailable(
                f"the Qdrant server does not answer as expected ({reason_of(error)})",
                "Check VENTANILLA_QDRANT_URL and that the server runs.",
            ) from error

    def _create(self) -> None:
        idf = models.SparseVectorParams(modifier=models.Modifier.IDF)
        self._client.create_collection(
            self._collection, vectors_config={}, sparse_vectors_config=dict.fromkeys(LEGS, idf)
        )

    def _index_fields(self) -> None:
        """Adds the payload indexes that are not there; an older collection may lack one."""
        known = self._client.get_collection(self._collection).payload_schema
        for key in (key for key in KEYWORDS if key not in known):
            self._client.create_payload_index(
                self._collection,
                key,
                models.KeywordIndexParams(
                    type=models.KeywordIndexType.KEYWORD, is_tenant=key == "tenant" or None
                ),
            )
        for key in (key for key in INTEGERS if key not in known):
            self._client.create_payload_index(
                self._collection, key, models.PayloadSchemaType.INTEGER
            )

    def upsert(self, points: Sequence[Point]) -> None:
        """Adds or replaces points."""
        with self._errors():
            for first in range(0, len(points), _BATCH):
                self._client.upsert(
                    self._collection,
                    [
                        models.PointStruct(
                            id=p.uuid,
                            vector={n: _vector(v) for n, v in p.vectors.items()},
                            payload=p.payload,
                        )
                        for p in points[first : first + _BATCH]
                    ],
                    wait=True,
                )

    def delete(self, document_ids: Iterable[str], *, keep: Sequence[str] = ()) -> None:
        """Removes all points of the documents, but those of the revisions to `keep`."""
        ids = list(document_ids)
        if not ids:
            return
        must_not: list[models.Condition] = []
        if keep:
            kept = models.MatchAny(any=list(keep))
            must_not.append(models.FieldCondition(key="revision", match=kept))
        match = models.FieldCondition(key="document_id", match=models.MatchAny(any=ids))
        condition = models.Filter(must=[match], must_not=must_not or None)
        with self._errors():
            self._client.delete(
                self._collection, models.FilterSelector(filter=condition), wait=True
            )

    def query(self, legs: Legs, scope: Scope, limit: int) -> list[Hit]:
        """See `Index.query`."""
        dense = {name for name, (vector, _) in legs.items() if not isinstance(vector, Sparse)}
        used = used_legs(legs, dense)
        try:
            with self._errors():
                return self._query(used, scope, limit)
        except (IndexUnavailable, ValueError):  # ValueError is the `:memory:` form's
            left = used_legs(legs, self.dense_vectors() if dense else ())
            if left.keys() == used.keys():
                raise
            with self._errors():
                return self._query(left, scope, limit)  # another process dropped the vector

    def _query(self, legs: Legs, scope: Scope, limit: int) -> list[Hit]:
        if not legs:
            return []
        condition = _filter(scope)
        answer = self._client.query_points(
            self._collection,
            prefetch=[
                models.Prefetch(query=_vector(vector), using=name, limit=limit, filter=condition)
                for name, (vector, _) in legs.items()
            ],
            query=models.RrfQuery(
                rrf=models.Rrf(k=RRF_K, weights=[weight for _, weight in legs.values()])
            ),
            limit=limit,
            with_payload=list(SHOWN),
        )
        return [Hit(point.score, point.payload or {}) for point in answer.points]

    def dense_vectors(self) -> dict[str, int]:
        """The dense vectors that points may have: name → dimension."""
        with self._errors():
            given = self._client.get_collection(self._collection).config.params.vectors
        named = given if isinstance(given, dict) else {}
        return {name: params.size for name, params in named.items()}

    def add_dense(self, name: str, dimension: int) -> None:
        """See `Index.add_dense`. It needs Qdrant 1.18 or newer."""
        with self._errors():
            self._client.create_vector_name(
                self._collection,
                name,
                models.DenseVectorNameConfig(
                    dense=models.DenseVectorConfig(
                        size=dimension,
                        distance=models.Distance.DOT,
                        datatype=models.VectorStorageDatatype.FLOAT16,
                    )
                ),
            )

    def drop_dense(self, name: str) -> None:
        """See `Index.drop_dense`."""
        with self._errors():
            self._client.delete_vector_name(self._collection, name)

    def put_dense(self, name: str, rows: Sequence[Embedded]) -> None:
        """See `Index.put_dense`."""
        by_uuid = {uuid_of(row.passage_id): row for row in rows}
        current = models.FieldCondition(
            key="revision", match=models.MatchAny(any=sorted({row.revision for row in rows}))
        )
        with self._errors():
            found = self._client.retrieve(self._collection, list(by_uuid), with_payload=False)
            points = [
                models.PointVectors(
                    id=point.id, vector={name: by_uuid[str(point.id)].vector.tolist()}
                )
                for point in found
            ]
            if points:
                self._client.update_vectors(
                    self._collection, points, update_filter=models.Filter(must=[current])
                )

    def count_dense(self, name: str) -> int:
        """How many points have the dense vector `name`."""
        condition = models.Filter(must=[models.HasVectorCondition(has_vector=name)])
        with self._errors():
            return self._client.count(self._collection, count_filter=condition, exact=True).count

    def dense_of(self, name: str, passage_ids: Sequence[str]) -> dict[str, Dense]:
        """See `Index.dense_of`."""
        if name not in self.dense_vectors():
            return {}
        with self._errors():
            points = self._client.retrieve(
                self._collection, [uuid_of(i) for i in passage_ids], with_vectors=[name]
            )
        return {
            str((p.payload or {})["passage_id"]): np.asarray(vectors[name], np.float32)
            for p in points
            if isinstance(vectors := p.vector, dict) and name in vectors
        }

    def lacking(self, name: str, after: str | None, limit: int) -> Lacking:
        """See `Index.lacking`."""
        condition = models.Filter(must_not=[models.HasVectorCondition(has_vector=name)])
        with self._errors():
            points, following = self._client.scroll(
                self._collection, scroll_filter=condition, offset=after, limit=limit
            )
        return [p.payload or {} for p in points], None if following is None else str(following)

    def count(self, scope: Scope | None = None) -> int:
        """How many points there are in `scope`, or at all."""
        with self._errors():
            return self._client.count(
                self._collection, count_filter=_filter(scope) if scope else None, exact=True
            ).count

    def compact(self) -> None:
        """Nothing: a Qdrant server does so by itself."""

    def copy(self, folder: Path) -> EdgeIndex:
        """See `Index.copy`: every point is fetched, so it takes its time with a large collection."""
        from retrieval.index.edge import EdgeIndex

        copied, after = EdgeIndex.open(folder), None
        for name, dimension in self.dense_vectors().items():
            copied.add_dense(name, dimension)
        while True:
            with self._errors():
                points, after = self._client.scroll(
                    self._collection, offset=after, limit=_BATCH, with_vectors=True
                )
            copied.upsert([_point(point) for point in points])
            if after is None:
                return copied

    def flush(self) -> None:
        """Nothing to do: every write waits for the server."""

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


def _vector(vector: Vector) -> models.SparseVector | list[float]:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
    given: list[float] = vector.tolist()
    return given


def _point(record: models.Record) -> Point:
    """A point as it was written; the server gives its id back as the UUID that we derived."""
    payload, given = record.payload or {}, record.vector
    vectors: dict[str, Vector] = {}
    for name, vector in (given if isinstance(given, dict) else {}).items():
        if isinstance(vector, models.SparseVector):
            vectors[name] = Sparse(tuple(vector.indices), tuple(vector.values))
        else:
            vectors[name] = np.asarray(vector, np.float32)
    return Point(passage_id=str(payload["passage_id"]), vectors=vectors, payload=payload)


def _filter(scope: Scope) -> models.Filter:
    must: list[models.Condition] = [
        models.FieldCondition(key=key, match=models.MatchAny(any=list(any_of)))
        for key, any_of in scope.matches().items()
    ]
    if scope.territories:
        match = models.MatchAny(any=list(scope.territories))
        inside = models.FieldCondition(key="territory", match=match)
        national = models.IsEmptyCondition(is_empty=models.PayloadField(key="territory"))
        must.append(models.Filter(should=[inside, national]))
    if scope.on:
        today = day_number(scope.on)
        must.append(models.FieldCondition(key="valid_from", range=models.Range(lte=today)))
        must.append(models.FieldCondition(key="valid_to", range=models.Range(gte=today)))
    return models.Filter(must=must)
