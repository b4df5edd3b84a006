"""Golden questions as a gate: what was read of a set is tried on a copy before it may answer.

    turned = Gate(house)(entry, items)      # the right answers that would turn wrong

Every entry may name a file of `golden` questions. Those that a change could touch are asked of the
house as it is and of a copy that holds the change; both quote their sources, so that no model's mood
decides.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agents.evaluate import Failure, run
from agents.golden import Golden, read_golden
from agents.state import Answer, Request
from retrieval.ingest import Turned, sync
from sources.catalog import CatalogEntry, read_catalog
from sources.document import PUBLIC, Item

if TYPE_CHECKING:
    from retrieval.index import Index
    from retrieval.store import Store
    from ui.assemble import House

Asked = tuple[dict[str, Failure], dict[str, str]]
"""What failed, and what was answered, by the question's id."""

AT_ONCE = 4
_WRITER = {"model_backend": "extractive"}


class Gate:
    """The gate of one house. See `retrieval.jobs.Gate`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __call__(self, entry: CatalogEntry, items: Callable[[], Iterator[Item]]) -> list[Turned]:
        """The golden questions that are answered rightly now and would not be with `items`.

        Raises UsageError where a golden file is wrong: then nobody knows what is right.
        """
        golden = self._golden(entry)
        if not golden:
            return []
        house = self._house
        before, now = _failures(self._over(house.index, house.store), golden, _readers(entry))
        right = [question for question in golden if question.id not in before]
        if not right:
            return []
        with tempfile.TemporaryDirectory(prefix="ventanilla-") as scratch:
            after, then = self._tried(entry, items, Path(scratch), right)
        return [
            Turned(
                question=failure.question,
                expected=failure.expected,
                now=now.get(failure.id, ""),
                then=then.get(failure.id, failure.got),
            )
            for failure in after.values()
        ]

    def _golden(self, entry: CatalogEntry) -> list[Golden]:
        """The questions of all sets that see what `entry` sees: public ones are answered from every
        public set, an internal one's are asked where it is seen.
        """
        seen = _readers(entry)
        paths = [
            Path(other.golden)
            for other in read_catalog(self._house.settings.catalog).values()
            if other.golden and other.enabled and other.tenant in seen
        ]
        return read_golden(paths) if paths else []

    def _tried(
        self,
        entry: CatalogEntry,
        items: Callable[[], Iterator[Item]],
        scratch: Path,
        golden: list[Golden],
    ) -> Asked:
        """What fails, and what is answered, once a copy of index and documents holds `items`."""
        house = self._house
        index = house.index.copy(scratch / "index")
        store = house.store.copy(scratch / "documents.sqlite")
        try:
            tried = self._over(index, store)
            sync(items(), entry.id, index, store, tried.matcher, dense=tried.dense)
            return _failures(tried, golden, _readers(entry))
        finally:
            store.close()
            index.close()

    def _over(self, index: Index, store: Store) -> House:
        """The same house over another index, quoting its sources."""
        from ui.assemble import House

        house = self._house
        return House(house.settings.model_copy(update=_WRITER), index, store, like=house)


def _readers(entry: CatalogEntry) -> tuple[str, ...]:
    """The tenants as whom its questions are asked."""
    return (PUBLIC, entry.tenant) if entry.internal else (PUBLIC,)


def _failures(house: House, golden: list[Golden], tenants: tuple[str, ...]) -> Asked:
    """The questions that are not answered rightly to `tenants`, and all answers."""
    told: dict[str, str] = {}

    async def work() -> dict[str, Failure]:
        async with house.assistant() as assistant:

            async def ask(request: Request) -> Answer:
                answer = await assistant.ask(request, tenants=tenants)
                told[answer.id] = answer.answer
                return answer

            lookup = partial(assistant.document, tenants=tenants)
            report = await run(golden, ask, AT_ONCE, lookup=lookup)
        return {
            failure.id: failure
            for split in report.splits
            for failure in report.failures(split, show_report=True)
        }

    return asyncio.run(work()), told
