"""What the steps need beside the state: handed to the graph at each run, never stored with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from retrieval.search import Searcher
from sources.document import PUBLIC


@dataclass(frozen=True)
class Context:
    """The searcher, the day on which values must hold, and whose documents may be read."""

    searcher: Searcher
    today: Callable[[], date] = date.today
    tenants: tuple[str, ...] = (PUBLIC,)
