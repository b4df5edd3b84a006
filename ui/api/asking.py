"""A question from a program, on its way through the workers: as one answer, or as events.

Events are pairs of a name and its data: `status`, `sentence`, `citation`, `answer`, `error`. The work
goes on at its own pace, whatever the reader does: a slow one holds no worker, one that left frees it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.requests import Request as HttpRequest

from agents.assistant import Assistant
from agents.direct import call_tool
from agents.state import Answer, Request
from sources.errors import VentanillaError
from ui.assemble import House
from ui.passages import SearchAnswer, SearchRequest, search
from ui.problems import KINDS, kind_of, told
from ui.usage.recorded import Recorded
from ui.workers import Workers

if TYPE_CHECKING:
    from ui.usage.recorder import Recorder

log = logging.getLogger("ventanilla.api")

Event = tuple[str, dict[str, Any]]
Made = TypeVar("Made")


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class Asking:
    """Puts questions to a house, so many at once as `workers` allow."""

    def __init__(
        self,
        house: House,
        assistant: Assistant,
        workers: Workers,
        usage: Recorder | None = None,
        door: str = "api",
    ) -> None:
        self.assistant, self.workers, self.usage = assistant, workers, usage
        self._house = house
        self._recorded = Recorded(assistant, usage, door)

    def at(self, door: str) -> Asking:
        """The same, at another door: answers are noted under its name."""
        return Asking(self._house, self.assistant, self.workers, self.usage, door)

    async def answer(
        self,
        request: Request,
        tenants: tuple[str, ...],
        *,
        conversation: str | None = None,
        door: str | None = None,
    ) -> Answer:
        """The answer, after its turn; `door` where it is another one than usual. Raises Busy."""
        more = {"tenants": tenants, "conversation": conversation}
        async with self.workers.ticket():
            return await self._recorded.ask(request, door=door, **more)

    async def search(self, request: SearchRequest, tenants: tuple[str, ...]) -> SearchAnswer:
        """Passages, best first. Raises Busy."""
        searcher, places = self._house.searcher, self._house.places
        async with self.workers.ticket():
            return await asyncio.to_thread(search, searcher, places, request, tenants)

    async def call(
        self, name: str, arguments: dict[str, Any], language: str, tenants: tuple[str, ...]
    ) -> Answer:
        """The rows of a sector tool. Raises Busy, and UsageError for a call that its schema forbids."""
        context = self.assistant.context
        async with self.workers.ticket():
            return await call_tool(context, name, arguments, language, tenants)

    def events(self, request: Request, tenants: tuple[str, ...]) -> AsyncGenerator[Event, None]:
        """The answer as events, the last of which is `answer` or `error`. Raises Busy at once."""
        ticket = self.workers.ticket()
        made: asyncio.Queue[Event | None] = asyncio.Queue()
        made.put_nowait(("status", {"state": "waiting" if ticket.waits else "working"}))
        waited = ticket.waits

        async def work() -> None:
            try:
                async with ticket:
                    if waited:
                        made.put_nowait(("status", {"state": "working"}))
                    async with aclosing(self._told(request, tenants)) as told_so_far:
                        async for event in told_so_far:
                            made.put_nowait(event)
            except VentanillaError as error:
                kind, wait_s = kind_of(error)
                made.put_nowait(("error", told(kind, str(error), wait_s=wait_s)))
            except Exception as error:  # noqa: BLE001 – the reader is told, the log gets the kind
                log.error("a stream broke: %s", type(error).__name__)
                kind = KINDS["internal"]
                made.put_nowait(("error", told(kind, f"{kind.title}. Try again.")))

        working = asyncio.create_task(work())

        def end(_: asyncio.Task[None]) -> None:
            ticket.release()
            made.put_nowait(None)

        working.add_done_callback(end)
        return _read(made, working)

    async def _told(
        self, request: Request, tenants: tuple[str, ...]
    ) -> AsyncGenerator[Event, None]:
        shown = ""
        async with aclosing(self._recorded.stream(request, tenants=tenants)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    for citation in piece.citations:
                        yield "citation", citation.model_dump(mode="json")
                    yield "answer", piece.model_dump(mode="json")
                elif piece != shown:
                    # A model's sentences may come in between others: then there is no plain addition.
                    added = piece[len(shown) :] if piece.startswith(shown) else None
                    shown = piece
                    yield "sentence", {"added": added, "text": piece}


async def _read(
    made: asyncio.Queue[Event | None], working: asyncio.Task[None]
) -> AsyncGenerator[Event, None]:
    try:
        while (event := await made.get()) is not None:
            yield event
    finally:
        working.cancel()


async def while_there(http: HttpRequest, doing: Awaitable[Made]) -> Made:
    """`doing`, unless its client goes away first. Raises ClientLeft, having stopped it."""

    async def gone() -> None:
        while (await http.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(doing), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
