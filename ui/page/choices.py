"""What a visitor chooses beside asking: language, country and region; and all that follows them."""

from __future__ import annotations

from datetime import date
from typing import Any

import gradio as gr

from agents.state import MAX_QUESTION
from sources.country import countries
from ui import rendering
from ui.page import ANSWERS, BUILT_IN, country_choices, frame, language_asked
from ui.page.after import after
from ui.page.assistant import AssistantLike
from ui.page.parts import Parts, example
from ui.page.region import region_choice, region_named
from ui.page.session import Session

Updates = dict[Any, Any]


def current(session: Session | None) -> Session:
    """A visitor's session as it is now; a new one where there is none."""
    return (session or Session()).current


class Choices(Parts):
    """The components, and what happens when something is chosen."""

    assistant: AssistantLike
    feedback: bool
    session: gr.State

    def _begin(self, session: Session | None, country: str, request: gr.Request) -> Updates:
        """A page was opened: a new session in the language of its address (?lang=pt) or else of
        its browser. An address may fill in a question (?q=…&country=CL); it is not sent.
        """
        given = {key: str(request.query_params.get(key, "")) for key in ("lang", "q", "country")}
        preferred = language_asked(given["lang"], request.headers.get("accept-language", ""))
        is_new = session is None
        session = (session or Session(preferred, bool(given["lang"]), preferred)).current
        filled: Updates = {}
        if given["country"] in countries():
            country = given["country"]
            session.follow_country(countries()[country].languages)
        # Most visitors read what the page was built with: nothing has to be drawn anew for them.
        as_built = is_new and session.language == BUILT_IN and country not in countries()
        updates = {self.session: session} if as_built else self._relabel(session, country)
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
        session = current(session)
        session.choose_language(language)
        return self._relabel(session, country)

    def _answers_chosen(self, language: str, session: Session | None) -> Updates:
        session = current(session)
        session.answers_in = language if language in ANSWERS else None
        return {self.session: session}

    def _country_chosen(self, session: Session | None, country: str) -> Updates:
        session = current(session)
        before = session.language
        session.follow_country(countries()[country].languages if country in countries() else ())
        if session.language != before:
            return self._relabel(session, country)
        return {
            self.session: session,
            self.at_hand: frame.at_hand(country, session.words, session.language),
            **self._region_of(session, country),
            **self._examples_of(session, country),
        }

    def _region_chosen(self, session: Session | None, event: gr.EventData) -> Updates:
        session = current(session)
        territory = str((event._data or {}).get("territory", ""))
        session.territory = territory if region_named(territory) else None
        return {self.session: session}

    def _region_of(self, session: Session, country: str) -> Updates:
        """The regions of the country that is chosen now; one of another country is forgotten."""
        if not region_named(session.territory, country):
            session.territory = None
        shown = region_choice(country, session.territory, session.words, session.language)
        return {self.region: shown}

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
            **self._region_of(session, country),
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
