"""Logging in and out over HTTP: by name and password, or through an OpenID Connect provider.

POST /api/access/login   {"name": …, "password": …}   sets the session's cookie
POST /api/access/logout  ends the session
GET  /api/access/me      who is logged in
GET  /api/access/oidc    goes to the provider, where one is set, and comes back logged in
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from pydantic import Field as Attribute

from sources.errors import Forbidden
from ui.access.doors import COOKIE, Asker, same_origin
from ui.access.oidc import Provider
from ui.access.sessions import ABSOLUTE
from ui.problems import problems

if TYPE_CHECKING:
    from ui.access.store import AccessStore

DOOR = "console"
TAGS: list[str | Enum] = ["access"]


class Credentials(BaseModel):
    """A name and a password."""

    name: str = Attribute(max_length=200)
    password: str = Attribute(max_length=1000, repr=False)


class Who(BaseModel):
    """Who is logged in; `user` is null where nobody is."""

    user: str | None
    agency: str | None
    role: str


def add_login(
    app: FastAPI,
    store: Callable[[], AccessStore],
    provider: Provider | None = None,
    *,
    home: str = "/",
) -> None:
    """Adds the endpoints to `app`; after a login through the provider people land at `home`."""

    @app.post("/api/access/login", tags=TAGS, responses=problems("not-logged-in", "too-many"))
    def login(given: Credentials, request: HttpRequest, response: Response) -> Who:
        """Opens a session."""
        _ours(request)
        opened = store()
        token = opened.login(given.name, given.password, DOOR)
        set_cookie(response, token, request)
        principal = opened.sessions.principal(token)
        return Who(user=principal.user, agency=principal.agency, role=principal.role)

    @app.post("/api/access/logout", status_code=204, tags=TAGS, responses=problems())
    def logout(request: HttpRequest) -> Response:
        """Ends the session, if there is one."""
        _ours(request)
        if token := request.cookies.get(COOKIE):
            store().sessions.end(token)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE)
        return response

    @app.get("/api/access/me", tags=TAGS, responses=problems("not-logged-in", "too-many"))
    def me(who: Asker) -> Who:
        """Who is logged in."""
        return Who(user=who.user, agency=who.agency, role=who.role)

    if provider is None:
        return
    provider.prepare(app)

    @app.get("/api/access/oidc", include_in_schema=False)
    async def begin(request: HttpRequest) -> Response:
        """Goes to the identity provider."""
        return await provider.begin(request, str(request.url_for("oidc_callback")))

    @app.get("/api/access/oidc/callback", name="oidc_callback", include_in_schema=False)
    async def callback(request: HttpRequest) -> Response:
        """Comes back from it, logged in."""
        token = await provider.finish(request, store())
        response = RedirectResponse(home, status_code=303)
        set_cookie(response, token, request)
        return response


def _ours(request: HttpRequest) -> None:
    """Raises Forbidden where a page of another site has sent the request."""
    if not same_origin(request.headers):
        raise Forbidden("another site has sent this", "Log in and out on our own page.")


def set_cookie(response: Response, token: str, request: HttpRequest) -> None:
    """Out of reach of scripts and of other sites, and never over plain HTTP once there is TLS."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )
