"""Keeps what was asked, off the answer's path: a bounded queue, and one thread that writes.

    with recording(settings, note, assistant_document) as recorder:
        recorder.note_answer(request, answer, door="page")

A store that is full, slow or broken costs nothing but its own rows; that is said once, and once
again when it has recovered. What is personal is masked here, whatever a door hands in.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from agents.privacy import mask
from agents.state import Answer, Request, Status
from sources.country import countries
from sources.document import PUBLIC, Document
from sources.errors import UsageError, VentanillaError
from ui.usage.reasons import reasons
from ui.usage.store import Cited, Count, Entry, Feedback, UsageStore, kept_since

if TYPE_CHECKING:
    from ui.settings import Settings

WAITING = 2000
"""Entries that may wait to be written; further ones are not kept."""

TRY_AGAIN_S = 60.0
"""How long a store that failed is left alone."""

TIDY_S = 24 * 3600.0
FEEDBACK_S = 5.0
END_S = 5.0
"""How long closing waits for what is still to be written."""

LONGEST_COMMENT = 1000
"""Characters of a comment that are kept."""

PENDING = 2048
"""Clarifications remembered until their answer comes."""

COUNTED_ONLY = (Status.REFUSED, Status.CRISIS)
"""Endings of which nothing is kept but their number."""

Lookup = Callable[[str, tuple[str, ...]], Document | None]
Job = Callable[[UsageStore], None]


class Recorder:
    """Writes usage in a thread of its own. `opened` opens the store, and is asked again after a
    failure; `lookup` finds the document behind a citation, as tenants see it; nothing older than
    `days` is kept.
    """

    def __init__(
        self,
        opened: Callable[[], UsageStore],
        note: Callable[[str], None],
        lookup: Lookup,
        days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        waiting: int = WAITING,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        self._opened, self._note, self._lookup, self._now = opened, note, lookup, now
        self._days, self._try_again_s = days, try_again_s
        self._jobs: queue.Queue[Job | None] = queue.Queue(waiting)
        self._store: UsageStore | None = None
        self._failed_at, self._tidied_at = float("-inf"), float("-inf")
        self._told, self._lost = False, 0
        self._pending: OrderedDict[str, list[int]] = OrderedDict()
        self._thread = threading.Thread(target=self._work, name="usage", daemon=True)
        self._thread.start()

    def note_answer(
        self,
        request: Request,
        answer: Answer,
        *,
        door: str,
        tenant: str = PUBLIC,
        conversation: str | None = None,
    ) -> None:
        """Keeps a question and its ending, soon. Never waits, never raises."""
        at = self._now()
        self._put(lambda store: self._write(store, request, answer, door, tenant, conversation, at))

    def give_feedback(
        self, answer_id: str, useful: bool, reason: str | None = None, comment: str | None = None
    ) -> bool:
        """Binds feedback to an answer; False where no answer of that id is kept.

        Raises UsageError for a reason that there is not, VentanillaError where it cannot be kept.
        """
        if reason is not None and reason not in reasons():
            raise UsageError(
                f"there is no reason {reason[:40]!r}", f"Known are: {', '.join(reasons())}."
            )
        masked = mask(comment.strip()).text[:LONGEST_COMMENT] if comment else None
        given, at = Feedback(useful, reason, masked or None), self._now()
        done: Future[bool] = Future()

        def write(store: UsageStore) -> None:
            done.set_result(store.judge(answer_id, given, at))

        with suppress(TimeoutError):
            if self._put(write):
                return done.result(FEEDBACK_S)
        raise VentanillaError("feedback cannot be kept just now", "Try again later.")

    def flush(self, seconds: float = END_S) -> bool:
        """Waits until all that was noted before is written or given up; whether it was in time."""
        reached = threading.Event()
        until = time.monotonic() + seconds
        with suppress(queue.Full):
            self._jobs.put(lambda _: reached.set(), timeout=seconds)
        while not reached.wait(0.02):
            if time.monotonic() > until:
                return False
            if self._jobs.empty() and self._store is None:
                return True  # nothing is written to a store that does not open
        return True

    def close(self) -> None:
        """Writes what still waits, for a while, then ends."""
        with suppress(queue.Full):
            self._jobs.put(None, timeout=END_S)
        self._thread.join(END_S)

    # - the thread -

    def _put(self, job: Job) -> bool:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._lose("more is asked than it can write", 1)
            return False
        return True

    def _work(self) -> None:
        self._do(None)
        while True:
            try:
                job = self._jobs.get(timeout=TIDY_S / 24)
            except queue.Empty:
                self._do(None)
                continue
            if job is None:
                break
            self._do(job)
        if self._store is not None:
            self._store.close()

    def _do(self, job: Job | None) -> None:
        """One piece of work, and the daily tidying when it is due."""
        if time.monotonic() - self._failed_at < self._try_again_s:
            self._lost += job is not None
            return
        try:
            if self._store is None:
                self._store = self._opened()
            if time.monotonic() - self._tidied_at >= TIDY_S:
                self._store.forget(kept_since(self._now(), self._days))
                self._tidied_at = time.monotonic()
            if job is not None:
                job(self._store)
        except (VentanillaError, SQLAlchemyError, OSError) as error:
            self._give_up()
            self._lose(
                str(error) if isinstance(error, VentanillaError) else type(error).__name__,
                int(job is not None),
            )
        except Exception as error:  # noqa: BLE001 – one odd entry must not end the keeping of all
            self._lose(type(error).__name__, 1)
        else:
            if self._told:
                self._note(f"usage: it is kept again; {self._lost} entries were not")
                self._told, self._lost = False, 0

    def _give_up(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        self._failed_at = time.monotonic()

    def _lose(self, reason: str, entries: int) -> None:
        self._lost += entries
        if not self._told:
            self._told = True
            self._note(f"usage is not kept for now, answers go on: {reason}")

    def _write(
        self,
        store: UsageStore,
        request: Request,
        answer: Answer,
        door: str,
        tenant: str,
        conversation: str | None,
        at: datetime,
    ) -> None:
        country = (answer.country or request.country or "").upper()
        known = country if country in countries() else None
        if answer.status in COUNTED_ONLY:
            day = at.astimezone(UTC).date().isoformat()
            store.count(Count(day, door, tenant, known, answer.language, answer.status.value))
            return
        question = mask(" ".join(request.question.split()), known).text
        key = store.add(
            Entry(
                answer_id=answer.id[:200],
                at=at,
                door=door,
                status=answer.status.value,
                question=question if answer.status is not Status.ERROR_INPUT else "",
                language=answer.language,
                tenant=tenant,
                country=known,
                sectors=tuple(answer.sectors),
                cited=self._cited(answer, (PUBLIC, tenant)),
                tools=tuple(dict.fromkeys(tool.name for tool in answer.tools)),
                latency_ms=answer.timings_ms.get("total", 0),
                written=answer.written,
            )
        )
        self._follow(store, key, answer, conversation or f"{door}\n{tenant}\n{question}")

    def _cited(self, answer: Answer, tenants: tuple[str, ...]) -> tuple[Cited, ...]:
        found: dict[str, Cited] = {}
        for citation in answer.citations:
            if citation.document_id not in found:
                document = self._lookup(citation.document_id, tenants)
                source = document.provenance.source_id if document else None
                found[citation.document_id] = Cited(citation.document_id, source, citation.agency)
        return tuple(found.values())

    def _follow(self, store: UsageStore, key: int, answer: Answer, thread: str) -> None:
        """Marks the clarifications that this answer ends. Which conversation they are of is known
        here only, and never written.
        """
        if answer.status is Status.CLARIFICATION:
            self._pending.setdefault(thread, []).append(key)
            self._pending.move_to_end(thread)
            while len(self._pending) > PENDING:
                self._pending.popitem(last=False)
        elif answer.status is Status.ANSWERED:
            store.follow(self._pending.pop(thread, []))


@contextmanager
def recording(
    settings: Settings, note: Callable[[str], None], lookup: Lookup
) -> Iterator[Recorder | None]:
    """A recorder for as long as the context is open; None where the settings keep nothing."""
    if settings.usage_days == 0:
        yield None
        return
    recorder = Recorder(lambda: UsageStore.open(settings.usage), note, lookup, settings.usage_days)
    try:
        yield recorder
    finally:
        recorder.close()
