import asyncio

import pytest

from tests.ui.fakes import LICENCE
from ui.page.pace import paced


class Source:
    """Pieces after so many seconds each; knows whether it was closed."""

    def __init__(self, *steps):
        self.steps, self.closed = steps, False

    async def pieces(self):
        try:
            for wait_s, piece in self.steps:
                await asyncio.sleep(wait_s)
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed = True


async def shown(*steps, pace_s=0.1):
    return [piece async for piece in paced(Source(*steps).pieces(), pace_s)]


async def test_what_comes_at_once_is_shown_at_its_beginning_and_end():
    steps = [(0, "a" * n) for n in range(1, 30)]
    assert await shown(*steps, (0, LICENCE)) == ["a", LICENCE]


async def test_what_comes_slowly_is_all_shown():
    assert await shown((0, "a"), (0.15, "ab"), (0.15, LICENCE)) == ["a", "ab", LICENCE]


async def test_a_text_is_not_held_back_by_a_pause_after_it():
    seen = []
    source = Source((0, "a"), (0.01, "ab"), (30, LICENCE))
    pieces = paced(source.pieces(), 0.1)
    async with asyncio.timeout(5):
        seen.append(await anext(pieces))
        seen.append(await anext(pieces))
    assert seen == ["a", "ab"]
    await pieces.aclose()
    assert source.closed


async def test_an_error_comes_through_and_the_source_is_closed():
    source = Source((0, "a"), (0, RuntimeError("broken")))
    pieces = paced(source.pieces())
    assert await anext(pieces) == "a"
    with pytest.raises(RuntimeError, match="broken"):
        await anext(pieces)
    assert source.closed


async def test_closing_it_in_the_middle_closes_the_source():
    source = Source((0, "a"), (30, "ab"))
    pieces = paced(source.pieces())
    assert await anext(pieces) == "a"
    await pieces.aclose()
    assert source.closed
