"""The YAML file beside a tool: by what it is asked for, and what the page says around its rows.

| key | what it holds |
|---|---|
| title | the tool's name for people, {es: …, pt: …} as all that is shown |
| words | word sets, as in agents/rules/matching.py: `pharmacy: [farmacia, botica*]` |
| asks | patterns over the sets by which it is asked for; `place` stands for a place that was found,
`number` for a word with a digit |
| about | sets of which one must be named before likeness to examples counts |
| hints | patterns after which a model, where there is one, decides |
| unless | patterns after which it is not meant |
| values | the words of an argument with few values (`kind: {hospital: [hospital*]}`) or of a true one |
| capture | stretches of the question that are an argument: `origin: ["desde {} (hasta|a)"]`, or a regular
expression over folded text with a group `it` |
| homes | values of an argument that only one country knows: `programme: {prouni: BR}` |
| ask | what the reader is asked for a required argument |
| heading, empty | what stands above the rows, and what is said where there are none; `{place}`,
`{as_of}` and the other arguments are filled in |
| texts | other headings and notices by key |
| rules | what the tool itself decides by: it reads them with `rules_of` |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agents.replies import LANGUAGES
from agents.rules.matching import Lexicon, Near, Pattern, read_patterns
from agents.toolkit import Tool, ToolRefused
from retrieval.analyse import words
from sources.catalog import read_yaml
from sources.vocabulary import concepts

PLACE, NUMBER = "place", "number"
"""Sets that a tool need not write: the places that were found, and words with a digit."""

KEYS = {"title", "words", "asks", "about", "hints", "unless", "values", "capture", "homes", "ask", "heading",
        "empty", "texts", "rules"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """A tool's YAML file, read and checked."""

    lexicon: Lexicon
    asks: tuple[Pattern | Near, ...]
    about: frozenset[str]
    hints: tuple[Pattern | Near, ...]
    unless: tuple[Pattern | Near, ...]
    values: dict[str, dict[str, str]]
    captures: dict[str, tuple[re.Pattern[str], ...]]
    homes: dict[str, dict[str, str]]
    said: dict[str, dict[str, str]] = field(repr=False)

    def text(self, key: str, language: str, **values: str) -> str:
        """A text in `language`, filled in. A value that is not given stays away."""
        given = self.said[key].get(language) or self.said[key]["es"]
        return given.format_map(_Filled(values))

    def has(self, key: str) -> bool:
        """Whether there is a text of that key."""
        return key in self.said


_END = r"[?!;]|,(?!\s*\d)|(?:(?<=\w{5})|(?=\.\s*$))\."
"""Where a stretch ends. Not in "Av. Paulista, 1578": a point after a short word abbreviates it."""


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


@cache
def texts_of(tool: Tool) -> Texts:
    """The file beside a tool, read once. Raises as `read_texts` does."""
    return read_texts(tool)


@cache
def _well_spelt() -> frozenset[str]:
    """The words of the vocabulary. "Exámenes libres" are no misspelt buses (`liebres`)."""
    return frozenset(
        w for concept in concepts().values() for _, label in concept.labels() for w in words(label)
    )


def read_texts(tool: Tool) -> Texts:
    """Reads the file. Raises CatalogError or ToolRefused naming what is wrong in it."""
    data = read_yaml(tool.texts)
    file = tool.texts.name
    if unknown := set(data) - KEYS:
        raise ToolRefused(f"{file}: unknown keys {', '.join(sorted(unknown))}", f"Use {KEYS}.")
    sets: dict[str, list[str]] = {PLACE: [], NUMBER: [], **data.get("words", {})}
    values: dict[str, dict[str, str]] = {}
    names = {argument.name: argument for argument in tool.arguments}
    for name, spoken_for in data.get("values", {}).items():
        if name not in names:
            raise ToolRefused(f"{file}: {tool.name} has no argument {name}", "Correct `values`.")
        listed = spoken_for if isinstance(spoken_for, dict) else {"true": spoken_for}
        if names[name].choices and set(listed) - set(names[name].choices):
            raise ToolRefused(f"{file}: `values` of {name} are not its own", "Correct them.")
        for value, spoken in listed.items():
            key = f"{name} {value}".replace(" ", "_")
            sets[key] = spoken
            values.setdefault(name, {})[str(value)] = key
    lexicon = Lexicon(sets, ordinary=_well_spelt())
    said: dict[str, Any] = {k: data[k] for k in ("title", "heading", "empty") if k in data}
    said |= {f"ask {name}": text for name, text in data.get("ask", {}).items()}
    said |= data.get("texts", {})
    for key, text in said.items():
        if not isinstance(text, dict) or set(text) != set(LANGUAGES):
            raise ToolRefused(f"{file}: {key} is not written in es and pt", "Write both.")
    for key in ("title", "heading", "empty"):
        if key not in said:
            raise ToolRefused(f"{file}: {key} is missing", "Write it in es and pt.")
    for argument in tool.arguments:
        if argument.required and f"ask {argument.name}" not in said:
            raise ToolRefused(f"{file}: nothing asks for {argument.name}", "Write it under `ask`.")
    return Texts(
        lexicon=lexicon,
        asks=_patterns(data.get("asks", ()), lexicon),
        about=_about(data, lexicon, file),
        hints=_patterns(data.get("hints", ()), lexicon),
        unless=_patterns(data.get("unless", ()), lexicon),
        values=values,
        captures={
            name: tuple(_capture(each) for each in listed)
            for name, listed in data.get("capture", {}).items()
        },
        homes=data.get("homes", {}),
        said=said,
    )


def _about(data: dict[str, Any], lexicon: Lexicon, file: str) -> frozenset[str]:
    named = frozenset(data.get("about", ()))
    if unknown := named - lexicon.names:
        raise ToolRefused(f"{file}: `about` names the set {min(unknown)!r}", "Write it in `words`.")
    return named


def _patterns(lines: Any, lexicon: Lexicon) -> tuple[Pattern | Near, ...]:
    # YAML reads ``- near 8: a b`` without quotes as a mapping: it is meant as one line.
    written = [f"{k}: {v}" for line in lines if isinstance(line, dict) for k, v in line.items()]
    written += [line for line in lines if isinstance(line, str)]
    made = read_patterns(written, lexicon)
    lexicon.seal()  # sets that patterns write on the spot count too
    return made


def _capture(line: str) -> re.Pattern[str]:
    """``desde {} (hasta|a)`` over folded text; ``{}`` is the shortest stretch that fits. A line with
    a group ``(?P<it>…)`` is a regular expression already.
    """
    if "(?P<it>" in line:
        try:
            return re.compile(line)
        except re.error as error:
            raise ToolRefused(f"the capture {line!r}: {error}", "Correct it.") from None
    parts = [re.escape(part) for part in line.split("{}")]
    if len(parts) != 2:
        raise ToolRefused(f"the capture {line!r} has not one {{}}", "Write `desde {} hasta`.")
    before, after = (_words(part) for part in parts)
    return re.compile(rf"{before}\s*(?P<it>\S.*?)\s*(?:{_END}|$)" if not after else
                      rf"{before}\s*(?P<it>\S.*?)\s*{after}")  # fmt: skip


def _words(escaped: str) -> str:
    r"""Groups and blanks of a capture line as regex, at the edges of words."""
    plain = escaped.replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\|", "|").strip("\\ ")
    plain = re.sub(r"(?:\\ | )+", r"\\s+", plain)
    return rf"(?<!\w){plain}(?!\w)" if plain else ""
