"""Packs for tests: two agencies, a small set of documents, and a home that takes packs in."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg
from retrieval.index import open_index
from retrieval.ingest import sync
from retrieval.jobs import Jobs
from retrieval.pack import Member, canonical, write_signed
from retrieval.pack_export import Exported, Exporter
from retrieval.pack_import import SETS, stage, take_up
from retrieval.pack_keys import Keyring
from retrieval.pack_vectors import PackVectors
from retrieval.store import Store
from sources.catalog import CatalogEntry, read_catalog
from sources.document import Document, PublicService

MATCHER = Matcher({})


def document(number: int, price: int = 100, source: str = "pe-muni", **fields: Any) -> Document:
    made = PublicService(
        id=f"{source}-c{number:03}",
        title=f"Certificado número {number}",
        country="PE",
        language="es",
        sector=("general",),
        competent_authority={"name": "Municipalidad de Prueba"},
        url="https://www.gob.pe/prueba",
        as_of="2026-11-01",
        cost=({"text": f"El certificado {number} cuesta S/ {price + number}.50."},),
    ).to_document(source_id=source, licence="CC-BY-4.0", retrieved_at="2026-11-20")
    return made.model_copy(update=fields)


def entry(source: str = "pe-muni", **fields: Any) -> CatalogEntry:
    given = {
        "id": source,
        "title": "Trámites de prueba",
        "connector": "files",
        "origin": "/srv/secreto/documentos",
        "country": "PE",
        "language": "es",
        "agency": "Municipalidad de Prueba",
        "licence": "CC-BY-4.0",
        "as_of": "2026-11-01",
        **fields,
    }
    return CatalogEntry.model_validate(given)


class Home:
    """One VENTANILLA_HOME as far as packs need it."""

    def __init__(self, folder: Path, encoder: Any = None) -> None:
        self.folder, self.packs, self.catalog = folder, folder / "packs", folder / "catalog"
        folder.mkdir(parents=True, exist_ok=True)
        self.keys = Keyring(folder / "keys")
        self.index, self.store = open_index(folder / "index"), Store(folder / "documents.sqlite")
        self.dense = None
        if encoder is not None:
            known = PackVectors(self.packs / SETS).known
            self.dense = DenseLeg(
                self.index, self.store, "tiny", opener=lambda _: encoder, known=known
            )
        self.jobs = Jobs(folder / "jobs", self.index, self.store, MATCHER, self.dense)

    def have(self, documents: Iterable[Document], source: str = "pe-muni") -> None:
        sync(documents, source, self.index, self.store, MATCHER, dense=self.dense)

    def export(self, out: Path, *entries: CatalogEntry, **given: Any) -> Exported:
        active = self.dense.active if self.dense else None
        exporter = Exporter(
            self.store,
            self.index,
            self.keys.own(),
            self.packs / "exported",
            active=active,
            now=given.pop("now", lambda: datetime(2026, 11, 25, 12, tzinfo=UTC)),
        )
        keys = self.keys.known()
        return exporter.export(list(entries) or [entry()], out, keys=keys, **given)

    def take(self, path: Path, **renamed: str) -> list[str]:
        ids = self.stage(path, **renamed)
        take_up(self.packs, self.catalog, self.store)
        return [self.jobs.run(read_catalog(self.catalog)[i]).state for i in ids]

    def stage(self, path: Path, **renamed: str) -> list[str]:
        names = {before.replace("_", "-"): after for before, after in renamed.items()}
        catalog = read_catalog(self.catalog)
        return stage(path, self.packs, self.keys.trusted(), catalog, self.store, names)

    def documents(self) -> dict[str, Document]:
        return {each.id: each for each in self.store.documents()}

    def close(self) -> None:
        self.index.close()
        self.store.close()

    def files(self) -> dict[str, bytes]:
        """All files that an import could have changed, but the lock."""
        found = [p for f in (self.packs, self.catalog) for p in f.rglob("*") if p.is_file()]
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in found if p.name != "lock"}


def forged(
    keys: Keyring,
    path: Path,
    change: Callable[[dict[str, Any], dict[str, bytes]], None],
    *,
    hashed: bool = True,
) -> Path:
    """The pack at `path`, changed and signed anew by its own trusted key: what a careless or hostile
    agency could make. With `hashed` the manifest names the new hashes.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    if hashed:
        for name in manifest["members"].keys() & members.keys():
            content = members[name]
            manifest["members"][name] = Member(
                sha256=hashlib.sha256(content).hexdigest(), size=len(content)
            ).model_dump()
    folder = path.parent / "forged"
    files = {}
    for number, (name, content) in enumerate(members.items()):
        folder.mkdir(exist_ok=True)
        files[name] = folder / str(number)
        files[name].write_bytes(content)
    target = path.with_name("forged.zip")
    write_signed(target, manifest, files, keys.own().sign)
    return target


def restated(members: dict[str, bytes], documents: list[Document], source: str = "pe-muni") -> None:
    """Puts `documents` into a pack, with the state that goes with them."""
    lines = [d.model_dump_json(exclude_defaults=True) + "\n" for d in documents]
    members[f"{source}/documents.jsonl"] = "".join(lines).encode()
    state = {d.id: d.content_hash for d in documents}
    members[f"{source}/state.json"] = canonical(state)
