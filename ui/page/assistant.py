"""What the pages need of an assistant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from agents.state import Answer, Request
from sources.document import Document


class AssistantLike(Protocol):
    """What the page needs of an assistant; `attribution` is what its model's licence asks for."""

    attribution: str | None

    def stream(
        self, request: Request, *, conversation: str | None = None
    ) -> AsyncIterator[str | Answer]:
        """The answer's whole text so far, again and again; at last the Answer."""

    async def forget(self, conversation: str) -> None:
        """Deletes all that is kept of a conversation."""

    def document(self, document_id: str) -> Document | None:
        """The document behind a citation."""
