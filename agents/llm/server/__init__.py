"""A model behind any OpenAI-compatible server, vLLM first: the `server` backend.

    model = ServerModel.open("http://127.0.0.1:8000")
    await model.check()
    async for piece in model.write([{"role": "user", "content": "¿Qué es la ClaveÚnica?"}]): ...
    await model.close()

The server applies the model's own chat template (/v1/chat/completions); `check` finds out whether
it does. Every call ends within its limits, by an answer or by one of the errors of `sources.errors`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from agents.llm import LATAM_GPT
from agents.llm.protocol import Health, Message, T
from agents.llm.schema import decided, flat_schema
from agents.llm.server.breaker import Breaker
from agents.llm.server.count import TokenCount
from sources.errors import ModelError, ModelUnavailable

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from agents.llm.server.check import Completion, Models
    from agents.llm.server.client import Connection
    from agents.llm.server.stream import Answer

log = logging.getLogger(__name__)

R = TypeVar("R")
Fields = dict[str, Any]
Extras = Mapping[str, Fields]
"""Optional fields of a request by a name for what they are."""

DEFAULT_CONTEXT = 8192
"""Tokens, until the server says how many it reads."""
DECISION_TOKENS = 512
LEAST_TOKENS = 64
"""Asked for even where the estimate sees no room: the server counts exactly, and decides."""


class ServerModel:
    """A model on a server; made by `open`."""

    def __init__(self, connection: Connection, context: int | None) -> None:
        self.name = connection.address.model
        self.context = context or DEFAULT_CONTEXT
        self._asked_context = context
        self._connection = connection
        self._limits = connection.limits
        self._count = TokenCount()
        self._stop_ids: list[int] = []
        self._checked = False

    @classmethod
    def open(
        cls,
        url: str,
        model: str = LATAM_GPT,
        *,
        key: str | None = None,
        context: int | None = None,
        connect: float = 3.0,
        first_token: float = 10.0,
        pause: float = 5.0,
        answer: float = 120.0,
        decision: float = 8.0,
        retries: int = 2,
        breaker: Breaker | None = None,
    ) -> ServerModel:
        """A client for `model` at `url`; sends nothing yet.

        `url` may leave out the path /v1. `context` is the most tokens to use, prompt and answer
        together. Limits are seconds: to `connect`, to the `first_token` with all retries, the
        `pause` between two tokens, a whole written `answer`, a `decision` with its second try.
        Raises ModelUnavailable where the address or the key cannot be used.
        """
        try:
            from agents.llm.server.client import Connection, Limits
            from agents.llm.server.errors import Address
        except ImportError as error:
            raise ModelUnavailable(
                f"The package {error.name} is not installed", "Run: pip install ventanilla"
            ) from error
        limits = Limits(connect, first_token, pause, answer, decision, retries)
        address = Address(_base_url(url), model, _clean_key(key))
        return cls(Connection(address, limits, breaker or Breaker()), context)

    async def write(
        self, messages: Sequence[Message], *, max_tokens: int = 700
    ) -> AsyncGenerator[str, None]:
        """The answer in pieces, to the turn's end; closing the iterator cancels generation.

        Raises ModelUnavailable, ModelTimeout or ModelBroken, also after pieces were given; ModelError
        where the prompt is too long.
        """
        from agents.llm.server.errors import Failed, empty
        from agents.llm.server.stream import Answer

        clock = asyncio.get_running_loop().time
        limits, connection = self._limits, self._connection
        first_by, whole_by = clock() + limits.first_token, clock() + limits.answer
        body = self._body(messages, max_tokens)
        extras = {"stream_options": {"stream_options": {"include_usage": True}}, **self._stops()}

        async def begin(client: AsyncOpenAI, fields: Fields) -> tuple[Answer, str | None]:
            answer, piece = await Answer.begin(client, {**body, **fields})
            if piece is None:
                raise Failed(empty())
            return answer, piece

        with connection.request() as ticket:
            answer, piece = await self._explained(
                messages,
                connection.accepted(
                    extras,
                    lambda fields: connection.attempt(
                        lambda client: begin(client, fields),
                        first_by,
                        "did not begin to answer",
                        limits.first_token,
                    ),
                ),
            )
            given = 0
            try:
                if ticket.trial:  # the others are not to wait for the end of a long answer
                    connection.breaker.succeeded(ticket)
                while piece is not None:
                    yield piece
                    given += 1
                    if given > body["max_tokens"]:
                        log.warning("the model server writes more than max_tokens: ended here")
                        return
                    piece = await self._next(answer, whole_by)
                self._count.learn(messages, answer.prompt_tokens)
            finally:
                await answer.close()

    async def decide(self, messages: Sequence[Message], schema: type[T]) -> T:
        """A validated object of `schema`; one retry, then DecisionFailed.

        Raises ModelUnavailable, ModelTimeout or ModelBroken as `write` does.
        """
        deadline = asyncio.get_running_loop().time() + self._limits.decision
        form = {"name": schema.__name__, "schema": flat_schema(schema), "strict": True}
        # A server may refuse one schema and take another, so each is remembered by itself.
        format_name = f"response_format of {schema.__qualname__}"
        response_format = {"type": "json_schema", "json_schema": form}
        extras = {format_name: {"response_format": response_format}, **self._stops()}

        async def say(conversation: Sequence[Message]) -> str:
            completion = await self._complete(
                conversation,
                DECISION_TOKENS,
                extras,
                deadline,
                "did not decide",
                self._limits.decision,
            )
            return completion.text

        return await decided(say, messages, schema)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """About how many tokens the model reads for `messages`, on the safe side.

        An estimate that what the server counts can only raise: see `agents.llm.server.count`.
        """
        return self._count.of(messages)

    async def check(self) -> Health:
        """Finds out whether the model is served, how much it reads, and whether its turns end.

        Raises ModelUnavailable, ModelTimeout or ModelBroken, each with the remedy.
        """
        from agents.llm.server.check import LLAMA_3_STOPS, PROBE_TOKENS, stray, verdict

        known = await self._served_context()
        if known is not None:
            self.context = min(known, self._asked_context or known)
        self._stop_ids = []
        probe = await self._probe(PROBE_TOKENS)
        if stray(probe):
            self._stop_ids = LLAMA_3_STOPS
            probe = await self._probe(PROBE_TOKENS)
        if failure := verdict(probe):
            self._stop_ids = []
            raise failure.error
        if self._stop_ids:
            log.warning("%s does not end its turns by itself: stop_token_ids are sent", self.name)
        self._checked = True
        return Health(ok=True, model=self.name, context=self.context, detail=self._detail())

    async def health(self) -> Health:
        """Whether the model writes a token now; never raises. The first call is `check`."""
        try:
            if not self._checked:
                return await self.check()
            await self._served_context()
            await self._probe(1)
        except ModelError as error:
            return Health(ok=False, model=self.name, context=self.context, detail=str(error))
        return Health(ok=True, model=self.name, context=self.context, detail=self._detail())

    async def close(self) -> None:
        """Closes every connection; requests under way fail. A later call opens new ones."""
        await self._connection.close()

    async def _complete(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        extras: Extras,
        deadline: float,
        problem: str,
        seconds: float,
        *,
        anyway: bool = False,
    ) -> Completion:
        """A whole answer, or one of the errors of `write`."""
        from agents.llm.server.check import Completion

        body = self._body(messages, max_tokens)
        with self._connection.request(anyway=anyway):
            completion = await self._explained(
                messages,
                self._connection.accepted(
                    extras,
                    lambda fields: self._connection.attempt(
                        lambda client: Completion.ask(client, {**body, **fields}),
                        deadline,
                        problem,
                        seconds,
                    ),
                ),
            )
        self._count.learn(messages, completion.prompt_tokens)
        return completion

    async def _probe(self, max_tokens: int) -> Completion:
        from agents.llm.server.check import PROBE

        seconds = self._limits.first_token
        deadline = asyncio.get_running_loop().time() + seconds
        problem = "did not answer a check"
        return await self._complete(
            PROBE, max_tokens, self._stops(), deadline, problem, seconds, anyway=True
        )

    async def _served_context(self) -> int | None:
        """The context of our model, None where it is not told; raises where it is not served."""
        from agents.llm.server.check import choose
        from agents.llm.server.errors import Failed

        with self._connection.request(anyway=True):
            try:
                models = await self._models(self._limits.first_token)
            except Failed as failed:
                if failed.failure.status in (404, 405):  # it has no such list: the probe will tell
                    return None
                raise
            return choose(models, self._connection.address)

    async def _next(self, answer: Answer, whole_by: float) -> str | None:
        """The next piece in time; None at the end. Raises Failed."""
        from agents.llm.server.errors import CAUGHT, Failed, cut_off, late, understand

        pause_by = asyncio.get_running_loop().time() + self._limits.pause
        try:
            async with asyncio.timeout_at(min(pause_by, whole_by)):
                return await answer.piece()
        except TimeoutError:
            if pause_by < whole_by:
                failure = late("did not go on writing", self._limits.pause)
            else:
                failure = late("did not finish its answer", self._limits.answer)
        except CAUGHT as error:
            failure = understand(error, self._connection.address)
            if failure.retry:  # a lost connection, and pieces are given out already
                failure = cut_off()
        if answer.finish_reason is not None:
            return None  # the text was whole before the connection was lost
        raise Failed(failure)

    async def _explained(self, messages: Sequence[Message], result: Awaitable[R]) -> R:
        """`result`; of a failure is learnt what can be: the prompt's length, the models served."""
        from agents.llm.server.check import choose
        from agents.llm.server.errors import Failed

        try:
            return await result
        except Failed as failed:
            failure = failed.failure
        if failure.prompt_tokens:
            self._count.learn(messages, failure.prompt_tokens)
        if failure.status == 404:
            try:
                models = await self._models(self._limits.connect)
            except Failed:  # then nothing more is known than at first
                raise Failed(failure) from None
            choose(models, self._connection.address)
        raise Failed(failure)

    async def _models(self, seconds: float) -> Models:
        """The models that the server offers, with their contexts. Raises Failed."""
        from agents.llm.server.check import served

        deadline = asyncio.get_running_loop().time() + seconds
        problem = "server did not name its models"
        return await self._connection.attempt(served, deadline, problem, seconds)

    def _body(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        """The fields that every server takes."""
        room = self.context - self._count.of(messages)
        tokens = min(max_tokens, max(room, LEAST_TOKENS))
        return {
            "model": self.name,
            "messages": list(messages),
            "max_tokens": tokens,
            "temperature": 0,  # as `local`: the same question gets the same answer
        }

    def _stops(self) -> Extras:
        """The ends of a turn, where the start-up check found that the server needs to be told."""
        if not self._stop_ids:
            return {}
        return {"stop_token_ids": {"extra_body": {"stop_token_ids": self._stop_ids}}}

    def _detail(self) -> str:
        return f"server at {self._connection.address.url}"


def _base_url(url: str) -> str:
    """The address with its path, /v1 where it has none; raises ModelUnavailable."""
    try:
        parts = urlsplit(url.strip())
        usable = bool(parts.hostname) and parts.port != 0  # .port raises where it is no number
    except ValueError:
        parts, usable = urlsplit(""), False
    if not usable or parts.scheme not in ("http", "https"):
        raise ModelUnavailable(
            "The address of the language model server is no http or https address",
            "Give one such as http://127.0.0.1:8000/v1",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ModelUnavailable(
            "The address of the language model server holds more than host, port and path",
            "Give the key apart from the address",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


def _clean_key(key: str | None) -> str | None:
    """The key without spaces around it, None where it is empty; raises ModelUnavailable."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ModelUnavailable(
            "The key of the language model server holds characters that no key has", "Set it anew"
        )
    return key or None
