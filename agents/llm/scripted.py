"""A model that says what a script says: for tests, and to try the house without a card.

    model = ScriptedModel(["Cuesta RD$ 1.900. [1]", {"service": "1"}, ModelTimeout("…", "…")])

Its decisions are the script's objects, its answers the script's texts, each in their order; when
one of the two is used up, its last is said again. An error in the script is raised in its place;
a list of strings is an answer in pieces, in which an error breaks off in mid-sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.llm.protocol import Health, Message, T
from sources.catalog import read_yaml
from sources.errors import DecisionFailed, ModelUnavailable

CONTEXT = 8192
CHARACTERS_A_TOKEN = 3

Said = str | Mapping[str, Any] | BaseException | Sequence["str | BaseException"]


class ScriptedModel:
    """Plays a script; `heard` keeps what it was asked."""

    def __init__(
        self,
        script: Sequence[Said],
        *,
        name: str = "scripted",
        context: int = CONTEXT,
        delay: float = 0.0,
    ) -> None:
        """`delay` is in seconds, before each piece."""
        self.name = name
        self.context = context
        self.heard: list[list[Message]] = []
        self.closed = False
        self._delay = delay
        decisions: list[Said] = [said for said in script if isinstance(said, Mapping)]
        errors: list[Said] = [said for said in script if isinstance(said, BaseException)]
        self._decisions = decisions or errors
        self._answers: list[Said] = [said for said in script if not isinstance(said, Mapping)]

    @classmethod
    def open(cls, path: Path) -> ScriptedModel:
        """The script of a YAML file ``{answers: [text, …], decisions: [{…}, …]}``.

        Raises CatalogError where it cannot be read.
        """
        script = read_yaml(path)
        return cls([*script.get("answers", ()), *script.get("decisions", ())], name=path.stem)

    async def decide(self, messages: Sequence[Message], schema: type[T]) -> T:
        """The script's next object. Raises its error, or DecisionFailed where it does not fit."""
        self.heard.append(list(messages))
        await asyncio.sleep(self._delay)
        said = self._next(self._decisions)
        try:
            return schema.model_validate(said)
        except ValidationError as error:
            raise DecisionFailed(f"The script does not fit {schema.__name__}") from error

    async def write(
        self, messages: Sequence[Message], *, max_tokens: int = 700
    ) -> AsyncGenerator[str, None]:
        """The script's next text in pieces."""
        self.heard.append(list(messages))
        said = self._next(self._answers)
        pieces = said.splitlines(keepends=True) if isinstance(said, str) else said
        for piece in pieces:
            await asyncio.sleep(self._delay)
            if isinstance(piece, BaseException):
                raise piece
            yield str(piece)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """A third of the characters."""
        return sum(len(message["content"]) for message in messages) // CHARACTERS_A_TOKEN

    async def health(self) -> Health:
        """Always well."""
        return Health(ok=not self.closed, model=self.name, context=self.context)

    async def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True

    def _next(self, said: list[Said]) -> Any:
        if not said:
            raise ModelUnavailable("The script says nothing of the kind", "Add it to the script")
        now = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(now, BaseException):
            raise now
        return now
