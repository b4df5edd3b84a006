"""How much each may ask: a token bucket for every key, user and address, and who asks as a parameter.

    @app.post("/api/ours")
    async def ours(who: Caller) -> …          # counted; 429 with Retry-After where the share is spent

The headers are `RateLimit-Limit`, `-Remaining`, `-Reset` and `-Policy` of a draft
(https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06).
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.requests import Request as HttpRequest

from sources.errors import NotLoggedIn, TooMany
from ui.access.doors import Doorkeeper
from ui.access.permissions import ANYONE, Principal
from ui.problems import OPENAI_PATHS

MOST_BUCKETS = 50_000
"""Askers that are remembered; of more, those who asked longest ago start anew."""

NOBODY = "anonymous"
"""What stands for no key under `/v1`."""

MINUTE_S, DAY_S = 60.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` requests in `window_s` seconds; they come back one by one."""

    amount: int
    window_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a rate, and the seconds until all of it is back."""

    rate: Rate
    remaining: int
    reset_s: int


class Buckets:
    """Token buckets by name, kept in memory; safe for many threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._filled: OrderedDict[tuple[str, Rate], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, rates: Sequence[Rate]) -> Left | None:
        """Takes one of each rate and tells of the one with the least left; None where there is no rate.

        Raises TooMany, having taken nothing, where one is spent.
        """
        with self._lock:
            now = self._now()
            held = [(rate, self._level(name, rate, now)) for rate in rates]
            for rate, level in held:
                if level < 1:
                    wait_s = math.ceil((1 - level) * rate.window_s / rate.amount)
                    span = "minute" if rate.window_s == MINUTE_S else "day"
                    raise TooMany(
                        f"the {rate.amount} requests of a {span} are used up",
                        f"Wait {wait_s} seconds.",
                        wait_s=wait_s,
                    )
            for rate, level in held:
                self._filled[name, rate] = (level - 1, now)
                self._filled.move_to_end((name, rate))
            while len(self._filled) > MOST_BUCKETS:
                self._filled.popitem(last=False)
        left = [
            Left(rate, int(level - 1), math.ceil((rate.amount - level + 1) * _each(rate)))
            for rate, level in held
        ]
        return min(left, key=lambda each: each.remaining, default=None)

    def _level(self, name: str, rate: Rate, now: float) -> float:
        level, at = self._filled.get((name, rate), (float(rate.amount), now))
        return min(float(rate.amount), level + (now - at) / _each(rate))


def _each(rate: Rate) -> float:
    """Seconds until one is back."""
    return rate.window_s / rate.amount


class Limiter:
    """The rates of this service. 0 sets none; a command on this machine has none."""

    def __init__(
        self, *, key: int, address: int, address_day: int, buckets: Buckets | None = None
    ) -> None:
        self._buckets = buckets or Buckets()
        self._known = [Rate(key, MINUTE_S)] if key else []
        self._anyone = [Rate(address, MINUTE_S)] if address else []
        self._anyone += [Rate(address_day, DAY_S)] if address_day else []

    def admit(self, who: Principal, address: str) -> Left | None:
        """Counts a request. Raises TooMany where the share of who asks is spent."""
        if who.known and who.door == "cli":
            return None
        if who.known:
            return self._buckets.take(f"who:{who.user}", self._known)
        return self._buckets.take(f"from:{network(address)}", self._anyone)


def network(address: str) -> str:
    """An address as it is counted: of IPv6 the /64, because that is what one subscriber has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address  # a Unix socket, or a test's client
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))


def headers_of(left: Left) -> list[tuple[bytes, bytes]]:
    """What is left, as headers of an answer."""
    rate = left.rate
    told = {
        "ratelimit-limit": rate.amount,
        "ratelimit-remaining": left.remaining,
        "ratelimit-reset": left.reset_s,
        "ratelimit-policy": f"{rate.amount};w={round(rate.window_s)}",
    }
    return [(name.encode(), str(value).encode()) for name, value in told.items()]


def caller_of(request: HttpRequest) -> Principal:
    """Who asks, counted. Raises NotLoggedIn, TooMany. Looks into a database: not for the event loop."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    limiter: Limiter = request.app.state.limiter
    address = request.client.host if request.client else ""
    try:
        who = ANYONE if _says_nobody(request) else keeper.principal(request)
    except NotLoggedIn:
        limiter.admit(ANYONE, address)  # keys are not guessed at for nothing
        raise
    request.state.left = limiter.admit(who, address)
    return who


def _says_nobody(request: HttpRequest) -> bool:
    """Whether an OpenAI client, which must send some key, sends the word for none."""
    own = request.url.path.startswith(OPENAI_PATHS)
    return own and request.headers.get("authorization") == f"Bearer {NOBODY}"


Caller = Annotated[Principal, Depends(caller_of)]
"""Who asks, as a parameter of an endpoint; each request counts."""
