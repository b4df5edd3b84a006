"""How many questions are answered at the same time, and how many may wait for it.

    ticket = workers.ticket()          # raises Busy at once, where too many wait already
    async with ticket:                 # waits for its turn
        ...

More at once would make each one slower and none of them sooner; a longer queue would keep people
waiting for an answer that they gave up on.
"""

from __future__ import annotations

import asyncio
import math
import time
from types import TracebackType

from sources.errors import Busy

AT_ONCE, WAITING = 16, 64
"""Unless the settings say otherwise."""

USUAL_S = 1.0
"""Seconds of an answer, until some were measured."""

LONGEST_WAIT_S = 30.0
"""Who had no turn by then is told to come again."""

WEIGHT = 0.1
"""Of the newest answer's seconds in the running mean."""


class Workers:
    """`at_once` places and `waiting` seats before them."""

    def __init__(
        self,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
        *,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self.at_once, self.waiting, self.longest_wait_s = at_once, waiting, longest_wait_s
        self.places = asyncio.Semaphore(at_once)
        self.held = 0
        self._mean_s = USUAL_S

    def ticket(self) -> Ticket:
        """A place, or a seat before one. Raises Busy where all are taken."""
        if self.held >= self.at_once + self.waiting:
            raise self.busy()
        return Ticket(self)

    @property
    def wait_s(self) -> int:
        """Seconds until who comes now should have a place, 1 to 60."""
        rounds = max(1, self.held - self.at_once + 1) / self.at_once
        return min(60, max(1, math.ceil(self._mean_s * rounds)))

    def busy(self) -> Busy:
        """That there is no room, and when there should be some."""
        wait_s = self.wait_s
        return Busy("too many questions at the moment", f"Wait {wait_s} seconds.", wait_s=wait_s)

    def took(self, seconds: float) -> None:
        """Takes note of how long an answer was worked on."""
        self._mean_s += WEIGHT * (seconds - self._mean_s)


class Ticket:
    """A place that was promised; it is given back on leaving, or by `release` if it was never used.
    `wait_s` are the seconds that it was expected to wait when it was given.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self.wait_s = workers.wait_s
        self._open = True
        self._begun: float | None = None
        workers.held += 1

    @property
    def waits(self) -> bool:
        """Whether others are before it."""
        return self._begun is None and self._workers.places.locked()

    async def __aenter__(self) -> Ticket:
        """Waits for its turn. Raises Busy where that takes too long."""
        try:
            async with asyncio.timeout(self._workers.longest_wait_s):
                await self._workers.places.acquire()
        except TimeoutError:
            error = self._workers.busy()
            self.release()
            raise error from None
        except asyncio.CancelledError:
            self.release()
            raise
        self._begun = time.monotonic()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Gives the place back; more than once does no harm."""
        if not self._open:
            return
        self._open = False
        self._workers.held -= 1
        if self._begun is not None:
            self._workers.took(time.monotonic() - self._begun)
            self._workers.places.release()
