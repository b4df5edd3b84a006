"""`ventanilla mcp`: the Model Context Protocol over standard input and output, for a program on this
machine. Where a `serve` runs, it does the work; otherwise this process does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any

from agents.state import Answer, Request
from ui.access.permissions import Principal, house_administrator
from ui.api.asking import Asking
from ui.api.mcp import Backend, Tenants, server_over
from ui.assemble import open_house
from ui.batch import prepared, readable_by
from ui.local import Running
from ui.passages import SearchAnswer, SearchRequest
from ui.settings import Settings
from ui.workers import Workers


class Beside:
    """Asks the `serve` that holds the index, as `agency` if one is named."""

    def __init__(self, running: Running, agency: str | None) -> None:
        self._running, self._agency = running, agency

    async def answer(self, request: Request, tenants: Tenants) -> Answer:
        """See `Backend`; the `serve` knows by itself what may be read."""
        return Answer.model_validate(await self._post("/api/ask", request.model_dump(mode="json")))

    async def search(self, request: SearchRequest, tenants: Tenants) -> SearchAnswer:
        """See `Backend`."""
        found = await self._post("/api/search", request.model_dump(mode="json"))
        return SearchAnswer.model_validate(found)

    async def call(
        self, name: str, arguments: dict[str, Any], language: str, tenants: Tenants
    ) -> Answer:
        """See `Backend`."""
        body = {"arguments": arguments, "language": language}
        return Answer.model_validate(await self._post(f"/api/tools/{name}", body))

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        return await asyncio.to_thread(self._running.post, path, body, agency=self._agency)


def serve(settings: Settings, note: Callable[[str], None], agency: str | None = None) -> None:
    """Speaks until its input ends. Raises UsageError where there is no such agency."""
    asyncio.run(_serve(settings, note, agency))


async def _serve(settings: Settings, note: Callable[[str], None], agency: str | None) -> None:
    from mcp.server.stdio import stdio_server

    async with _backend(settings, note, agency) as (backend, who):
        server = server_over(backend, who)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())


@asynccontextmanager
async def _backend(
    settings: Settings, note: Callable[[str], None], agency: str | None
) -> AsyncIterator[tuple[Backend, Principal]]:
    who = house_administrator("local", "cli")
    if running := await asyncio.to_thread(Running.find, settings):
        with closing(running):
            yield Beside(running, agency), who
        return
    with open_house(settings, note) as house:
        who = replace(who, tenants=readable_by(house, agency))
        prepared(house, note)
        async with house.assistant() as assistant:
            workers = Workers(settings.at_once, settings.waiting)
            yield Asking(house, assistant, workers), who
