"""A messaging channel's webhook: it brings what people write, and is sent the answers.

GET  /api/channel   proves to the channel that the address is ours
POST /api/channel   takes messages; the channel is told so at once, the replies follow

Each sender has a conversation of their own, known by a hash of their number. The prefix of the
number says which country they ask from; the text wins over it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import phonenumbers
from fastapi import FastAPI, Header, Query
from fastapi.requests import Request as HttpRequest
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel

from agents.state import Request
from agents.understanding.language import detect
from sources.country import countries
from sources.document import PUBLIC
from sources.errors import Busy, TooMany, UsageError
from ui.access.limits import Buckets, Rate
from ui.api.asking import Asking
from ui.api.messages import OLDEST_S, Message, Seen, Sender, hashed, messages, signed
from ui.api.texts import short, words
from ui.problems import KINDS, problems, response
from ui.settings import ChannelSettings, Settings

log = logging.getLogger("ventanilla.channel")

MOST_WAITING = 200
"""Messages that are taken and not yet answered; of more, the channel is asked to deliver them later."""

PER_SENDER = Rate(20, 60.0)
DELIVERY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A delivery as WhatsApp's Cloud API makes it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


class Taken(BaseModel):
    """How many messages were taken; those that were taken before are not counted."""

    taken: int


class Channel:
    """Takes messages and answers them, one after the other for each sender."""

    def __init__(
        self, settings: ChannelSettings, asking: Asking, seen: Seen, sender: Sender
    ) -> None:
        self.settings = settings
        self._asking, self._seen, self._sender = asking, seen, sender
        self._buckets = Buckets()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}

    async def take(self, delivery: list[Message]) -> int:
        """Begins to answer what is new; returns how much that was. Raises Busy, having taken nothing."""
        if len(self._tasks) + len(delivery) > MOST_WAITING:
            raise Busy("too many messages wait already", "Deliver it again.", wait_s=30)
        taken = 0
        for message in delivery:
            if message.sent_at < time.time() - OLDEST_S:
                continue
            if await asyncio.to_thread(self._seen.first, message.id):
                taken += 1
                self._begin(message)
        return taken

    def _begin(self, message: Message) -> None:
        who = hashed(self.settings.secret, message.sender)
        task = asyncio.create_task(self._after(self._last.get(who), message, who))
        self._tasks.add(task)
        self._last[who] = task

        def end(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            if self._last.get(who) is done:
                del self._last[who]

        task.add_done_callback(end)

    async def _after(self, before: asyncio.Task[None] | None, message: Message, who: str) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            self._buckets.take(who, [PER_SENDER])
            text = await self._reply(message, who)
            await self._sender.send(message.sender, text)
        except TooMany:
            log.warning("a sender writes more than is answered")
        except Exception as error:  # noqa: BLE001 – one message must not cost the others their replies
            log.error("a message was not answered: %s", type(error).__name__)

    async def _reply(self, message: Message, who: str) -> str:
        country = country_of(message.sender)
        spoken = countries()[country].language if country else "es"
        if message.text is None:
            return words()[spoken]["only_text"]
        request = Request(question=message.text, country=country)
        try:
            answer = await self._asking.answer(request, (PUBLIC,), conversation=f"channel:{who}")
        except Busy:
            return words()[detect(message.text)]["busy"]
        return short(answer)

    async def close(self) -> None:
        """Stops what is not answered yet."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sender.close()
        self._seen.close()


def country_of(sender: str) -> str | None:
    """The country of ours whose prefix a number has, by libphonenumber."""
    try:
        number = phonenumbers.parse(f"+{sender.lstrip('+')}")
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    return region if region in countries() else None


class Doors:
    """The webhook's endpoints. Off unless a channel is set."""

    def __init__(self, settings: Settings, asking: Asking) -> None:
        """Raises UsageError where a channel is set by half."""
        self._settings = settings.channel
        self._asking, self._path = asking, settings.messages
        self._channel: Channel | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answers messages until it is left."""
        if self._settings is None:
            yield
            return
        seen = Seen(self._path, self._settings.secret)
        self._channel = Channel(self._settings, self._asking, seen, Sender(self._settings))
        try:
            yield
        finally:
            await self._channel.close()
            self._channel = None

    def add(self, app: FastAPI) -> None:
        """Adds the endpoints to `app`."""

        @app.get(
            "/api/channel", tags=["channel"], response_class=PlainTextResponse,
            responses=problems("forbidden", "off"),
        )  # fmt: skip
        def verify(
            mode: Annotated[str, Query(alias="hub.mode")] = "",
            word: Annotated[str, Query(alias="hub.verify_token")] = "",
            challenge: Annotated[str, Query(alias="hub.challenge", max_length=200)] = "",
        ) -> Response:
            """Says `hub.challenge` back to the channel that knows our word."""
            if self._settings is None:
                return _off()
            known = hmac.compare_digest(word.encode(), self._settings.verify.encode())
            if mode != "subscribe" or not known:
                return response(KINDS["forbidden"], "That is not the word that was agreed on.")
            return PlainTextResponse(challenge)

        @app.post(
            "/api/channel", tags=["channel"], response_model=Taken, openapi_extra=DELIVERY,
            responses=problems("forbidden", "off", "busy"),
        )  # fmt: skip
        async def deliver(
            http: HttpRequest,
            signature: Annotated[str | None, Header(alias="X-Hub-Signature-256")] = None,
        ) -> Taken | Response:
            """Takes the messages of a delivery; each is answered once, however often it comes."""
            if self._settings is None or self._channel is None:
                return _off()
            body = await http.body()
            if not signed(self._settings.secret, body, signature):
                return response(KINDS["forbidden"], "The signature is not that of this body.")
            try:
                delivery = list(messages(body, self._settings.phone))
            except UsageError as error:
                return response(KINDS["wrong-input"], str(error))
            return Taken(taken=await self._channel.take(delivery))


def _off() -> Response:
    return response(KINDS["off"], "No channel is set. See VENTANILLA_CHANNEL_URL.")
