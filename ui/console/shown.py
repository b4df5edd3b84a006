"""HTML of the console. Every word that comes from elsewhere is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from html import escape

SAME = 240
"""Characters of what did not change that are shown around a change."""

LONG = 60_000
"""Characters from which texts are compared by lines: word by word would take seconds."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def cell(value: object) -> str:
    """A value as it stands in HTML."""
    return value if isinstance(value, Html) else escape("" if value is None else str(value))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> Html:
    """A table, or the line `empty` where there are no rows; it scrolls by itself where it is wide."""
    body = "".join(
        "<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    if not body:
        return note(empty)
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    return Html(
        f'<div class="c-scroll" tabindex="0" role="region"><table class="c-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def note(text: str, kind: str = "quiet") -> Html:
    """A line; `kind` is quiet, good, wait or bad. Screen readers are told of it."""
    return Html(f'<p class="c-note c-{kind}" role="status">{escape(text)}</p>') if text else Html()


def badge(text: str, kind: str) -> Html:
    """A state, as a word on a colour."""
    return Html(f'<span class="c-badge c-{kind}">{escape(text)}</span>')


def items(texts: Iterable[object]) -> Html:
    """A list."""
    made = "".join(f"<li>{cell(text)}</li>" for text in texts)
    return Html(f'<ul class="c-list">{made}</ul>') if made else Html()


def fold(title: str, body: str, *, wide: bool = False) -> Html:
    """A part that opens at a click; `wide` that is open."""
    return Html(
        f'<details class="c-fold"{" open" if wide else ""}><summary>{escape(title)}</summary>'
        f"{body}</details>"
    )


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """Names and values."""
    made = "".join(
        f"<dt>{escape(name)}</dt><dd>{cell(value)}</dd>"
        for name, value in pairs
        if value not in (None, "", Html())
    )
    return Html(f'<dl class="c-facts">{made}</dl>') if made else Html()


def link(url: str | None) -> object:
    """An address as a link, if it is one of the web."""
    if url and url.startswith(("https://", "http://")):
        shown = escape(url, quote=True)
        return Html(f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{shown}</a>')
    return url


def moment(iso: str | datetime | None) -> str:
    """A moment to the minute, on the server's clock."""
    if not iso:
        return ""
    at = datetime.fromisoformat(iso) if isinstance(iso, str) else iso
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def difference(before: str, after: str) -> Html:
    """Two texts as one, with what went struck out and what came underlined: word by word, or line by
    line where they are long.
    """
    pieces = _words if len(before) + len(after) < LONG else lambda text: text.splitlines(True)
    old, new = pieces(before), pieces(after)
    made = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            made.append(escape(_shortened("".join(old[a:b]))))
            continue
        if a < b:
            made.append(f"<del>{escape(''.join(old[a:b]))}</del>")
        if c < d:
            made.append(f"<ins>{escape(''.join(new[c:d]))}</ins>")
    return Html(f'<div class="c-diff">{"".join(made)}</div>')


def _words(text: str) -> list[str]:
    """Words and lines, each with the blanks behind it."""
    return [
        piece if piece.endswith("\n") else f"{piece} "
        for line in text.splitlines(keepends=True)
        for piece in line.split(" ")
    ]


def _shortened(text: str) -> str:
    return text if len(text) <= 2 * SAME else f"{text[:SAME]} […] {text[-SAME:]}"
