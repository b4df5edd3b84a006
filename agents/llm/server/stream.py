"""One streamed answer of a model server: its pieces, its end, and what it says of the prompt."""

from __future__ import annotations

import re
from typing import Any

from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

from agents.llm.server.errors import Failed, cut_off, no_template

LOOP = re.compile(r"(?:assistant\W*){2}")
"""No answer says this; a model without its chat template says nothing else."""
TAIL = 40


class Answer:
    """An answer while it is written; `close` ends it and frees the connection."""

    def __init__(self, stream: AsyncStream[ChatCompletionChunk]) -> None:
        self._stream = stream
        self._tail = ""
        self.finish_reason: str | None = None
        self.prompt_tokens = 0

    @classmethod
    async def begin(cls, client: AsyncOpenAI, body: dict[str, Any]) -> tuple[Answer, str | None]:
        """The answer to a request and its first piece; None where it ends without one."""
        answer = cls(await client.chat.completions.create(**body, stream=True))
        try:
            first = await answer.piece()
        except BaseException:
            await answer.close()
            raise
        if first is None:
            await answer.close()
        return answer, first

    async def piece(self) -> str | None:
        """The next text; None at the end. Raises Failed where the end is none, or the text a loop."""
        while True:
            try:
                chunk = await anext(self._stream)
            except StopAsyncIteration:
                break
            if chunk.usage is not None:
                self.prompt_tokens = chunk.usage.prompt_tokens
            for choice in chunk.choices[:1]:
                self.finish_reason = choice.finish_reason or self.finish_reason
                if text := choice.delta.content:
                    self._tail = (self._tail + text)[-TAIL - len(text) :]
                    if LOOP.search(self._tail):
                        raise Failed(no_template())
                    return text
        if self.finish_reason is None:
            raise Failed(cut_off())
        return None

    async def close(self) -> None:
        """Tells the server to stop, where the answer is not at its end."""
        await self._stream.close()
