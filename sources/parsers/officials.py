"""Leaves officials' names out of a procedure: they change, and nobody needs them to be served.

>>> from sources.parsers.blocks import Block, heading
>>> page = (heading("Área Responsable", 2), Block("Gerencia de Salud, Lic. María Pérez"))
>>> [block.text for block in without_officials(page)]
['Área Responsable', 'Gerencia de Salud']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sources.catalog import read_yaml
from sources.parsers.blocks import Block, Kind, clean, fold, unnumbered

_PIECES = re.compile(r"(\s*[,;|()/]\s*|\s+[–—-]\s+|\.\s+|:\s+)")
_WORD = re.compile(r"[^\W_]+(?:/[^\W_]+)?")
_LABEL = re.compile(r"([^:;\n]{3,60}):\s*")
_ROW_CELL = re.compile(r";\s+(?=[^:;]{3,60}:)")


class _Words(NamedTuple):
    drop: tuple[str, ...]
    units: tuple[str, ...]
    unit_words: frozenset[str]
    titles: frozenset[str]


@cache
def _words() -> _Words:
    data = read_yaml(Path(__file__).with_name("officials.yaml"))
    return _Words(
        tuple(data["drop"]),
        tuple(data["units"]),
        frozenset(data["unit_words"]),
        frozenset(data["titles"]),
    )


def without_officials(blocks: Sequence[Block], drop: Sequence[str] = ()) -> Iterator[Block]:
    """`blocks` without what stands under headings or labels that `drop` or ``officials.yaml`` names;
    where the data names a heading of units, only their names stay.

    A pattern of `drop` is a heading; ``*`` in it stands for anything.
    """
    dropped = (*map(fold, drop), *_words().drop)
    level, rule = 0, ""
    for block in blocks:
        if block.kind is Kind.HEADING:
            if rule and block.level > level:
                if rule == "units":
                    yield block
                continue
            rule, level = _rule(block.text, dropped), block.level
            if rule != "drop":
                yield block
            continue
        if rule == "drop":
            continue
        kept = _units(block.text) if rule == "units" else _labelled(block, dropped)
        if kept:
            yield block if kept == block.text else replace(block, text=kept)


def _rule(heading: str, dropped: Sequence[str]) -> str:
    """What is done with the content of a heading or a label: "drop", "units" or nothing."""
    text = " ".join(fold(unnumbered(heading)).rstrip(" :").split())
    if any(fnmatchcase(text, pattern) for pattern in dropped):
        return "drop"
    return "units" if any(fnmatchcase(text, each) for each in _words().units) else ""


def _labelled(block: Block, dropped: Sequence[str]) -> str:
    """A block outside such a heading, whose lines or cells may bear such a label."""
    lines = []
    for line in block.text.split("\n"):
        cells = _ROW_CELL.split(line) if block.kind is Kind.ROW else [line]
        kept = [text for cell in cells if (text := _value(cell, dropped))]
        if kept:
            lines.append(line if kept == cells else "; ".join(kept))
    return "\n".join(lines)


def _value(cell: str, dropped: Sequence[str]) -> str:
    label = _LABEL.match(cell)
    rule = _rule(label[1], dropped) if label else ""
    if label is None or not rule:
        return cell
    units = _units(cell[label.end() :]) if rule == "units" else ""
    return f"{label[0]}{units}" if units else ""


def _units(text: str) -> str:
    """The units that `text` names, line by line."""
    return "\n".join(filter(None, map(_unit, text.split("\n"))))


def _unit(line: str) -> str:
    """The beginning of a line that is a unit, up to the first piece that is a person or a title."""
    pieces = _PIECES.split(line)
    kept = ""
    for at in range(0, len(pieces), 2):
        piece, before = pieces[at], pieces[at - 1] if at else ""
        words = [fold(word) for word in _WORD.findall(piece)]
        is_unit = any(word in _words().unit_words for word in words)
        titles = [n for n, word in enumerate(words) if word in _words().titles]
        if is_unit and titles and titles[0] == 0:
            is_unit = False  # "Directora de la División": the division's head, not the division
        if is_unit and titles:
            piece = _before_title(piece, words[titles[0]])
        if is_unit:
            kept += (before if kept else "") + piece
        elif kept and not _may_be_name(piece, words):
            kept += before + piece
        elif piece.strip() and kept:
            break
    return clean(kept).rstrip(" ,;:-–—(/|")


def _before_title(piece: str, title: str) -> str:
    match = next(word for word in _WORD.finditer(piece) if fold(word[0]) == title)
    return piece[: match.start()]


def _may_be_name(piece: str, words: Sequence[str]) -> bool:
    """Whether a piece without a unit's word could be a person: a title, or capitalised words only."""
    if any(word in _words().titles for word in words):
        return True
    letters = [word for word in _WORD.findall(piece) if word[0].isalpha()]
    particles = {"de", "del", "la", "las", "los", "da", "do", "dos", "das"}
    own = [word for word in letters if word not in particles]
    return len(own) > 1 and all(word[0].isupper() for word in own)
