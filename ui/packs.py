"""The `pack` commands: here, or through a running `serve` that holds the index."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from retrieval.ingest import SyncReport
from retrieval.pack import Manifest, PackedSet
from retrieval.pack_export import Exporter
from retrieval.pack_import import look, stage, take_up
from retrieval.pack_keys import Keyring
from sources.catalog import read_catalog
from sources.errors import UsageError
from ui.assemble import House, open_house
from ui.catalogue import note_change, summary
from ui.local import SYNC_S, Running
from ui.settings import Settings


class ExportRequest(BaseModel):
    """Which sets go into a pack, and where it is written; see `Exporter.export`."""

    sets: list[str]
    out: str
    name: str | None = None
    since: str | None = None
    vectors: bool = True


class Exported(BaseModel):
    """The pack that was written; `path` is None where nothing had changed."""

    pack: str
    path: str | None
    sets: list[PackedSet]
    warnings: list[str]


class ImportRequest(BaseModel):
    """Which pack is taken in, and what its sets are called here if not as they were."""

    path: str
    renamed: dict[str, str] = {}


class Imported(BaseModel):
    """How the reading of each of the pack's sets ended."""

    reports: list[SyncReport]


def export(settings: Settings, request: ExportRequest) -> Exported:
    """Writes a pack. Raises UsageError for what may not go or is not there."""
    if not request.sets:
        raise UsageError("no set is named", "Name one or more: pack export ID …")
    if running := Running.find(settings):
        body = request.model_dump()
        return Exported.model_validate(running.post("/api/local/pack/export", body, SYNC_S))
    with open_house(settings) as house:
        made = export_from(house, request)
        for source_id in request.sets:
            note_change(settings, "export", house.entry(source_id), made.pack)
        return made


def export_from(house: House, request: ExportRequest) -> Exported:
    """See `export`."""
    settings, keys = house.settings, Keyring(house.settings.keys)
    exporter = Exporter(
        house.store,
        house.index,
        keys.own(),
        settings.packs / "exported",
        active=house.dense.active if house.dense and request.vectors else None,
        alone=house.jobs.alone,
    )
    made = exporter.export(
        [house.entry(source_id) for source_id in dict.fromkeys(request.sets)],
        Path(request.out),
        name=request.name,
        since=request.since,
        keys=keys.known(),
    )
    return Exported(
        pack=made.pack,
        path=str(made.path) if made.path else None,
        sets=list(made.sets),
        warnings=list(made.warnings),
    )


def take(settings: Settings, request: ImportRequest) -> Imported:
    """Takes in a pack and indexes its sets. Raises PackRefused, and then nothing has changed."""
    if running := Running.find(settings):
        body = request.model_dump()
        return Imported.model_validate(running.post("/api/local/pack/import", body, SYNC_S))
    with open_house(settings) as house:
        made = import_into(house, request)
        for report in made.reports:
            note_change(settings, "import", house.entry(report.source_id), summary(report))
        return made


def import_into(house: House, request: ImportRequest) -> Imported:
    """See `take`."""
    settings = house.settings
    take_up(settings.packs, settings.catalog, house.store)
    ids = stage(
        Path(request.path),
        settings.packs,
        Keyring(settings.keys).trusted(),
        read_catalog(settings.catalog),
        house.store,
        request.renamed,
    )
    take_up(settings.packs, settings.catalog, house.store)
    return Imported(reports=[house.sync(source_id) for source_id in ids])


def verify(settings: Settings, path: Path) -> Manifest:
    """Looks at all of a pack and takes in nothing. Raises PackRefused where it would be refused."""
    return look(path, Keyring(settings.keys).known())
