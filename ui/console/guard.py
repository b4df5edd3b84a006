"""What stands before the console: nothing of it is given to who is not logged in.

Gradio's own check (`auth_dependency`) covers some of its endpoints. This covers all of them, by a
list of what the console needs: files, proxies, named calls and everything else that Gradio brings
are closed, here and on the citizen's page, since both would serve what lies in one upload folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sources.errors import NotLoggedIn
from ui.access.doors import COOKIE, same_origin
from ui.console import PATH, PATHS

if TYPE_CHECKING:
    from ui.access.store import AccessStore

LOGIN = f"{PATH}/entrar"
LOGOUT = f"{PATH}/salir"
OPEN = (LOGIN, LOGOUT)
"""What may be asked for without a session; each looks at the session itself."""

STATIC = ("/assets/", "/static/", "/theme.css", "/favicon.ico", "/manifest.json", "/pwa_icon")
"""Gradio's own files: the same for everybody."""

GRADIO = "/gradio_api/"

NEEDED_BY_CITIZENS = (
    f"{GRADIO}queue/join", f"{GRADIO}queue/data", f"{GRADIO}heartbeat/", f"{GRADIO}run/predict",
    f"{GRADIO}cancel", f"{GRADIO}startup-events",
)  # fmt: skip
"""Endpoints of Gradio that the citizen's page uses: it takes and gives no files, and a link to what
a session shows, which Gradio would write to the disk, is not made.
"""

NEEDED = (
    *NEEDED_BY_CITIZENS, f"{GRADIO}upload", f"{GRADIO}upload_progress", f"{GRADIO}app_id",
    f"{GRADIO}reset", "/config",
)  # fmt: skip
"""Those that the console uses. None of them serves a file."""

DOWNLOADS = f"{PATH}/descargas/"

LARGEST_EVENT = 4_000_000
"""Bytes of an event; files are uploaded beside it."""

MOST_PAGES = 5000
"""Open pages that are remembered with the session that opened them."""


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, store: Callable[[], AccessStore]) -> None:
        self._app, self._store = app, store
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        if path == PATH or path.startswith(f"{PATH}/"):
            answer, receive = await self._console(scope, path, receive)
        else:
            closed = path.startswith(GRADIO) and not path.startswith(NEEDED_BY_CITIZENS)
            answer = _nothing() if closed else None
        await (answer or self._app)(scope, receive, send)

    async def _console(
        self, scope: Scope, path: str, receive: Receive
    ) -> tuple[Response | None, Receive]:
        headers = Headers(scope=scope)
        safe = scope["method"] in ("GET", "HEAD")
        if not safe and not same_origin(headers):
            return _refused(403, "another site has sent this"), receive
        if path in OPEN:
            return None, receive
        inside = _inside(path)
        if inside.startswith(STATIC):
            return None, receive
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if not await asyncio.to_thread(self._known, token):
            if safe and "text/html" in headers.get("accept", ""):
                ended = "?fin=1" if token else ""
                return RedirectResponse(f"{LOGIN}{ended}", status_code=303), receive
            return _refused(401, "the session has ended"), receive
        if path in PATHS.values():
            return RedirectResponse(f"{path}/", status_code=307), receive
        if inside != "/" and not inside.startswith(NEEDED) and not path.startswith(DOWNLOADS):
            return _nothing(), receive
        return await self._of_this_session(scope, inside, token, receive)

    def _known(self, token: str) -> bool:
        try:
            return bool(token) and self._store().sessions.principal(token).known
        except NotLoggedIn:
            return False

    async def _of_this_session(
        self, scope: Scope, inside: str, token: str, receive: Receive
    ) -> tuple[Response | None, Receive]:
        """A page's events are for the session that opened it: its name alone opens nothing."""
        pages: list[str] = []
        if inside.startswith("/gradio_api/heartbeat/"):
            pages = [inside.rpartition("/")[2]]
        elif inside.startswith("/gradio_api/queue/data"):
            pages = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
        elif inside.startswith(("/gradio_api/queue/join", "/gradio_api/run/", "/gradio_api/cancel",
                                "/gradio_api/reset")):  # fmt: skip
            body = await _body(Request(scope, receive))
            if body is None:
                return _refused(413, "the event is too large"), receive
            pages, receive = _named(body), _again(body, receive)
        owner = hashlib.sha256(token.encode()).hexdigest()
        if all(self._owned(page, owner) for page in pages):
            return None, receive
        return _nothing(), receive

    def _owned(self, page: str, owner: str) -> bool:
        known = self._owners.setdefault(page, owner)
        self._owners.move_to_end(page)
        while len(self._owners) > MOST_PAGES:
            self._owners.popitem(last=False)
        return known == owner


def _inside(path: str) -> str:
    """A path below the console, without its language."""
    rest = path.removeprefix(PATHS["pt"]) if path.startswith(f"{PATHS['pt']}/") else None
    return path.removeprefix(PATH) if rest is None else rest


async def _body(request: Request) -> bytes | None:
    """The body of a request, or None where it is too large."""
    taken = b""
    async for piece in request.stream():
        taken += piece
        if len(taken) > LARGEST_EVENT:
            return None
    return taken


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read to the next who asks for it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _named(body: bytes) -> list[str]:
    """The pages that an event names."""
    try:
        event = json.loads(body)
    except ValueError:
        return []
    page = event.get("session_hash") if isinstance(event, dict) else None
    return [str(page)] if page else []


def _refused(status: int, line: str) -> Response:
    return JSONResponse({"detail": line}, status_code=status)


def _nothing() -> Response:
    return _refused(404, "there is nothing here")
