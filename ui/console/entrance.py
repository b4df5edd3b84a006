"""The login form, the way out, and what may be downloaded: plain pages, no Gradio.

GET  /consola/entrar             the form
POST /consola/entrar             opens a session and goes to the console
POST /consola/salir              ends it
GET  /consola/descargas/{name}   a CSV or JSON of the own agency
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Form
from fastapi.requests import Request as HttpRequest
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from sources.errors import AccessError, NotLoggedIn, TooMany
from ui.access.doors import COOKIE, Asker
from ui.access.login import DOOR, set_cookie
from ui.access.permissions import Principal
from ui.console import FOLDER, PATHS, Refused, Words, words
from ui.console.guard import DOWNLOADS, LOGIN, LOGOUT
from ui.page import language_for

if TYPE_CHECKING:
    from ui.access.store import AccessStore

FORM_COOKIE = "ventanilla_form"
"""Holds what the form must send back: a page of another site cannot know it."""

KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

Download = Callable[[Principal, str], Iterable[str]]
"""Given who asks and the form (`csv` or `json`): the pieces of the file. Raises AccessError."""


def logout_mark(token: str) -> str:
    """What the logout form of a session sends back."""
    return hashlib.sha256(f"logout:{token}".encode()).hexdigest()


def add_entrance(
    app: FastAPI,
    store: Callable[[], AccessStore],
    downloads: dict[str, Download],
    *,
    provider: bool,
) -> None:
    """Adds the pages to `app`; `provider` says whether an identity provider is set."""

    @app.get(LOGIN, include_in_schema=False)
    def form(request: HttpRequest) -> HTMLResponse:
        told = _told(request)
        line = told["login_ended"] if "fin" in request.query_params else ""
        return _form(request, told, line, provider=provider)

    @app.post(LOGIN, include_in_schema=False)
    def enter(
        request: HttpRequest,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        mark: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        told, given = _told(request), request.cookies.get(FORM_COOKIE, "")
        if not given or not secrets.compare_digest(given.encode(), mark.encode()):
            return _form(request, told, told["login_again"], provider=provider, status=403)
        try:
            token = store().login(name.strip(), password, DOOR)
        except TooMany as error:
            line = told.say("login_wait", minutes=-(-error.wait_s // 60))
            return _form(request, told, line, provider=provider, status=429)
        except NotLoggedIn:
            return _form(request, told, told["login_wrong"], provider=provider, status=401)
        response = RedirectResponse(f"{PATHS[told.language]}/", status_code=303)
        set_cookie(response, token, request)
        response.delete_cookie(FORM_COOKIE, path=LOGIN)
        return response

    @app.post(LOGOUT, include_in_schema=False)
    def leave(request: HttpRequest, mark: Annotated[str, Form(max_length=100)] = "") -> Response:
        token = request.cookies.get(COOKIE, "")
        if not secrets.compare_digest(logout_mark(token).encode(), mark.encode()):
            return RedirectResponse(f"{PATHS['es']}/", status_code=303)
        store().sessions.end(token)
        response = RedirectResponse(f"{LOGIN}?lang={_told(request).language}", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    @app.get(DOWNLOADS + "{name}.{kind}", include_in_schema=False)
    def download(name: str, kind: str, who: Asker) -> Response:
        made = downloads.get(name)
        if made is None or kind not in KINDS or not who.known:
            return Response(status_code=404)
        try:
            pieces = made(who, kind)
        except (AccessError, Refused):
            return Response(status_code=404)  # who may not have it learns nothing of it
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.{kind}"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(iter(pieces), media_type=KINDS[kind], headers=headers)


def _told(request: HttpRequest) -> Words:
    """The words for somebody who is not logged in: as the address asks, else as the browser does."""
    accepted = request.headers.get("accept-language", "").split(",")
    asked = request.query_params.get("lang", "")
    return words(language_for(asked, *(tag.split(";")[0] for tag in accepted)))


def _form(
    request: HttpRequest, told: Words, line: str, *, provider: bool, status: int = 200
) -> HTMLResponse:
    mark = secrets.token_urlsafe(24)
    other = "pt" if told.language == "es" else "es"
    shown = {
        **{name: escape(told[name]) for name in (
            "title", "login_heading", "login_intro", "login_name", "login_password", "login_enter",
            "login_help", "to_page",
        )},
        "language": told.language,
        "line": f'<p class="line" role="alert">{escape(line)}</p>' if line else "",
        "mark": mark,
        "action": f"{LOGIN}?lang={told.language}",
        "provider": _provider(told) if provider else "",
        "other": f'<a lang="{other}" href="{LOGIN}?lang={other}">{escape(words(other)["name"])}</a>',
    }  # fmt: skip
    page = (FOLDER / "login.html").read_text(encoding="utf-8")
    for name, value in shown.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    response = HTMLResponse(page, status_code=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.set_cookie(
        FORM_COOKIE,
        mark,
        path=LOGIN,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _provider(told: Words) -> str:
    line = escape(told["login_provider"])
    return f'<p><a class="provider" href="/api/access/oidc">{line}</a></p>'
