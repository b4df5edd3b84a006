"""The Model Context Protocol: `ask`, `search` and every sector tool, at `/mcp` and over stdio.

Over HTTP each request stands for itself (nothing is kept between two), so each shows its own key and
reads what that key's agency may read. https://modelcontextprotocol.io/specification/2025-11-25
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol
from urllib.parse import urlsplit

import mcp_types as types
from fastapi.requests import Request as HttpRequest
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from agents.state import Answer, Request
from agents.toolkit.loader import loaded
from agents.toolkit.schema import described
from sources.catalog import one_line
from sources.country import countries
from sources.errors import UsageError, VentanillaError
from ui.access.limits import caller_of
from ui.access.permissions import ANYONE, Principal, require
from ui.passages import SearchAnswer, SearchRequest
from ui.problems import KINDS, kind_of, response

log = logging.getLogger("ventanilla.mcp")

PRINCIPAL = "ventanilla.principal"
"""Where in ASGI's scope it stands who asks."""

INSTRUCTIONS = (
    "Answers questions on procedures and services of the governments of Chile, Peru, Brazil and the "
    "Dominican Republic from dated official passages. Cite what it cites; where it has no answer, say so."
)
READ_ONLY = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}
LANGUAGES = ["es", "pt"]


Tenants = tuple[str, ...]


class Backend(Protocol):
    """Who does the work: this process (`ui.api.asking`), or a `serve` beside it (`ui.stdio`)."""

    async def answer(self, request: Request, tenants: Tenants) -> Answer:
        """An answer."""

    async def search(self, request: SearchRequest, tenants: Tenants) -> SearchAnswer:
        """Passages."""

    async def call(
        self, name: str, arguments: dict[str, Any], language: str, tenants: Tenants
    ) -> Answer:
        """The rows of a sector tool."""


@cache
def listed() -> tuple[types.Tool, ...]:
    """All tools, as a client is told of them."""
    own = [
        {
            "name": "ask",
            "title": "Preguntar",
            "description": "Answer a question on a government procedure or service, in Spanish or "
            "Portuguese, every sentence cited. The status says how it ended.",
            "inputSchema": _schema(
                {"question": {"type": "string", "maxLength": 2000}, **_narrow()}, ["question"]
            ),
            "outputSchema": Answer.model_json_schema(mode="serialization"),
            "annotations": READ_ONLY,
        },
        {
            "name": "search",
            "title": "Buscar",
            "description": "Find passages of official documents, best first.",
            "inputSchema": _schema(
                {
                    "question": {"type": "string", "maxLength": 2000},
                    **_narrow(),
                    "top_k": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
                },
                ["question"],
            ),
            "outputSchema": SearchAnswer.model_json_schema(mode="serialization"),
            "annotations": READ_ONLY,
        },
    ]
    answer = Answer.model_json_schema(mode="serialization")
    sector = [{**described(each), "outputSchema": answer} for each in loaded().values()]
    return tuple(types.Tool.model_validate(each) for each in (*own, *sector))


def _narrow() -> dict[str, Any]:
    return {
        "country": {
            "type": "string",
            "enum": list(countries()),
            "description": "ISO 3166-1 alpha-2",
        },
        "territory": {
            "type": "string",
            "maxLength": 20,
            "description": "where the reader is: the official code, e.g. CL-VS or CL-13120",
        },
        "language": {"type": "string", "enum": LANGUAGES, "description": "of the answer (BCP 47)"},
    }


def _schema(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def server_over(backend: Backend, anyone: Principal = ANYONE) -> Server[Any]:
    """A server that works by `backend`; `anyone` asks where no HTTP request says who does."""

    async def list_tools(
        context: ServerRequestContext[Any], page: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(listed()))

    async def call_tool(
        context: ServerRequestContext[Any], given: types.CallToolRequestParams
    ) -> types.CallToolResult:
        who = anyone
        if context.request is not None:
            who = context.request.scope[PRINCIPAL]
        try:
            made = await _done(backend, given.name, dict(given.arguments or {}), who)
        except VentanillaError as error:
            return _result(str(error), None)
        except Exception as error:  # noqa: BLE001 – the client is told in one line, the log gets the kind
            log.error("the tool %s broke: %s", given.name[:60], type(error).__name__)
            return _result(f"{KINDS['internal'].title}. Try again.", None)
        return _result(_text(made), made.model_dump(mode="json"))

    return Server(
        "ventanilla",
        version=version("ventanilla"),
        title="Ventanilla",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _done(
    backend: Backend, name: str, arguments: dict[str, Any], who: Principal
) -> Answer | SearchAnswer:
    """What a tool gives. Raises UsageError for an unknown one, and for wrong arguments."""
    require(who, "search" if name == "search" else "ask")
    if name not in ("ask", "search"):
        return await backend.call(name, arguments, _language(arguments), who.tenants)
    schema = next(tool.input_schema for tool in listed() if tool.name == name)
    if unknown := sorted(set(arguments) - set(schema["properties"])):
        raise UsageError(f"{name} has no argument {unknown[0]!r:.60}", "See its schema.")
    try:
        if name == "ask":
            return await backend.answer(Request.model_validate(arguments), who.tenants)
        return await backend.search(SearchRequest.model_validate(arguments), who.tenants)
    except ValidationError as error:
        raise UsageError(one_line(error), "Correct that argument.") from None


def _language(arguments: dict[str, Any]) -> str:
    """The language of the country that a tool is asked about."""
    country = countries().get(str(arguments.get("country")))
    return country.language if country else LANGUAGES[0]


def _result(text: str, structured: dict[str, Any] | None) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    wrong = structured is None
    return types.CallToolResult(content=content, structured_content=structured, is_error=wrong)


def _text(made: BaseModel) -> str:
    """For models that read no structure: an answer with its sources, or passages as JSON."""
    if isinstance(made, Answer):
        sources = [f"[{c.marker}] {c.title}, {c.agency}: {c.url or ''}" for c in made.citations]
        return "\n".join([made.answer, "", *made.notices, *sources]).strip()
    return json.dumps(made.model_dump(mode="json"), ensure_ascii=False)


class Endpoint:
    """The ASGI endpoint of the protocol; `running` must be entered before it answers."""

    def __init__(self, backend: Backend) -> None:
        self._server = server_over(backend)
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self, most_bytes: int) -> AsyncIterator[None]:
        """Serves until it is left."""
        self._manager = StreamableHTTPSessionManager(
            self._server, stateless=True, max_request_body_size=most_bytes
        )
        async with self._manager.run():
            yield
        self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        request = HttpRequest(scope, receive)
        try:
            if not same_site(request):
                told = response(KINDS["forbidden"], "A page of another site may not ask here.")
            elif self._manager is None:
                told = response(KINDS["not-ready"], "The protocol is not served. Start `serve`.")
            else:
                scope[PRINCIPAL] = await run_in_threadpool(caller_of, request)
                await self._manager.handle_request(scope, receive, send)
                return
        except VentanillaError as error:
            kind, wait_s = kind_of(error)
            told = response(kind, str(error), wait_s=wait_s)
        await told(scope, receive, send)


def same_site(request: HttpRequest) -> bool:
    """Whether no page of another site asks: the protocol wants `Origin` to be looked at."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
