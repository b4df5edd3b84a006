"""One house over the seed corpus for all tests of the agents, and an assistant on a fixed day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date

import pytest

from agents.assistant import Assistant
from agents.context import Context
from retrieval.index import Scope
from retrieval.reading import Reading
from sources.document import PUBLIC
from ui.assemble import House, open_house
from ui.settings import Settings

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("seed-house"))) as opened:
        opened.sync("seed")
        yield opened


@pytest.fixture
async def assistant(house: House) -> AsyncIterator[Assistant]:
    async with house.assistant(today=lambda: TODAY) as made:
        yield made


@pytest.fixture
def context(house: House) -> Context:
    return Context(searcher=house.searcher, today=lambda: TODAY)


@pytest.fixture
def read(house: House) -> Callable[[str, str], Reading]:
    """Reads a question as the steps do, within one country."""
    return lambda text, country: house.searcher.read(
        text, Scope(tenants=(PUBLIC,), countries=(country,))
    )
