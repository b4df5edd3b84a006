"""An answer as a short message: whole sentences, the same markers, their links below.

Messages know no headings and no links with names: WhatsApp's own signs are `*bold*` and `_italic_`
(https://faq.whatsapp.com/539178204879377).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.state import Answer, Citation
from sources.catalog import read_yaml

MOST = 1600
"""Characters of a message."""

_MARKER = re.compile(r"\[(\d+)\]")
_LINK = re.compile(r"\[([^\]\d][^\]]*)\]\((\S+?)\)")
_BOLD = re.compile(r"\*\*\*?(.+?)\*\*\*?")
_REMARK = re.compile(r"(?<![\w*])\*(\([^*]+\))\*(?![\w*])")
_ESCAPED = re.compile(r"\\([\\`*\[\]|#_])")
_HIDDEN = "\ue000"
"""Stands for an escaped sign while Markdown is taken away."""

# A sentence ends at its sign, with the markers and the remark that follow it.
_SENTENCE = re.compile(
    r"(?<=[.!?…])\s+(?=[A-ZÁÉÍÓÚÂÊÔÃÕÇÑ¿¡\"«])|(?<=\])\s+(?=[A-ZÁÉÍÓÚÂÊÔÃÕÇÑ¿¡\"«])"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Words that are shown whole or not at all; a heading is shown with what follows it."""

    text: str
    heading: bool = False

    @property
    def markers(self) -> list[int]:
        """What it cites."""
        return [int(number) for number in _MARKER.findall(self.text)]


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """What the channel says of its own, by language."""
    found: Mapping[str, Mapping[str, str]] = read_yaml(Path(__file__).with_suffix(".yaml"))
    return found


def short(answer: Answer, most: int = MOST) -> str:
    """`answer` in at most `most` characters. What does not fit is left out by whole sentences, and it is
    said that there is more. What the reader must know beside it, and the choices of a question that is
    asked back, come before what the answer goes on to say.
    """
    own = words()[answer.language]
    cited = {citation.marker: citation for citation in answer.citations}
    beside = [Unit(plain(notice)) for notice in answer.notices]
    if answer.clarification:
        beside += [Unit(f"- {plain(option.label)}") for option in answer.clarification.options]
    units = list(_units(answer.answer))
    for tail in ([], [Unit(own["more"])]):
        for notices in (beside, []):
            taken = _fitting(units, [*notices, *tail], cited, most)
            if taken and (tail or len(taken) == len(units)):
                return _message(taken, [*notices, *tail], cited)
    return own["more"][:most]


def _fitting(
    units: list[Unit], after: list[Unit], cited: Mapping[int, Citation], most: int
) -> list[Unit]:
    """As many units from the beginning as fit, without a heading at the end."""
    taken: list[Unit] = []
    for unit in units:
        if len(_message([*taken, unit], after, cited)) > most:
            break
        taken.append(unit)
    while taken and taken[-1].heading:
        taken.pop()
    return taken


def _message(units: list[Unit], after: list[Unit], cited: Mapping[int, Citation]) -> str:
    lines: list[str] = []
    for unit in units:
        lines += ["", unit.text] if unit.heading and lines else [unit.text]
    if after:
        lines += ["", *(unit.text for unit in after)]
    links = _links(units, cited)
    return "\n".join([*lines, "", *links] if links else lines).strip()


def _links(units: Iterable[Unit], cited: Mapping[int, Citation]) -> list[str]:
    """A line for each source, after the markers that cite it."""
    sources: dict[str, list[int]] = {}
    for marker in dict.fromkeys(marker for unit in units for marker in unit.markers):
        if citation := cited.get(marker):
            place = f"{citation.agency}: {citation.url}" if citation.url else citation.title
            sources.setdefault(place, []).append(marker)
    return ["".join(f"[{m}]" for m in markers) + f" {place}" for place, markers in sources.items()]


def _units(markdown: str) -> Iterable[Unit]:
    for line in filter(None, map(str.strip, markdown.splitlines())):
        heading = line.startswith("#") or (line.startswith("**") and "[" not in line)
        text = plain(line)
        if heading:
            yield Unit(text, heading=True)
            continue
        for sentence in _SENTENCE.split(text):
            yield Unit(sentence)


def plain(line: str) -> str:
    """A line of Markdown in the channel's own signs."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[1])
        return _HIDDEN

    text = _ESCAPED.sub(hide, line)
    if text.startswith("#"):
        text = f"*{text.lstrip('# ')}*"
    text = _LINK.sub(r"\1: \2", text)
    text = _BOLD.sub(r"*\1*", text)
    text = _REMARK.sub(r"_\1_", text).replace("&lt;", "<")
    signs = iter(kept)
    return re.sub(_HIDDEN, lambda _: next(signs), text)
