"""An assistant whose answers are noted: every door asks through one.

assistant = Recorded(assistant, recorder, door="page")
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from agents.assistant import Assistant
from agents.state import Answer, Request
from sources.document import PUBLIC, Document
from ui.usage.recorder import Recorder


class Recorded:
    """Answers as the assistant does, and notes each ending under its `door`. What else `ask` and
    `stream` take is handed on; a question asked for `tenants` is noted under the one that is not
    everybody's.
    """

    def __init__(self, assistant: Assistant, recorder: Recorder | None, door: str) -> None:
        self._assistant, self._recorder, self._door = assistant, recorder, door
        self.attribution = assistant.attribution

    async def ask(self, request: Request, *, door: str | None = None, **more: Any) -> Answer:
        """See `Assistant.ask`; `door` where it is another one than usual."""
        answer = await self._assistant.ask(request, **more)
        self._keep(request, answer, door or self._door, more)
        return answer

    async def stream(
        self, request: Request, *, door: str | None = None, **more: Any
    ) -> AsyncGenerator[str | Answer, None]:
        """See `Assistant.stream`. An answer that nobody waited for is not noted; closing the iterator
        ends the run.
        """
        async with aclosing(self._assistant.stream(request, **more)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    self._keep(request, piece, door or self._door, more)
                yield piece

    async def forget(self, conversation: str, **more: Any) -> None:
        """See `Assistant.forget`."""
        await self._assistant.forget(conversation, **more)

    def document(self, document_id: str, **more: Any) -> Document | None:
        """See `Assistant.document`."""
        return self._assistant.document(document_id, **more)

    def _keep(self, request: Request, answer: Answer, door: str, more: dict[str, Any]) -> None:
        if self._recorder is not None:
            own = [tenant for tenant in more.get("tenants", ()) if tenant != PUBLIC]
            self._recorder.note_answer(
                request,
                answer,
                door=door,
                tenant=own[0] if own else PUBLIC,
                conversation=more.get("conversation"),
            )
