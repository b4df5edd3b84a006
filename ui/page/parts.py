"""The parts that the citizen's page is made of, laid out once; `ui.chat` brings them to life."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui import rendering
from ui.page import (
    ANSWERS,
    BUILT_IN,
    MOST_EXAMPLES,
    NO_COUNTRY,
    Texts,
    country_choices,
    frame,
    languages,
)
from ui.page.region import CHOSEN

CORRECTIONS = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-country], [data-literal], [data-everywhere]");
  if (button) trigger("click", {...button.dataset});
});"""
"""A chip below an answer asks again: Gradio hears of it through this."""


class Parts:
    """The components by name. To be made inside of `gr.Blocks`, after the session's state."""

    def __init__(self, words: Texts, attribution: str | None) -> None:
        self._top(words)
        with gr.Column(elem_id="v-desk"):
            self._where(words)
            self._talk(words)
            self._question(words)
            self._examples(words)
            self.sources = gr.HTML(
                rendering.sources((), lambda _: None, words, BUILT_IN), elem_id="v-sources"
            )
        self.about = gr.HTML(frame.about(words, BUILT_IN, attribution), elem_id="v-about")

    def _top(self, words: Texts) -> None:
        with gr.Row(elem_id="v-top"):
            self.masthead = gr.HTML(frame.masthead(words), elem_id="v-masthead")
            with gr.Column(elem_id="v-languages"):
                self.language = gr.Radio(
                    [(texts.language_name, code) for code, texts in languages().items()],
                    value=BUILT_IN,
                    label=words.language,
                    container=False,
                    elem_id="v-language",
                    elem_classes="v-choice",
                )
                self.answers_in = gr.Radio(
                    [(languages()[code].language_name, code) for code in ANSWERS],
                    value=None,
                    label=words.answers_in,
                    visible=False,
                    elem_id="v-answers-in",
                    elem_classes="v-choice",
                )

    def _where(self, words: Texts) -> None:
        with gr.Column(elem_id="v-where"):
            self.country = gr.Radio(
                country_choices(BUILT_IN),
                value=NO_COUNTRY,
                label=words.country,
                show_label=True,
                elem_id="v-country",
                elem_classes="v-choice",
            )
            self.region = gr.HTML("", elem_id="v-region-choice", js_on_load=CHOSEN)
            self.at_hand = gr.HTML("", elem_id="v-at-hand")

    def _talk(self, words: Texts) -> None:
        with gr.Column(elem_id="v-talk"):
            with gr.Row(elem_id="v-talk-head"):
                self.talk_heading = gr.HTML(frame.talk_heading(words))
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
            self.after = gr.HTML("", elem_id="v-after", js_on_load=CORRECTIONS)
            self.status = gr.HTML(frame.status(""), elem_id="v-status")

    def _question(self, words: Texts) -> None:
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

    def _examples(self, words: Texts) -> None:
        with gr.Column(elem_id="v-examples") as self.examples_block:
            self.examples_heading = gr.HTML(frame.heading(words.examples_heading))
            with gr.Row(elem_id="v-example-list"):
                self.examples = [
                    gr.Button(**example(words, NO_COUNTRY, place), elem_classes="v-example")
                    for place in range(MOST_EXAMPLES)
                ]


def example(words: Texts, country: str, place: int) -> dict[str, Any]:
    """Text and visibility of one example button."""
    shown = words.examples_for(country)[place : place + 1]
    return {"value": "".join(shown), "visible": bool(shown)}
