"""Values that official sentences give, read so that two of them can be compared.

    claims(document, frozenset())   # one Claim for each sentence with values and each kind of them

Numbers and units are read as the check of answers reads them (`agents.stated`); what stands beside
a value, less the words that only announce it, is its label: what the value is of. Values of two
labels are of two things, and do not contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from agents.phrases import Phrases
from agents.stated import addresses, measured, months, plain
from agents.support import idle
from retrieval.analyse import fold, stem, words
from sources.catalog import read_yaml
from sources.document import Document, Field, Section

FIELDS: dict[Field, frozenset[str]] = {
    Field.COST: frozenset({"money", "percent"}),
    Field.PROCESSING_TIME: frozenset({"duration"}),
    Field.TEMPORAL: frozenset({"date", "time", "duration"}),
    Field.VALIDITY: frozenset({"duration", "date"}),
    Field.CONTACT_POINT: frozenset({"phone", "address", "time"}),
    Field.REQUIREMENT: frozenset({"duration", "percent", "number", "money", "date"}),
}
"""The fields whose values are compared, and the kinds of values that count in each."""

HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0, "week": 168.0, "month": 720.0, "year": 8760.0}

CLOSE_UNITS = 0.08
"""How much two durations in different units may differ: 1 mes and 30 días, 1 año and 12 meses."""

CLOSE_GUESS = 0.25
"""How much an estimate may differ from another value."""

NEAR = 28
"""Characters before a value in which a word makes it a bound."""

_SEGMENT = re.compile(r"(?<=[.!?;…])\s+|\n+")
_PHONE = re.compile(r"(?<![\w/$.,])\+?\(?\d[\d() .-]{5,}\d(?![\w/,])")
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?!\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BARE = re.compile(r"(?<![\w.,/:-])\d[\d.,]*(?![\w/:-])")
_FREE_OF_CHARGE = re.compile(r"\bgratuito\b")
_LETTERS = frozenset({"a", "e"})
"""Letters that are words of their own."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value from `low` to `high`: money in the unit written, durations in hours, all else as it is
    read. `bound` is exact, most, least or about; `shown` is it as written, folded.
    """

    low: float
    high: float
    bound: str
    unit: str
    shown: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The values of one kind (money, duration, percent, date, time, phone, address, number) that the
    sentence ``document.text[start:end]`` gives of a `field` of its procedure, and the stems that say
    what they are of. `frame` is the sentence without its values.
    """

    section: Section
    field: Field
    start: int
    end: int
    kind: str
    values: tuple[Value | str, ...]
    label: frozenset[str]
    frame: str


Span = tuple[int, int, str, Value | str]
"""Where a value stands in a plain text, its kind, and what it is."""


def claims(document: Document, named: frozenset[str]) -> list[Claim]:
    """The claims of the compared fields. `named` are stems that name the procedure and so tell none
    of its values from another. Our own remarks claim nothing.
    """
    found: list[Claim] = []
    for section in document.sections:
        if not section.note:
            above: frozenset[str] = _label(section.heading, document.language) - named
            for start, end in _segments(document, section):
                text = plain(document.text[start:end], document.language)
                if text.endswith(":"):
                    above |= _label(text, document.language) - named
                    continue
                found += _claims(document, section, (start, end), text, above, named)
    return found


def _segments(document: Document, section: Section) -> Iterator[tuple[int, int]]:
    """Sentences and lines; unlike a passage's, not cut at a colon: before it stands the label."""
    text, position = document.quote(section), 0
    for match in (*_SEGMENT.finditer(text), None):
        end = match.start() if match else len(text)
        if text[position:end].strip():
            yield section.start + position, section.start + end
        position = match.end() if match else end


def _claims(
    document: Document,
    section: Section,
    place: tuple[int, int],
    text: str,
    above: frozenset[str],
    named: frozenset[str],
) -> Iterator[Claim]:
    if (field := _field(section, text)) is None:
        return
    spans = sorted(_spans(text, field), key=lambda span: span[:2])
    label = (_label(_without(text, spans), document.language) - named) | above
    for kind in dict.fromkeys(span[2] for span in spans):
        if kind not in FIELDS[field]:
            continue
        own = [span for span in spans if span[2] == kind]
        # Beside a fee, an age or a size says whose fee it is.
        beside = {_told(text, span) for span in spans if span[2] != kind}
        frame = " ".join(_without(text, own).split())
        yield Claim(section, field, *place, kind, tuple(s[3] for s in own), label | beside, frame)


def _field(section: Section, text: str) -> Field | None:
    """The field that a sentence speaks of: its section's, or in running text the one it names."""
    if section.field in FIELDS:
        return section.field
    return next((Field(n) for n, cue in _cues().items() if text in cue), None)


@cache
def _cues() -> dict[str, Phrases]:
    return {name: Phrases(words_) for name, words_ in _words()["cues"].items()}


def _without(text: str, spans: list[Span]) -> str:
    for start, end, _, _ in reversed(spans):
        text = f"{text[:start]} # {text[end:]}"
    return text


def _told(text: str, span: Span) -> str:
    """A value as a part of a label, with what bounds it."""
    start, end, kind, value = span
    if isinstance(value, str):
        return f"{kind} {_bound(text, start, end)} {value}"
    return f"{kind} {value.bound} {value.low}-{value.high} {value.unit}"


def _spans(text: str, field: Field) -> list[Span]:
    """Where values stand in a plain text, their kinds and what they are."""
    found: list[Span] = []

    def free(start: int, end: int) -> bool:
        return all(end <= s or e <= start for s, e, _, _ in found)

    for address in sorted(addresses(text), key=len, reverse=True):
        at = text.find(address)
        if at >= 0 and free(at, at + len(address)):
            found.append((at, at + len(address), "address", address))
    for match in _dates().finditer(text):
        found += [
            (*match.span(n), "date", f"{int(match[n])} {match['month']}")
            for n in ("first", "last")
            if match[n]
        ]
    found += [(*m.span(), "time", m.group()) for m in _TIME.finditer(text) if free(*m.span())]
    if field is Field.CONTACT_POINT:
        for match in _PHONE.finditer(text):
            digits = re.sub(r"\D", "", match.group())
            if 7 <= len(digits) <= 15 and free(*match.span()):
                found.append((*match.span(), "phone", digits))
    found += _measured(text, free)
    for match in _FREE_OF_CHARGE.finditer(text):
        if free(*match.span()):
            found.append((*match.span(), "money", Value(0, 0, "exact", "", match.group())))
    for match in _BARE.finditer(text):
        if free(*match.span()) and _counts(text, match):
            shown = match.group().strip(".,")
            found.append((match.start(), match.start() + len(shown), "number", shown))
    return found


def _measured(text: str, free: Any) -> Iterator[Span]:
    """Measured numbers, the two ends of a range as one value."""
    waiting = [m for m in measured(text) if free(m.start, m.end)]
    data = _words()
    while waiting:
        first, last = waiting.pop(0), None
        if waiting and waiting[0].kind == first.kind:
            gap = text[first.end : waiting[0].start].strip()
            gap = gap.removeprefix(first.written).strip() if first.kind != "money" else gap
            gap = gap.removesuffix(waiting[0].written).strip()
            if gap in data["between"]:
                last = waiting.pop(0)
        kind = "duration" if first.kind in HOURS else first.kind
        scale = HOURS.get(first.kind, 1.0)
        low = float(first.value) * scale
        high = float(last.value) * HOURS.get(last.kind, 1.0) if last else low
        unit = first.kind if first.kind != "money" else _currency(first.written)
        end = (last or first).end
        shown = text[first.start : end]
        value = Value(min(low, high), max(low, high), _bound(text, first.start, end), unit, shown)
        yield first.start, end, kind, value


def _currency(written: str) -> str:
    return written if written in _words()["apart"] else ""


def _bound(text: str, start: int, end: int) -> str:
    """What stands just before or after a value makes it the most, the least, or an estimate."""
    data = _words()["bounds"]
    before = text[max(0, start - NEAR) : start]
    nearest, bound = -1, "exact"
    for name in ("most", "least", "about"):
        for at, _, _ in _phrases(name).find(before):
            if at > nearest:
                nearest, bound = at, name
    if bound == "exact":
        after = words(text[end : end + NEAR])[:4]
        for word in data["after"]:
            if word in after:
                return {"maximo": "most", "minimo": "least"}.get(word, "about")
    return bound


def _counts(text: str, match: re.Match[str]) -> bool:
    """Whether a bare number is a value: it counts something, and names nothing."""
    if _YEAR.fullmatch(match.group()):
        return False
    before = words(text[: match.start()])[-1:]
    after = re.match(r"\s+[^\W\d_]{3,}", text[match.end() :])
    named = set(before) & set(_words()["naming"]) or text[: match.start()].rstrip()[-1:] in "°º#"
    return after is not None and not named and bool(text[: match.start()].strip())


@lru_cache(maxsize=65536)
def _label(text: str, language: str) -> frozenset[str]:
    """The stems of `text` that tell one value from another."""
    empty = _empty(language)
    return (
        frozenset(
            stem(word, language)
            for word in words(text)
            if word not in empty and (len(word) > 1 or word.isdigit() or word in "abcde")
        )
        - _LETTERS
    )


@cache
def _empty(language: str) -> frozenset[str]:
    """Words that tell no value from another: they only announce it, or bound it."""
    data = _words()
    kept = {*data["kept"]["both"], *data["kept"].get(language, ())}
    announcing = (idle(language) | set(data["empty"].get(language, ()))) - kept
    bounding = {w for group in data["bounds"].values() for phrase in group for w in words(phrase)}
    return announcing | (bounding - {"no", "nao"})


@cache
def _phrases(bound: str) -> Phrases:
    return Phrases(_words()["bounds"][bound])


@cache
def _dates() -> re.Pattern[str]:
    """A day and its month in a plain text: 15 de marzo, 15 marzo, del 1 al 22 de octubre."""
    named = "|".join(sorted(months(), key=len, reverse=True))
    return re.compile(
        rf"(?<![\d.,/])(?P<first>\d{{1,2}})(?:\s*(?:al|a|y|e|ate|-|–)\s*(?P<last>\d{{1,2}}))?"
        rf"(?:\s+de)?\s+(?P<month>{named})\b"
    )


@cache
def _words() -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(Path(__file__).with_name("claims.yaml"))
    # YAML reads a bare "no" as false.
    data["naming"] = [fold("no" if w is False else str(w)) for w in data["naming"]]
    data["between"] = [str(w) for w in data["between"]]
    return data


def differ(one: Value | str, other: Value | str) -> bool:
    """Whether two values of one kind and one thing cannot both be right."""
    if isinstance(one, str) or isinstance(other, str):
        return one != other
    if one.low == other.low and one.high == other.high:
        return False
    if one.unit != other.unit and not {one.unit, other.unit} <= set(HOURS):
        return False
    if one.unit != other.unit and _close(one, other, CLOSE_UNITS):
        return False
    bounds = {one.bound, other.bound}
    if "about" in bounds:
        return not _close(one, other, CLOSE_GUESS)
    if len(bounds) == 1:
        exact_in_range = (one.low == one.high) != (other.low == other.high)
        inside = one.low <= other.high and other.low <= one.high
        return not (exact_in_range and inside)
    bound, exact = (one, other) if one.bound != "exact" else (other, one)
    if exact.bound != "exact":  # "at least" beside "at most"
        least, most = (one, other) if one.bound == "least" else (other, one)
        return least.low > most.high
    return exact.high > bound.high if bound.bound == "most" else exact.low < bound.low


def _close(one: Value, other: Value, share: float) -> bool:
    """Whether some value of one and some of the other differ by no more than `share`."""
    gap = max(one.low - other.high, other.low - one.high, 0.0)
    return gap <= share * max(one.high, other.high)


def kept_alike(one: Sequence[Value | str], other: Sequence[Value | str]) -> bool:
    """Whether two lists of values share one: then they are two wordings of one list."""
    return any(not differ(a, b) for a in one for b in other)


def idle_actions() -> frozenset[str]:
    """Actions of the vocabulary that almost every procedure has."""
    return frozenset(_words()["idle_actions"])
