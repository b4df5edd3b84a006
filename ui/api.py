"""The typed HTTP API, and the application that holds the page."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.requests import Request as HttpRequest
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from agents.assistant import Assistant
from agents.state import Answer, Request
from retrieval.dense_leg import EmbedReport
from retrieval.ingest import SyncReport
from sources.errors import VentanillaError
from ui.assemble import House
from ui.passages import SearchAnswer, SearchRequest, search


class Health(BaseModel):
    """Whether the service can answer."""

    status: str
    documents: int


class SyncRequest(BaseModel):
    """Which document set to read, and from where if not from its own origin."""

    source: str
    origin: str | None = None


class RemoveRequest(BaseModel):
    """Which document set to remove, and whether its earlier texts go, too."""

    source: str
    purge: bool = False


class Removed(BaseModel):
    """How many documents were removed."""

    removed: int


def create_app(house: House, assistant: Assistant, token: str) -> FastAPI:
    """The API over one house. `token` opens the endpoints of commands on this machine."""
    app = FastAPI(title="Ventanilla", version="0.1.0", redoc_url=None, docs_url=None)

    def local(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "this endpoint is for commands on the same machine")

    @app.exception_handler(VentanillaError)
    async def explain(_: HttpRequest, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=422)

    @app.get("/api/health")
    def health() -> Health:
        """Whether documents are indexed."""
        count = int(house.store.rows("SELECT COUNT(*) FROM documents")[0][0])
        return Health(status="ok" if count else "empty", documents=count)

    @app.post("/api/ask")
    async def ask(request: Request) -> Answer:
        """Answers a question."""
        return await assistant.ask(request)

    @app.post("/api/search")
    async def find(request: SearchRequest) -> SearchAnswer:
        """The passages found for a query, best first."""
        return await asyncio.to_thread(search, house.searcher, house.places, request)

    @app.get("/api/local/hello", dependencies=[Depends(local)])
    def hello() -> dict[str, Any]:
        """Tells a command that it has found the right server."""
        return {"status": "ok"}

    @app.post("/api/local/sync", dependencies=[Depends(local)])
    async def sync(request: SyncRequest) -> SyncReport:
        """Reads a document set; one set is read by one job at a time."""
        return await asyncio.to_thread(house.sync, request.source, request.origin)

    @app.post("/api/local/embed", dependencies=[Depends(local)])
    def embed() -> EmbedReport:
        """Embeds what lacks a vector; waits for a run that is under way."""
        return house.embed()

    @app.post("/api/local/remove", dependencies=[Depends(local)])
    async def remove(request: RemoveRequest) -> Removed:
        """Removes a document set."""
        remove = partial(house.remove, request.source, purge=request.purge)
        return Removed(removed=await asyncio.to_thread(remove))

    @app.post("/api/local/confirm", dependencies=[Depends(local)])
    async def confirm(request: SyncRequest) -> SyncReport:
        """Lets answer what was held or quarantined."""
        return await asyncio.to_thread(house.confirm, request.source)

    @app.post("/api/local/discard", dependencies=[Depends(local)])
    async def discard(request: SyncRequest) -> dict[str, Any]:
        """Forgets what was held or quarantined."""
        await asyncio.to_thread(house.discard, request.source)
        return {"status": "ok"}

    return app
