"""The text of a law → sections by article, each below the names of its divisions and its own.

    write(builder, map(part_of, lines), "es")     # heading "TÍTULO I De los actos › Artículo 5"

What an article or a division begins with is said by ``articles.yaml``. What stands before the first
article (who approved the law) and after the last one (who signed it) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from re import Pattern
from typing import Literal

from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line, read_yaml
from sources.document import Document, Field, Provenance, TextBuilder
from sources.parsers.blocks import (
    Unreadable,
    clean,
    fold,
    is_capitals,
    is_title_like,
    list_marker,
    slug,
)
from sources.parsers.sections import GROUP_LIMIT

DATA = Path(__file__).with_suffix(".yaml")
_NUMERAL = r"(?:[ivxlcdm]{1,8}|\d{1,3}|[a-z]|preliminar|final|general|geral)\b(?:\s*°)?"
_LONGEST_DIVISION = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a law. `article` is the number of the article that begins with it; `level` counts
    divisions, 1 the outermost, 0 for what is none. `closes` marks what stands after the last article.
    """

    text: str
    article: str = ""
    level: int = 0
    closes: bool = False
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class _Patterns:
    article: Pattern[str]
    division: Pattern[str]
    alone: frozenset[str]
    levels: dict[str, int]
    closing: Pattern[str]
    headings: dict[str, str]


@cache
def _patterns() -> _Patterns:
    data = read_yaml(DATA)
    levels = {
        fold(word): level for level, words in enumerate(data["divisions"], 1) for word in words
    }
    ordinals = [fold(word) for line in data["ordinals"] for word in re.split(r",\s*", line)]
    suffix = "|".join(map(fold, data["suffixes"]))
    number = (
        rf"(?:\d{{1,3}}(?:\.\d{{3}})+|\d{{1,5}}|(?:{'|'.join(ordinals)})\b)"
        rf"(?:\s*°|o(?=[\s.-]))?(?:\s*-\s*[a-z]\b|\s+[a-z](?=[.\s]*[-–—:])|\s+(?:{suffix})\b)*"
    )
    return _Patterns(
        article=re.compile(rf"(?:{'|'.join(map(fold, data['article']))})\.?\s*({number})"),
        division=re.compile(rf"({'|'.join(levels)})\s+{_NUMERAL}"),
        alone=frozenset(map(fold, data["alone"])),
        levels=levels,
        closing=re.compile("|".join(map(_closing, data["closing"]))),
        headings=data["heading"],
    )


def _closing(phrase: str) -> str:
    return re.escape(fold(phrase)) + (r"\s*(?:a |em )?\d" if phrase.endswith(",") else r"\b")


def part_of(line: str) -> Part:
    """What a line is, by its first words.

    >>> part_of("Artículo 5° bis.- Las solicitudes se presentan por escrito.").article
    '5 bis'
    >>> part_of("CAPÍTULO II").level
    5
    """
    text = " ".join(line.split())
    folded, patterns = fold(text.replace("º", "°")), _patterns()
    if found := patterns.article.match(folded):
        as_written = text if len(folded) == len(text) else folded
        return Part(text, article=_number(as_written[found.start(1) : found.end(1)]))
    if folded.strip(" .:-") in patterns.alone:
        return Part(text, level=1)
    division = patterns.division.match(folded)
    if division and len(text) <= _LONGEST_DIVISION and _heads(text, folded[division.end() :]):
        return Part(text, level=patterns.levels[division[1]] + 1)
    return Part(text, closes=patterns.closing.match(folded) is not None)


def _number(found: str) -> str:
    """As it is cited: "5° bis" → "5 bis", "12 - a" → "12-A", "ÚNICO" → "único"."""
    plain = re.sub(r"\s*[°º]|(?<=\d)o\b", "", found.lower())
    plain = re.sub(r"\s*-\s*([a-z])\b", lambda letter: f"-{letter[1].upper()}", plain)
    return re.sub(r"\s([a-z])$", lambda letter: f" {letter[1].upper()}", plain.strip())


def _heads(text: str, rest: str) -> bool:
    """Whether what follows a division's number makes a heading of the line, and no sentence."""
    rest = rest.strip(" .:-–—")
    is_sentence = text.endswith((".", ";", ",")) and not is_capitals(text.split()[0])
    return not rest or not is_sentence


def lines_of(text: str) -> list[str]:
    """The paragraphs of a text that is wrapped at some width: each begins with an indented line, a list
    marker, a division or an article, or after an empty line.
    """
    found: list[str] = []
    ended = True
    for line in text.expandtabs().split("\n"):
        part = part_of(line)
        begins = ended or line[:2] == "  " or bool(part.article or part.level)
        ended = not part.text
        if begins or list_marker(part.text):
            found.append(part.text)
        elif part.text:
            found[-1] += f" {part.text}"
    return [text for each in found if (text := clean(each))]


def write(builder: TextBuilder, parts: Iterable[Part], language: str) -> int:
    """Adds the articles among `parts` to `builder`; returns how many there were.

    A text without articles is written whole, every line a section.
    """
    every = [part for part in parts if part.text]
    first = next((at for at, part in enumerate(every) if part.article), None)
    if first is None:
        for part in every:
            builder.section(part.text, field=Field.BODY, valid_from=part.valid_from)
        return 0
    # Divisions before the first article hold for it; everything else there is no part of the law.
    before = [at for at, part in enumerate(every[:first]) if part.level]
    start = before[0] if before else first
    return _Writer(builder, language).write(every[start:])


def document_of(
    entry: CatalogEntry,
    builder: TextBuilder,
    *,
    name: str,
    title: str,
    names: Iterable[str],
    keywords: Iterable[str],
    language: Literal["es", "pt", "en"],
    country: str,
    url: str,
    licence: str | None,
    read_on: date | None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Document:
    """The document of the law that was written into `builder`; `name` ends its id.

    `read_on` is the day on which its service gave it as the law of that day, None for a file. Raises
    Unreadable where something is not as it must be.
    """
    day = read_on.isoformat() if read_on else None
    try:
        return Document(
            id=f"{entry.id}-{slug(name)}",
            title=title,
            names=tuple(names),
            keywords=tuple(keywords),
            language=language,
            country=country,
            territory=entry.territory,
            sectors=entry.sectors,
            tenant=entry.tenant,
            text=builder.text,
            sections=tuple(builder.sections),
            provenance=Provenance(
                source_id=entry.id,
                url=url,
                agency=entry.agency or entry.title,
                licence=licence,
                retrieved_at=day,
                as_of=day or entry.as_of,
                valid_from=valid_from,
                valid_to=valid_to,
                verification=entry.verification,
            ),
        )
    except ValidationError as error:
        raise Unreadable(one_line(error)) from None


class _Writer:
    def __init__(self, builder: TextBuilder, language: str) -> None:
        self.builder, self.language = builder, language
        self.divisions: dict[int, str] = {}
        self.article: Part | None = None
        self.lines: list[str] = []
        self.closed = False

    def write(self, parts: Sequence[Part]) -> int:
        at = count = 0
        while at < len(parts):
            part = parts[at]
            at += 1
            if part.level:
                self._end()
                if at < len(parts) and _is_title(part, parts[at]):
                    part = replace(part, text=f"{part.text} {parts[at].text}")
                    at += 1
                self._divide(part)
            elif part.article:
                self._end()
                count += 1
                self.article, self.lines, self.closed = part, [part.text], False
                self.builder.heading(self._heading())
            elif part.closes and self.article:
                self.closed = True
            elif not self.closed and self.article:
                self._add(part.text)
        self._end()
        return count

    def _divide(self, part: Part) -> None:
        self.divisions = {level: t for level, t in self.divisions.items() if level < part.level}
        self.divisions[part.level] = part.text
        self.article, self.closed = None, False
        self.builder.heading(part.text)

    def _heading(self) -> str:
        number = self.article.article if self.article else ""
        return _patterns().headings[self.language].format(number=number)

    def _add(self, line: str) -> None:
        if sum(map(len, self.lines)) + len(line) > GROUP_LIMIT:
            self._flush()
        self.lines.append(line)

    def _flush(self) -> None:
        path = (*(text for _, text in sorted(self.divisions.items())), self._heading())
        self.builder.section(
            "\n".join(self.lines),
            field=Field.BODY,
            heading=" › ".join(path),
            valid_from=self.article.valid_from if self.article else None,
        )
        self.lines = []

    def _end(self) -> None:
        if self.article:
            self._flush()


def _is_title(division: Part, following: Part) -> bool:
    """Whether the line after "TÍTULO I" is its name."""
    text = following.text
    if following.level or following.article or len(division.text.split()) > 3:
        return False
    return len(text) <= _LONGEST_DIVISION and (is_title_like(text) or is_capitals(text))
