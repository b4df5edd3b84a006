"""The application that holds every door for programs, and in `serve` the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from starlette.routing import Match, Route

from agents.assistant import Assistant
from ui.access.doors import Doorkeeper, guard
from ui.access.limits import Limiter
from ui.access.login import add_login
from ui.access.oidc import provider_of
from ui.api.asking import Asking, ClientLeft
from ui.api.channel import Doors
from ui.api.commands import add_commands
from ui.api.completions import add_completions
from ui.api.description import JSON, describe
from ui.api.intake import Intake
from ui.api.mcp import Endpoint
from ui.api.public import add_public
from ui.assemble import House
from ui.console import PATH
from ui.problems import KINDS, response
from ui.usage.doors import add_feedback
from ui.workers import Workers

if TYPE_CHECKING:
    from ui.usage.recorder import Recorder

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
LEFT = 499
"""The status of an answer that nobody reads any more."""


def create_app(
    house: House,
    assistant: Assistant,
    token: str,
    usage: Recorder | None = None,
    workers: Workers | None = None,
) -> FastAPI:
    """The API over one house. `token` opens the endpoints of commands on this machine; `usage` keeps
    what is asked; `workers` are shared with other doors of the same process.

    Raises UsageError where a channel or a login provider is set by half.
    """
    settings = house.settings
    workers = workers or Workers(settings.at_once, settings.waiting)
    asking = Asking(house, assistant, workers, usage)
    mcp = Endpoint(asking.at("mcp"))
    channel = Doors(settings, asking.at("channel"))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with mcp.running(settings.body_bytes), channel.running():
            yield

    app = FastAPI(
        title="Ventanilla",
        version=version("ventanilla"),
        openapi_url=JSON,
        redoc_url=None,  # both pages would fetch scripts from another host
        docs_url=None,
        lifespan=lifespan,
    )
    guard(app, Doorkeeper(lambda: house.access, token))
    app.state.limiter = Limiter(
        key=settings.rate_key, address=settings.rate_address, address_day=settings.day_address
    )
    app.add_middleware(Intake, most_bytes=settings.body_bytes)
    app.add_exception_handler(ClientLeft, _left)
    add_login(app, lambda: house.access, provider_of(settings), home=f"{PATH}/")
    add_public(app, house, asking)
    add_completions(app, asking.at("openai"))
    channel.add(app)
    app.router.routes.append(Route("/mcp", endpoint=mcp))
    add_feedback(app, usage)
    add_commands(app, house)
    describe(app)
    _add_the_rest(app)
    return app


async def _left(request: HttpRequest, error: Exception) -> Response:
    return Response(status_code=LEFT)


def _add_the_rest(app: FastAPI) -> None:
    """What else is asked under our paths is told as a problem; it would end at the page otherwise."""

    @app.api_route("/api/{rest:path}", methods=METHODS, include_in_schema=False)
    @app.api_route("/v1/{rest:path}", methods=METHODS, include_in_schema=False)
    async def nothing(request: HttpRequest, rest: str) -> JSONResponse:
        able: set[str] = set()
        for route in app.routes:
            if route.matches(request.scope)[0] is Match.PARTIAL:
                able |= getattr(route, "methods", None) or set()
        path = request.url.path
        if able:
            allow = {"Allow": ", ".join(sorted(able))}
            return response(KINDS["wrong-method"], f"Use {allow['Allow']}.", path, headers=allow)
        return response(KINDS["not-found"], "See /api/docs for what there is.", path)
