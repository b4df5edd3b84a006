"""Who stands at a door of the HTTP API: a key, a session, a command on this machine, or anyone.

    @app.post("/api/ask")
    async def ask(request: Request, who: Asker) -> Answer:
        require(who, "ask")
        return await assistant.ask(request, tenants=who.tenants)

A key or session that is no good is never taken for nobody's: the answer is 401, in one line.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import JSONResponse

from sources.errors import NotLoggedIn
from ui.access.permissions import ANYONE, Principal, house_administrator, tenants_of
from ui.local import AGENCY_HEADER
from ui.problems import KINDS, explain, response

if TYPE_CHECKING:
    from ui.access.store import AccessStore

COOKIE = "ventanilla_session"
LOCAL = "local"


class Doorkeeper:
    """Tells who asks. `store` is opened at the first key or session; `token` is that of commands on
    this machine.
    """

    def __init__(self, store: Callable[[], AccessStore], token: str) -> None:
        self._store, self._token = store, token

    def principal(self, request: HttpRequest) -> Principal:
        """Who asks. Raises NotLoggedIn for what is no good, TooMany where a key's uses are spent."""
        shown = request.headers.get("authorization")
        if shown is not None:
            scheme, _, token = shown.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise NotLoggedIn(
                    "the header Authorization is no `Bearer` one", "Write `Bearer vk_…`."
                )
            if self._is_local(token):
                return self._command(request.headers.get(AGENCY_HEADER))
            return self._store().keys.principal(token.strip())
        if cookie := request.cookies.get(COOKIE):
            return self._store().sessions.principal(cookie)
        return ANYONE

    def _is_local(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self._token.encode())

    def _command(self, agency: str | None) -> Principal:
        """Who can read VENTANILLA_HOME anyway; they see what citizens see unless they name an agency."""
        return as_agency(house_administrator(LOCAL, "cli"), agency, self._store)

    def local(self, request: HttpRequest) -> Principal:
        """A command on this machine, and nobody else. Raises NotLoggedIn."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._is_local(token):
            raise NotLoggedIn("this endpoint is for commands on the same machine")
        return house_administrator(LOCAL, "cli")


def as_agency(
    principal: Principal, agency: str | None, store: Callable[[], AccessStore]
) -> Principal:
    """`principal` reading the internal sets of an agency, too. Raises UsageError where it is none."""
    if agency is None:
        return principal
    return replace(principal, tenants=tenants_of(store().agencies.get(agency).id))


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from a page of ours, or from no page at all: a
    browser says where the page lay that made it (`Sec-Fetch-Site`, `Origin`).
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _asker(request: HttpRequest) -> Principal:
    keeper: Doorkeeper = request.app.state.doorkeeper
    return keeper.principal(request)


def _command(request: HttpRequest) -> Principal:
    keeper: Doorkeeper = request.app.state.doorkeeper
    return keeper.local(request)


Asker = Annotated[Principal, Depends(_asker)]
"""Who asks, as a parameter of an endpoint."""

Command = Annotated[Principal, Depends(_command)]
"""A command on this machine, as a parameter of an endpoint that nobody else may use."""


def guard(app: FastAPI, keeper: Doorkeeper) -> None:
    """Lets endpoints of `app` ask for `Asker` and `Command`, and gives every error its status: 401,
    403, 429, or 422 for what the caller can mend.
    """
    app.state.doorkeeper = keeper
    explain(app)

    @app.exception_handler(NotLoggedIn)
    async def ended(request: HttpRequest, error: Exception) -> JSONResponse:
        told = response(KINDS["not-logged-in"], str(error), request.url.path)
        if "authorization" not in request.headers:
            told.delete_cookie(COOKIE)  # a session that ended is not shown again
        return told
