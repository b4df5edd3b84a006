"""Settings → a ready assistant.

with open_house(read_settings()) as house:
    house.sync("seed")
    async with house.assistant() as assistant:
        ...
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from agents.assistant import Assistant
from agents.context import Context
from agents.llm import open_model
from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg, EmbedReport
from retrieval.index import Index, open_index
from retrieval.ingest import SyncReport
from retrieval.jobs import Jobs
from retrieval.live_sources import LiveSources
from retrieval.pack_import import SETS, forget, take_up
from retrieval.pack_vectors import PackVectors
from retrieval.places import Places
from retrieval.places.rows import built_in as our_places
from retrieval.rerank import CrossEncoderReranker
from retrieval.search import Searcher
from retrieval.store import Store
from retrieval.table_places import territories
from retrieval.table_sync import remove_tables, sync_tables
from retrieval.tables import Tables
from sources import connectors
from sources.catalog import PATHS, CatalogEntry, built_in, read_catalog, read_entry, read_yaml
from sources.errors import CatalogError, IndexUnavailable, UsageError
from sources.vocabulary import concepts
from ui.access.permissions import Principal, visible
from ui.gate import Gate
from ui.settings import Settings

if TYPE_CHECKING:
    from ui.access.store import AccessStore

log = logging.getLogger(__name__)

ENDED = ("done", "held", "quarantined", "discarded")
"""States of a sync that nothing needs to take up; one that failed is tried again."""

LOCK_PATIENCE_S = 2.0
"""How long a command waits for another one that is about to give the index free."""


class House:
    """Index, documents and catalogue of one VENTANILLA_HOME."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        store: Store,
        note: Callable[[str], None] = log.warning,
        like: House | None = None,
    ) -> None:
        """`like` is a house over another index of the same home: what does not depend on the index is
        shared with it, and stays its own to close.
        """
        self.settings = settings
        self.index = index
        self.store = store
        self.matcher: Matcher = like.matcher if like else Matcher(concepts(settings.vocabulary))
        known = PackVectors(settings.packs / SETS).known
        self.dense = (
            DenseLeg(index, store, settings.embed_model, note=note, known=known)
            if settings.embed_model
            else None
        )
        self.reranker: CrossEncoderReranker | None = None
        if like:
            self.reranker = like.reranker
        elif settings.rerank_model:
            self.reranker = CrossEncoderReranker(settings.rerank_model, note=note)
        self.searcher = Searcher(index, store, self.matcher, self.dense, self.reranker)
        self._tables: Tables | None = like.tables if like else None
        self._places: Places | None = like.places if like else None
        self.jobs = Jobs(settings.jobs, index, store, self.matcher, self.dense, Gate(self))
        self._access: AccessStore | None = None
        self._opening = threading.Lock()

    @property
    def tables(self) -> Tables:
        """Open data, opened when it is first asked for; DuckDB is loaded only where there is some.

        Raises IndexUnavailable where another process holds the file.
        """
        with self._opening:
            if self._tables is None:
                self._tables = Tables(self.settings.tables)
            return self._tables

    @property
    def access(self) -> AccessStore:
        """Agencies, users and keys, opened when somebody first shows one.

        Raises UsageError or VentanillaError where their database does not open.
        """
        from ui.access.store import AccessStore

        with self._opening:
            if self._access is None:
                self._access = AccessStore.open(self.settings.access)
            return self._access

    @property
    def places(self) -> Places:
        """Our own gazetteer, joined with the territories that open data name."""
        if self._places is None:
            rows = territories(self.tables)
            self._places = Places.of_rows(rows, our_places()) if rows else Places.built_in()
        return self._places

    @property
    def live(self) -> LiveSources:
        """The live sources that were set. Raises CatalogError for one that does not exist."""
        return LiveSources(self.entry(source_id) for source_id in self.settings.live_sources)

    def close(self) -> None:
        """Closes the tables, if they were opened; index and documents belong to the caller."""
        if self.reranker is not None:
            self.reranker.close()
        if self._tables is not None:
            self._tables.close()
        if self._access is not None:
            self._access.close()

    def sync(
        self,
        source_id: str,
        origin: str | None = None,
        progress: Callable[[SyncReport], None] = lambda report: None,
    ) -> SyncReport:
        """Reads a document set into the index, or a set of tables into DuckDB.

        Raises CatalogError for an unknown id, SourceError where the origin cannot be read.
        """
        entry = self.entry(source_id)
        if connectors.gives_tables(entry.connector):
            try:
                return sync_tables(entry, origin, self.tables, self.store, progress=progress)
            finally:
                self._places = None  # after the load: who asked during it saw the old territories
        try:
            return self.jobs.run(entry, origin, progress)
        finally:
            self.searcher.refresh()

    def confirm(
        self, source_id: str, progress: Callable[[SyncReport], None] = lambda report: None
    ) -> SyncReport:
        """Lets answer what was read of a set and held or quarantined.

        Raises CatalogError for an unknown id, UsageError where nothing waits.
        """
        try:
            return self.jobs.confirm(self.entry(source_id), progress)
        finally:
            self.searcher.refresh()

    def discard(self, source_id: str) -> None:
        """Forgets what was read of a set and held or quarantined; see `confirm`."""
        self.jobs.discard(self.entry(source_id))

    def remove(self, source_id: str, *, purge: bool = False) -> int:
        """Takes a document set out of the index, and out of the catalogue if it was added. Its texts
        stay readable as versions, unless they are to be purged.
        """
        entry = self.entry(source_id)
        if connectors.gives_tables(entry.connector):
            removed = remove_tables(source_id, self.tables, self.store)
            self._places = None
        else:
            removed = self.jobs.remove(source_id)
            if purge:
                self.store.forget_versions(source_id)
        (self.settings.catalog / f"{source_id}.yaml").unlink(missing_ok=True)
        forget(self.settings.packs, source_id)
        self.searcher.refresh()
        return removed

    def embed(
        self,
        progress: Callable[[int, int], None] = lambda embedded, passages: None,
        *,
        stop: threading.Event | None = None,
    ) -> EmbedReport:
        """Embeds what lacks the vector of the model that was set, then lets it answer.

        Raises UsageError where none was set, ModelError where it cannot be used.
        """
        if self.dense is None:
            raise UsageError(
                "no embedding model is set",
                "Set VENTANILLA_EMBED_MODEL, for example to intfloat/multilingual-e5-small.",
            )
        return self.dense.embed(progress, stop=stop)

    def entry(self, source_id: str, who: Principal | None = None) -> CatalogEntry:
        """The catalogue entry, if `who` may know of it; None is this machine itself.

        Raises CatalogError naming those that they may know of.
        """
        catalog = read_catalog(self.settings.catalog)
        if who is not None:
            catalog = visible(who, catalog)
        if source_id not in catalog:
            known = ", ".join(catalog)
            raise CatalogError(f"there is no document set {source_id!r}", f"Known are: {known}.")
        return catalog[source_id]

    def unread(self) -> list[str]:
        """The document sets that are on and were never read to the end, or whose reading was cut off."""
        done = {
            row[0]
            for row in self.store.rows("SELECT source_id, state FROM syncs")
            if row[1] in ENDED
        }
        catalog = read_catalog(self.settings.catalog)
        return [entry.id for entry in catalog.values() if entry.enabled and entry.id not in done]

    def outdated(self) -> list[str]:
        """The document sets whose passages carry the concepts of another vocabulary than today's.

        They are still found by their own words; `sources sync` indexes them again.
        """
        rows = self.store.rows(
            "SELECT source_id, report FROM syncs WHERE state = 'done' ORDER BY 1"
        )
        carried = {source_id: SyncReport.model_validate_json(text) for source_id, text in rows}
        today = self.matcher.fingerprint if carried else ""
        return [i for i, report in carried.items() if report.vocabulary not in ("", today)]

    @asynccontextmanager
    async def assistant(
        self, *, keep: bool = False, today: Callable[[], date] = date.today
    ) -> AsyncIterator[Assistant]:
        """An assistant over this house; with `keep` its conversations outlive the process.

        Raises UsageError or ModelUnavailable where the model that was set cannot be opened.
        """
        settings = self.settings
        model = await asyncio.to_thread(open_model, settings.model_backend, settings.model_options)
        context = Context(
            searcher=self.searcher,
            today=today,
            model=model,
            patience=settings.patience,
            tables=self.tables,
            places=self.places,
            live=self.live,
        )
        try:
            async with Assistant.open(context, settings.checkpoints if keep else None) as made:
                yield made
        finally:
            if model is not None:
                await model.close()


@contextmanager
def open_house(settings: Settings, note: Callable[[str], None] = log.warning) -> Iterator[House]:
    """Opens the index and the documents; `note` gets what the search has to do without.

    Raises IndexUnavailable where another process has them.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    index = _patiently(settings)
    try:
        store = Store(settings.documents)
        take_up(settings.packs, settings.catalog, store)
        house = House(settings, index, store, note)
        try:
            yield house
        finally:
            house.close()
            store.close()
    finally:
        index.close()


def _patiently(settings: Settings) -> Index:
    """The index, waiting a moment for a command that is just ending."""
    until = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            if settings.qdrant_url:
                return open_index(
                    url=settings.qdrant_url,
                    collection=settings.qdrant_collection,
                    api_key=settings.qdrant_api_key,
                )
            return open_index(settings.index)
        except IndexUnavailable as error:
            if "another process" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.1)


def add_entry(settings: Settings, path: Path, owner: str | None = None) -> CatalogEntry:
    """Copies an agency's catalogue YAML into VENTANILLA_HOME. Raises CatalogError if it is wrong.

    The copy names folder, questions and key absolutely: it may be moved, they may not. `owner` is the
    agency that adds it; None leaves the owner as the file has it.
    """
    entry = read_entry(path, owner)
    connectors.gives_tables(entry.connector)  # raises where there is no such connector
    if entry.id in {known.id for known in built_in()}:
        raise CatalogError(f"{entry.id!r} comes with Ventanilla", "Give your set another id.")
    settings.catalog.mkdir(parents=True, exist_ok=True)
    target = settings.catalog / f"{entry.id}.yaml"
    if target.exists() and read_entry(target).owner != entry.owner:
        raise CatalogError(f"the id {entry.id!r} is taken", "Give your set another id.")
    given = read_yaml(path)
    named = (*PATHS, "options", "owner")
    resolved = {f: v for f in named if (v := getattr(entry, f)) and v != given.get(f)}
    if resolved:
        text = yaml.safe_dump(given | resolved, allow_unicode=True, sort_keys=False)
        target.write_text(text, encoding="utf-8")
    else:
        shutil.copyfile(path, target)
    return entry
