"""How many tokens a prompt has, estimated on the safe side without asking the server.

    count = TokenCount()
    count.of(messages)              # never fewer than the server will count, as far as is known
    count.learn(messages, 812)      # what the server did count

Asking the server (vLLM's /tokenize) would be a network call in a function that is none. Spanish has
about 3.7 characters to a token of Llama 3; 2.5 are assumed here, which leaves room for figures, names
and addresses. What the server reports only ever raises the estimate: a prompt that is a little
shorter than it could be is harmless, one that does not fit is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.llm.protocol import Message

CHARACTERS_PER_TOKEN = 2.5
BYTES_PER_TOKEN = 3.0
"""For scripts other than Latin, where a character may be several tokens."""
TOKENS_PER_MESSAGE = 8
TOKENS_PER_PROMPT = 40
"""Marks and the lines that a chat template adds by itself (Llama 3.1 adds two dates)."""
LONG = 500
"""Characters from which a prompt says how dense the text is, and not what the template adds."""
MOST_FACTOR = 4.0


class TokenCount:
    """An estimate that learns upwards; one for each server."""

    def __init__(self) -> None:
        self._factor = 1.0
        self._template = TOKENS_PER_PROMPT

    def of(self, messages: Sequence[Message]) -> int:
        """The estimated number of tokens of `messages`, template included."""
        fixed = self._template + TOKENS_PER_MESSAGE * len(messages)
        return fixed + math.ceil(self._factor * _plain(messages))

    def learn(self, messages: Sequence[Message], tokens: int) -> None:
        """Takes note that the server counted `tokens`; ignores what cannot be true."""
        missing = tokens - self.of(messages)
        if missing <= 0:
            return
        if sum(len(message["content"]) for message in messages) < LONG:
            self._template += min(missing, LONG)
        else:
            raised = self._factor + missing / _plain(messages)
            self._factor = min(raised, MOST_FACTOR)


def _plain(messages: Sequence[Message]) -> float:
    """Tokens of the text alone, before anything was learnt."""
    return sum(
        max(len(text) / CHARACTERS_PER_TOKEN, len(text.encode()) / BYTES_PER_TOKEN)
        for text in (message["content"] for message in messages)
    )
