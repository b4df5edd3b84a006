"""The typed HTTP API, and the application that holds the page."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from pydantic import BaseModel

from agents.assistant import Assistant
from agents.state import Answer, Request
from retrieval.dense_leg import EmbedReport
from retrieval.ingest import SyncReport
from sources.catalog import CatalogEntry
from sources.document import PUBLIC
from ui import packs
from ui.access.doors import Asker, Command, Doorkeeper, guard
from ui.access.login import add_login
from ui.access.oidc import provider_of
from ui.access.permissions import Principal, require
from ui.assemble import House
from ui.catalogue import summary
from ui.passages import SearchAnswer, SearchRequest, search
from ui.reports.run import Asked, rows
from ui.usage.doors import add_feedback
from ui.usage.recorded import Recorded

if TYPE_CHECKING:
    from ui.usage.recorder import Recorder


class Health(BaseModel):
    """Whether the service can answer, and how many documents are public."""

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


def create_app(
    house: House, assistant: Assistant, token: str, usage: Recorder | None = None
) -> FastAPI:
    """The API over one house. `token` opens the endpoints of commands on this machine; `usage`
    keeps what is asked.
    """
    app = FastAPI(title="Ventanilla", version="0.1.0", redoc_url=None, docs_url=None)

    guard(app, Doorkeeper(lambda: house.access, token))
    add_login(app, lambda: house.access, provider_of(house.settings))
    recorded = Recorded(assistant, usage, door="api")
    add_feedback(app, usage)

    def allowed(who: Principal, action: str, source_id: str) -> CatalogEntry:
        entry = house.entry(source_id, who)
        require(who, action, entry)
        return entry

    async def note(who: Principal, action: str, entry: CatalogEntry, detail: str = "") -> None:
        await asyncio.to_thread(
            lambda: house.access.trail.record(
                who.by, action, entry.id, agency=entry.owner, detail=detail
            )
        )

    @app.get("/api/health")
    def health() -> Health:
        """Whether documents are indexed."""
        query = "SELECT COUNT(*) FROM documents WHERE tenant = ?"
        count = int(house.store.rows(query, PUBLIC)[0][0])
        return Health(status="ok" if count else "empty", documents=count)

    @app.post("/api/ask")
    async def ask(request: Request, who: Asker) -> Answer:
        """Answers a question."""
        require(who, "ask")
        return await recorded.ask(request, door=who.door, tenants=who.tenants)

    @app.post("/api/search")
    async def find(request: SearchRequest, who: Asker) -> SearchAnswer:
        """The passages found for a query, best first."""
        require(who, "search")
        searcher, places = house.searcher, house.places
        return await asyncio.to_thread(search, searcher, places, request, who.tenants)

    @app.get("/api/local/hello")
    def hello(who: Command) -> dict[str, Any]:
        """Tells a command that it has found the right server."""
        return {"status": "ok"}

    @app.post("/api/local/sync")
    async def sync(request: SyncRequest, who: Command) -> SyncReport:
        """Reads a document set; one set is read by one job at a time."""
        entry = allowed(who, "sync", request.source)
        report = await asyncio.to_thread(house.sync, request.source, request.origin)
        await note(who, "sync", entry, summary(report))
        return report

    @app.post("/api/local/embed")
    def embed(who: Command) -> EmbedReport:
        """Embeds what lacks a vector; waits for a run that is under way."""
        require(who, "sync", None)
        return house.embed()

    @app.post("/api/local/remove")
    async def remove(request: RemoveRequest, who: Command) -> Removed:
        """Removes a document set."""
        entry = allowed(who, "remove", request.source)
        remove = partial(house.remove, request.source, purge=request.purge)
        removed = await asyncio.to_thread(remove)
        await note(who, "purge" if request.purge else "remove", entry, f"{removed} removed")
        return Removed(removed=removed)

    @app.post("/api/local/confirm")
    async def confirm(request: SyncRequest, who: Command) -> SyncReport:
        """Lets answer what was held or quarantined."""
        entry = allowed(who, "confirm", request.source)
        report = await asyncio.to_thread(house.confirm, request.source)
        await note(who, "confirm", entry, summary(report))
        return report

    @app.post("/api/local/discard")
    async def discard(request: SyncRequest, who: Command) -> dict[str, Any]:
        """Forgets what was held or quarantined."""
        entry = allowed(who, "confirm", request.source)
        await asyncio.to_thread(house.discard, request.source)
        await note(who, "discard", entry)
        return {"status": "ok"}

    @app.post("/api/local/pack/export")
    async def export_pack(request: packs.ExportRequest, who: Command) -> packs.Exported:
        """Writes a pack on this machine."""
        entries = [allowed(who, "export", source_id) for source_id in request.sets]
        made = await asyncio.to_thread(packs.export_from, house, request)
        for entry in entries:
            await note(who, "export", entry, made.pack)
        return made

    @app.post("/api/local/pack/import")
    async def import_pack(request: packs.ImportRequest, who: Command) -> packs.Imported:
        """Takes in a pack that lies on this machine."""
        require(who, "upload", None)
        made = await asyncio.to_thread(packs.import_into, house, request)
        for report in made.reports:
            await note(who, "import", house.entry(report.source_id), summary(report))
        return made

    @app.post("/api/local/report")
    def report(asked: Asked, who: Command) -> list[dict[str, Any]]:
        """The rows of a report."""
        return rows(house, asked)

    return app
