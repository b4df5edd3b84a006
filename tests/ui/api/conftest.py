"""One house for all tests of the API, and servers over it: a real uvicorn on 127.0.0.1."""

import asyncio
import copy
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager

import pytest
import uvicorn

from agents.assistant import Assistant
from agents.state import Answer, Request
from ui.access.permissions import By
from ui.api import create_app
from ui.assemble import House, open_house
from ui.settings import Settings

TOKEN = "t0ken"
BY = By("test", "cli")
FREE = {"rate_key": 0, "rate_address": 0, "day_address": 0}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("home"), **FREE)) as opened:
        opened.sync("seed")
        opened.access.agencies.add("muni", "Municipalidad", BY)
        yield opened


@pytest.fixture(scope="session")
def key(house: House) -> dict[str, str]:
    """The header with a key of the agency `muni`."""
    token, _ = house.access.keys.add("muni", "web", BY)
    return {"Authorization": f"Bearer {token}"}


class Slow:
    """An assistant that answers as `assistant` does, when it is let; it counts what was begun,
    stopped and ended.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.context, self.attribution = assistant.context, assistant.attribution
        self.go = threading.Event()
        self.begun = self.stopped = self.ended = 0

    async def ask(self, request: Request, **more: object) -> Answer:
        self.begun += 1
        try:
            while not self.go.is_set():  # noqa: ASYNC110 – another thread sets it
                await asyncio.sleep(0.01)
            return await self._assistant.ask(request, **more)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self.ended += 1

    async def stream(self, request: Request, **more: object) -> AsyncIterator[str | Answer]:
        self.begun += 1
        try:
            yield "Primero. [1]"
            while not self.go.is_set():  # noqa: ASYNC110 – another thread sets it
                await asyncio.sleep(0.01)
            async with aclosing(self._assistant.stream(request, **more)) as pieces:
                async for piece in pieces:
                    yield piece
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise
        finally:
            self.ended += 1


def with_settings(house: House, **changes: object) -> House:
    """The same house under other settings."""
    other = copy.copy(house)
    other.settings = house.settings.model_copy(update=changes)
    return other


@contextmanager
def running(
    house: House,
    wrap: Callable[[Assistant], object] = lambda assistant: assistant,
    usage: object = None,
) -> Iterator[tuple[str, object]]:
    """The API on a free port, as its address, and the assistant behind it."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    made: list[object] = []

    async def run() -> None:
        async with AsyncExitStack() as stack:
            assistant = wrap(await stack.enter_async_context(house.assistant()))
            app = create_app(house, assistant, TOKEN, usage)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
            )
            made.extend((server, assistant))
            ready.set()
            await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(60)
    server, assistant = made
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", assistant
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def url(house: House) -> Iterator[str]:
    with running(house) as (address, _):
        yield address
