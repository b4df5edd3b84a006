"""A store with a clock that the tests turn, and passwords that cost little to hash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ui.access.passwords import Passwords
from ui.access.permissions import By
from ui.access.store import AccessStore

BY = By("tester", "cli")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "cuatro palabras bien largas"


class Clock:
    """A moment that passes only when a test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[AccessStore]:
    with AccessStore.open(
        tmp_path / "access.sqlite", now=clock, passwords=Passwords(CHEAP)
    ) as opened:
        opened.agencies.add("muni", "Municipalidad", BY)
        opened.agencies.add("hospital", "Hospital", BY)
        opened.users.add("ana", PASSWORD, agency="muni", role="administrator", by=BY)
        opened.users.add("jefa", PASSWORD, agency=None, role="administrator", by=BY)
        yield opened
