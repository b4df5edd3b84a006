"""The connection to a model server: one HTTP client per event loop, retries, and the breaker.

Each request has a deadline, a moment of the event loop's clock; whatever is tried, tried again or
waited for ends by then.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import openai

from agents.llm.server.breaker import Breaker, BreakerOpen, Ticket
from agents.llm.server.errors import CAUGHT, Address, Failed, Failure, late, understand
from sources.errors import ModelUnavailable

log = logging.getLogger(__name__)

R = TypeVar("R")
FIRST_BACKOFF = 0.25
LONGEST_BACKOFF = 2.0
NO_KEY = "EMPTY"
"""The client insists on a key; a server that needs none ignores this one."""

Attempt = Callable[[openai.AsyncOpenAI], Awaitable[R]]


@dataclass(frozen=True)
class Limits:
    """How long each part of a request may take, in seconds, and how often it is tried again."""

    connect: float
    first_token: float
    pause: float
    answer: float
    decision: float
    retries: int


class Connection:
    """Sends requests to one server; usable from several event loops."""

    def __init__(self, address: Address, limits: Limits, breaker: Breaker) -> None:
        self.address = address
        self.limits = limits
        self.breaker = breaker
        self.refused: set[str] = set()
        """Names of the optional fields that the server was found not to take."""
        self._held: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[openai.AsyncOpenAI, AsyncGenerator[None, None]]
        ] = WeakKeyDictionary()

    @contextmanager
    def request(self, *, anyway: bool = False) -> Iterator[Ticket]:
        """Around one request: asks the breaker, tells it the end, and turns Failed into its error.

        Raises ModelUnavailable at once while the breaker is open, unless it goes `anyway`.
        """
        try:
            ticket = self.breaker.enter(anyway=anyway)
        except BreakerOpen as error:
            seconds = error.seconds
            raise ModelUnavailable(
                f"The language model server failed several times in a row; "
                f"it is tried again in {seconds:.0f} s",
                "Look at the server's log",
            ) from None
        try:
            yield ticket
        except Failed as failed:
            failure = failed.failure
        except BaseException:  # cancelled or closed by the caller
            self.breaker.abandoned(ticket)
            raise
        else:
            self.breaker.succeeded(ticket)
            return
        (self.breaker.failed if failure.server else self.breaker.succeeded)(ticket)
        raise failure.error from None

    async def accepted(
        self,
        extras: Mapping[str, Mapping[str, Any]],
        send: Callable[[dict[str, Any]], Awaitable[R]],
    ) -> R:
        """What `send` gives with as many of the named `extras`, optional fields, as the server takes.

        A rejected request is sent again without the field that the server names, or without the
        first; what was left out when it went well is remembered. Raises Failed.
        """
        kept = {name: fields for name, fields in extras.items() if name not in self.refused}
        dropped: list[str] = []
        while True:
            try:
                result = await send({key: v for part in kept.values() for key, v in part.items()})
            except Failed as failed:
                failure = failed.failure
            else:
                if dropped:
                    log.warning("the model server does not take %s", ", ".join(dropped))
                    self.refused.update(dropped)
                return result
            if not (failure.rejected and kept):
                raise Failed(failure)
            named = (name for name in kept if name.split()[0] in failure.said)
            dropped.append(next(named, next(iter(kept))))
            del kept[dropped[-1]]

    async def attempt(
        self, attempt: Attempt[R], deadline: float, problem: str, seconds: float
    ) -> R:
        """What `attempt` gives, tried again where that may help and the deadline allows it.

        `problem` and `seconds` say what was not done in which time when the deadline is reached.
        Raises Failed.
        """
        loop = asyncio.get_running_loop()
        tried = 0
        while True:
            failure: Failure | None = None
            try:
                async with asyncio.timeout_at(deadline):
                    return await attempt(await self.client())
            except Failed as failed:
                failure = failed.failure
            except TimeoutError:
                failure = late(problem, seconds)
            except CAUGHT as error:
                failure = understand(error, self.address)
            wait = _backoff(tried, failure.after)
            tried += 1
            if (
                not failure.retry
                or tried > self.limits.retries
                or loop.time() + wait >= deadline
            ):  # fmt: skip
                raise Failed(failure)
            log.info("model server, attempt %d: %s; again in %.2f s", tried, failure.error, wait)
            await asyncio.sleep(wait)

    async def client(self) -> openai.AsyncOpenAI:
        """The client of the running event loop: connections cannot be shared between loops."""
        loop = asyncio.get_running_loop()
        if loop not in self._held:
            made = openai.AsyncOpenAI(
                base_url=self.address.url,
                api_key=self.address.key or NO_KEY,
                max_retries=0,  # ours know the deadline
                timeout=openai.Timeout(None, connect=self.limits.connect, pool=self.limits.connect),
            )
            made.organization = made.project = None  # it reads them from the environment
            held = _until_closed(made)
            self._held[loop] = made, held
            await anext(held)
        return self._held[loop][0]

    async def close(self) -> None:
        """Closes the connections of every loop that still runs."""
        here = asyncio.get_running_loop()
        for loop, (_, held) in list(self._held.items()):
            if loop is here:
                await held.aclose()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(_close(held), loop)
                with suppress(TimeoutError):  # that loop is ending, and closes them itself
                    await asyncio.wait_for(asyncio.wrap_future(closing), self.limits.connect)
        self._held.clear()


async def _until_closed(client: openai.AsyncOpenAI) -> AsyncGenerator[None, None]:
    """Waits to be closed and then closes `client`.

    An event loop closes the asynchronous generators that were begun in it before it ends. So a
    client whose loop ends first (`asyncio.run` in a test or a command) leaves no socket open.
    """
    try:
        yield
    finally:
        await client.close()


async def _close(held: AsyncGenerator[None, None]) -> None:
    await held.aclose()


def _backoff(tried: int, asked: float) -> float:
    """Seconds before the next attempt: doubling, spread so that callers do not come back at once."""
    backoff = min(FIRST_BACKOFF * 2.0**tried, LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311
    return asked + backoff if asked else backoff
