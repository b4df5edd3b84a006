"""What every language model can do for the assistant; a backend is anything that does it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol, TypedDict, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Health(BaseModel):
    """Whether a model answers now, and what it is."""

    ok: bool
    model: str
    context: int
    detail: str = ""


class Model(Protocol):
    """A language model: it decides within a schema, and it writes."""

    name: str
    context: int

    async def decide(self, messages: Sequence[Message], schema: type[T]) -> T:
        """A validated object of `schema`; one retry, then DecisionFailed."""
        ...

    def write(self, messages: Sequence[Message], *, max_tokens: int = 700) -> AsyncIterator[str]:
        """The answer in pieces, to the turn's end; closing the iterator cancels generation."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the model reads for `messages`."""
        ...

    async def health(self) -> Health:
        """Whether the model answers now."""
        ...

    async def close(self) -> None:
        """Gives back what the model holds."""
        ...
