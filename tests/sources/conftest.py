"""A portal for every test of sources, and connectors that do not really wait for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sources import portals
from tests.sources.portal import Portal, portal


@pytest.fixture
def web() -> Iterator[Portal]:
    with portal() as running:
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; what would have been waited is noted."""
    waited: list[float] = []
    monkeypatch.setattr(portals, "sleep", waited.append)
    return waited
