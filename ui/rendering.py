"""An answer as the page shows it: Markdown for the conversation, HTML for the sources.

Documents, questions and answers are untrusted. In the conversation they are Markdown in which no
HTML and no picture can arise (a picture would be fetched from elsewhere); in the sources every
word is escaped, and only http and https addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from agents.closing import NOTICE
from agents.replies import reply
from agents.state import Answer, Citation, Status
from sources.document import Document
from ui.map import drawing
from ui.page import Texts
from ui.page.frame import country_name, telephone
from ui.page.plain import as_of
from ui.page.table import Table, tables

CONTEXT = 180
"""Characters of the document shown before and after a quotation."""

Lookup = Callable[[str], Document | None]

MARKER = re.compile(r"(?<!\\)\[(\d{1,3})\](?![(\[:])")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ITEM = re.compile(r"^([-*] |\d+\. )(.+)$", re.MULTILINE)
TICKED = ("steps", "evidence")
TICK = '<span class="v-tick"></span>'
BOLD_NUMBER = re.compile(r"\*\*(\*?\+?\d[\d -]{1,14})\*\*")


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
        body = BOLD_NUMBER.sub(lambda found: call(found[1], words), body)
        return _in_language(body, answer.language, "v-answer v-crisis") + _notices(answer)
    known = {citation.marker for citation in answer.citations}

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in known:
            return found[0]
        # Gradio's sanitiser drops aria-label: what only a screen reader says stands in the text.
        return to_card(turn, number, words)

    kind = f"v-answer v-{answer.status.value.replace('_', '-')}"
    body = MARKER.sub(link, _tickable(body, answer))
    return _in_language(body, answer.language, kind) + _notices(answer)


def _tickable(body: str, answer: Answer) -> str:
    """Marks the lines that a reader works off: steps, and what is to be brought along. The page's
    script puts a box before them.
    """
    listed = {str(c.marker) for c in answer.citations if c.field in TICKED}

    def mark(found: re.Match[str]) -> str:
        markers = MARKER.findall(found[2])
        return f"{found[1]}{TICK}{found[2]}" if listed & set(markers) else found[0]

    return _ITEM.sub(mark, body)


def plain(text: str, language: str) -> str:
    """One of our own sentences as an answer."""
    return _in_language(inert(text), language, "v-answer v-error")


def _in_language(markdown: str, language: str, kind: str) -> str:
    # The blank lines make CommonMark read what stands between the tags as Markdown.
    return f'<div class="{kind}" lang="{escape(language)}">\n\n{markdown}\n\n</div>'


def call(number: str, words: Texts) -> str:
    """A number of a crisis as a link, in whose star no Markdown can arise."""
    return telephone(number.strip(), words, "v-call").replace("*", "&#42;")


def notices(answer: Answer) -> list[str]:
    """The notices, without those that say what `after` shows as chips."""
    said = [
        reply(answer.language, "notices", NOTICE[u.kind], word=u.word, label=u.label)
        for u in answer.understood
    ]
    return [notice for notice in answer.notices if notice not in said]


def _notices(answer: Answer) -> str:
    left = notices(answer)
    if not left:
        return ""
    items = "\n".join(f"- {inert(' '.join(notice.split()))}" for notice in left)
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
    parts += [_table(table, last, words) for table in tables(shown[last][1], lookup)]
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
    place = country_name(first.country, language) or first.country
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


def _table(table: Table, turn: int, words: Texts) -> str:
    """Rows that become blocks on a narrow screen; the roles keep them a table for screen readers."""
    heads = "".join(
        f'<th role="columnheader" scope="col">{escape(label)}</th>' for label in table.columns
    )
    rows = "".join(
        f'<tr role="row"><td role="cell">{to_card(turn, marker, words)}</td>'
        + "".join(
            f'<td role="cell" data-label="{escape(label)}">{escape(value)}</td>'
            for label, value in zip(table.columns, values, strict=True)
        )
        + "</tr>"
        for marker, values in table.rows
    )
    corner = (
        f'<th role="columnheader" scope="col">{escape(words.source.format(number="")).strip()}</th>'
    )
    return (
        f'<table class="v-table" role="table" lang="{escape(table.language)}"><caption>'
        f'{escape(table.title)}</caption><thead role="rowgroup"><tr role="row">{corner}{heads}</tr>'
        f'</thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def to_card(turn: int, marker: int, words: Texts) -> str:
    """A marker that leads to its card."""
    spoken = escape(words.source.format(number="")).strip()
    return (
        f'<a class="v-marker" href="#{_anchor(turn, marker)}">'
        f'<span class="v-hidden">{spoken} </span>{marker}</a>'
    )


def _facts(citation: Citation, words: Texts, language: str) -> str:
    """How far the value was verified, and the day on which it held."""
    kind = citation.verification
    kind = kind if kind in words.verification else "unverified"
    held = escape(as_of(citation.as_of, words, language))
    if citation.as_of:
        held = f'<time datetime="{escape(citation.as_of)}">{held}</time>'
    return (
        f'<p class="v-facts"><span class="v-badge v-{kind}">{escape(words.verification[kind])}'
        f"</span> {held}</p>"
    )


def _passage(
    citation: Citation, turn: int, document: Document | None, words: Texts, facts: str
) -> str:
    before, quote, after = in_context(citation, document)
    page = ""
    if citation.page is not None:
        page = f'<p class="v-page">{escape(words.page.format(number=citation.page))}</p>'
    label = escape(words.source.format(number=citation.marker))
    return (
        f'<div class="v-passage" id="{_anchor(turn, citation.marker)}" role="group" tabindex="-1"'
        f' aria-label="{label}"><span class="v-number" aria-hidden="true">{citation.marker}</span>'
        f'<blockquote lang="{escape(citation.language or "")}">'
        f"{escape(before)}<mark>{escape(quote)}</mark>{escape(after)}</blockquote>"
        f"{page}{facts}</div>"
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
