"""Whose report it is: the document sets that are theirs, and whose documents they may read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.store import Store
from sources.document import Document


@dataclass(frozen=True, slots=True)
class Viewer:
    """`sources` are the ids of the viewer's own sets, None all of them; `tenants` those whose
    documents may be read, None everybody's. The house itself is ``Viewer()``.
    """

    tenants: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None

    def reads(self, document: Document) -> bool:
        """Whether the viewer may see what the document says."""
        return self.tenants is None or document.tenant in self.tenants

    def owns(self, document: Document) -> bool:
        """Whether the document is of one of the viewer's own sets."""
        own = self.sources is None or document.provenance.source_id in self.sources
        return own and self.reads(document)

    def own_documents(self, store: Store) -> Iterator[Document]:
        """The documents of the viewer's own sets."""
        return (document for document in store.documents() if self.owns(document))
