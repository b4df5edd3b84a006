"""What comes in through a door for programs: whole, of limited size and in time; and nothing that
breaks inside goes out as it is.

A body is read before anybody works on it, so a client that sends slowly holds nothing but itself.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.access.limits import headers_of
from ui.problems import KINDS, Kind, response

log = logging.getLogger("ventanilla.api")

DOORS = ("/api/", "/v1/", "/mcp")
"""Where programs come in; all else belongs to the pages."""

BODY_S = 15.0
"""Seconds in which a body must have arrived."""


class Intake:
    """ASGI middleware for the paths of `DOORS`."""

    def __init__(self, app: ASGIApp, most_bytes: int, within_s: float = BODY_S) -> None:
        self._app, self._most, self._within_s = app, most_bytes, within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        if scope["type"] != "http" or not scope["path"].startswith(DOORS):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        started = False

        async def out(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": _with_ours(scope, message["headers"])}
            await send(message)

        body = await self._body(scope, receive)
        if isinstance(body, Kind):
            detail = (
                f"{body.meaning} The limit is {self._most} bytes in {self._within_s:g} seconds."
            )
            told = response(body, detail, scope["path"], headers={"Connection": "close"})
            await told(scope, receive, out)
            return
        if body is None:
            return  # the client went away
        try:
            await self._app(scope, _again(body, receive), out)
        except Exception as error:  # noqa: BLE001 – whatever broke, nobody is shown its insides
            # The kind only: a message may hold what was asked.
            log.error("a request broke: %s", type(error).__name__)
            if started:
                raise ConnectionAbortedError from None  # a half answer must not look like a whole one
            kind = KINDS["internal"]
            await response(kind, f"{kind.title}. Try again.", scope["path"])(scope, receive, out)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Kind | None:
        """The whole body, what is wrong with it, or None where it will never come."""
        given = dict(scope["headers"]).get(b"content-length", b"")
        if given.isdigit() and int(given) > self._most:
            return KINDS["too-large"]
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._within_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part: bytes = message.get("body", b"")
                    size += len(part)
                    if size > self._most:
                        return KINDS["too-large"]
                    parts.append(part)
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            return KINDS["too-slow"]


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` with the body that was read already; after it comes what comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_ours(scope: Scope, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    ours = [(b"x-content-type-options", b"nosniff")]
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        ours.append((b"cache-control", b"no-store"))
    left = scope["state"].get("left")
    return [*headers, *ours, *(headers_of(left) if left else ())]
