"""The citizen's page.

    app = gr.mount_gradio_app(app, build(assistant), path="/", **launch_arguments())  # ui.window

Everything a visitor does lives in that visitor's session: nothing is kept in this module. No event
is part of an API, nothing is recorded in the browser, and nothing is fetched from other hosts.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

# Read when gradio is imported and its queue made. It asks no outside host; and it does not go
# through the last 10,000 events with pandas after each one, to time what nobody looks at.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr

from agents.state import Answer, Request
from sources.country import countries
from sources.errors import Busy
from ui.page import frame
from ui.page.assistant import AssistantLike
from ui.page.blocks import Blocks
from ui.page.choices import Choices, Updates, current
from ui.page.frame import status
from ui.page.pace import paced
from ui.page.plain import beginning
from ui.page.session import IDLE_S, Session, for_country
from ui.workers import Ticket, Workers

log = logging.getLogger("ventanilla.page")

MOST_EVENTS = 1000
"""Events of all pages that Gradio takes in. Questions wait for `ui.workers`, which says how long."""


def build(
    assistant: AssistantLike, *, feedback: bool = False, workers: Workers | None = None
) -> gr.Blocks:
    """The page over one assistant, ready to be mounted. With `feedback` it asks whether an answer
    helped, and sends that to `api/feedback` beside it. `workers` are shared with other doors.
    """
    return Page(assistant, feedback=feedback, workers=workers).blocks


class Page(Choices):
    """The components, and what happens when they are used; `blocks` is what Gradio mounts."""

    blocks: Blocks

    def __init__(
        self,
        assistant: AssistantLike,
        *,
        feedback: bool = False,
        workers: Workers | None = None,
    ) -> None:
        self.assistant, self.feedback = assistant, feedback
        self.workers = workers or Workers()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tidying: set[asyncio.Task[None]] = set()
        words = Session().words
        with Blocks(
            title=words.title, analytics_enabled=False, fill_width=True, elem_id="ventanilla"
        ) as self.blocks:
            self.session = gr.State(
                None,
                time_to_live=IDLE_S,
                # Gradio copies components deeply, and a bound method would take the page, the
                # assistant and the event loop along; a plain function is left as it is.
                delete_callback=lambda session: self._left(session),
            )
            super().__init__(words, assistant.attribution)
            self._wire()
        self.blocks.queue(default_concurrency_limit=None, max_size=MOST_EVENTS, api_open=False)

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        state = [self.session, self.country]
        answering = [
            self.session, self.chat, self.sources, self.question, self.ask, self.status,
            self.examples_block, self.country, self.region, self.after, self.at_hand,
        ]  # fmt: skip
        relabelled = [
            self.session, self.masthead, self.language, self.answers_in, self.country,
            self.talk_heading, self.new, self.chat, self.question, self.ask,
            self.examples_heading, *self.examples, self.sources, self.about, self.after,
            self.at_hand, self.region,
        ]  # fmt: skip
        # Gradio closes its stream when a queued event ends: a question sent just then would hang.
        at_once: dict[str, Any] = {**quiet, "queue": False}
        speak: dict[str, Any] = {
            "fn": None,
            "inputs": [self.language],
            "js": "(language) => window.ventanilla.speak(language)",
            **at_once,
        }
        self.blocks.load(self._begin, state, relabelled, **at_once).then(**speak)
        self.language.input(
            self._language_chosen, [self.language, *state], relabelled, **at_once
        ).then(**speak)
        self.answers_in.input(
            self._answers_chosen, [self.answers_in, self.session], [self.session], **at_once
        )
        self.region.input(self._region_chosen, [self.session], [self.session], **at_once)
        self.country.input(self._country_chosen, state, relabelled, **at_once).then(**speak)
        asking: list[Any] = [
            self.question.submit(self._ask, [self.question, *state], answering, **quiet),
            self.ask.click(self._ask, [self.question, *state], answering, **quiet),
            self.chat.option_select(self._option, state, answering, **quiet),
            self.after.click(self._again, state, answering, **quiet),
            *(
                button.click(self._ask, [button, *state], answering, **quiet)
                for button in self.examples
            ),
        ]
        for event in asking:
            event.then(None, js="() => window.ventanilla.answered()", **quiet)
        self.new.click(self._renew, [self.session], answering, cancels=asking, **quiet).then(
            None, js="() => window.ventanilla.renewed()", **quiet
        )

    # ------------------------------------------------------------------------------- events

    async def _ask(
        self, question: str, session: Session | None, country: str
    ) -> AsyncIterator[Updates]:
        """A question typed, or one of the examples."""
        session = current(session)
        if not question.strip():
            yield {self.session: session, self.status: status(session.words.empty, seen=True)}
            return
        session.literal = ()
        async with aclosing(self._run(question, question, session, country)) as running:
            async for updates in running:
                yield updates

    async def _option(
        self, session: Session | None, country: str, event: gr.SelectData
    ) -> AsyncIterator[Updates]:
        """A choice that a clarification offered, or a suggested next question."""
        session = current(session)
        question = value = str(event.value)
        if session.pending and value in countries():
            question, country = session.pending, value
        session.literal = ()
        shown = session.named(value)
        async with aclosing(self._run(question, shown, session, country)) as running:
            async for updates in running:
                yield updates

    async def _again(
        self, session: Session | None, country: str, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """The last question for another country, or with a word meant as it was written."""
        session = current(session)
        data = event._data or {}
        code, word, everywhere = (data.get(key) for key in ("country", "literal", "everywhere"))
        if not session.turns or not (code in countries() or word or everywhere):
            yield {self.session: session}
            return
        question, answer = session.turns[-1]
        if code in countries():
            country = code
            question = for_country(question, answer.country, code, session.language)
            shown = f"{question} · {session.named(code)}"
        elif everywhere:
            session.territory = None
            shown = f"{question} · {session.words.everywhere}"
        else:
            session.literal = (*session.literal, str(word)[:80])[-5:]
            shown = session.words.literal.format(question=question, word=word)
        async with aclosing(self._run(question, shown, session, country)) as running:
            async for updates in running:
                yield updates

    async def _run(
        self, question: str, shown: str, session: Session, country: str
    ) -> AsyncGenerator[Updates, None]:
        words = session.words
        try:
            ticket = self.workers.ticket()
        except Busy as full:  # what was written stays where it is
            said = words.busy.format(seconds=full.wait_s)
            yield {self.session: session, self.status: status(said, seen=True)}
            return
        answering = self._answer(question, shown, session, country, ticket)
        try:
            async with aclosing(answering) as running:
                async for updates in running:
                    yield updates
        finally:
            ticket.release()

    async def _answer(
        self, question: str, shown: str, session: Session, country: str, ticket: Ticket
    ) -> AsyncGenerator[Updates, None]:
        """The page while an answer is awaited, while it grows, and with the whole of it."""
        words = session.words
        asking = words.asking
        if ticket.waits:
            asking = words.waiting.format(seconds=ticket.wait_s)
        session.asked(shown, country, asking)
        yield {
            **self._region_of(session, country),
            self.session: session,
            self.chat: session.messages,
            self.question: "",
            self.ask: gr.Button(interactive=False),
            self.status: status(asking),
            self.examples_block: gr.Column(visible=False),
            self.country: country,
            self.after: "",
            self.at_hand: frame.at_hand(country, words, session.language),
        }
        said, failure = "", words.failed
        try:
            stream = self._stream(question, session, country)
            async with ticket, aclosing(paced(stream)) as pieces:
                async for piece in pieces:
                    if session.forgotten:
                        break
                    if isinstance(piece, Answer):
                        session.answered(question, piece)
                        found = words.found.format(count=len(piece.citations))
                        said = status(
                            found if piece.citations else words.ready,
                            quoted=beginning(piece),
                            language=piece.language,
                        )
                        failure = ""
                    else:
                        session.grow(piece)
                        yield {self.chat: session.messages}
        except Busy as full:
            failure = words.busy.format(seconds=full.wait_s)
        except Exception as error:
            # The reader gets a sentence; the log gets the place, never the question.
            log.error("the assistant raised %s", type(error).__name__, exc_info=error)
            failure = words.failed
        if session.forgotten:
            # Gradio stops a run by an id that the browser may not have been told yet, so one that
            # was just begun goes on, and may have drawn over the page that was cleared.
            yield self._cleared(session.current)
            return
        if failure:
            session.fail(failure)
            said = status(failure)
        yield {
            self.session: session,
            self.chat: session.messages,
            self.sources: self._sources(session),
            self.ask: gr.Button(interactive=True),
            self.status: said,
            self.after: self._after(session),
        }

    async def _stream(
        self, question: str, session: Session, country: str
    ) -> AsyncGenerator[str | Answer, None]:
        """The assistant's answer; leaves nothing behind if the conversation ended meanwhile."""
        self.loop = asyncio.get_running_loop()
        if session.next is not None:
            return
        request = Request(
            question=question,
            country=country or None,
            territory=session.territory,
            language=session.asked_in,
            literal=list(session.literal),
        )
        try:
            async for piece in self.assistant.stream(request, conversation=session.conversation):
                yield piece
        finally:
            if session.forgotten:
                await self.assistant.forget(session.conversation)

    async def _renew(self, session: Session | None) -> Updates:
        """Forgets the conversation at once and starts another."""
        old = current(session)
        session = old.end()
        await self.assistant.forget(old.conversation)
        return {**self._cleared(session), self.question: ""}

    def _cleared(self, session: Session) -> Updates:
        """The page of a conversation that replaced another, whose first question may be asked."""
        if session.messages:
            return {self.session: session, self.chat: session.messages}
        return {
            self.session: session,
            self.chat: [],
            self.sources: self._sources(session),
            self.ask: gr.Button(interactive=True),
            self.status: status(session.words.cleared),
            self.examples_block: gr.Column(visible=True),
            self.after: "",
        }

    def _left(self, session: Session | None) -> None:
        """A session was deleted, some time after its page was closed."""
        self.blocks.drop_ended()
        session = session and session.current
        if session is None or not session.turns:
            return
        session.end()
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._forget_later, session.conversation)

    def _forget_later(self, conversation: str) -> None:
        task = asyncio.ensure_future(self.assistant.forget(conversation))
        self.tidying.add(task)
        task.add_done_callback(self.tidying.discard)
