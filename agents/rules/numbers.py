"""What a personal number looks like, compiled from ``rules/privacy.yaml`` and the countries' files.

A country's own identity numbers (``sources/countries/*.yaml``) join the kinds of the YAML by their
python-stdnum module, so that a new country needs no change here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sources.catalog import read_yaml
from sources.country import countries
from sources.errors import CatalogError

RULES = Path(__file__).parent / "privacy.yaml"

BARE = 8
"""So many digits in a row, with nothing that explains them, are taken for somebody's number."""


@dataclass(frozen=True)
class Kind:
    """One kind of number; see ``rules/privacy.yaml`` for the fields."""

    name: str
    countries: tuple[str, ...]
    digits: tuple[int, int]
    words: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    holds: Callable[[str], bool] | None = None


# --- the shadow ---------------------------------------------------------------------------------

_DASHES = dict.fromkeys("‐‑‒–—―−﹣－⁃", "-")
_QUOTES = dict.fromkeys("’‘´`ʹ′", "'")


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """One character as the shadow has it: nothing for marks and invisible characters."""
    if swap := _DASHES.get(character) or _QUOTES.get(character):
        return swap
    folded = ""
    for part in unicodedata.normalize("NFKD", character):
        category = unicodedata.category(part)
        if category[0] == "M" or category == "Cf":
            continue
        if (digit := unicodedata.digit(part, None)) is not None:
            folded += str(digit)
        elif category == "Zs":
            folded += " "
        else:
            folded += part.lower()
    return folded


def shadow_of(text: str) -> tuple[str, list[int]]:
    """The shadow and, for each of its characters and its end, the place in `text`."""
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    folded = [_fold(character) for character in text]
    places = [place for place, part in enumerate(folded) for _ in part]
    return "".join(folded), [*places, len(text)]


# --- the rules ----------------------------------------------------------------------------------


def _any(words: Iterable[str]) -> str:
    """A pattern for any of `words`, the longest first, with any white space between parts."""
    ordered = sorted({w.lower() for w in words}, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in ordered) + ")"


_SEPARATOR = r"(?:\s{0,3}[.\-/\\_·•'|*~()]{0,3}\s{0,3}|,)"
RUN = re.compile(rf"\d(?:{_SEPARATOR}\d)*(?:\s?[.\-/_]?\s?[kx](?![a-z0-9]))?")
TOKEN = re.compile(r"\d+|[kx]")
_DATE = r"(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2})(?![-./]?\d)"
_YEARS = r"(?:19|20)\d\d(?:\s?[-/a,y]\s?(?:19|20)\d\d)+(?![-./]?\d)"
AMOUNT = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?(?!\d|[-.]\d)|\d+(?:[.,]\d{1,2})?(?!\d|[-.]\d)"
_NOT_CHECK = r"(?!\s?-\s?[\dkx])"
_NAME = r"[\w.+\-]{1,64}"
EMAIL_ADDRESS = re.compile(
    rf"{_NAME}(?:\s*(?:punto|ponto|dot|\(dot\)|guion|underline)\s+[\w\-]+)*"
    r"(?:\s?@\s?|\s*[(\[{]\s?(?:at|arroba|@)\s?[)\]}]\s*|\s+(?:arroba|at)\s+)"
    r"[\w\-]+(?:(?:\s?\.\s?|\s*[(\[{]\s?(?:dot|punto|ponto)\s?[)\]}]\s*|\s+(?:punto|ponto|dot)\s+)"
    r"[a-z0-9\-]{2,})+"
    rf"|{_NAME}@[\w.\-]{{1,64}}"
    rf"|{_NAME}\s*(?:\barroba\b|[(\[]\s?(?:at|arroba)\s?[)\]])\s*(?:[gh]mail|hotmail|outlook|yahoo|icloud|live|uol|bol)\b"
)
AT_SIGN = re.compile(r"@|\barroba\b|\bat\b")


class Rules:
    """The rules as compiled patterns."""

    def __init__(self, kinds: list[Kind], data: dict[str, Any]) -> None:
        """`data` is what ``rules/privacy.yaml`` holds; `kinds` its kinds and the countries'."""
        self.kinds = {kind.name: kind for kind in kinds}
        self.by_word = {
            re.sub(r"\s+", " ", w.lower()): kind.name for kind in kinds for w in kind.words
        }
        self.shapes: dict[tuple[int, ...], list[Kind]] = {}
        for kind in kinds:
            for shape in kind.shapes:
                self.shapes.setdefault(shape, []).append(kind)
        self.label = re.compile(rf"(?<![a-z\[])({_any(self.by_word)})s?(?![a-z\]])")
        mark = r"""[\s:;.=#\-°º(\"'“«*|,>/?+_]"""
        self.direct = re.compile(
            rf"(?:{mark}|{_any(data['fillers'])}(?![a-z])){{0,16}}[a-z]{{0,3}}[ \-]?(?=\d)"
        )
        stop = _any([*data["blockers"], *data["norms"]])
        self.loose = re.compile(rf"(?:(?!\b{stop}\b)[^\d?!;\[\]]){{0,32}}?(?=\+?\(?\d)")
        self.after = re.compile(
            r"\d[\d.\-/ ]{3,18}[\dkx]\s*(?:,|\()?\s*(?:es|e|era|eh)\s+"
            r"(?:el|la|mi|o|a|meu|minha|su|seu|sua|nuestro)"
            r"(?:\s+(?:el|numero|de|do|mi|meu|minha)){0,2}\s+$"
        )
        spoken, more = data["spoken"]["digits"], data["spoken"]["more"]
        gap = r"[\s,.\-]{1,3}"
        number = rf"(?:{_any([*spoken, *more])}|\d)"
        said = _any(word for word in spoken + more if len(word) > 1)
        self.dictated = re.compile(rf"\b{_any(spoken)}(?:{gap}(?:{_any(spoken)})\b){{6,}}")
        fillers = rf"(?:{mark}|{_any(data['fillers'])}(?![a-z])){{0,16}}"
        self.dictated_after = re.compile(rf"{fillers}(\b{said}\b(?:{gap}{number}\b){{4,}})")
        self.numbers = re.compile(rf"\b{said}\b")
        self.priced = re.compile(rf"\b{_any(data['blockers'])}\b|{_any(data['money']['signs'])}")
        self.exempt, self.currency = _exemptions(data)


def _exemptions(data: dict[str, Any]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What looks like a number of somebody and is none; the second pattern is money for certain."""
    money = data["money"]
    signs, words = _any(money["signs"]), _any(money["currencies"])
    amount = f"(?:{AMOUNT})"
    between = rf"(?:\s+{_any(money['between'])})?\s+(?:{signs})?\s?"
    norm = (
        rf"(?<![a-z]){_any(data['norms'])}(?![a-z])(?:[\s.°º\-]|{_any(data['norm_between'])}(?![a-z])){{0,8}}"
        rf"\d{{1,8}}(?:[.\-/]\d{{1,4}}){{0,4}}{_NOT_CHECK}"
    )
    prefix, short = (
        _any(data["service_prefixes"]),
        _any(map(str, data["service_short"])),
    )
    lines = _any(map(str, data["short_lines"]))
    tail = r"(?![ .\-]?[\dk])"
    parts = [
        norm,
        rf"(?<!\d)(?<!\d[.\-/]){_DATE}",
        rf"(?<!\d)(?<!\d[.\-/]){_YEARS}",
        rf"(?<![\d+])(?<!\d[.\-/ ]){prefix}(?:\d{{6,7}}|[ .\-]\d(?:[ .\-]?\d){{4,6}}){tail}",
        rf"(?<!\d)(?<!\d[ .\-/)]){short[:-1]})\d[ \-]\d{{4}}{tail}",
        rf"(?<!\d)(?<!\d[.,\-/ ])(?<!\d[.,\-]\s){lines}(?:[ /\-]{lines})+(?!\d)",
        r"(?<!\d)\d{5}-\d{3}(?![\d-])",
        rf"(?<!\d){amount}\s?(?:{_any(data['units'])}(?![a-z])|%){_NOT_CHECK}",
        rf"(?<![a-z]){_any(money['before'])}{between}{amount}{_NOT_CHECK}",
    ]
    sure = (
        rf"(?<![a-z]){signs}\s?{amount}{_NOT_CHECK}"
        rf"|(?<!\d){amount}\s?(?:mil\s|(?:millones|milhoes)\s(?:de\s)?)?{words}(?![a-z])"
    )
    return re.compile("|".join(parts)), re.compile(sure)


def _shape(text: str) -> tuple[int, ...]:
    return tuple(len(part) for part in re.findall(r"[0X]+", text))


def _checker(module: str) -> Callable[[str], bool] | None:
    """The checksum of a python-stdnum module. Raises CatalogError where there is none."""
    if not module:
        return None
    try:
        valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    except (ImportError, AttributeError):
        raise CatalogError(
            f"python-stdnum has no {module!r}",
            "Name one of its modules, such as cl.rut.",
        ) from None
    return valid


@cache
def rules() -> Rules:
    """The rules with every country's identity numbers. Raises CatalogError on a wrong file."""
    data = read_yaml(RULES)
    entries = {entry["name"]: dict(entry) for entry in data["kinds"]}
    by_module = {entry["stdnum"]: entry["name"] for entry in entries.values() if entry["stdnum"]}
    for country in countries().values():
        for number in country.identity_numbers:
            words = [_plain(name) for name in (number.name, *number.names)]
            known = by_module.get(number.stdnum) or number.name
            entry = entries.setdefault(
                known,
                {"name": known, "countries": [country.code], "stdnum": number.stdnum,
                 "digits": [BARE - 2, 14], "words": [], "shapes": []},
            )  # fmt: skip
            entry["words"] = [*entry["words"], *words]
    kinds = [
        Kind(
            name=entry["name"],
            countries=tuple(entry["countries"]),
            digits=(entry["digits"][0], entry["digits"][1]),
            words=tuple(entry["words"]),
            shapes=tuple(_shape(shape) for shape in entry["shapes"]),
            holds=_checker(entry["stdnum"]),
        )
        for entry in entries.values()
    ]
    return Rules(kinds, data)


def _plain(text: str) -> str:
    return "".join(map(_fold, text))
