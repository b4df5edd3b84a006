"""An answer as HTML of its own: no script, nothing fetched, the same sources as the page shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from agents.state import Answer, Status
from sources.country import countries
from ui import rendering
from ui.page import Texts
from ui.page.after import KEPT, chips, other_countries
from ui.page.frame import channel, country_name
from ui.usage.reasons import reasons

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
_OPEN, _CLOSE, _CALL, _CALLED = "\ue000", "\ue001", "\ue002", "\ue003"
"""Characters of the private use area: they stand for a marker or a number until Markdown is read."""

_PRIVATE = re.compile("[\ue000-\ue003]")

Fields = list[tuple[str, str]]


def body(answer: Answer, words: Texts) -> Markup:
    """The answer's Markdown as HTML; markers lead to their cards, emergency numbers can be called."""
    text = _PRIVATE.sub("", answer.answer)
    if answer.status is Status.CRISIS:
        text = rendering.BOLD_NUMBER.sub(rf"{_CALL}\1{_CALLED}", text)
    known = {str(citation.marker) for citation in answer.citations}
    text = rendering.MARKER.sub(
        lambda found: f"{_OPEN}{found[1]}{_CLOSE}" if found[1] in known else found[0], text
    )
    # Below the page's first heading, not below one of the conversation.
    made = _MARKDOWN.render(text).replace("<h3>", "<h2>").replace("</h3>", "</h2>")
    made = re.sub(f"{_OPEN}(\\d+){_CLOSE}", lambda m: rendering.to_card(0, int(m[1]), words), made)
    made = re.sub(f"{_CALL}([^{_CALLED}]*){_CALLED}", lambda m: rendering.call(m[1], words), made)
    return Markup(made)  # noqa: S704 – CommonMark without HTML, and our own links


def statement(text: str) -> Markup:
    """A page of our own words in Markdown as HTML."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704 – our own words


def answer_parts(
    question: str,
    country: str,
    literal: Sequence[str],
    answer: Answer,
    lookup: rendering.Lookup,
    words: Texts,
    language: str,
) -> dict[str, Any]:
    """What `answer.html` shows, besides the form. `literal` are the words taken back so far."""
    crisis = answer.status is Status.CRISIS
    where = countries().get(answer.country or "")
    cited = ""
    if answer.citations:
        cited = rendering.sources([(question, answer)], lookup, words, language)
    told = where and answer.status not in (Status.CRISIS, Status.CLARIFICATION)
    return {
        "answer": answer,
        "crisis": crisis,
        "body": body(answer, words),
        "options": _options(question, country, answer, language),
        "notices": rendering.notices(answer),
        "channel": Markup(channel(where, answer.sectors, words, language))  # noqa: S704 – escaped there
        if where and told
        else "",
        "corrections": _corrections(question, country, literal, answer, words),
        "elsewhere": _elsewhere(question, answer, language),
        "place": country_name(answer.country, language),
        "sources": Markup(cited),  # noqa: S704 – escaped there
        "reasons": {key: said[language] for key, said in reasons().items()},
        "judged": answer.status in KEPT,
    }


def _options(
    question: str, country: str, answer: Answer, language: str
) -> list[tuple[str, Fields]]:
    """The choices of a clarification, or what can be asked next, as buttons."""
    if asked := answer.clarification:
        values = [option.value for option in asked.options]
        return [
            (country_name(value, language), [("q", question), ("country", value)])
            if value in countries()
            else (value, [("q", value), ("country", country)])
            for value in values
        ]
    return [(text, [("q", text), ("country", country)]) for text in answer.suggestions]


def _corrections(
    question: str, country: str, literal: Sequence[str], answer: Answer, words: Texts
) -> list[tuple[str, Fields]]:
    """What was read otherwise than written, and what a button sends to take it back."""
    same: Fields = [("q", question), ("country", country), *(("literal", w) for w in literal)]
    return [(said, [*same, ("literal", word)]) for said, word in chips(answer, words)]


def _elsewhere(question: str, answer: Answer, language: str) -> list[tuple[str, Fields]]:
    """The other countries, and what a button sends to ask for one of them."""
    if not answer.country or answer.status not in KEPT:
        return []
    return [
        (name, [("q", question), ("country", code), ("from", answer.country)])
        for code, name in other_countries(answer, language)
    ]
