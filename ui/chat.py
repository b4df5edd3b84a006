"""The citizen's page.

    app = gr.mount_gradio_app(app, build(assistant), path="/", **launch_arguments())

Everything a visitor does lives in that visitor's session: nothing is kept in this module. No event
is part of an API, nothing is recorded in the browser, and nothing is fetched from other hosts.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from typing import Any, Protocol

# Read when gradio is imported and its queue made. It asks no outside host; and it does not go
# through the last 10,000 events with pandas after each one, to time what nobody looks at.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr

from agents.state import Answer, Request
from sources.country import countries
from sources.document import Document
from ui import rendering
from ui.page import (
    CSS,
    HEAD,
    MOST_EXAMPLES,
    NO_COUNTRY,
    SCRIPT,
    Texts,
    country_choices,
    language_for,
    languages,
)
from ui.page.session import Session
from ui.page.theme import theme

log = logging.getLogger("ventanilla.page")

AT_ONCE = 20
"""Questions answered at the same time; more of them wait their turn."""

WAITING = 200
"""Questions that may wait; after that a visitor is told to come back."""

IDLE_S = 3600
"""Seconds of quiet after which a session is deleted and its conversation forgotten."""

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


def launch_arguments() -> dict[str, Any]:
    """What `gr.mount_gradio_app` needs besides the page: look, script, and everything off that
    would link elsewhere or keep questions in the browser.
    """
    style = f"<style>{CSS.read_text(encoding='utf-8')}</style>"
    return {
        "theme": theme(),
        "js": SCRIPT.read_text(encoding="utf-8"),
        # Not as `css`: Gradio prefixes every selector of that and cuts it at commas, so that
        # `:is(a, b)` is lost and weights change.
        "head": HEAD.read_text(encoding="utf-8") + style,
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "max_file_size": "1kb",  # the page takes no files
    }


def build(assistant: AssistantLike) -> gr.Blocks:
    """The page over one assistant, ready to be mounted."""
    return Page(assistant).blocks


class Page:
    """The components, and what happens when they are used; `blocks` is what Gradio mounts."""

    blocks: gr.Blocks

    def __init__(self, assistant: AssistantLike) -> None:
        self.assistant = assistant
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tidying: set[asyncio.Task[None]] = set()
        words = languages()["es"]
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
            self._top(words)
            with gr.Column(elem_id="v-desk"):
                self._desk(words)
            about = rendering.about(words, assistant.attribution)
            self.about = gr.HTML(about, elem_id="v-about")
            self._wire()
        self.blocks.queue(default_concurrency_limit=AT_ONCE, max_size=WAITING, api_open=False)

    # ------------------------------------------------------------------------------- components

    def _top(self, words: Texts) -> None:
        with gr.Row(elem_id="v-top"):
            self.masthead = gr.HTML(rendering.masthead(words), elem_id="v-masthead")
            self.language = gr.Radio(
                [(texts.language_name, code) for code, texts in languages().items()],
                value="es",
                label=words.language,
                container=False,
                elem_id="v-language",
                elem_classes="v-choice",
            )

    def _desk(self, words: Texts) -> None:
        self.country = gr.Radio(
            country_choices("es"),
            value=NO_COUNTRY,
            label=words.country,
            show_label=True,
            elem_id="v-country",
            elem_classes="v-choice",
        )
        with gr.Column(elem_id="v-talk"):
            with gr.Row(elem_id="v-talk-head"):
                self.talk_heading = gr.HTML(rendering.talk_heading(words))
                self.new = gr.Button(words.new, elem_id="v-new", size="sm")
            self.chat = gr.Chatbot(
                label=words.conversation,
                container=False,
                height="auto",
                min_height=0,
                buttons=[],
                feedback_options=None,
                layout="bubble",
                group_consecutive_messages=False,
                latex_delimiters=[],
                allow_tags=False,
                sanitize_html=True,
                placeholder=words.welcome,
                autoscroll=False,
                elem_id="v-chat",
            )
            self.status = gr.HTML(rendering.status(""), elem_id="v-status")
        with gr.Row(elem_id="v-ask"):
            self.question = gr.Textbox(
                label=words.question,
                placeholder=words.question_hint,
                lines=1,
                max_lines=6,
                elem_id="v-question-block",
                autofocus=False,
                scale=1,
            )
            self.ask = gr.Button(words.ask, variant="primary", elem_id="v-send", scale=0)
        with gr.Column(elem_id="v-examples") as self.examples_block:
            self.examples_heading = gr.HTML(rendering.heading(words.examples_heading))
            with gr.Row(elem_id="v-example-list"):
                self.examples = [
                    gr.Button(**_example(words, NO_COUNTRY, place), elem_classes="v-example")
                    for place in range(MOST_EXAMPLES)
                ]
        self.sources = gr.HTML(
            rendering.sources((), self.assistant.document, words, "es"), elem_id="v-sources"
        )

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        state = [self.session, self.country]
        answering = [
            self.session, self.chat, self.sources, self.question, self.ask, self.status,
            self.examples_block, self.country,
        ]  # fmt: skip
        relabelled = [
            self.session, self.masthead, self.language, self.country, self.talk_heading, self.new,
            self.chat, self.question, self.ask, self.examples_heading, *self.examples,
            self.sources, self.about,
        ]  # fmt: skip
        speak = "(language) => window.ventanilla.speak(language)"
        # Gradio closes its stream when a queued event ends: a question sent just then would hang.
        at_once: dict[str, Any] = {**quiet, "queue": False}
        begun = self.blocks.load(self._begin, state, relabelled, **at_once)
        begun.then(None, [self.language], js=speak, **at_once)
        self.language.input(
            self._language_chosen, [self.language, *state], relabelled, **at_once
        ).then(None, [self.language], js=speak, **at_once)
        self.country.input(self._country_chosen, state, relabelled, **at_once).then(
            None, [self.language], js=speak, **at_once
        )
        asking: list[Any] = [
            self.question.submit(self._ask, [self.question, *state], answering, **quiet),
            self.ask.click(self._ask, [self.question, *state], answering, **quiet),
            self.chat.option_select(self._option, state, answering, **quiet),
            *(
                example.click(self._ask, [example, *state], answering, **quiet)
                for example in self.examples
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
        its browser.
        """
        accepted = request.headers.get("accept-language", "")
        asked = str(request.query_params.get("lang", ""))
        preferred = language_for(asked, *(tag.split(";")[0] for tag in accepted.split(",")))
        session = session or Session(language=preferred, visitor_language=preferred)
        return self._relabel(session, country)

    def _language_chosen(self, language: str, session: Session | None, country: str) -> Updates:
        session = session or Session()
        session.choose_language(language)
        return self._relabel(session, country)

    def _country_chosen(self, session: Session | None, country: str) -> Updates:
        session = session or Session()
        before = session.language
        session.follow_country(countries()[country].languages if country in countries() else ())
        if session.language != before:
            return self._relabel(session, country)
        return {self.session: session, **self._examples(session, country)}

    def _relabel(self, session: Session, country: str) -> Updates:
        """Every label in the session's language; what was said stays as it was said."""
        words, language = session.words, session.language
        return {
            self.session: session,
            self.masthead: rendering.masthead(words),
            self.language: gr.Radio(value=language, label=words.language),
            # Without a value: the visitor may have chosen another one in the meantime.
            self.country: gr.Radio(choices=country_choices(language), label=words.country),
            self.talk_heading: rendering.talk_heading(words),
            self.new: gr.Button(words.new),
            self.chat: gr.Chatbot(placeholder=words.welcome, label=words.conversation),
            self.question: gr.Textbox(label=words.question, placeholder=words.question_hint),
            self.ask: gr.Button(words.ask),
            self.examples_heading: rendering.heading(words.examples_heading),
            **self._examples(session, country),
            self.sources: self._sources(session),
            self.about: rendering.about(words, self.assistant.attribution),
        }

    def _examples(self, session: Session, country: str) -> Updates:
        return {
            button: gr.Button(**_example(session.words, country, place))
            for place, button in enumerate(self.examples)
        }

    async def _ask(
        self, question: str, session: Session | None, country: str
    ) -> AsyncIterator[Updates]:
        """A question typed, or one of the examples."""
        session = session or Session()
        if not question.strip():
            yield {self.session: session, self.status: rendering.status(session.words.empty)}
            return
        async for updates in self._run(question, question, session, country):
            yield updates

    async def _option(
        self, session: Session | None, country: str, event: gr.SelectData
    ) -> AsyncIterator[Updates]:
        """A choice that a clarification offered, or a suggested next question."""
        session = session or Session()
        question = value = str(event.value)
        if session.pending and value in countries():
            question, country = session.pending, value
        shown = session.named(value)
        async for updates in self._run(question, shown, session, country):
            yield updates

    async def _run(
        self, question: str, shown: str, session: Session, country: str
    ) -> AsyncIterator[Updates]:
        words = session.words
        session.asked(shown)
        yield {
            self.session: session,
            self.chat: session.messages,
            self.question: "",
            self.ask: gr.Button(interactive=False),
            self.status: rendering.status(words.asking),
            self.examples_block: gr.Column(visible=False),
            self.country: country,
        }
        said = words.ready
        try:
            async for piece in self._stream(question, session, country):
                if isinstance(piece, Answer):
                    session.answered(question, piece)
                    if piece.citations:
                        said = words.found.format(count=len(piece.citations))
                else:
                    session.grow(piece)
                    yield {self.chat: session.messages}
        except Exception as error:
            # The reader gets a sentence; the log gets the place, never the question.
            log.error("the assistant raised %s", type(error).__name__, exc_info=error)
            session.fail()
            said = ""
        yield {
            self.session: session,
            self.chat: session.messages,
            self.sources: self._sources(session),
            self.ask: gr.Button(interactive=True),
            self.status: rendering.status(said),
        }

    async def _stream(
        self, question: str, session: Session, country: str
    ) -> AsyncIterator[str | Answer]:
        """The assistant's answer; leaves nothing behind if the conversation ended meanwhile."""
        self.loop = asyncio.get_running_loop()
        language = "pt-BR" if session.language == "pt" else session.language
        request = Request(
            question=question,
            country=country or None,
            language=language if session.language_chosen else None,
        )
        try:
            async for piece in self.assistant.stream(request, conversation=session.conversation):
                yield piece
        finally:
            if session.forgotten:
                await self.assistant.forget(session.conversation)

    async def _renew(self, session: Session | None) -> Updates:
        """Forgets the conversation at once and starts another."""
        old = session or Session()
        old.forgotten = True
        await self.assistant.forget(old.conversation)
        session = old.successor()
        return {
            self.session: session,
            self.chat: [],
            self.sources: self._sources(session),
            self.question: "",
            self.ask: gr.Button(interactive=True),
            self.status: rendering.status(session.words.cleared),
            self.examples_block: gr.Column(visible=True),
        }

    def _left(self, session: Session | None) -> None:
        """A session was deleted, some time after its page was closed."""
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


def _example(words: Texts, country: str, place: int) -> dict[str, Any]:
    """Text and visibility of one example button."""
    shown = words.examples_for(country)[place : place + 1]
    return {"value": "".join(shown), "visible": bool(shown)}
