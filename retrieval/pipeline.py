"""The LlamaIndex side of ingestion: a document store on SQLite, a chunking step, a vector store.

Only `retrieval.ingest` imports this module, so that answering a question never loads LlamaIndex.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import (
    BaseNode,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)
from llama_index.core.schema import Document as LlamaDocument
from llama_index.core.storage.docstore.keyval_docstore import KVDocumentStore
from llama_index.core.storage.kvstore.types import DEFAULT_COLLECTION, BaseKVStore
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from pydantic import PrivateAttr

from retrieval.chunk import Passage, passages
from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg, passage_text
from retrieval.embed import PassageEncoder, Vector
from retrieval.index import Index, Point, day_number
from retrieval.profile import Profile, Profiler
from retrieval.store import Store
from sources.document import Document

_EVER = (0, 99_999_999)
"""The validity of a document that names no days, as day numbers."""


class SqliteKVStore(BaseKVStore):
    """LlamaIndex's key-value store in the `kv` table of our SQLite file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Adds or replaces one value."""
        self.put_all([(key, val)], collection)

    def put_all(
        self,
        kv_pairs: list[tuple[str, dict[str, Any]]],
        collection: str = DEFAULT_COLLECTION,
        batch_size: int = 1,
    ) -> None:
        """Adds or replaces values in one transaction."""
        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO kv VALUES (?, ?, ?)",
                [(collection, key, json.dumps(value)) for key, value in kv_pairs],
            )

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """One value, or None."""
        query = "SELECT value FROM kv WHERE collection = ? AND key = ?"
        found = self._store.rows(query, collection, key)
        return json.loads(found[0][0]) if found else None

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """All values of a collection."""
        query = "SELECT key, value FROM kv WHERE collection = ?"
        return {key: json.loads(value) for key, value in self._store.rows(query, collection)}

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Removes one value; says whether it was there."""
        with self._store.transaction() as connection:
            query = "DELETE FROM kv WHERE collection = ? AND key = ?"
            return connection.execute(query, (collection, key)).rowcount > 0

    async def aput(
        self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION
    ) -> None:
        """`put`, off the event loop."""
        await asyncio.to_thread(self.put, key, val, collection)

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """`get`, off the event loop."""
        return await asyncio.to_thread(self.get, key, collection)

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """`get_all`, off the event loop."""
        return await asyncio.to_thread(self.get_all, collection)

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """`delete`, off the event loop."""
        return await asyncio.to_thread(self.delete, key, collection)


class Chunker(TransformComponent):
    """Documents → passages, as nodes whose metadata say where in the document they stand."""

    _documents: dict[str, Document] = PrivateAttr()

    def __init__(self, documents: dict[str, Document]) -> None:
        super().__init__()
        self._documents = documents

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """One node per passage. All vectors are made with the points: LlamaIndex's own stays empty."""
        found: list[BaseNode] = []
        for node in nodes:
            document = self._documents[node.node_id]
            for passage in passages(document):
                made = TextNode(
                    id_=passage.id,
                    text=document.text[passage.start : passage.end],
                    embedding=[],
                    metadata={"passage": passage},
                )
                made.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=node.node_id)
                found.append(made)
        return found


class PassageStore(BasePydanticVectorStore):
    """LlamaIndex's vector store over our index and store: replaces a document in one go.

    The new points stand before the old ones go, and the text changes between the two, so there is
    no moment at which a document is missing or quoted from the wrong revision.
    """

    stores_text: bool = True
    is_embedding_query: bool = False
    _index: Index = PrivateAttr()
    _store: Store = PrivateAttr()
    _documents: dict[str, Document] = PrivateAttr()
    _revisions: dict[str, str] = PrivateAttr()
    _docstore: KVDocumentStore = PrivateAttr()
    _profiler: Profiler = PrivateAttr()
    _dense: DenseLeg | None = PrivateAttr()

    def __init__(
        self,
        index: Index,
        store: Store,
        docstore: KVDocumentStore,
        matcher: Matcher,
        documents: dict[str, Document],
        revisions: dict[str, str],
        dense: DenseLeg | None = None,
    ) -> None:
        super().__init__(stores_text=True)
        self._index, self._store, self._docstore = index, store, docstore
        self._profiler, self._dense = Profiler(matcher), dense
        self._documents, self._revisions = documents, revisions

    @property
    def client(self) -> Index:
        """The index behind."""
        return self._index

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Writes the points of whole documents."""
        with self._dense.writing() if self._dense else nullcontext():
            return self._add(nodes)

    def _add(self, nodes: Sequence[BaseNode]) -> list[str]:
        by_document: dict[str, list[Point]] = defaultdict(list)
        dense = self._dense_vectors([n.metadata["passage"] for n in nodes])
        profiles: dict[str, Profile] = {}
        encoders: dict[str, PassageEncoder] = {}
        for node, meant in zip(nodes, dense, strict=True):
            document = self._documents[str(node.ref_doc_id)]
            if document.id not in encoders:
                profile = profiles[document.id] = self._profiler.make(document)
                encoders[document.id] = PassageEncoder(document, profile.concepts)
            passage, revision = node.metadata["passage"], self._revisions[document.id]
            vectors = {**encoders[document.id].encode(passage), **meant}
            by_document[document.id].append(make_point(document, passage, revision, vectors))
        self._index.upsert([point for points in by_document.values() for point in points])
        self._profiler.keep(profiles, self._revisions, self._store)
        self._store.put([self._documents[i] for i in by_document], self._revisions)
        self._index.delete(by_document, keep=[self._revisions[i] for i in by_document])
        return [node.node_id for node in nodes]

    def _dense_vectors(self, found: Sequence[Passage]) -> list[dict[str, Vector]]:
        if self._dense is None:
            return [{} for _ in found]
        documents = [self._documents[p.document_id] for p in found]
        return self._dense.of_passages(
            [
                (document.provenance.source_id, passage_text(document, p.heading, p.start, p.end))
                for document, p in zip(documents, found, strict=True)
            ]
        )

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Marks a document that is about to be replaced: without a hash it is done again."""
        self._docstore.delete_document(ref_doc_id, raise_error=False)

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Searching goes through `retrieval.search`, which filters by tenant, country and day."""
        raise NotImplementedError("search through retrieval.search.Searcher")


def make_point(
    document: Document, passage: Passage, revision: str, vectors: Mapping[str, Vector]
) -> Point:
    """The point of one passage, with all that a filter or a result needs."""
    provenance = document.provenance
    return Point(
        passage_id=passage.id,
        vectors=vectors,
        payload={
            "passage_id": passage.id,
            "document_id": document.id,
            "source_id": provenance.source_id,
            "revision": revision,
            "tenant": document.tenant,
            "country": document.country,
            "territory": document.territory,
            "language": document.language,
            "sectors": [sector.value for sector in document.sectors],
            "field": passage.field.value,
            "start": passage.start,
            "end": passage.end,
            "page": passage.page,
            "heading": passage.heading,
            "valid_from": day_number(provenance.valid_from) if provenance.valid_from else _EVER[0],
            "valid_to": day_number(provenance.valid_to) if provenance.valid_to else _EVER[1],
        },
    )


def docstore_of(store: Store, source_id: str) -> KVDocumentStore:
    """The hashes of one source's documents."""
    return KVDocumentStore(SqliteKVStore(store), namespace=f"source/{source_id}", batch_size=512)


def forget_hashes(store: Store, source_id: str, ids: Iterable[str]) -> None:
    """Forgets the hashes of documents that are gone: LlamaIndex's own way is a transaction for each."""
    docstore = docstore_of(store, source_id)
    with store.transaction() as connection:
        for collection in (docstore._metadata_collection, docstore._ref_doc_collection):
            connection.executemany(
                "DELETE FROM kv WHERE collection = ? AND key = ?", [(collection, i) for i in ids]
            )


def run_batch(
    documents: Sequence[Document],
    revisions: dict[str, str],
    docstore: KVDocumentStore,
    index: Index,
    store: Store,
    matcher: Matcher,
    dense: DenseLeg | None = None,
) -> None:
    """Chunks and indexes those of `documents` whose revision is not the one indexed."""
    by_id = {document.id: document for document in documents}
    pipeline = IngestionPipeline(
        transformations=[Chunker(by_id)],
        docstore=docstore,
        docstore_strategy=DocstoreStrategy.UPSERTS,
        vector_store=PassageStore(index, store, docstore, matcher, by_id, revisions, dense),
        disable_cache=True,
    )
    nodes = [
        # The hash that LlamaIndex compares covers text and metadata: our revision stands for all.
        LlamaDocument(id_=document.id, text=revisions[document.id], metadata={})
        for document in documents
    ]
    pipeline.run(documents=nodes, store_doc_text=False)
