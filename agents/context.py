"""What the steps need beside the state: handed to the graph at each run, never stored with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from agents.llm.protocol import Model
from agents.toolkit import Access
from agents.toolkit.rows import Rows
from retrieval.live_sources import LiveSources
from retrieval.places import Places
from retrieval.search import Searcher
from retrieval.tables import Tables
from sources.country import countries
from sources.document import PUBLIC, Document


@dataclass(frozen=True)
class Patience:
    """Seconds that a model is given: for a decision, for the first words of an answer, and for the
    answer as a whole. After that rules decide, and the extractive writer quotes.
    """

    decide: float = 6.0
    first: float = 8.0
    write: float = 25.0


@dataclass(frozen=True)
class Context:
    """The searcher, the day on which values must hold, whose documents may be read, and the model
    that decides and writes; None leaves both to rules and quotations. `tables` and `places` are what
    tools read, `live` what is read anew before that; `rows` are the documents that they made of it.
    `tell` shows the reader the answer's text so far.
    """

    searcher: Searcher
    today: Callable[[], date] = date.today
    tenants: tuple[str, ...] = (PUBLIC,)
    model: Model | None = None
    patience: Patience = Patience()
    tables: Tables = field(default_factory=lambda: Tables(None))
    places: Places = field(default_factory=Places.built_in)
    live: LiveSources = field(default_factory=lambda: LiveSources(()))
    rows: Rows = field(default_factory=Rows)
    tell: Callable[[str], None] = lambda _: None

    def document(self, document_id: str) -> Document | None:
        """The document behind a citation: of the index, a row of a table, or made by a tool. None
        where these readers may not see it, as where there is none.
        """
        found = (
            self.searcher.store.get(document_id)
            or self.rows.get(document_id)
            or self.tables.document(document_id)
        )
        return found if found is not None and found.tenant in self.tenants else None

    def tables_of(self, roles: Sequence[str], codes: Sequence[str]) -> bool:
        """Whether some data set of these countries has one of the roles, or can be had."""
        known = any(self.tables.datasets(role, codes, self.tenants) for role in roles)
        return known or self.live.covers(roles, codes, self.tenants)

    def access(self, country: str, language: str) -> Access:
        """What a tool may use for one country."""
        zone = ZoneInfo(countries()[country].time_zone)
        now = datetime.now(zone)
        today = self.today()
        if today != date.today():  # a fixed day: the tests' and the evaluation's
            now = datetime.combine(today, time(12), zone)
        return Access(
            tables=self.tables,
            searcher=self.searcher,
            country=country,
            language=language,
            now=now,
            tenants=self.tenants,
        )
