"""Figures in a text, read as whole numbers, dates, times, telephones and law numbers.

This is the reading of the evaluation, apart from the one that the answering itself relies on: a
slip in one must not hide behind the same slip in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from babel.dates import get_month_names

from sources.country import countries


class Figure(NamedTuple):
    """A figure in a text. It stands elsewhere if any of `keys`, or all of `parts`, stand there.

    `offers` are further figures that can be read off it; `counts` tells money, dates, percentages
    and numbers of at least two digits from the small numbers of running text.
    """

    shown: str
    keys: frozenset[str]
    parts: tuple[str, ...] = ()
    offers: frozenset[str] = frozenset()
    counts: bool = True

    def stands_in(self, readings: set[str]) -> bool:
        """Whether it is among what `readings_of` found."""
        return bool(self.keys & readings) or (bool(self.parts) and readings.issuperset(self.parts))


YEAR = r"(?:19|20)\d\d"
_SCALES = {"mil": 1000, "millon": 10**6, "millones": 10**6, "milhao": 10**6, "milhoes": 10**6}
_RUN = re.compile(r"\d+(?:(?: ?- ?|\) ?-?| \(|[.,'/ ])\d+)*")
_BLANK = re.compile(r" ?- | -| \(|\) ?-?| ")
_AMOUNT = re.compile(
    r"\d+(?:[.,]\d+)?|\d{1,3}(?:['. ]\d{3})+(?:,\d{1,2})?|\d{1,3}(?:[',]\d{3})+(?:\.\d{1,2})?"
)
_TIME = re.compile(r"(?<![\d:.,])([01]?\d|2[0-4])(?:[:h]([0-5]\d)|\s?h(?:oras?|rs?)?\b)(?!\d)")
_ISO = re.compile(rf"(?<!\d)({YEAR})-(0\d|1[0-2])(?:-([0-2]\d|3[01]))?(?![\d-])")
_DAY_MONTHYEAR = re.compile(rf"(?<![\d/.-])(\d\d?)([/.-])(0?[1-9]|1[0-2])\2({YEAR})(?!\d)")
_DAY_MONTH = re.compile(r"(?<![\d/.-])([0-3]?\d)/(0[1-9]|1[0-2])(?:/(\d\d))?(?![\d/])")


def plain(text: str) -> str:
    """Folded, with one kind of dash, quote and blank."""
    text = re.sub(r"[‐‑‒–—−]", "-", text.replace("’", "'"))
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))


@cache
def _months() -> tuple[dict[str, int], re.Pattern[str], re.Pattern[str]]:
    """Month names of Spanish and Portuguese; "5 al 9 de marzo de 2026"; "marzo de 2026"."""
    numbers = {"setiembre": 9, "set": 9}
    for width in ("wide", "abbreviated"):
        for locale in ("es", "pt"):
            names = get_month_names(width, locale=locale)
            numbers |= {plain(name).rstrip("."): number for number, name in names.items()}
    month = "(" + "|".join(sorted(numbers, key=len, reverse=True)) + r")\b\.?"
    year = rf"(?:,?\s*(?:del?|/|-)?\s*({YEAR})(?!\d))"
    day = r"(?<![\d.,/])(\d\d?)(?:\.?[oa]|ro)?\b"
    until = r"(?:\s*(?:,|a|al|y|e|ate|-)\s*(?:el |o |dia )?(\d\d?)\.?o?\b)?"
    return (
        numbers,
        re.compile(rf"{day}{until}\s*(?:de\s+|/|-)?{month}{year}?"),
        re.compile(rf"\b{month}{year}"),
    )


@cache
def _money() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What before or after a small number makes it money or a percentage."""
    words = {plain(word) for c in countries().values() for word in (*c.currency_words, c.currency)}
    named = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    after = rf"|(?:de )?(?:{named})(?!\w)" if named else ""
    before = rf"|(?<!\w)(?:{named})\s?" if named else ""
    return re.compile(rf"(?:\$\s?|\bs/\.?\s?{before})$"), re.compile(rf"\s?(?:%|por ?cient{after})")


def figures_in(text: str) -> list[Figure]:
    """Every figure of `text`, read as a whole: dates, times, telephones, law numbers, amounts."""
    rest = plain(text)
    found: list[Figure] = []

    def take(pattern: re.Pattern[str], read: Callable[[re.Match[str]], list[Figure]]) -> None:
        nonlocal rest

        def keep(match: re.Match[str]) -> str:
            figures = read(match)
            found.extend(figures)
            return "|" * len(match.group()) if figures else match.group()

        rest = pattern.sub(keep, rest)

    numbers, dated, month_of = _months()
    take(_ISO, lambda m: _date(m.group(), m[1], m[2], m[3]))
    take(_DAY_MONTHYEAR, lambda m: _date(m.group(), m[4], m[3], m[1]))
    take(_DAY_MONTH, lambda m: _date(m.group(), m[3] and f"20{m[3]}", m[2], m[1]))
    take(dated, lambda m: _dates(m.group(), m[4], numbers[m[3]], m[1], m[2]))
    take(month_of, lambda m: _date(m.group(), m[2], numbers[m[1]], None))
    take(_TIME, _time)
    before, after = _money()
    for match in _RUN.finditer(rest):
        small = not (before.search(rest, 0, match.start()) or after.match(rest, match.end()))
        scale = re.match(r"\s(mil|mill\w+|milh\w+)\b", rest[match.end() : match.end() + 12])
        found += _run(match.group(), small, _SCALES.get(scale[1], 1) if scale else 1)
    return found


def readings_of(*texts: str) -> set[str]:
    """All keys under which a figure stands in `texts`."""
    figures = [figure for text in texts for figure in figures_in(text)]
    return {key for f in figures for key in (*f.keys, *f.parts, *f.offers)}


def _date(shown: str, year: str | None, month: str | int, day: str | None) -> list[Figure]:
    if day is not None and not 1 <= int(day) <= 31:
        return []
    month = f"{int(month):02}"
    keys = date_keys("-".join(p for p in (year, month, f"{int(day):02}" if day else "") if p))
    if year is None:
        return [Figure(shown, frozenset({f"--{month}-{int(day or 0):02}"}), (), _numbers(day))]
    exact, *wider = sorted(keys, key=lambda key: (-len(key), key.startswith("-")))
    parts = (f"--{month}-{int(day):02}", year) if day else ()
    return [Figure(shown, frozenset({exact}), parts, frozenset(wider) | _numbers(day, year))]


def _dates(shown: str, year: str | None, month: int, *days: str | None) -> list[Figure]:
    return [figure for day in days if day for figure in _date(shown, year, month, day)]


def date_keys(iso: str) -> set[str]:
    """The keys under which an ISO 8601 date of any precision, or a part of it, may be written."""
    year, month, day = (*iso.split("-"), "", "")[:3]
    keys = {year, f"{year}-{month}", f"{year}-{month}-{day}", f"--{month}-{day}"}
    return {key for key in keys if not key.endswith("-")}


def _numbers(*parts: str | None) -> frozenset[str]:
    return frozenset(_canonical(part) for part in parts if part)


def _time(match: re.Match[str]) -> list[Figure]:
    key = f"{int(match[1])}:{match[2] or '00'}"
    if match[2]:
        return [Figure(match.group(), frozenset({key}), (), frozenset())]
    hour = _canonical(match[1])  # "24 horas" is a duration, "14 h" may be a time: both are offered
    return [Figure(match.group(), frozenset({hour}), (), frozenset({key}), len(match[1]) > 1)]


def _canonical(amount: str) -> str:
    """1.900, 1,900 and 1900 → "1900"; 3,20 and 3.20 → "3.2"; 85,00 → "85"."""
    groups = re.split(r"[.,' ]", amount)
    marks = re.findall(r"[.,' ]", amount)
    whole, decimals = "".join(groups), ""
    mixed = len(set(marks)) > 1
    single = len(marks) == 1 and (len(groups[1]) != 3 or len(groups[0]) > 3 or groups[0] == "0")
    if mixed or single:
        whole, decimals = "".join(groups[:-1]), groups[-1].rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{decimals}" if decimals else whole


def _run(run: str, small: bool, scale: int) -> Iterator[Figure]:
    """Figures of digits joined by separators: one amount, one telephone, or several."""
    digits = re.findall(r"\d+", run)
    joined = "".join(digits).lstrip("0") or "0"
    if _AMOUNT.fullmatch(run):
        key = _canonical(run)
        scaled = _canonical(f"{(Decimal(key) * scale).normalize():f}") if scale > 1 else key
        counts = not small or sum(map(len, digits)) > 1
        yield Figure(run, frozenset({key, scaled}), counts=counts)
    elif _is_telephone(run, digits):
        # A telephone may be given without its country or area code.
        tails = ["".join(digits[n:]) for n in range(1, len(digits))]
        least = 7 if ")" in run else 8
        offers = frozenset(tail.lstrip("0") for tail in tails if len(tail) >= least)
        # A law ("007-2016") or a range ("100 - 2000") looks like a telephone: taken apart, too.
        law = re.fullmatch(YEAR, digits[-1]) and len(joined) <= 8
        parts = tuple(map(_canonical, digits)) if law or " - " in run else ()
        yield Figure(run, frozenset({joined}), parts, offers)
    elif blank := _BLANK.search(run):
        yield from _run(run[: blank.start()], small, 1)
        yield from _run(run[blank.end() :], small, scale)
    else:
        pieces = re.split(r"[/-]", run)
        amounts = [[p] if _AMOUNT.fullmatch(p) else re.findall(r"\d+", p) for p in pieces]
        parts = tuple(_canonical(amount) for found in amounts for amount in found)
        yield Figure(run, frozenset({joined}), parts)


def _is_telephone(run: str, digits: list[str]) -> bool:
    years = sum(bool(re.fullmatch(YEAR, group)) for group in digits)
    grouped = len(digits) > 1 and max(map(len, digits)) >= 3 and years < len(digits)
    return grouped and "/" not in run and "," not in run and 7 <= sum(map(len, digits)) <= 15
