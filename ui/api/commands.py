"""What commands on this machine ask of a running `serve`: document sets, packs and reports."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from retrieval.dense_leg import EmbedReport
from retrieval.ingest import SyncReport
from sources.catalog import CatalogEntry
from ui import packs
from ui.access.doors import Command
from ui.access.permissions import Principal, require
from ui.assemble import House
from ui.catalogue import summary
from ui.reports.run import Asked, rows


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


def add_commands(app: FastAPI, house: House) -> None:
    """Adds the endpoints to `app`; they are nobody else's, so its description does not list them."""
    router = APIRouter(prefix="/api/local", include_in_schema=False)

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

    @router.get("/hello")
    def hello(who: Command) -> dict[str, Any]:
        """Tells a command that it has found the right server."""
        return {"status": "ok"}

    @router.post("/sync")
    async def sync(request: SyncRequest, who: Command) -> SyncReport:
        """Reads a document set; one set is read by one job at a time."""
        entry = allowed(who, "sync", request.source)
        report = await asyncio.to_thread(house.sync, request.source, request.origin)
        await note(who, "sync", entry, summary(report))
        return report

    @router.post("/embed")
    def embed(who: Command) -> EmbedReport:
        """Embeds what lacks a vector; waits for a run that is under way."""
        require(who, "sync", None)
        return house.embed()

    @router.post("/remove")
    async def remove(request: RemoveRequest, who: Command) -> Removed:
        """Removes a document set."""
        entry = allowed(who, "remove", request.source)
        remove = partial(house.remove, request.source, purge=request.purge)
        removed = await asyncio.to_thread(remove)
        await note(who, "purge" if request.purge else "remove", entry, f"{removed} removed")
        return Removed(removed=removed)

    @router.post("/confirm")
    async def confirm(request: SyncRequest, who: Command) -> SyncReport:
        """Lets answer what was held or quarantined."""
        entry = allowed(who, "confirm", request.source)
        report = await asyncio.to_thread(house.confirm, request.source)
        await note(who, "confirm", entry, summary(report))
        return report

    @router.post("/discard")
    async def discard(request: SyncRequest, who: Command) -> dict[str, Any]:
        """Forgets what was held or quarantined."""
        entry = allowed(who, "confirm", request.source)
        await asyncio.to_thread(house.discard, request.source)
        await note(who, "discard", entry)
        return {"status": "ok"}

    @router.post("/pack/export")
    async def export_pack(request: packs.ExportRequest, who: Command) -> packs.Exported:
        """Writes a pack on this machine."""
        entries = [allowed(who, "export", source_id) for source_id in request.sets]
        made = await asyncio.to_thread(packs.export_from, house, request)
        for entry in entries:
            await note(who, "export", entry, made.pack)
        return made

    @router.post("/pack/import")
    async def import_pack(request: packs.ImportRequest, who: Command) -> packs.Imported:
        """Takes in a pack that lies on this machine."""
        require(who, "upload", None)
        made = await asyncio.to_thread(packs.import_into, house, request)
        for report in made.reports:
            await note(who, "import", house.entry(report.source_id), summary(report))
        return made

    @router.post("/report")
    def report(asked: Asked, who: Command) -> list[dict[str, Any]]:
        """The rows of a report."""
        return rows(house, asked)

    app.include_router(router)
