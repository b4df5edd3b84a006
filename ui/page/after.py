"""What stands below the last answer: what was understood and can be corrected, the official channel,
what can be done with the answer, and whether it helped.
"""

from __future__ import annotations

from html import escape

from agents.replies import spoken_date
from agents.state import Answer, Status
from sources.country import countries
from ui.page import Texts
from ui.page.frame import channel, country_name
from ui.page.plain import shared_query, with_sources
from ui.page.region import region_named
from ui.usage.reasons import reasons

KEPT = (Status.ANSWERED, Status.UNANSWERABLE)
"""Endings that somebody may want to copy, print, share or judge."""


def after(
    question: str,
    asked_country: str | None,
    answer: Answer,
    today: str,
    words: Texts,
    language: str,
    *,
    feedback: bool,
) -> str:
    """All of it as HTML. `question` may hold a citizen's own words: what leaves the page in a link
    is masked. `today` is an ISO 8601 date.
    """
    if answer.status is Status.CRISIS:
        return ""
    country = countries().get(answer.country or "")
    parts = [_understood(answer, words, language)]
    if country and answer.status is not Status.CLARIFICATION:
        parts.append(
            f'<p class="v-channel">{channel(country, answer.sectors, words, language)}</p>'
        )
    if answer.status in KEPT:
        parts.append(_actions(question, asked_country, answer, today, words, language))
    if feedback and answer.status in KEPT:
        parts.append(_feedback(answer, words, language))
    shown = "".join(parts)
    return shown and f'<h2 class="v-hidden">{escape(words.after)}</h2>{shown}'


def chips(answer: Answer, words: Texts) -> list[tuple[str, str]]:
    """(what was read, the word that can be taken back) of each word taken for another."""
    return [
        (
            (words.corrected if u.kind == "corrected" else words.synonym).format(
                word=u.word, label=u.label
            ),
            u.word,
        )
        for u in answer.understood
    ]


def other_countries(answer: Answer, language: str) -> list[tuple[str, str]]:
    """(code, name) of the countries for which the same question may be asked."""
    names = {code: country_name(code, language) for code in countries()}
    return sorted(
        ((code, name) for code, name in names.items() if code != answer.country),
        key=lambda pair: pair[1],
    )


def _understood(answer: Answer, words: Texts, language: str) -> str:
    made = []
    if answer.country and answer.status in KEPT:
        said = escape(words.country_chip.format(country=country_name(answer.country, language)))
        buttons = "".join(
            f'<button type="button" class="v-small" data-country="{code}">{escape(name)}</button>'
            for code, name in other_countries(answer, language)
        )
        made.append(
            f'<li class="v-chip"><details><summary><span>{said}</span> '
            f'<span class="v-act">{escape(words.change_country)}</span></summary>'
            f'<div class="v-choices">{buttons}</div></details></li>'
        )
    if region := region_named(answer.territory, answer.country):
        said = escape(words.region_chip.format(region=region.name))
        made.append(
            f'<li class="v-chip"><span>{said}</span> <button type="button" class="v-act"'
            f' data-everywhere="1">{escape(words.everywhere)}</button></li>'
        )
    for said, word in chips(answer, words):
        made.append(
            f'<li class="v-chip"><span>{escape(said)}</span> <button type="button" class="v-act"'
            f' data-literal="{escape(word)}">{escape(words.not_meant)}</button></li>'
        )
    return f'<ul class="v-chips">{"".join(made)}</ul>' if made else ""


def _actions(
    question: str,
    country: str | None,
    answer: Answer,
    today: str,
    words: Texts,
    language: str,
) -> str:
    copied = escape(with_sources(question, answer, today, words, language))
    query = escape(shared_query(question, country or answer.country, language))
    buttons = "".join(
        f'<button type="button" class="v-small" data-do="{what}" data-said="{escape(said)}">'
        f"{escape(label)}</button>"
        for what, label, said in (
            ("copy", words.copy_answer, words.copied),
            ("print", words.print, ""),
            ("share", words.share, words.shared),
        )
    )
    date = escape(words.answered_on.format(date=spoken_date(today, language)))
    return (
        f'<div class="v-actions" data-query="{query}" data-failed="{escape(words.not_copied)}"'
        f' data-text="{copied}">{buttons}</div><p class="v-printed">{date}</p>'
        '<p class="v-said" role="status"></p>'
    )


def _feedback(answer: Answer, words: Texts, language: str) -> str:
    options = "".join(
        f'<label><input type="radio" name="v-why" value="{key}"> {escape(said[language])}</label>'
        for key, said in reasons().items()
    )
    return (
        f'<form class="v-feedback" data-answer="{escape(answer.id)}"'
        f' data-thanks="{escape(words.thanks)}" data-failed="{escape(words.not_kept)}">'
        f'<div class="v-judge" role="group" aria-labelledby="v-useful"><span id="v-useful">'
        f"{escape(words.useful_question)}</span>"
        f'<button type="button" class="v-small" data-useful="yes">{escape(words.useful)}</button>'
        f'<button type="button" class="v-small" data-useful="no" aria-expanded="false"'
        f' aria-controls="v-why">{escape(words.useless)}</button></div>'
        f'<fieldset id="v-why" hidden><legend>{escape(words.why)}</legend>{options}'
        f'<button type="submit" class="v-small">{escape(words.send)}</button></fieldset>'
        '<p class="v-said" role="status"></p></form>'
    )
