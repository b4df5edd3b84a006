"""An answer as the page shows it: Markdown for the conversation, HTML for the sources.

Documents, questions and answers are untrusted. In the conversation they are Markdown in which no
HTML and no picture can arise (a picture would be fetched from elsewhere); in the sources every
word is escaped, and only http and https addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from agents.replies import spoken_date
from agents.state import Answer, Citation, Status
from sources.country import countries
from sources.document import Document
from ui.map import drawing
from ui.page import Texts

CONTEXT = 180
"""Characters of the document shown before and after a quotation."""

Lookup = Callable[[str], Document | None]

_MARKER = re.compile(r"(?<!\\)\[(\d{1,3})\](?![(\[:])")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BOLD_NUMBER = re.compile(r"\*\*(\*?\+?\d[\d -]{1,14})\*\*")


def own_words(text: str) -> str:
    """What a citizen typed, as Markdown that shows exactly those characters."""
    lines = (line.strip() for line in text.strip().splitlines())
    return "\n".join(_PUNCTUATION.sub(r"\\\1", line).replace(r"\<", "&lt;") for line in lines)


def inert(markdown: str) -> str:
    """Markdown without HTML and pictures: what looked like them is shown as it was written."""
    return markdown.replace("<", "&lt;").replace("![", "&#33;[")


def growing(markdown: str, language: str) -> str:
    """An answer that is still being written."""
    return _in_language(inert(markdown), language, "v-answer")


def message(answer: Answer, turn: int, words: Texts) -> str:
    """A complete answer: markers lead to the cards of `turn`, notices stand below."""
    body = inert(answer.answer)
    if answer.status is Status.CRISIS:
        body = _BOLD_NUMBER.sub(lambda found: _call(found[1], words), body)
        return _in_language(body, answer.language, "v-answer v-crisis") + _notices(answer)
    known = {citation.marker for citation in answer.citations}

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in known:
            return found[0]
        # Gradio's sanitiser drops aria-label: what only a screen reader says stands in the text.
        spoken = escape(words.source.format(number="")).strip()
        anchor = _anchor(turn, number)
        spoken = f'<span class="v-hidden">{spoken} </span>'
        return f'<a class="v-marker" href="#{anchor}">{spoken}{number}</a>'

    kind = f"v-answer v-{answer.status.value.replace('_', '-')}"
    shown = _in_language(_MARKER.sub(link, body), answer.language, kind)
    return shown + _notices(answer)


def plain(text: str, language: str) -> str:
    """One of our own sentences as an answer."""
    return _in_language(inert(text), language, "v-answer v-error")


def _in_language(markdown: str, language: str, kind: str) -> str:
    # The blank lines make CommonMark read what stands between the tags as Markdown.
    return f'<div class="{kind}" lang="{escape(language)}">\n\n{markdown}\n\n</div>'


def _call(number: str, words: Texts) -> str:
    """A telephone number as a link; `*4141` and the like are dialled with their star."""
    number = number.strip()
    dialled = re.sub(r"[ -]", "", number)
    shown = escape(number).replace("*", "&#42;")
    spoken = f'<span class="v-hidden">{escape(words.call)} </span>'
    return f'<a class="v-call" href="tel:{dialled.replace("*", "%2A")}">{spoken}{shown}</a>'


def _notices(answer: Answer) -> str:
    if not answer.notices:
        return ""
    items = "\n".join(f"- {inert(' '.join(notice.split()))}" for notice in answer.notices)
    return (
        f'\n\n<div class="v-notices" role="note" lang="{escape(answer.language)}">'
        f"\n\n{items}\n\n</div>"
    )


def sources(
    shown: Sequence[tuple[str, Answer]], lookup: Lookup, words: Texts, language: str
) -> str:
    """The panel of sources: the last answer's cards open, those of earlier ones folded away.

    `shown` holds question and answer of every turn, oldest first.
    """
    parts = [f'<h2 id="v-sources-title">{escape(words.sources)}</h2>']
    if not any(answer.citations for _, answer in shown):
        parts.append(f'<p class="v-empty">{escape(words.sources_empty)}</p>')
        return "".join(parts)
    last = len(shown) - 1
    parts.append(drawing(shown[last][1].points, words))
    cited = cards(shown[last][1], last, lookup, words, language)
    parts.append(cited or f'<p class="v-empty">{escape(words.sources_none)}</p>')
    for turn in range(last - 1, -1, -1):
        question, answer = shown[turn]
        if earlier := cards(answer, turn, lookup, words, language):
            title = escape(words.sources_earlier.format(question=shortened(question)))
            parts.append(
                f'<details class="v-earlier"><summary>{title}</summary>{earlier}</details>'
            )
    parts.append(_legend(words))
    return "".join(parts)


def shortened(text: str, limit: int = 70) -> str:
    """The first `limit` characters on one line, cut between words."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + "…"


def cards(answer: Answer, turn: int, lookup: Lookup, words: Texts, language: str) -> str:
    """One card per document, in the order of the first marker; empty if nothing is cited."""
    documents = list(dict.fromkeys(citation.document_id for citation in answer.citations))
    ordered = sorted(answer.citations, key=lambda c: (documents.index(c.document_id), c.marker))
    return "".join(
        _card(list(group), turn, lookup(document_id), words, language)
        for document_id, group in groupby(ordered, key=lambda citation: citation.document_id)
    )


def _card(
    citations: list[Citation],
    turn: int,
    document: Document | None,
    words: Texts,
    language: str,
) -> str:
    first = citations[0]
    country = countries().get(first.country)
    place = country.names.get(language, first.country) if country else first.country
    facts = {(citation.as_of, citation.verification) for citation in citations}
    shared = _facts(first, words, language) if len(facts) == 1 else ""
    passages = "".join(
        _passage(c, turn, document, words, "" if shared else _facts(c, words, language))
        for c in citations
    )
    return (
        '<article class="v-card">'
        f'<h3 lang="{escape(first.language or language)}">{escape(first.title)}</h3>'
        f'<p class="v-agency">{escape(first.agency)} · {escape(place)}</p>'
        f"{shared}{passages}{_link(first.url, words)}</article>"
    )


def _facts(citation: Citation, words: Texts, language: str) -> str:
    """How far the value was verified, and the day on which it held."""
    kind = citation.verification
    label = escape(words.verification.get(kind, words.verification["unverified"]))
    kind = kind if kind in words.verification else "unverified"
    return (
        f'<p class="v-facts"><span class="v-badge v-{kind}">{label}</span> '
        f"{_as_of(citation.as_of, words, language)}</p>"
    )


def _as_of(day: str | None, words: Texts, language: str) -> str:
    if not day:
        return escape(words.undated)
    template = words.as_of if len(day) == 10 else words.as_of_month
    shown = template.format(date=spoken_date(day, language))
    return f'<time datetime="{escape(day)}">{escape(shown)}</time>'


def _passage(
    citation: Citation, turn: int, document: Document | None, words: Texts, facts: str
) -> str:
    before, quote, after = in_context(citation, document)
    page = ""
    if citation.page is not None:
        page = f'<p class="v-page">{escape(words.page.format(number=citation.page))}</p>'
    label = escape(words.source.format(number=citation.marker))
    return (
        f'<section class="v-passage" id="{_anchor(turn, citation.marker)}" tabindex="-1"'
        f' aria-label="{label}"><span class="v-number" aria-hidden="true">{citation.marker}</span>'
        f'<blockquote lang="{escape(citation.language or "")}">'
        f"{escape(before)}<mark>{escape(quote)}</mark>{escape(after)}</blockquote>"
        f"{page}{facts}</section>"
    )


def in_context(citation: Citation, document: Document | None) -> tuple[str, str, str]:
    """The words before the quotation, the quotation, and those after it.

    Context is shown only where the document proves the quotation at its offsets.
    """
    start, end, quote = citation.start, citation.end, citation.quote
    if document is None or document.text[start:end] != quote:
        return "", quote, ""
    return _before(document.text[:start]), quote, _after(document.text[end:])


def _before(text: str) -> str:
    """The end of `text`: the paragraph and heading that the quotation stands in, if they fit."""
    kept = text[-CONTEXT:]
    paragraph = kept.rpartition("\n\n")[2]
    if paragraph.strip() and (paragraph != kept or kept == text):
        return paragraph.lstrip()
    if len(kept) < len(text):
        _, blank, rest = kept.partition(" ")
        kept = "… " + (rest if blank else kept)
    return _single_breaks(kept)


def _after(text: str) -> str:
    """The beginning of `text`, to the end of its paragraph if that is near."""
    kept = text[:CONTEXT]
    paragraph = kept.partition("\n\n")[0]
    if paragraph != kept or kept == text:
        return paragraph.rstrip()
    rest, blank, _ = kept.rpartition(" ")
    return (rest if blank else kept).rstrip() + " …"


def _single_breaks(text: str) -> str:
    return re.sub(r"\n{2,}", "\n", text)


def _link(url: str | None, words: Texts) -> str:
    host = web_host(url)
    if url is None or host is None:
        return f'<p class="v-nolink">{escape(words.no_link)}</p>'
    label = escape(words.open_source.format(host=host))
    return (
        f'<p class="v-link"><a href="{escape(url.strip())}" target="_blank"'
        f' rel="noopener noreferrer">{label}'
        f'<span class="v-hidden"> ({escape(words.new_window)})</span></a></p>'
    )


def web_host(url: str | None) -> str | None:
    """The host of an http or https address without user names; None for anything else."""
    if not url or any(character.isspace() or character < " " for character in url.strip()):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or not host:
        return None
    return host.removeprefix("www.")


def _anchor(turn: int, number: int) -> str:
    return f"fuente-{turn + 1}-{number}"


def _legend(words: Texts) -> str:
    rows = "".join(
        f'<dt><span class="v-badge v-{kind}">{escape(words.verification[kind])}</span></dt>'
        f"<dd>{escape(meaning)}</dd>"
        for kind, meaning in words.legend_text.items()
    )
    return (
        f'<details class="v-legend"><summary>{escape(words.legend)}</summary>'
        f"<dl>{rows}</dl></details>"
    )


def masthead(words: Texts) -> str:
    """Name and promise."""
    return (
        f'<a class="v-skip" href="#v-question">{escape(words.skip)}</a>'
        '<div class="v-brand"><svg aria-hidden="true" viewBox="0 0 32 32" width="44" height="44">'
        '<rect width="32" height="32" rx="7"/>'
        '<path d="M8 22V13a8 8 0 0 1 16 0v9M5 24.5h22M16 5.5V22" fill="none" stroke="#fff"'
        ' stroke-width="2.4" stroke-linecap="round"/></svg>'
        f"<h1>Ventanilla</h1></div><p>{escape(words.promise)}</p>"
    )


def talk_heading(words: Texts) -> str:
    """The conversation's heading; the script reads from it who speaks."""
    return (
        f'<h2 id="v-talk-title" data-user="{escape(words.you)}" data-bot="Ventanilla">'
        f"{escape(words.conversation)}</h2>"
    )


def heading(text: str) -> str:
    """A heading of the second level."""
    return f"<h2>{escape(text)}</h2>"


def status(text: str) -> str:
    """A line that screen readers speak when it changes."""
    return f'<p role="status">{escape(text)}</p>'


def about(words: Texts, attribution: str | None = None) -> str:
    """What Ventanilla is and is not, and what the licence of its model asks to be shown."""
    built = f'<p lang="en">{escape(attribution)}</p>' if attribution else ""
    return f"<h2>{escape(words.about_heading)}</h2><ul>{_items(words.about)}</ul>{built}"


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)
