"""Which live sources stand behind a role of a country, and their reading before a tool is called."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retrieval.live import Live, options_of
from retrieval.tables import Tables
from sources.catalog import CatalogEntry
from sources.document import PUBLIC

log = logging.getLogger("ventanilla.live")

PLACE_CODE = "place_code"
"""``options.place_code: {codigo_municipio: 6}``: the first six characters of the place's code."""


class LiveSources:
    """The entries that may be asked while a question is answered."""

    def __init__(self, entries: Iterable[CatalogEntry], live: Live | None = None) -> None:
        """Entries that are not live are read by `ventanilla sources sync` alone."""
        self._entries = [entry for entry in entries if options_of(entry) is not None]
        self._live = live or Live()

    def covers(
        self,
        roles: Sequence[str],
        countries: Sequence[str],
        tenants: Sequence[str] = (PUBLIC,),
    ) -> bool:
        """Whether a live source of `tenants` gives one of the roles for one of the countries."""
        return any(self._of(roles, country, tenants) for country in countries)

    def bring(
        self,
        tables: Tables,
        roles: Sequence[str],
        country: str,
        places: Sequence[Mapping[str, Any]],
        tenants: Sequence[str] = (PUBLIC,),
    ) -> None:
        """Reads what grew old of what `tenants` may read. Where that fails the old table stands,
        with its own date.
        """
        for entry in self._of(roles, country, tenants):
            wanted: Mapping[str, int] = entry.options.get(PLACE_CODE, {})
            if not wanted:
                self._fresh(entry, tables, {})
            for place in places if wanted else ():
                code = str(place.get("code") or "")
                given = {name: code[:length] for name, length in wanted.items()}
                if all(len(given[name]) == length for name, length in wanted.items()):
                    self._fresh(entry, tables, given)

    def _fresh(self, entry: CatalogEntry, tables: Tables, given: dict[str, str]) -> None:
        if not self._live.fresh(entry, tables, **given):
            log.warning("%s: %s", entry.id, self._live.why(entry, **given) or "it is being read")

    def _of(self, roles: Sequence[str], country: str, tenants: Sequence[str]) -> list[CatalogEntry]:
        return [
            entry
            for entry in self._entries
            if entry.country == country
            and entry.options.get("role") in roles
            and entry.tenant in tenants
        ]
