"""A growing answer at a reader's pace: each update carries the whole text so far, over a phone's network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from agents.state import Answer

PACE_S = 0.15
"""Seconds between two updates, at least."""

Piece = str | Answer


async def paced(
    pieces: AsyncGenerator[Piece, None], pace_s: float = PACE_S
) -> AsyncGenerator[Piece, None]:
    """The newest text of `pieces`, at most every `pace_s` seconds and no later than that after it
    came; then the Answer, at once. Closing it closes `pieces`.
    """
    clock = asyncio.get_running_loop().time
    text: str | None = None
    due = clock()
    coming = asyncio.ensure_future(anext(pieces, None))
    try:
        while True:
            wait = None if text is None else max(0.0, due - clock())
            await asyncio.wait({coming}, timeout=wait)
            if coming.done():
                piece = coming.result()
                if piece is None:
                    return
                if isinstance(piece, Answer):
                    yield piece
                    text = None
                else:
                    text = piece
                coming = asyncio.ensure_future(anext(pieces, None))
            if text is not None and clock() >= due:
                shown, text, due = text, None, clock() + pace_s
                yield shown
    finally:
        coming.cancel()
        await asyncio.wait({coming})
        await pieces.aclose()
