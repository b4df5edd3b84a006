"""Plain text → blocks: paragraphs between empty lines, lists, and the lines that read as headings.

What has no mark-up shows its headings by capitals, numbers, underlining, a line of its own or a
word that we know ("Requisitos").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from sources.parsers.blocks import (
    Block,
    Kind,
    Parsed,
    Unreadable,
    clean,
    heading,
    is_capitals,
    is_title_like,
    join_lines,
    list_marker,
    unnumbered,
)
from sources.parsers.headings import head_field

_UNDERLINE = re.compile(r"^\s*([=_~*-])\1{2,}\s*$")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WRAP = 0.7
_WRAP_AT_LEAST = 50
_STRAY_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of `data`: by its byte-order mark, the declared encoding, UTF-8, then Windows-1252.

    Raises Unreadable for what is no text.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            declared = name
            break
    for name in filter(None, (declared, "utf-8", "cp1252")):
        try:
            text = data.decode(name)
            break
        except (UnicodeDecodeError, LookupError):
            continue
    else:
        text = data.decode("cp1252", errors="replace")
    sample = text[:20_000]
    if "\x00" in sample or len(_STRAY_CONTROLS.findall(sample)) * 50 > len(sample):
        raise Unreadable("it is no text", "Save it as plain text in UTF-8.")
    return text


def parse(data: bytes) -> Parsed:
    """Reads plain text. Raises Unreadable."""
    lines = [clean(line).replace("\n", " ") for line in re.split(r"\r\n|[\n\r\f\v]", decode(data))]
    return Parsed(tuple(_blocks(lines)))


def _blocks(lines: list[str]) -> Iterator[Block]:
    width = max((len(line) for line in lines), default=0)
    wrapped_from = max(_WRAP_AT_LEAST, int(width * _WRAP)) if width < 200 else width + 1
    group: list[str] = []
    first = True
    last = max((at for at, line in enumerate(lines) if line), default=0)
    for at, line in enumerate([*lines, ""]):
        if line and not _UNDERLINE.match(line):
            group.append(line)
            continue
        if _UNDERLINE.match(line) and len(group) == 1 and len(group[0]) <= 120:
            yield heading(group.pop(), 1 if line.lstrip()[0] in "=*" else 2)
        elif group:
            yield from _group(group, wrapped_from, alone=at < last, first=first)
        first = first and not group
        group = []


def _group(lines: list[str], wrapped_from: int, *, alone: bool, first: bool) -> Iterator[Block]:
    """The lines between two empty ones. `alone`: a single line may head what comes after it."""
    if len(lines) == 1 and alone and list_marker(lines[0]) is None and is_title_like(lines[0]):
        yield heading(lines[0], heading_level(lines[0], first=first))
        return
    paragraph: list[str] = []
    marker: str | None = None

    def close() -> Iterator[Block]:
        if paragraph:
            kind = Kind.TEXT if marker is None else Kind.ITEM
            yield Block(join_lines(paragraph), kind, marker=marker or "")
        paragraph.clear()

    for at, line in enumerate(lines):
        item = list_marker(line)
        if is_inner_heading(line, last=at == len(lines) - 1 and not alone):
            yield from close()
            marker = None
            yield heading(line.rstrip(":"), heading_level(line, first=first and at == 0))
        elif item:
            yield from close()
            marker, line = item
            paragraph.append(line)
        else:
            if paragraph and not continues(paragraph[-1], line, wrapped_from):
                yield from close()
                marker = None
            paragraph.append(line)
    yield from close()


def is_inner_heading(line: str, *, last: bool) -> bool:
    """Whether a line among others is a heading: a known word, or capitals; `last` heads nothing."""
    if last or not is_title_like(line.rstrip(":")) or len(line.split()) > 8:
        return False
    numbered = list_marker(line) is not None
    known = head_field(line) is not None and len(line.split()) <= 5
    return is_capitals(line) if numbered else (known and ": " not in line) or is_capitals(line)


def heading_level(line: str, *, first: bool) -> int:
    """How high a heading without mark-up stands: the first line 1, capitals 3, others 4.

    Headings that we know ("Requisitos", "COSTO") stand side by side below those, however written.
    """
    if first:
        return 1
    if head_field(line) is not None:
        return 5
    return 3 if is_capitals(unnumbered(line)) else 4


def continues(previous: str, line: str, wrapped_from: int) -> bool:
    """Whether `line` goes on with the sentence of the line before: it was full, or unfinished."""
    return len(previous) >= wrapped_from or line[0].islower() or previous[-1] == ","
