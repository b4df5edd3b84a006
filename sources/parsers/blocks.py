"""What every parser returns: the blocks of a file in order, and what the file says of itself.

A parser is a function ``parse(data: bytes) -> Parsed`` that raises `Unreadable`. Its blocks hold
clean text (`clean`), and `sources.parsers.sections` turns them into a text with sections.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import filterfalse

from sources.document import Field, Verification
from sources.errors import SourceError

LABEL_LEVEL = 7
"""The level of a line that heads what follows it without being a heading: "Requisitos:"."""


class Unreadable(SourceError):
    """A file that no passage can be taken from: what is wrong with it, and the remedy."""


class Kind(StrEnum):
    """What a block is; rows are tables' rows, rendered with their headers."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list item, table row or heading.

    `level` counts for headings, 1 the highest; a heading without text closes those of its level
    and below. `marker` is what stood before an ordered item ("1)"). `page` counts from 1. `hint` is
    what the block seems to speak of where no heading says so. `verification` is how far it can be
    trusted where that is less than the whole file: OCR misreads letters and figures. A line break
    in `text` is one that the author made.
    """

    text: str
    kind: Kind = Kind.TEXT
    level: int = 0
    marker: str = ""
    page: int | None = None
    hint: Field | None = None
    verification: Verification | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file read. `title` is what its own properties say, `metadata` its document-level fields.

    `is_page` marks a web page, whose title is written for readers; the one that an office program
    keeps is often a template's.
    `language_hint` is a BCP 47 tag that is often a template's default. `unread` names the parts
    that hold no text, each as (part, reason).
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    is_page: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict)
    language_hint: str | None = None
    unread: tuple[tuple[str, str], ...] = ()


def heading(text: str, level: int, page: int | None = None) -> Block:
    """A heading, its white space collapsed; without text it closes `level` and those below."""
    return Block(" ".join(text.split()), Kind.HEADING, level, page=page)


_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}


def _replacement(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\n\u2028\u2029" or character == "\x85":
        return "\n"
    if category == "Zs" or character == "\t":
        return " "
    # Symbol fonts keep their bullets in the private use area.
    if category == "Co":
        return "•"
    # Format characters: zero width, soft hyphen, bidi marks, tags that hide text.
    return "" if category in {"Cc", "Cf", "Cs", "Cn"} else character


_ODD = re.compile(r"[^\n\x20-\x7e\xa1-\xac\xae-\xff]")


def clean(text: str) -> str:
    """`text` in NFC without control, zero-width and private characters; blanks collapsed.

    Line breaks stay, empty lines go.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_LIGATURES)
    text = _ODD.sub(lambda match: _replacement(match[0]), text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return unicodedata.normalize("NFC", "\n".join(line for line in lines if line))


def fold(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed))


def slug(text: str) -> str:
    """`text` as a part of an id or address: "Permiso_Feria Ñuñoa" → "permiso-feria-nunoa"."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


_LABEL = re.compile(r"[¿\w][^:\n.;]{1,58}:(\s|$)")


def join_lines(lines: Iterable[str]) -> str:
    """Joins the lines of a wrapped paragraph; a line that begins with "Label: " stays a line."""
    text = ""
    for line in lines:
        if text:
            text += "\n" if _LABEL.match(line) else " "
        text += line
    return text


_MARKER = re.compile(r"(?:[•◦▪■●○‣⁃∙·*–—-]|o(?=\s)|(\d{1,3}|[a-zA-Z])[.)](?![.\d]))\s+(?=\S)")


def list_marker(line: str) -> tuple[str, str] | None:
    """(marker, rest) of a line that begins a list item; the marker is "" for a bullet."""
    match = _MARKER.match(line)
    if match is None:
        return None
    return (f"{match[1]})" if match[1] else ""), line[match.end() :]


_NUMBERED = re.compile(r"(?:(?:\d{1,2}\.)*\d{1,2}[.)]?|[IVXLC]{1,6}[.)-]|[A-Z][.)])\s+(?=\w)")
_LETTERS = re.compile(r"[^\W\d_]")


def is_title_like(line: str) -> bool:
    """Whether a line of its own is short and unfinished enough to be a heading."""
    words = line.split()
    return (
        0 < len(words) <= 12
        and len(line) <= 90
        and line[-1] not in ".,;:…-"
        and bool(_LETTERS.search(line))
        and (line[0] in "¿¡" or line[0].isdigit() or line[0].isupper())
    )


def is_capitals(line: str) -> bool:
    """Whether all letters of a line are capitals, and there are enough of them to mean it."""
    letters = _LETTERS.findall(line)
    return len(letters) >= 4 and all(letter.isupper() for letter in letters)


def is_numbered(line: str) -> bool:
    """Whether a line begins as a numbered heading does: "2. Requisitos", "IV. Tasas"."""
    return _NUMBERED.match(line) is not None


def unnumbered(line: str) -> str:
    """A heading without its number."""
    return _NUMBERED.sub("", line, count=1)
