"""The start-up check of a model server: the model is there, and its chat template is applied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI

from agents.llm.protocol import Message
from agents.llm.server.errors import Address, Failed, Failure, cut_off, empty, no_template
from sources.errors import ModelUnavailable

PROBE: list[Message] = [{"role": "user", "content": "Responda solo con una palabra: sí"}]
PROBE_TOKENS = 32
STRAY = re.compile(r"assistant|<\|(?:start|end)_header_id\|>|<\|eot_id\|>|<\|im_|\[/?INST\]")
"""What a turn holds only where the chat template was not applied or the turn did not end."""
LLAMA_3_STOPS = [128009, 128001, 128008]
"""<|eot_id|> ends a turn; <|end_of_text|> and <|eom_id|> are the family's other ends."""
MOST_NAMED = 8
Models = dict[str, int | None]
"""Contexts in tokens by the model's name; None where the server does not tell."""


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    text: str
    finish_reason: str | None
    prompt_tokens: int

    @classmethod
    async def ask(cls, client: AsyncOpenAI, body: dict[str, Any]) -> Completion:
        """Sends one request that is not streamed."""
        answer = await client.chat.completions.create(**body)
        choice = answer.choices[0]
        tokens = answer.usage.prompt_tokens if answer.usage else 0
        return cls(choice.message.content or "", choice.finish_reason, tokens)


def stray(probe: Completion) -> bool:
    """Whether the answer to PROBE holds marks of a conversation, as only a broken one does."""
    return STRAY.search(probe.text) is not None


def verdict(probe: Completion) -> Failure | None:
    """What is wrong with the answer to PROBE; None where nothing is."""
    if stray(probe):
        return no_template()
    if probe.finish_reason is None:
        return cut_off()
    return None if probe.text.strip() else empty()


async def served(client: AsyncOpenAI) -> Models:
    """The models that the server offers, each with its context in tokens where it says so."""
    page = await client.models.list()
    return {model.id: _context(getattr(model, "max_model_len", None)) for model in page.data}


def choose(models: Models, address: Address) -> int | None:
    """The context of the model asked for, None where unknown; raises Failed where it is missing."""
    if address.model in models:
        return models[address.model]
    raise Failed(
        Failure(
            ModelUnavailable(
                f"The server at {address.url} does not serve {address.model}, but "
                f"{address.quote(', '.join(list(models)[:MOST_NAMED]) or 'nothing')}",
                "Name one of these, or start the server with the model",
            ),
            server=False,
        )
    )


def _context(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
