"""A circuit breaker: after several failures in a row, no request for a while, then one on trial.

    ticket = breaker.enter()          # raises BreakerOpen while the breaker is open
    ...                               # the request
    breaker.succeeded(ticket)         # or failed(ticket), or abandoned(ticket)

Citizens then learn at once that the model is away, and a server that comes back is not met by
everyone at once. The breakers on PyPI know no doubling pause, or no clock of one's own, or block.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


class BreakerOpen(Exception):
    """No request may go now; `seconds` is how long until one may be tried."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"open for another {seconds:.1f} s")


@dataclass(frozen=True)
class Ticket:
    """A request that was let through; `era` tells whether what became of it still matters."""

    era: int
    trial: bool


class Breaker:
    """Counts failures in a row; all times are seconds of `clock`.

    Results of requests that began before the last change of state are ignored: thirty requests
    that fail together open the breaker once, and do not double its pause thirty times.
    """

    def __init__(
        self,
        failures: int = 5,
        pause: float = 10.0,
        longest_pause: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._first_pause, self._longest_pause = pause, longest_pause
        self._clock = clock
        self._era = 0
        self._failed = 0
        self._pause = pause
        self._opened_at: float | None = None
        self._on_trial = False

    def enter(self, *, anyway: bool = False) -> Ticket:
        """Lets a request through, which must then be told of; raises BreakerOpen otherwise.

        A check of the server's health goes `anyway`: its success closes the breaker, its failure
        changes nothing while it is open.
        """
        if self._opened_at is None or anyway:
            return Ticket(self._era, trial=False)
        remaining = self._opened_at + self._pause - self._clock()
        if remaining > 0 or self._on_trial:
            raise BreakerOpen(max(0.0, remaining))
        self._on_trial = True
        return Ticket(self._era, trial=True)

    def succeeded(self, ticket: Ticket) -> None:
        """The server answered: failures are forgotten, and a breaker on trial closes."""
        if ticket.era == self._era:
            self.close()

    def failed(self, ticket: Ticket) -> None:
        """The server failed: one failure more, or the trial is lost and the pause doubles."""
        if ticket.era != self._era:
            return
        if ticket.trial:
            self._open(min(2 * self._pause, self._longest_pause))
            return
        if self._opened_at is not None:
            return
        self._failed += 1
        if self._failed >= self._most:
            self._open(self._first_pause)

    def abandoned(self, ticket: Ticket) -> None:
        """The caller gave up before the server showed anything: another may be on trial."""
        if ticket.era == self._era and ticket.trial:
            self._on_trial = False

    def close(self) -> None:
        """Lets every request through again: the server is known to answer."""
        if self._opened_at is not None:
            self._era += 1
        self._failed, self._pause = 0, self._first_pause
        self._opened_at, self._on_trial = None, False

    def _open(self, pause: float) -> None:
        self._era += 1
        self._failed, self._pause = 0, pause
        self._opened_at, self._on_trial = self._clock(), False
