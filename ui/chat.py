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
from datetime import date
from typing import Any, Protocol

# Read when gradio is imported and its queue made. It asks no outside host; and it does not go
# through the last 10,000 events with pandas after each one, to time what nobody looks at.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr

from agents.state import MAX_QUESTION, Answer, Request
from sources.country import countries
from sources.document import Document
from ui import rendering
from ui.page import ANSWERS, country_choices, frame, language_asked
from ui.page.after import after
from ui.page.frame import status
from ui.page.parts import Parts, example
from ui.page.plain import beginning
from ui.page.session import IDLE_S, Session, for_country

log = logging.getLogger("ventanilla.page")

AT_ONCE = 20
"""Questions answered at the same time; more of them wait their turn."""

WAITING = 200
"""Questions that may wait; after that a visitor is told to come back."""

Updates = dict[Any, Any]


class AssistantLike(Protocol):
    """What the page needs of an assistant; `attribution` is what its model's licence asks for."""

    attribution: str | None

    def stream(
        self, request: Request, *, conversation: str | None = None
    ) -> AsyncIterator[str | Answer]:
        """The answer's whole text so far, again and again; at last the Answer."""

    async def forget(self, conversation: str) -> None:
        """Deletes all that is kept of a conversation."""

    def document(self, document_id: str) -> Document | None:
        """The document behind a citation."""


def _current(session: Session | None) -> Session:
    return (session or Session()).current


def build(assistant: AssistantLike, *, feedback: bool = False) -> gr.Blocks:
    """The page over one assistant, ready to be mounted. With `feedback` it asks whether an answer
    helped, and sends that to `api/feedback` beside it.
    """
    return Page(assistant, feedback=feedback).blocks


class Page(Parts):
    """The components, and what happens when they are used; `blocks` is what Gradio mounts."""

    blocks: gr.Blocks

    def __init__(self, assistant: AssistantLike, *, feedback: bool = False) -> None:
        self.assistant, self.feedback = assistant, feedback
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tidying: set[asyncio.Task[None]] = set()
        words = Session().words
        with gr.Blocks(
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
        self.blocks.queue(default_concurrency_limit=AT_ONCE, max_size=WAITING, api_open=False)

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        state = [self.session, self.country]
        answering = [
            self.session, self.chat, self.sources, self.question, self.ask, self.status,
            self.examples_block, self.country, self.after, self.at_hand,
        ]  # fmt: skip
        relabelled = [
            self.session, self.masthead, self.language, self.answers_in, self.country,
            self.talk_heading, self.new, self.chat, self.question, self.ask,
            self.examples_heading, *self.examples, self.sources, self.about, self.after,
            self.at_hand,
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
        self.new.click(
            self._renew, [self.session], answering, cancels=asking, concurrency_limit=None, **quiet
        ).then(None, js="() => window.ventanilla.renewed()", **quiet)

    # ------------------------------------------------------------------------------- events

    def _begin(self, session: Session | None, country: str, request: gr.Request) -> Updates:
        """A page was opened: a new session in the language of its address (?lang=pt) or else of
        its browser. An address may fill in a question (?q=…&country=CL); it is not sent.
        """
        given = {key: str(request.query_params.get(key, "")) for key in ("lang", "q", "country")}
        preferred = language_asked(given["lang"], request.headers.get("accept-language", ""))
        session = (session or Session(preferred, bool(given["lang"]), preferred)).current
        filled: Updates = {}
        if given["country"] in countries():
            country = given["country"]
            session.follow_country(countries()[country].languages)
        updates = self._relabel(session, country)
        if given["country"] in countries():
            filled[self.country] = gr.Radio(
                choices=country_choices(session.language),
                label=session.words.country,
                value=country,
            )
        if question := given["q"].strip()[:MAX_QUESTION]:
            words = session.words
            filled[self.question] = gr.Textbox(
                value=question, label=words.question, placeholder=words.question_hint
            )
        return updates | filled

    def _language_chosen(self, language: str, session: Session | None, country: str) -> Updates:
        session = _current(session)
        session.choose_language(language)
        return self._relabel(session, country)

    def _answers_chosen(self, language: str, session: Session | None) -> Updates:
        session = _current(session)
        session.answers_in = language if language in ANSWERS else None
        return {self.session: session}

    def _country_chosen(self, session: Session | None, country: str) -> Updates:
        session = _current(session)
        before = session.language
        session.follow_country(countries()[country].languages if country in countries() else ())
        if session.language != before:
            return self._relabel(session, country)
        return {
            self.session: session,
            self.at_hand: frame.at_hand(country, session.words, session.language),
            **self._examples_of(session, country),
        }

    def _relabel(self, session: Session, country: str) -> Updates:
        """Every label in the session's language; what was said stays as it was said."""
        words, language = session.words, session.language
        return {
            self.session: session,
            self.masthead: frame.masthead(words),
            self.language: gr.Radio(value=language, label=words.language),
            self.answers_in: gr.Radio(label=words.answers_in, visible=language not in ANSWERS),
            # Without a value: the visitor may have chosen another one in the meantime.
            self.country: gr.Radio(choices=country_choices(language), label=words.country),
            self.talk_heading: frame.talk_heading(words),
            self.new: gr.Button(words.new),
            self.chat: gr.Chatbot(placeholder=words.welcome, label=words.conversation),
            self.question: gr.Textbox(label=words.question, placeholder=words.question_hint),
            self.ask: gr.Button(words.ask),
            self.examples_heading: frame.heading(words.examples_heading),
            **self._examples_of(session, country),
            self.sources: self._sources(session),
            self.about: frame.about(words, language, self.assistant.attribution),
            self.after: self._after(session),
            self.at_hand: frame.at_hand(country, words, language),
        }

    def _examples_of(self, session: Session, country: str) -> Updates:
        return {
            button: gr.Button(**example(session.words, country, place))
            for place, button in enumerate(self.examples)
        }

    async def _ask(
        self, question: str, session: Session | None, country: str
    ) -> AsyncIterator[Updates]:
        """A question typed, or one of the examples."""
        session = _current(session)
        if not question.strip():
            yield {self.session: session, self.status: status(session.words.empty, seen=True)}
            return
        session.literal = ()
        async for updates in self._run(question, question, session, country):
            yield updates

    async def _option(
        self, session: Session | None, country: str, event: gr.SelectData
    ) -> AsyncIterator[Updates]:
        """A choice that a clarification offered, or a suggested next question."""
        session = _current(session)
        question = value = str(event.value)
        if session.pending and value in countries():
            question, country = session.pending, value
        session.literal = ()
        shown = session.named(value)
        async for updates in self._run(question, shown, session, country):
            yield updates

    async def _again(
        self, session: Session | None, country: str, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """The last question for another country, or with a word meant as it was written."""
        session = _current(session)
        code, word = (event._data.get(key) for key in ("country", "literal"))
        if not session.turns or not (code in countries() or word):
            yield {self.session: session}
            return
        question, answer = session.turns[-1]
        if code in countries():
            country = code
            question = for_country(question, answer.country, code, session.language)
            shown = f"{question} · {session.named(code)}"
        else:
            session.literal = (*session.literal, str(word)[:80])[-5:]
            shown = session.words.literal.format(question=question, word=word)
        async for updates in self._run(question, shown, session, country):
            yield updates

    async def _run(
        self, question: str, shown: str, session: Session, country: str
    ) -> AsyncIterator[Updates]:
        words = session.words
        session.asked(shown, country)
        yield {
            self.session: session,
            self.chat: session.messages,
            self.question: "",
            self.ask: gr.Button(interactive=False),
            self.status: status(words.asking),
            self.examples_block: gr.Column(visible=False),
            self.country: country,
            self.after: "",
            self.at_hand: frame.at_hand(country, words, session.language),
        }
        said = status(words.failed)
        try:
            async with aclosing(self._stream(question, session, country)) as pieces:
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
                    else:
                        session.grow(piece)
                        yield {self.chat: session.messages}
        except Exception as error:
            # The reader gets a sentence; the log gets the place, never the question.
            log.error("the assistant raised %s", type(error).__name__, exc_info=error)
            if not session.forgotten:
                session.fail()
        if session.forgotten:
            # Gradio stops a run by an id that the browser may not have been told yet, so one that
            # was just begun goes on, and may have drawn over the page that was cleared.
            yield self._cleared(session.current)
            return
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
        old = _current(session)
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
        session = session and session.current
        if session is None or not session.turns or session.forgotten:
            return
        session.forgotten = True
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._forget_later, session.conversation)

    def _forget_later(self, conversation: str) -> None:
        task = asyncio.ensure_future(self.assistant.forget(conversation))
        self.tidying.add(task)
        task.add_done_callback(self.tidying.discard)

    def _sources(self, session: Session) -> str:
        document = self.assistant.document
        return rendering.sources(session.turns, document, session.words, session.language)

    def _after(self, session: Session) -> str:
        """What stands below the last answer; nothing where it failed, or another is awaited."""
        if not session.complete:
            return ""
        question, answer = session.turns[-1]
        today = date.today().isoformat()
        return after(
            question, session.asked_country, answer, today, session.words, session.language,
            feedback=self.feedback,
        )  # fmt: skip
