"""What the page remembers of one visitor, in that visitor's `gr.State` and nowhere else."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from agents.state import Answer
from sources.country import countries
from ui import rendering
from ui.page import ANSWERS, BUILT_IN, Texts, languages, tag_of

IDLE_S = 3600
"""Seconds of quiet after which a session is deleted and its conversation forgotten."""


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass
class Session:
    """One visitor's conversation.

    `turns` holds question and answer, oldest first; `complete` tells that the last question, asked
    for `asked_country`, has its answer. `territory` is the code of the region chosen, `answers_in`
    the language of answers chosen beside an English page. `literal` are words that were not meant as
    they were read. `pending` is the question that a clarification waits to ask again. `next` is the
    session that came after, once this conversation is over.
    """

    language: str = BUILT_IN
    language_chosen: bool = False
    visitor_language: str = "es"
    answers_in: str | None = None
    conversation: str = field(default_factory=_new_id)
    messages: list[dict[str, Any]] = field(default_factory=list)
    turns: list[tuple[str, Answer]] = field(default_factory=list)
    pending: str | None = None
    literal: tuple[str, ...] = ()
    asked_country: str = ""
    territory: str | None = None
    complete: bool = False
    next: Session | None = None

    @property
    def words(self) -> Texts:
        """The page's texts in this visitor's language."""
        return languages()[self.language]

    @property
    def forgotten(self) -> bool:
        """Tells a run still under way that its conversation is over."""
        return self.next is not None

    @property
    def current(self) -> Session:
        """Itself, or the session that came after it. A run that was still under way may put the
        session that it began with back into the visitor's state.
        """
        session = self
        while session.next is not None:
            session = session.next
        return session

    def end(self) -> Session:
        """Ends the conversation: what was said is dropped. Returns a session for a new one: same
        language, same region, nothing else.
        """
        self.messages, self.turns, self.pending = [], [], None
        self.next = Session(
            self.language, self.language_chosen, self.visitor_language, self.answers_in,
            territory=self.territory,
        )  # fmt: skip
        return self.next

    @property
    def asked_in(self) -> str | None:
        """The language of answers that was chosen, as a BCP 47 tag; None leaves it to the question."""
        chosen = self.language if self.language_chosen else None
        if self.language not in ANSWERS:
            chosen = self.answers_in
        return chosen and tag_of(chosen)

    def named(self, choice: str) -> str:
        """A choice as the visitor reads it: a country's code becomes its name."""
        country = countries().get(choice)
        return country.names[self.language] if country else choice

    def choose_language(self, language: str) -> None:
        """The visitor chose; from now on no country changes it."""
        self.language, self.language_chosen = language, True

    def follow_country(self, spoken: tuple[str, ...]) -> None:
        """Speaks the language of the country chosen, unless the visitor chose one by hand."""
        if not self.language_chosen and self.visitor_language in ANSWERS:
            self.language = next((s for s in spoken if s in languages()), self.visitor_language)

    def asked(self, shown: str, country: str, asking: str) -> None:
        """Shows the visitor's words, and below them `asking`, where the answer will grow."""
        self.asked_country, self.complete = country, False
        for message in self.messages:
            message.pop("options", None)
        self.messages += [
            {"role": "user", "content": rendering.own_words(shown)},
            {"role": "assistant", "content": rendering.growing(asking, self.language)},
        ]

    def grow(self, text: str) -> None:
        """Shows the answer as far as it has come."""
        self.messages[-1]["content"] = rendering.growing(text, self.language)

    def fail(self, said: str) -> None:
        """Shows `said` in place of an answer: that something broke, or that there is no room."""
        self.messages[-1]["content"] = rendering.plain(said, self.language)

    def answered(self, question: str, answer: Answer) -> None:
        """Shows the complete answer, with its choices or next questions as buttons."""
        content = rendering.message(answer, len(self.turns), self.words)
        self.messages[-1] = {"role": "assistant", "content": content}
        self.turns.append((question, answer))
        self.pending, self.complete = None, True
        if answer.clarification:
            self.pending = question
            values = [option.value for option in answer.clarification.options]
            options = [{"value": value, "label": self.named(value)} for value in values]
        else:
            options = [{"value": text, "label": text} for text in answer.suggestions]
        if options:
            self.messages[-1]["options"] = options


def for_country(question: str, before: str | None, now: str, language: str) -> str:
    """`question` with the name of the country `now` in place of that of the country `before`.

    A question's own words win over the country chosen, so one that names a country must name the
    other.
    """
    country = countries().get(before or "")
    if country is None:
        return question
    named = sorted({*country.names.values(), *country.other_names}, key=len, reverse=True)
    pattern = "|".join(map(re.escape, named))
    name = countries()[now].names[language]
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", lambda _: name, question, flags=re.IGNORECASE)
