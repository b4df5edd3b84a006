"""Stops a generation that has gone wrong, whichever model writes.

Latam-GPT is known to loop on the word "assistant" where its chat template was not applied; any
model may repeat itself without end, or show the marks of its template. Such text is no answer.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator

from sources.errors import ModelBroken

STRAY = 2
"""So often may no text hold the English name of its own role, or a mark of a template."""

WINDOW = 60
"""Words over which repetition is measured: a long text repeats words, a short stretch does not."""

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
        self._window: deque[str] = deque(maxlen=WINDOW)

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
            self._window.append(word)
            if len(self._window) == WINDOW and len(Counter(self._window)) < LEAST_UNIQUE * WINDOW:
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
