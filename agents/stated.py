"""What a sentence states that can be compared: numbers and what they measure, hours, dates, months,
weekdays, addresses and names. Its words are data (``agents/rules/claims.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from babel.dates import get_day_names, get_month_names
from text_to_num import alpha2digit

from agents.figures import amount
from agents.phrases import Phrases, rules
from agents.replies import LANGUAGES
from retrieval.analyse import fold, words
from sources.country import countries

_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://)?(?:[\w-]{2,}\.)+[a-z]{2,}(?:/[^\s)\]»\"]*)?"
)
_CAPITAL = re.compile(r"(?<![\w.])[A-ZÁÉÍÓÚÜÑÂÊÔÃÕÀÇ][\w]+")
_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?![\d/])")
_NUMBER = r"(?P<number>\d[\d.,]*\d|\d)"


def plain(text: str, language: str) -> str:
    """`text` folded; numbers and hours in figures; equal ways of saying put into one."""
    text = re.sub(r"\bpor ?cien?to\b", "%", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![\d.,])(\d{1,3}) mil\b", r"\g<1>000", text)
    folded = fold(_in_figures(text, language))
    folded = _DATE.sub(_spelt, _hours().sub(_clock, folded))
    for first, group in _equal(language):
        for start, end, _ in reversed(group.find(folded)):
            folded = f"{folded[:start]}{first}{folded[end:]}"
    return folded


def _in_figures(text: str, language: str) -> str:
    """`text` with its numbers from two on in figures: a single "un" or "uma" is an article."""
    if language not in LANGUAGES:
        return text
    apart = _ordinals(language).sub(r"\g<0>zz", text)
    return re.sub(r"zz\b", "", alpha2digit(apart, language, 1.5))


@cache
def _ordinals(language: str) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, rules("claims")["ordinals"][language]))
    return re.compile(rf"\b(?:{listed})\b", re.IGNORECASE)


def _spelt(match: re.Match[str]) -> str:
    """15/03/2026 → "15 marzo 2026", so that a month meets its name."""
    month = get_month_names("wide", locale="es").get(int(match[2]))
    return f"{int(match[1])} {month} {match[3] or ''}".strip() if month else match.group()


@cache
def _hours() -> re.Pattern[str]:
    halves = rules("claims")["halves"]
    named = "|".join(
        f"(?P<{name}>{'|'.join(map(re.escape, sorted(group, key=len, reverse=True)))})"
        for name, group in halves.items()
    )
    hour = r"(?<![\d.,:/])(?P<hour>[01]?\d|2[0-4])"
    minutes = r"(?P<minutes>[0-5]\d)"
    return re.compile(
        rf"{hour}(?:(?:[:h]{minutes}|h)(?:\s?(?:h|hrs?|horas)\b\.?)?(?:\s*(?:{named}))?"
        rf"|\s*(?:{named.replace('?P<', '?P<bare_')}))(?!\w)"
    )


def _clock(match: re.Match[str]) -> str:
    """The hour of 24: "2 de la tarde", "14h" and "14:00 hrs" are "14:00"."""
    hour = int(match["hour"]) % 24
    evening = match["evening"] or match["bare_evening"]
    if evening and hour < 12:
        hour += 12
    return f"{hour}:{match['minutes'] or '00'}"


@cache
def _equal(language: str) -> tuple[tuple[str, Phrases], ...]:
    groups: list[list[str]] = rules("claims")["equal"].get(language, [])
    return tuple((group[0], Phrases(group)) for group in groups)


@cache
def _units() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    data = rules("claims")
    kinds = {word: kind for kind, group in data["units"].items() for word in group}
    after = "|".join(re.escape(word) for word in sorted(kinds, key=len, reverse=True))
    signs = "|".join(re.escape(sign) for sign in sorted(data["money_signs"], key=len, reverse=True))
    ranges = rf"{_NUMBER}(?=(?:\s*(?:a|al|y|e|ou|o|ate|hasta|-|–)\s*\d[\d.,]*)?\s*(?P<unit>{after})(?!\w))"
    return re.compile(ranges), re.compile(rf"(?:{signs})\s*{_NUMBER}"), kinds


class Measure(NamedTuple):
    """A measured number at ``text[start:end]``: its value, what kind of thing it measures, and the
    unit or sign as it is written.
    """

    start: int
    end: int
    value: str
    kind: str
    written: str


def measured(text: str) -> list[Measure]:
    """The measured numbers of a `plain` text, in order."""
    found = {each.start: each for each in _measured(text)}  # a sign before a number decides
    return [found[start] for start in sorted(found)]


def _measured(text: str) -> Iterator[Measure]:
    """The numbers before a unit, then those behind a sign of money: one may be both."""
    after, before, kinds = _units()
    for m in after.finditer(text):
        yield Measure(*m.span("number"), amount(m["number"]), kinds[m["unit"]], m["unit"])
    for m in before.finditer(text):
        sign = text[m.start() : m.start("number")].strip()
        yield Measure(*m.span("number"), amount(m["number"]), "money", sign)


def measures(*texts: str, loosely: bool = False) -> set[tuple[str, str]]:
    """(value, unit) of the measured numbers; `loosely`, a bare number goes with every unit."""
    _, _, kinds = _units()
    found: set[tuple[str, str]] = set()
    for text in texts:
        own = list(_measured(text))
        found |= {(each.value, each.kind) for each in own}
        if loosely:
            taken = {each.start for each in own}
            bare = (m for m in re.finditer(_NUMBER, text) if m.start() not in taken)
            found |= {(amount(m["number"]), kind) for m in bare for kind in set(kinds.values())}
    return found


def spans(*texts: str) -> set[str]:
    """The long units of time that are named, with or without a number."""
    _, _, kinds = _units()
    named = {kinds[word] for text in texts for word in words(text) if word in kinds}
    return named & {"week", "month", "year"}


def addresses(*texts: str, loosely: bool = False) -> set[str]:
    """Addresses without scheme; `loosely`, with the hosts and shorter paths that they lie under."""
    found = set()
    for text in texts:
        for match in _ADDRESS.finditer(text.casefold()):
            address = re.sub(r"^https?://(www\.)?|^www\.", "", match.group()).rstrip("./,;:")
            found.add(address)
            if loosely:
                parts = address.split("/")
                found |= {"/".join(parts[:n]) for n in range(1, len(parts))}
    return found


@cache
def months() -> dict[str, int]:
    """Folded names of months in both languages → their numbers."""
    found = {"setiembre": 9}
    for locale in LANGUAGES:
        found |= {fold(name): n for n, name in get_month_names("wide", locale=locale).items()}
    return found


@cache
def _calendar_names() -> tuple[dict[str, str], dict[str, str]]:
    """Month and weekday names of both languages → what they mean."""
    days = {}
    for locale in LANGUAGES:
        for number, name in get_day_names("wide", locale=locale).items():
            days[fold(name).partition("-")[0]] = f"weekday {number}"
    return {name: f"month {number}" for name, number in months().items()}, days


def calendar(*texts: str, numbers: bool = False) -> set[str]:
    """The months and weekdays named; with `numbers`, also the months of dates in figures."""
    named, days = _calendar_names()
    found: set[str] = set()
    for text in texts:
        own = set(words(text))
        own |= {word.removesuffix("s") for word in own}
        found |= {named[word] for word in own if word in named}
        found |= {days[word] for word in own if word in days}
        if numbers:
            dates = re.finditer(r"\b\d{1,2}[/.-](\d{1,2})\b|\b\d{4}-(\d{2})\b", text)
            found |= {f"month {int(m[1] or m[2])}" for m in dates}
            if {"weekday 0", "weekday 4"} <= found:  # Monday to Friday
                found |= {f"weekday {number}" for number in range(5)}
    return found


def names(sentence: str) -> list[str]:
    """Words that are written as names: capitals inside a sentence, and acronyms anywhere."""
    found = []
    for match in _CAPITAL.finditer(sentence):
        word, before = match.group(), sentence[: match.start()].rstrip(" *_(\"'«“-•")
        opens = not before or before[-1] in ".:;!?¿¡\n"
        if (not opens or (word.isupper() and len(word) > 1)) and fold(word) not in _countries():
            found.append(fold(word))
    return found


@cache
def _countries() -> frozenset[str]:
    return frozenset(
        word for c in countries().values() for name in c.names.values() for word in words(name)
    )
