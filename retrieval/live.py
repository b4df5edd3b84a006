"""Sources that change within the day: a table is read again when it is asked for and has grown old.

    live = Live()
    if not live.fresh(entry, tables, codigo_municipio="355030"):
        ...  # the table, if there is one, is of `Dataset.checked_at`

An entry says so: ``options: {live: {ttl_seconds: 600, deadline_seconds: 4}}``. What is asked for by
parameters is a data set of its own, ``br-cnes.355030``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from retrieval.table_sync import load
from retrieval.tables import Tables
from sources.catalog import CatalogEntry, one_line
from sources.errors import CatalogError, VentanillaError
from sources.tables import Reading

RETRY = timedelta(seconds=60)
"""A source that just failed is left alone for so long: nobody waits for its deadline again."""
MOST_PARTS = 100
"""So many data sets of one entry are kept, by parameters; the oldest go first."""


class LiveOptions(BaseModel):
    """`options.live`: how old a copy may be, and how long a reading may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl_seconds: float = Attribute(gt=0)
    deadline_seconds: float = Attribute(default=5, gt=0, le=120)


def options_of(entry: CatalogEntry) -> LiveOptions | None:
    """`options.live`, or None. Raises CatalogError naming what is wrong."""
    given = entry.options.get("live")
    if given is None:
        return None
    try:
        return LiveOptions.model_validate(given)
    except ValidationError as error:
        raise CatalogError(
            f"{entry.id}: options.live.{one_line(error)}", "Correct that field."
        ) from None


def source_id(entry: CatalogEntry, **parameters: str) -> str:
    """The data set that `parameters` make: ``br-cnes`` or ``br-cnes.355030``."""
    parts = [
        re.sub(r"[^a-z0-9-]+", "-", str(parameters[name]).lower()) for name in sorted(parameters)
    ]
    return ".".join([entry.id, "-".join(parts)]) if parts else entry.id


class Live:
    """Reads live sources when they are needed, one reading of each at a time."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._guard = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        self._failed: dict[str, tuple[datetime, str]] = {}

    def fresh(self, entry: CatalogEntry, tables: Tables, **parameters: str) -> bool:
        """Whether the table is as young as the entry asks for, read anew where it was not.

        False means that the source failed: the old table, where there is one, still stands and its
        `as_of`, `retrieved_at` and `checked_at` say of when it is; `why` tells the reason. Raises
        CatalogError where the entry's options are wrong.
        """
        options = options_of(entry)
        name = source_id(entry, **parameters)
        if options is None:
            return tables.dataset(name) is not None
        ttl = timedelta(seconds=options.ttl_seconds)
        if self._is_young(tables, name, ttl):
            return True
        with self._guard:
            turn = self._reading.setdefault(name, threading.Lock())
        if not turn.acquire(timeout=options.deadline_seconds):
            return False  # another reading takes its whole time
        try:
            if self._is_young(tables, name, ttl):
                return True  # another thread has just read it
            if name in self._failed and self._now() - self._failed[name][0] < RETRY:
                return False
            reading = Reading(parameters=parameters, seconds=options.deadline_seconds)
            try:
                load(entry, None, tables, reading=reading, source_id=name)
            except VentanillaError as error:
                self._failed[name] = (self._now(), str(error))
                return False
            self._failed.pop(name, None)
            if parameters:
                self._forget_oldest(entry, tables)
            return True
        finally:
            turn.release()

    def why(self, entry: CatalogEntry, **parameters: str) -> str | None:
        """Why the last reading failed, in one line; None where it did not."""
        failed = self._failed.get(source_id(entry, **parameters))
        return failed[1] if failed else None

    def _is_young(self, tables: Tables, name: str, ttl: timedelta) -> bool:
        dataset = tables.dataset(name)
        if dataset is None or dataset.checked_at is None:
            return False
        return self._now() - datetime.fromisoformat(dataset.checked_at) < ttl

    def _forget_oldest(self, entry: CatalogEntry, tables: Tables) -> None:
        parts = [
            dataset
            for dataset in tables.datasets(tenants=(entry.tenant,))
            if dataset.source_id.startswith(f"{entry.id}.")
        ]
        parts.sort(key=lambda dataset: dataset.checked_at or "")
        for dataset in parts[:-MOST_PARTS]:
            tables.remove(dataset.source_id)
