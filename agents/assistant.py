"""The assistant: a question in, an answer with a named status out, whatever happens between.

    async with Assistant.open(context, checkpoints) as assistant:
        question = Request(question="¿Cuánto cuesta renovar la licencia?", country="DO")
        answer = await assistant.ask(question)

Personal numbers are masked before the question enters the graph, because the graph's state is what
is written to the checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import GraphRecursionError, NodeTimeoutError
from langgraph.types import Command

from agents.context import Context
from agents.graph import RECURSION_LIMIT, Graph, build
from agents.llm import attribution
from agents.privacy import mask
from agents.replies import reply
from agents.state import MAX_QUESTION, Answer, Request, Status
from agents.understanding.country import locate, misplaced
from agents.understanding.language import detect
from sources.country import countries
from sources.document import PUBLIC, Document

log = logging.getLogger("ventanilla.assistant")

Tenants = tuple[str, ...]
"""Whose documents may be read; `public` are everybody's."""

Watch = Callable[[str, dict[str, Any]], None]
"""Is given the name of each step of the graph that ended, and what it changed."""

RUN_DEADLINE_S = 20.0
"""Seconds for a question; where there is a model, its patience comes on top."""

EXPIRY = timedelta(days=7)
"""How long a conversation can be taken up again; after that its checkpoints are deleted."""

LONGEST_ARGUMENT = 8
"""Words of a message that may be what was asked for: "en San Martín de Porres, Lima"."""

HISTORY = 12
"""Earlier messages that are read."""


class Assistant:
    """Holds the graph; safe for many conversations at once in one event loop. `attribution` is what
    the licence of its model asks to be shown.
    """

    def __init__(self, context: Context, saver: AsyncSqliteSaver | None) -> None:
        self.context = context
        self._saver = saver
        self.attribution = attribution(context.model.name) if context.model else None
        patience = context.patience if context.model else None
        self._deadline = RUN_DEADLINE_S + (patience.decide + patience.write if patience else 0.0)
        self._graph: Graph = build(saver or InMemorySaver(), patience)
        self._single: Graph = build(None, patience)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    @asynccontextmanager
    async def open(cls, context: Context, checkpoints: Path | None) -> AsyncIterator[Assistant]:
        """An assistant that keeps its conversations in the SQLite file `checkpoints`, or in memory."""
        if checkpoints is None:
            yield cls(context, None)
            return
        checkpoints.parent.mkdir(parents=True, exist_ok=True)
        async with AsyncSqliteSaver.from_conn_string(str(checkpoints)) as saver:
            await saver.setup()
            assistant = cls(context, saver)
            await assistant.forget_expired()
            yield assistant

    async def ask(
        self,
        request: Request,
        *,
        conversation: str | None = None,
        tenants: Tenants = (PUBLIC,),
        tell: Callable[[str], None] = lambda _: None,
        watch: Watch | None = None,
    ) -> Answer:
        """Answers `request` from what `tenants` may read. With `conversation` the earlier messages are
        remembered, and a pending choice of country is taken from `request.country` or from a message
        that names one; it is bound to its tenants: for others there is none of that name. `tell` is
        given the text so far while a model writes, `watch` what each step changes.
        """
        started = time.perf_counter()
        request = request.model_copy(update={"id": request.id or uuid.uuid4().hex})
        if refused := self._unfit(request):
            return refused
        places = self.context.places
        if request.territory:
            places = places.seen_from(request.territory)
            request = request.model_copy(update={"country": request.territory[:2].upper()})
        context = replace(self.context, tenants=tuple(tenants), places=places)
        if request.literal:
            context = replace(context, searcher=context.searcher.literally(request.literal))
        try:
            async with asyncio.timeout(self._deadline):
                if conversation is None:
                    state = await self._run(
                        self._single, self._input(request), None, context, tell, watch
                    )
                else:
                    thread = _thread(conversation, tenants)
                    lock = self._locks.setdefault(thread, asyncio.Lock())
                    async with lock:  # two calls on one thread would read each other's half-state
                        state = await self._converse(request, thread, context, tell)
        except (TimeoutError, NodeTimeoutError, GraphRecursionError) as error:
            log.warning("run %s did not end in time: %s", request.id, type(error).__name__)
            return self._failed(request, Status.ERROR_TIMEOUT, "timeout")
        except Exception as error:  # noqa: BLE001 – every ending has a name
            # The reader gets a named status; the log gets the kind only: a message may hold the question.
            log.error("run %s failed: %s", request.id, type(error).__name__)
            return self._failed(request, Status.ERROR_INTERNAL, "internal")
        answer = Answer.model_validate(state["answer"])
        if answer.country and "understanding" in state:
            home = places.home(state["understanding"]["asked"], (answer.country,))
            answer = answer.model_copy(update={"territory": home and home.territory})
        total = round((time.perf_counter() - started) * 1000)
        return answer.model_copy(
            update={"timings_ms": {**state.get("timings_ms", {}), "total": total}}
        )

    async def stream(
        self,
        request: Request,
        *,
        conversation: str | None = None,
        tenants: Tenants = (PUBLIC,),
    ) -> AsyncGenerator[str | Answer, None]:
        """The answer's text as it grows, then the Answer; see `ask`.

        Text is shown only after it was checked: a model's sentence by sentence, as they are written;
        without a model the pieces come at once. Closing the iterator ends the run.
        """
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        asking = asyncio.create_task(
            self.ask(request, conversation=conversation, tenants=tenants, tell=pieces.put_nowait)
        )
        asking.add_done_callback(lambda _: pieces.put_nowait(None))
        told = False
        try:
            while (piece := await pieces.get()) is not None:
                told = True
                yield piece
            answer = await asking
        finally:
            asking.cancel()
        shown = ""
        for line in answer.answer.splitlines(keepends=True) if not told else ():
            shown += line
            yield shown
        yield answer

    async def forget(self, conversation: str, *, tenants: Tenants = (PUBLIC,)) -> None:
        """Deletes all that is kept of a conversation of these tenants."""
        saver = self._saver or self._graph.checkpointer
        if saver and not isinstance(saver, bool):
            await saver.adelete_thread(_thread(conversation, tenants))

    async def forget_expired(self, now: datetime | None = None) -> int:
        """Deletes the conversations not touched for `EXPIRY`; returns how many there were."""
        if self._saver is None:
            return 0
        limit = ((now or datetime.now(UTC)) - EXPIRY).isoformat()
        newest: dict[str, str] = {}
        async for item in self._saver.alist(None):
            thread = item.config["configurable"]["thread_id"]
            newest[thread] = max(item.checkpoint["ts"], newest.get(thread, ""))
        expired = [thread for thread, at in newest.items() if at < limit]
        for thread in expired:
            await self._saver.adelete_thread(thread)
        return len(expired)

    def document(self, document_id: str, *, tenants: Tenants = (PUBLIC,)) -> Document | None:
        """The document behind a citation, if `tenants` may see it."""
        return replace(self.context, tenants=tuple(tenants)).document(document_id)

    def _unfit(self, request: Request) -> Answer | None:
        """An answer to what is no question, or None."""
        question = request.question.strip()
        if not question:
            return self._failed(request, Status.ERROR_INPUT, "empty")
        if len(question) > MAX_QUESTION:
            return self._failed(
                request, Status.ERROR_INPUT, "too_long", length=len(question), limit=MAX_QUESTION
            )
        if wrong := misplaced(request.territory, request.country, self.context.places):
            return self._failed(request, Status.ERROR_INPUT, wrong, territory=request.territory)
        return None

    def _input(self, request: Request) -> dict[str, Any]:
        """The graph's input: masked, clean, and without anything of an earlier question."""
        country = (request.country or "").upper() or None
        country = country if country in countries() else None
        masked = mask(_clean(request.question), country)
        history = [
            {"role": turn.role, "content": mask(_clean(turn.content), country).text}
            for turn in request.history[-HISTORY:]
        ]
        return {
            "id": request.id,
            "interactive": False,
            "question": masked.text,
            "selected_country": country,
            "selected_language": request.language,
            "history": history,
            "masked": list(masked.kinds),
            "concern": None,
            "evidence": None,
            "findings": None,
            "asks": None,
            "rounds": 0,
            "verdict": "",
            "chosen": [],
            "draft": [],
            "written": [],
            "writing": None,
            "decided": None,
            "dropped": 0,
            "timings_ms": None,
        }

    async def _converse(
        self, request: Request, thread: str, context: Context, tell: Callable[[str], None]
    ) -> dict[str, Any]:
        config = RunnableConfig(configurable={"thread_id": thread})
        before = await self._graph.aget_state(config)
        given = self._input(request) | {"interactive": True}
        if before.interrupts and (choice := self._choice(request, before.values)):
            await self._graph.aupdate_state(config, {"id": request.id}, as_node=None)
            return await self._run(self._graph, Command(resume=choice), thread, context, tell)
        understood = before.values.get("understanding")
        if understood and not before.values.get("concern"):
            given |= {
                "previous": understood["standalone"],
                "previous_countries": understood["countries"],
            }
        return await self._run(self._graph, given, thread, context, tell)

    @staticmethod
    def _choice(request: Request, values: dict[str, Any]) -> str | None:
        """What was asked for, if the message gives it: a country, or the missing argument."""
        pending = (values.get("answer") or {}).get("clarification") or {}
        if pending.get("kind") == "argument":
            return _argument(request.question)
        if request.country and request.question.strip() == values.get("question"):
            return request.country.upper()
        where = locate(request.question)
        short = len(request.question.split()) <= 3
        return where.countries[0] if short and len(where.countries) == 1 else None

    async def _run(
        self,
        graph: Graph,
        given: Any,
        thread: str | None,
        context: Context,
        tell: Callable[[str], None],
        watch: Watch | None = None,
    ) -> dict[str, Any]:
        config = RunnableConfig(recursion_limit=RECURSION_LIMIT)
        if thread is not None:
            config["configurable"] = {"thread_id": thread}
        modes: list[Any] = ["values", "custom", *(["updates"] if watch else [])]
        result: Any = {}
        async for mode, chunk in graph.astream(
            given,
            config,
            context=context,
            stream_mode=modes,
            durability=None if thread is None else "exit",
        ):
            if mode == "custom":
                tell(str(chunk))
            elif mode == "updates" and watch:
                steps: Any = chunk
                for step, changes in steps.items():
                    watch(step, changes or {})
            else:
                result = chunk
        state: dict[str, Any] = result
        return state

    def _failed(self, request: Request, status: Status, text: str, **values: object) -> Answer:
        language = (request.language or "").split("-")[0] or detect(request.question)
        return Answer(
            id=request.id or "",
            status=status,
            language=language if language in ("es", "pt") else "es",
            country=request.country,
            sectors=[],
            answer=reply(language, "errors", text, **values),
        )


def _thread(conversation: str, tenants: Tenants) -> str:
    """Under what a conversation is kept: its name can be guessed, but no other tenants reach it.

    A tenant's name has neither "+" nor ":", so no two pairs make the same thread.
    """
    return f"{'+'.join(sorted(set(tenants)))}:{conversation}"


def _argument(message: str) -> str | None:
    """A short message that follows a question for an argument gives it; a longer one is a new question."""
    words = message.split()
    return message.strip() if len(words) <= LONGEST_ARGUMENT and "?" not in message else None


def _clean(text: str) -> str:
    """`text` without control characters; line breaks and tabs become blanks."""
    return "".join(" " if c in "\n\r\t" else c for c in text if c >= " " or c in "\n\r\t").strip()
