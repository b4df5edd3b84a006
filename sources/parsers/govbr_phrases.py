"""The pieces that the text of a service card is put together from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sources.catalog import read_yaml
from sources.parsers.govbr_card import fold
from sources.parsers.markup import BULLET, is_filler, one_line, plain

LIMIT = 800
"""Characters from which on a section is parted, between lines."""

_CLOSED = re.compile(r"[.!?…:;)]$|(?:https?://|www\.)\S+$")


@cache
def wording() -> dict[str, Any]:
    """The sentences and words of ``govbr_text.yaml``."""
    return read_yaml(Path(__file__).with_name("govbr_text.yaml"))


def distinct(texts: Iterable[str]) -> Iterator[str]:
    """Texts that say something, each once whatever its case and accents."""
    seen: set[str] = set()
    for text in texts:
        if not is_filler(text) and (key := fold(text)) not in seen:
            seen.add(key)
            yield text


def blocks(text: str, limit: int = LIMIT) -> Iterator[str]:
    """`text` in stretches of whole lines up to `limit` characters where its lines allow; a line
    that announces others ("Requisitos:") stays with the first of them.
    """
    current = ""
    for line in text.split("\n"):
        if current and len(current) + len(line) > limit and not current.endswith(":"):
            yield current
            current = ""
        current = f"{current}\n{line}" if current else line
    if current:
        yield current


def under(head: str, items: list[str], limit: int = LIMIT) -> Iterator[str]:
    """`items` below `head`, parted between items, with the head again on each part: a document
    cut off from the case in which it is asked for would be asked of everybody.
    """
    if len(items) == 1:
        items = list(blocks(items[0], limit))
    group: list[str] = []
    for item in items:
        if group and sum(map(len, group)) + len(item) > limit:
            yield labelled(head, "\n".join(group))
            group = []
        group.append(item)
    if group:
        yield labelled(head, "\n".join(group))


def sentence(text: str) -> str:
    """`text` with a full stop, unless it ends in a sign or an address already."""
    text = text.rstrip()
    return text if not text or _CLOSED.search(text) else f"{text}."


def said(text: str) -> str:
    """`text` made plain, empty where it says nothing."""
    bare = plain(text)
    return "" if is_filler(bare) else bare


def items_of(texts: Iterable[str]) -> list[str]:
    """One text alone as it is; several each with a bullet."""
    several = list(distinct(texts))
    if len(several) == 1:
        return several
    return [text if text.startswith(BULLET) else BULLET + text for text in several]


def labelled(label: str, text: str) -> str:
    """`label` and `text` on one line, or below each other where `text` has lines of its own."""
    if not label:
        return text
    return f"{label}\n{text}" if "\n" in text or text.startswith(BULLET) else f"{label} {text}"


def title_of(text: str, number: int) -> str:
    """A step's title without the number that we put before it."""
    title = one_line(text)
    return "" if is_filler(title) else re.sub(rf"^{number}\s*[.)º°ª–-]+\s+(?=\w)", "", title)
