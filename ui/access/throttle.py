"""Failed logins slow down the next one, for a name that exists as for one that does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sources.errors import TooMany
from ui.access.schema import digest, failures

FREE = 5
"""Failures in a row that cost no waiting."""

LONGEST_WAIT = timedelta(minutes=5)
"""Nobody shuts another's account for longer than this by guessing at it."""

FORGOTTEN = timedelta(hours=1)
"""Failures this old count no more."""


class Throttle:
    """Counts failures by name; the names themselves are not kept."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now

    def attempt(self, name: str) -> None:
        """Counts an attempt before it is made, so that many at once gain nothing.

        Raises TooMany with the seconds to wait.
        """
        key, now = _key(name), self._now()
        with self._engine.begin() as connection:
            connection.execute(delete(failures).where(failures.c.last_at < now - FORGOTTEN))
            query = select(failures).where(failures.c.name == key)
            row = connection.execute(query).mappings().first()
            if row is None:
                try:
                    connection.execute(insert(failures).values(name=key, count=1, last_at=now))
                except IntegrityError:
                    raise _wait(timedelta(seconds=1)) from None
                return
            left = row["last_at"] + waiting(row["count"]) - now
            if left > timedelta(0):
                raise _wait(left)
            counted = connection.execute(
                update(failures)
                .where(failures.c.name == key, failures.c.count == row["count"])
                .values(count=row["count"] + 1, last_at=now)
            )
            if not counted.rowcount:  # another attempt came between
                raise _wait(timedelta(seconds=1))

    def succeeded(self, name: str) -> None:
        """Forgets the failures of a name."""
        with self._engine.begin() as connection:
            connection.execute(delete(failures).where(failures.c.name == _key(name)))


def waiting(count: int) -> timedelta:
    """How long the next attempt has to wait after `count` that failed: 1, 2, 4 … seconds."""
    if count < FREE:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(count - FREE, 20)), LONGEST_WAIT)


def _wait(left: timedelta) -> TooMany:
    seconds = max(1, round(left.total_seconds()))
    return TooMany("too many failed logins", f"Wait {seconds} seconds.", wait_s=seconds)


def _key(name: str) -> str:
    return digest(name.strip().casefold())
