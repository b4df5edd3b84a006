"""The typed API: questions, searches, tools, document sets, and whether this service is well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute
from sse_starlette import EventSourceResponse, ServerSentEvent

from agents.state import Answer, Request
from agents.toolkit.loader import loaded
from agents.toolkit.schema import described
from sources.catalog import read_catalog
from sources.document import PUBLIC
from ui.access.limits import Caller
from ui.access.permissions import require, visible
from ui.api.asking import Asking, Event, while_there
from ui.assemble import House
from ui.passages import SearchAnswer, SearchRequest
from ui.problems import KINDS, problems, response

HEARTBEAT_S = 10
"""Seconds of silence after which a stream says that it is alive."""

SEND_S = 20.0
"""Seconds that one piece of a stream may take to be read."""

EVENT_STREAM = "text/event-stream"
LIMITS = ("not-logged-in", "forbidden", "too-many", "busy")

QUESTION = {"question": "¿Cuánto cuesta renovar la licencia de conducir?", "country": "DO"}
TALK = {
    "question": "¿y cuánto cuesta?",
    "country": "PE",
    "history": [{"role": "user", "content": "¿Qué es el SIS Gratuito?"}],
}
STREAM = (
    'event: status\ndata: {"state": "working"}\n\n'
    'event: sentence\ndata: {"added": "…", "text": "…"}\n\n'
    'event: citation\ndata: {"marker": 1, "document_id": "…"}\n\n'
    'event: answer\ndata: {"id": "…", "status": "answered"}\n\n'
)
ASKED = Body(openapi_examples={"plain": {"value": QUESTION}, "conversation": {"value": TALK}})
SEARCHED = Body(openapi_examples={"plain": {"value": {"question": "brevete", "country": "PE"}}})


class Health(BaseModel):
    """Whether the service can answer, and how many documents are public."""

    status: str = Attribute(description="`ok`, or `empty` before any document was read")
    documents: int


class Ready(BaseModel):
    """That questions are answered now."""

    status: str = "ready"
    model: str | None = Attribute(description="the language model, null where sources are quoted")
    model_answers: bool | None = Attribute(description="without it, sources are quoted")


class Version(BaseModel):
    """What runs here."""

    version: str
    model: str | None
    attribution: str | None = Attribute(description="what the model's licence asks to be shown")


class Source(BaseModel):
    """A document set that the caller may read."""

    id: str
    title: str
    description: str
    country: str | None = Attribute(description="ISO 3166-1 alpha-2; null for several")
    agency: str | None
    licence: str | None
    url: str | None
    sectors: list[str]
    internal: bool = Attribute(description="read by the key's own agency alone")
    documents: int
    read_at: str | None = Attribute(description="when it was last read, ISO 8601")


class Sources(BaseModel):
    """Document sets, by id."""

    sources: list[Source]


class ToolDescription(BaseModel):
    """A tool as the Model Context Protocol describes it."""

    name: str
    title: str
    description: str
    inputSchema: dict[str, Any]
    annotations: dict[str, Any]


class Tools(BaseModel):
    """The sector tools."""

    tools: list[ToolDescription]


class ToolCall(BaseModel):
    """What a tool is called with."""

    model_config = ConfigDict(extra="forbid")

    arguments: dict[str, Any] = Attribute(
        description="as the tool's `inputSchema` has it",
        examples=[{"country": "CL", "place": "Maipú"}],
    )
    language: str = Attribute(
        default="es", pattern="^(es|pt)$", description="of the words around rows"
    )


def add_public(app: FastAPI, house: House, asking: Asking) -> None:
    """Adds the endpoints to `app`."""
    _add_answers(app, asking)
    _add_state(app, house, asking)

    @app.get("/api/sources", tags=["sources"], responses=problems(*LIMITS))
    def sources(who: Caller) -> Sources:
        """The document sets that the caller may read: public ones, and those of the key's own agency."""
        require(who, "see")
        counts = house.store.counts()
        reads = {row[0]: row[1] for row in house.store.rows("SELECT source_id, at FROM syncs")}
        entries = visible(who, read_catalog(house.settings.catalog)).values()
        return Sources(
            sources=[
                Source(
                    **entry.model_dump(
                        mode="json",
                        include={"id", "title", "description", "country", "agency", "licence",
                                 "url", "sectors"},
                    ),
                    internal=entry.internal,
                    documents=counts.get(entry.id, 0),
                    read_at=reads.get(entry.id),
                )
                for entry in sorted(entries, key=lambda entry: entry.id)
            ]
        )  # fmt: skip

    @app.get("/api/tools", tags=["tools"], responses=problems(*LIMITS))
    def tools(who: Caller) -> Tools:
        """The sector tools, with the JSON Schema of what each is called with."""
        require(who, "ask")
        return Tools(tools=[ToolDescription(**described(each)) for each in loaded().values()])

    @app.post(
        "/api/tools/{name}", tags=["tools"], response_model=Answer,
        responses=problems("not-found", *LIMITS),
    )  # fmt: skip
    async def use(name: str, given: ToolCall, who: Caller, http: HttpRequest) -> Answer | Response:
        """Calls a sector tool; its rows are cited as in any answer."""
        require(who, "ask")
        if name not in loaded():
            return response(KINDS["not-found"], "There is no such tool. See /api/tools.")
        doing = asking.call(name, given.arguments, given.language, who.tenants)
        return await while_there(http, doing)


def _add_answers(app: FastAPI, asking: Asking) -> None:
    as_stream = {
        EVENT_STREAM: {"schema": {"type": "string"}, "example": STREAM},
    }
    answered: dict[int | str, dict[str, Any]] = {
        200: {"description": "The answer, or its events.", "content": as_stream}
    }

    @app.post(
        "/api/ask", tags=["answers"], response_model=Answer,
        responses={**problems(*LIMITS), **answered},
    )  # fmt: skip
    async def ask(
        request: Annotated[Request, ASKED], who: Caller, http: HttpRequest
    ) -> Answer | Response:
        """Answers a question, every sentence with its citation.

        With `Accept: text/event-stream` the answer comes as it grows: `status` (`waiting`, then
        `working`), `sentence` (`text` so far, and what was `added`; null where the text changed
        in between), `citation`, and at last `answer` with the whole object, or `error` with a problem.
        A comment is sent in times of silence. Every ending is an answer with a `status` of its own.
        """
        require(who, "ask")
        if wants_events(http):
            return event_stream(asking.events(request, who.tenants))
        return await while_there(http, asking.answer(request, who.tenants, door=who.door))

    @app.post("/api/search", tags=["answers"], responses=problems(*LIMITS))
    async def find(
        request: Annotated[SearchRequest, SEARCHED], who: Caller, http: HttpRequest
    ) -> SearchAnswer:
        """The passages found for a query, best first."""
        require(who, "search")
        return await while_there(http, asking.search(request, who.tenants))


def _add_state(app: FastAPI, house: House, asking: Asking) -> None:
    model = asking.assistant.context.model

    def documents() -> int:
        query = "SELECT COUNT(*) FROM documents WHERE tenant = ?"
        return int(house.store.rows(query, PUBLIC)[0][0])

    @app.get("/api/health", tags=["state"], responses=problems())
    def health() -> Health:
        """Whether this process answers, and how many documents are public. Never limited."""
        count = documents()
        return Health(status="ok" if count else "empty", documents=count)

    @app.get(
        "/api/ready", tags=["state"], response_model=Ready, responses=problems("not-ready", "busy")
    )
    async def ready() -> Ready | JSONResponse:
        """Whether questions are answered now: documents are indexed, and there is room."""
        if not await asyncio.to_thread(documents):
            return response(
                KINDS["not-ready"], "No document was read yet. Run `ventanilla sources sync`."
            )
        asking.workers.ticket().release()
        answers = (await model.health()).ok if model else None
        return Ready(model=model.name if model else None, model_answers=answers)

    @app.get("/api/version", tags=["state"], responses=problems())
    def which() -> Version:
        """Which version runs here, with which model."""
        name = model.name if model else None
        return Version(
            version=version("ventanilla"), model=name, attribution=asking.assistant.attribution
        )


def wants_events(http: HttpRequest) -> bool:
    """Whether the caller names a stream of events before anything else that we have."""
    named = [part.partition(";")[0].strip() for part in http.headers.get("accept", "").split(",")]
    ours = [kind for kind in named if kind in (EVENT_STREAM, "application/json")]
    return ours[:1] == [EVENT_STREAM]


def event_stream(events: AsyncGenerator[Event, None]) -> EventSourceResponse:
    """Events as the answer to a request."""

    async def lines() -> AsyncIterator[ServerSentEvent]:
        try:
            async for name, data in events:
                yield ServerSentEvent(
                    data=json.dumps(data, ensure_ascii=False), event=name, sep="\n"
                )
        finally:
            await events.aclose()

    return stream_of(lines())


def stream_of(lines: AsyncIterator[ServerSentEvent]) -> EventSourceResponse:
    """Lines as the answer to a request; with a heartbeat, and an end for who does not read."""
    return EventSourceResponse(
        lines,
        ping=HEARTBEAT_S,
        ping_message_factory=lambda: ServerSentEvent(comment="still here", sep="\n"),
        send_timeout=SEND_S,
        sep="\n",
    )
