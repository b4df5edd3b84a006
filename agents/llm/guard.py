"""Stops a generation that has gone wrong, whichever model writes.

Latam-GPT is known to loop on the word "assistant" where its chat template was not applied; any
model may repeat itself without end, or show the marks of its template. Such text is no answer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator

from sources.errors import ModelBroken

STRAY = 2
"""So often may no text hold the English name of its own role, or a mark of a template."""

WINDOW, RUN = 60, 4
"""Words over which repetition is measured, and the length of the runs that are compared. Single
words would not tell a loop from a list of opening hours, which repeats its words but not its runs.
"""

LEAST_UNIQUE = 0.45
LONGEST_WORD = 400
REMEDY = "Check that the model's own chat template is applied"

_ROLE = re.compile(r"assistant|<\|[a-z_]+\|>", re.IGNORECASE)
_WORD = re.compile(r"\w+|<\|[a-z_]+\|>")


class Guard:
    """Reads a text as it grows."""

    def __init__(self) -> None:
        self._rest = ""
        self._stray = 0
        self._last: deque[str] = deque(maxlen=RUN)
        self._runs: deque[tuple[str, ...]] = deque(maxlen=WINDOW)

    def push(self, piece: str) -> None:
        """Takes the next piece. Raises ModelBroken as soon as the text is no answer."""
        self._rest += piece
        if len(self._rest) > LONGEST_WORD and not re.search(r"\s", self._rest):
            raise ModelBroken("The model writes without end", REMEDY)
        whole, blank, rest = self._rest.rpartition(" ")
        if blank:
            self._rest = rest
            self._read(whole)

    def end(self) -> None:
        """Takes the end of the text. Raises ModelBroken like `push`."""
        self._read(self._rest)
        self._rest = ""

    def _read(self, text: str) -> None:
        self._stray += len(_ROLE.findall(text))
        if self._stray >= STRAY:
            raise ModelBroken('The model repeats "assistant" or marks of its template', REMEDY)
        for word in _WORD.findall(text.casefold()):
            self._last.append(word)
            self._runs.append(tuple(self._last))
            if len(self._runs) == WINDOW and len(set(self._runs)) < LEAST_UNIQUE * WINDOW:
                raise ModelBroken("The model repeats itself", REMEDY)


async def guarded(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """`pieces` as they come, until they are no answer; then ModelBroken, the source closed."""
    guard = Guard()
    source = pieces if isinstance(pieces, AsyncGenerator) else None
    try:
        async for piece in pieces:
            guard.push(piece)
            yield piece
        guard.end()
    finally:
        if source is not None:
            await source.aclose()
