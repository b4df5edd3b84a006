"""One report by its name, for one agency or the house: here, or through a running `serve`.

rows = report(settings, Asked(kind="gaps", agency="muni"), note)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from sources.catalog import read_catalog
from ui.access.permissions import tenants_of
from ui.assemble import House, open_house
from ui.local import SYNC_S, Running
from ui.reports.contradictions import contradictions
from ui.reports.gaps import gaps
from ui.reports.quality import Period, quality
from ui.reports.staleness import staleness
from ui.reports.viewer import Viewer
from ui.usage.store import UsageStore

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ui.settings import Settings

Kind = Literal["gaps", "contradictions", "staleness", "quality"]


class Asked(BaseModel):
    """Which report, of which sets. `agency` sees its own sets and what was asked within it; `source`
    narrows that to one set. `since` is a day; without one, all that is kept.
    """

    kind: Kind
    source: str | None = None
    agency: str | None = None
    since: date | None = None
    by: Period = "day"


def report(settings: Settings, asked: Asked, note: Callable[[str], None]) -> list[dict[str, Any]]:
    """The rows of a report as plain dictionaries; see `rows`."""
    if running := Running.find(settings):
        with closing(running):
            told: list[dict[str, Any]] = running.post(
                "/api/local/report", asked.model_dump(mode="json"), SYNC_S
            )
            return told
    with open_house(settings, note) as house:
        return rows(house, asked)


def rows(house: House, asked: Asked) -> list[dict[str, Any]]:
    """The rows over an open house.

    Raises CatalogError for a set that there is not, UsageError for an agency that there is not,
    VentanillaError where usage cannot be read.
    """
    viewer = viewer_of(house, asked)
    return [asdict(row) for row in _rows(house, asked, viewer)]


def viewer_of(house: House, asked: Asked) -> Viewer:
    """Whose report it is."""
    tenants, sources = None, None
    if asked.agency is not None:
        tenants = tenants_of(house.access.agencies.get(asked.agency).id)
        catalog = read_catalog(house.settings.catalog)
        sources = tuple(entry.id for entry in catalog.values() if entry.owner == asked.agency)
    if asked.source is not None:
        entry = house.entry(asked.source)
        sources = tuple({entry.id} & set(sources)) if sources is not None else (entry.id,)
    return Viewer(tenants, sources)


def _rows(house: House, asked: Asked, viewer: Viewer) -> Sequence[DataclassInstance]:
    if asked.kind == "contradictions":
        return contradictions(house.store, house.searcher.profiler, viewer)
    if asked.kind == "staleness":
        return staleness(house.store, viewer, date.today(), asked.since)
    since = datetime.combine(asked.since, time(), UTC) if asked.since else None
    with UsageStore.open(house.settings.usage) as usage:
        if asked.kind == "gaps":
            return gaps(usage, house.searcher, viewer, datetime.now(UTC), since)
        return quality(usage, viewer, since, asked.by)
