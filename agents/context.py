"""What the steps need beside the state: handed to the graph at each run, never stored with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from agents.llm.protocol import Model
from retrieval.search import Searcher
from sources.document import PUBLIC


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
    that decides and writes; None leaves both to rules and quotations. `tell` shows the reader the
    answer's text so far.
    """

    searcher: Searcher
    today: Callable[[], date] = date.today
    tenants: tuple[str, ...] = (PUBLIC,)
    model: Model | None = None
    patience: Patience = Patience()
    tell: Callable[[str], None] = lambda _: None
