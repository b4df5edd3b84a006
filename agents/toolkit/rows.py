"""Documents that tools made of rows: kept for as long as a reader may look at an answer."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sources.document import Document

KEPT = 5000


class Rows:
    """The last documents made, by id; safe across threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._found: OrderedDict[str, Document] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, document: Document) -> None:
        """Keeps a document, and lets the oldest go."""
        with self._lock:
            self._found[document.id] = document
            self._found.move_to_end(document.id)
            while len(self._found) > self._kept:
                self._found.popitem(last=False)

    def get(self, document_id: str) -> Document | None:
        """The document, if it is still kept."""
        with self._lock:
            return self._found.get(document_id)
