"""Values of official files → values of the standard columns, by the words of ``values.yaml``.

>>> number("-33,45"), moment("10:30 hrs."), day("29-10-2019")
(-33.45, '10:30:00', '2019-10-29')
>>> meaning("kind", "Posta de Salud Rural (PSR)")
'primary_care'
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache
from typing import Any

from sources.catalog import read_yaml
from sources.parsers.blocks import fold
from sources.tables import FOLDER

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
_TIME = re.compile(
    r"\s*(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2}))?\s*"
    r"(?:h(?:rs?|oras?)?\.?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*",
    re.I,
)
_PREFIX = re.compile(r"^(estado|regiao|region|provincia|departamento)( (de|do|da|del))?( la)? ")
_CLOCK = re.compile(r"(\d{1,3}):(\d{2}):(\d{2})")


@cache
def _data() -> dict[str, Any]:
    return read_yaml(FOLDER / "values.yaml")


@cache
def _nothing() -> frozenset[str]:
    return frozenset(fold(str(word)) for word in _data()["nothing"])


@lru_cache(maxsize=100_000)
def text(value: str) -> str:
    """The text on one line; "" for the many ways of saying that there is nothing."""
    tidy = " ".join(value.split())
    return "" if len(tidy) < 20 and fold(tidy) in _nothing() else tidy


def number(value: str) -> float | None:
    """A number with a decimal point or comma, or None."""
    value = value.strip()
    return float(value.replace(",", ".")) if _NUMBER.fullmatch(value) else None


@lru_cache(maxsize=100_000)
def whole(value: str) -> int | None:
    """A whole number, thousands marked by a point or a space allowed, or None."""
    tidy = re.sub(r"(?<=\d)[.\s](?=\d{3}(?:\D|$))", "", value.strip())
    found = number(tidy)
    return int(found) if found is not None and found == int(found) else None


@lru_cache(maxsize=4096)
def flag(value: str) -> bool | None:
    """Yes or no, or None where the word says neither."""
    word = fold(value.strip())
    if word in {fold(str(w)) for w in _data()["yes"]}:
        return True
    return False if word in {fold(str(w)) for w in _data()["no"]} else None


@lru_cache(maxsize=4096)
def day(value: str) -> str | None:
    """An ISO date from 2026-03-10, 20260310, 10-03-2026 or 10/03/2026, or None."""
    value = value.strip()
    if found := re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?$", value):
        parts = found.groups()
    elif found := re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ].*)?$", value):
        parts = found.groups()[::-1]
    else:
        return None
    try:
        return date(*map(int, parts)).isoformat()
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def moment(value: str) -> str | None:
    """A time of day as HH:MM:SS from "10:30 hrs.", "9h", "8:00 PM", or None; 24:00 is midnight."""
    found = _TIME.fullmatch(value)
    if not found or (found[2] is None and not re.search(r"[a-zA-Z]", value)):
        return None
    hour, minute, second = (int(found[i] or 0) for i in (1, 2, 3))
    if half := found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if (hour, minute, second) == (24, 0, 0):
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    return f"{hour:02}:{minute:02}:{second:02}"


@lru_cache(maxsize=100_000)
def seconds(value: str) -> int | None:
    """Seconds after the service day's midnight of a GTFS time, which may be beyond 24:00:00."""
    found = _CLOCK.fullmatch(value)
    if not found:
        return None
    hours, minutes, rest = map(int, found.groups())
    return hours * 3600 + minutes * 60 + rest if minutes < 60 and rest < 60 else None


@lru_cache(maxsize=8192)
def meaning(scheme: str, words: str) -> str | None:
    """Which value of a closed list an official word means, or None where no phrase fits."""
    if words in _data()[scheme]:
        return words  # an agency may write our own values
    folded = _plain(words)
    for value, phrases in _folded(scheme):
        if any(re.search(rf"(?<!\w){re.escape(phrase)}", folded) for phrase in phrases):
            return value
    return None


@cache
def _folded(scheme: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((v, tuple(_plain(str(p)) for p in ps)) for v, ps in _data()[scheme].items())


def _plain(words: str) -> str:
    return re.sub(r"[\s-]+", " ", fold(words)).strip()


@lru_cache(maxsize=4096)
def spelling(words: str) -> str:
    """One spelling for what official files write in several."""
    known: dict[str, str] = {fold(known): known for known in _data()["spellings"]}
    return known.get(fold(words), words)


def inside(country: str | None, latitude: float, longitude: float) -> bool:
    """Whether a point lies in the country's box of degrees."""
    south, north, west, east = _data()["boxes"].get(country, (-90, 90, -180, 180))
    return bool(south <= latitude <= north and west <= longitude <= east)


def territory(country: str | None, code: str) -> str:
    """The code of a territory with its country: ("CL", "1101") → "CL-01101"; "" if it is none."""
    code = re.sub(r"\.0$", "", code.strip()).upper()
    if country and code.startswith(f"{country}-"):
        return code
    if not re.fullmatch(r"[A-Z0-9]{1,8}", code):
        return ""
    digits = _data()["code_digits"].get(country, 0)
    if country == "BR" and len(code) == 6 and code.isdigit():
        code += _ibge_digit(code)
    elif code.isdigit() and digits - len(code) == 1:
        code = code.zfill(digits)
    return f"{country}-{code}" if country else code


_IBGE_IRREGULAR = {
    "220191": "9", "220225": "1", "220198": "8", "261153": "3", "311783": "6",
    "315213": "1", "430587": "1", "520393": "9", "520396": "2",
}  # fmt: skip
"""Municipalities whose check digit does not follow the rule, as IBGE publishes them."""


def _ibge_digit(code: str) -> str:
    """The check digit that the health ministry leaves off IBGE's code of a municipality."""
    if code in _IBGE_IRREGULAR:
        return _IBGE_IRREGULAR[code]
    total = 0
    for place, digit in enumerate(map(int, code)):
        product = digit * (place % 2 + 1)
        total += product // 10 + product % 10
    return str(-total % 10)


def territory_kind(country: str | None) -> str:
    """What the smallest territories of a country are, where a list does not say."""
    return str(_data()["territory_kind"].get(country, "municipality"))


@cache
def first_level(country: str | None) -> dict[str, str]:
    """Folded names of a country's regions, departments, provinces or states → ISO 3166-2."""
    from sources.country import countries

    known = countries().get(country or "")
    found: dict[str, str] = {}
    for place in known.territories if known else ():
        for name in (place.name, *place.names):
            if place.code:
                found.setdefault(fold(name), place.code)
    # What a country's file names in full only, so that "para" is no place, a table names briefly.
    for name, code in list(found.items()):
        found.setdefault(_PREFIX.sub("", name), code)
    return found
