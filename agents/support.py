"""Whether a sentence that a model wrote says what the quotes it cites say, and nothing else.

The check knows no meaning. It compares what can be compared: figures with what they measure,
addresses, names, months and weekdays, denials, what must and what may be done, words that promise
much, and how many of the sentence's other words the quotes have. What it cannot see through, it
drops: the extractive writer quotes instead. Its words are data (``agents/rules/claims.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from babel.dates import get_day_names, get_month_names
from rapidfuzz.distance import Indel
from text_to_num import alpha2digit

from agents.figures import amount, unsupported
from agents.phrases import Phrases, rules
from agents.safety import is_instruction
from retrieval.analyse import fold, sound, stem, stopwords, words
from retrieval.chunk import sentences
from sources.bilingual import translations
from sources.country import countries

LEAST_SHARED = 0.6
"""Of the words of a sentence that claim something, how many its quotes must have."""

LEAST_SHARED_ABROAD = 0.5
"""The same where the quote is in the other language: the word list does not know every word."""

ALIKE = 0.8
"""Likeness from which two words, as they sound, are one word in two languages."""

LANGUAGES = ("es", "pt")
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://)?(?:[\w-]{2,}\.)+[a-z]{2,}(?:/[^\s)\]»\"]*)?"
)
_CAPITAL = re.compile(r"(?<![\w.])[A-ZÁÉÍÓÚÜÑÂÊÔÃÕÀÇ][\w]+")
_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?![\d/])")
_NUMBER = r"(?P<number>\d[\d.,]*\d|\d)"


@dataclass(frozen=True, slots=True)
class Quote:
    """What is cited: its words, their language, and what stands around them (title, agency, URL)."""

    text: str
    language: str
    context: str = ""


def objection(sentence: str, quotes: Sequence[Quote], language: str) -> str | None:
    """Why `sentence` is not to be shown, by name, or None where its quotes bear it.

    One of: ``uncited, order, figure, unit, address, date, name, telling, opposite, denial, modality,
    narrowing, unfounded``.
    """
    if not quotes:
        return "uncited"
    if is_instruction(sentence):
        return "order"
    said = _plain(sentence, language)
    known = [_plain(quote.text, quote.language) for quote in quotes]
    if unsupported(said, known):
        return "figure"
    if not _measures(said) <= _measures(*known, loosely=True) or _spans(said) - _spans(*known):
        return "unit"
    around = [f"{quote.text}\n{quote.context}" for quote in quotes]
    if not _addresses(sentence) <= _addresses(*around, loosely=True):
        return "address"
    if _calendar(said) - _calendar(*known, numbers=True):
        return "date"
    pools = [
        _Pool(f"{text} {quote.text} {quote.context}", quote.language, language)
        for text, quote in zip(known, quotes, strict=True)
    ]
    if any(not any(pool.has(name) for pool in pools) for name in _names(sentence)):
        return "name"
    if any(
        group.needs(said, language)
        and not any(group.has(text, q.language) for text, q in zip(known, quotes, strict=True))
        for group in _groups("telling")
    ):
        return "telling"
    nearest = _nearest(said, quotes, language)
    if _opposed(said, nearest[0]):
        return "opposite"
    if _turned(said, language, known, quotes, nearest):
        return "denial"
    if _loosened(said, nearest):
        return "modality"
    if nearest[2] >= LEAST_SHARED and any(
        group.needs(*nearest[:2]) and not group.has(said, language)
        for group in _groups("narrowing")
    ):
        return "narrowing"
    claims = [word for word in words(said) if word not in _idle(language) and not word.isdigit()]
    found = sum(any(pool.has(word) for pool in pools) for word in claims)
    abroad = all(quote.language != language for quote in quotes)
    if claims and found / len(claims) < (LEAST_SHARED_ABROAD if abroad else LEAST_SHARED):
        return "unfounded"
    return None


def _plain(text: str, language: str) -> str:
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


class _Group:
    """Words of one meaning: those that must be borne out, and those that bear them out."""

    def __init__(self, listed: Iterable[object]) -> None:
        # YAML reads a bare "no" as false.
        written = ["no" if word is False else str(word) for word in listed]
        self._needs = {code: Phrases(_of(code, written, "+")) for code in LANGUAGES}
        self._has = {code: Phrases(_of(code, written)) for code in LANGUAGES}

    def needs(self, text: str, language: str) -> bool:
        """Whether plain `text` has a word that must be borne out."""
        return text in self._needs[language]

    def has(self, text: str, language: str) -> bool:
        """Whether plain `text` has any word of the group."""
        return text in self._has[language]


def _of(language: str, written: list[str], without: str = "") -> list[str]:
    """The words of `language`, and those of no language; not those marked `without`."""
    kept = [word for word in written if not (without and word.startswith(without))]
    plain = [word.removeprefix("+") for word in kept]
    named = tuple(f"{code}:" for code in LANGUAGES)
    own = f"{language}:"
    return [w.removeprefix(own) for w in plain if w.startswith(own) or not w.startswith(named)]


@cache
def _groups(kind: str) -> tuple[_Group, ...]:
    return tuple(_Group(group) for group in rules("claims")[kind])


@cache
def _modality() -> tuple[Phrases, Phrases]:
    data = rules("claims")["modality"]
    return Phrases(data["obliged"]), Phrases(data["allowed"])


@cache
def _negations(language: str) -> Phrases:
    # YAML reads a bare "no" as false.
    return Phrases(
        "no" if word is False else word for word in rules("claims")["negations"].get(language, ())
    )


@cache
def _idle(language: str) -> frozenset[str]:
    """Words that claim nothing."""
    frame = {"no" if w is False else str(w) for w in rules("claims")["frame"].get(language, ())}
    measures = {str(w) for group in rules("claims")["units"].values() for w in group}
    return stopwords(language) | frame | measures


@cache
def _units() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    data = rules("claims")
    kinds = {word: kind for kind, group in data["units"].items() for word in group}
    after = "|".join(re.escape(word) for word in sorted(kinds, key=len, reverse=True))
    signs = "|".join(re.escape(sign) for sign in sorted(data["money_signs"], key=len, reverse=True))
    ranges = rf"{_NUMBER}(?=(?:\s*(?:a|al|y|e|ou|o|ate|hasta|-|–)\s*\d[\d.,]*)?\s*(?P<unit>{after})(?!\w))"
    return re.compile(ranges), re.compile(rf"(?:{signs})\s*{_NUMBER}"), kinds


def _measures(*texts: str, loosely: bool = False) -> set[tuple[str, str]]:
    """(value, unit) of the measured numbers; `loosely`, a bare number goes with every unit."""
    after, before, kinds = _units()
    found: set[tuple[str, str]] = set()
    for text in texts:
        own = {(amount(m["number"]), kinds[m["unit"]]) for m in after.finditer(text)}
        own |= {(amount(m["number"]), "money") for m in before.finditer(text)}
        measured = {m.start("number") for p in (after, before) for m in p.finditer(text)}
        if loosely:
            bare = (m for m in re.finditer(_NUMBER, text) if m.start() not in measured)
            own |= {(amount(m["number"]), kind) for m in bare for kind in set(kinds.values())}
        found |= own
    return found


def _spans(*texts: str) -> set[str]:
    """The long units of time that are named, with or without a number."""
    _, _, kinds = _units()
    named = {kinds[word] for text in texts for word in words(text) if word in kinds}
    return named & {"week", "month", "year"}


def _addresses(*texts: str, loosely: bool = False) -> set[str]:
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
def _calendar_names() -> tuple[dict[str, str], dict[str, str]]:
    """Month and weekday names of both languages → what they mean."""
    months, days = {"setiembre": "month 9"}, {}
    for locale in LANGUAGES:
        months |= {fold(n): f"month {k}" for k, n in get_month_names("wide", locale=locale).items()}
        for number, name in get_day_names("wide", locale=locale).items():
            days[fold(name).partition("-")[0]] = f"weekday {number}"
    return months, days


def _calendar(*texts: str, numbers: bool = False) -> set[str]:
    """The months and weekdays named; with `numbers`, also the months of dates in figures."""
    months, days = _calendar_names()
    found: set[str] = set()
    for text in texts:
        own = set(words(text))
        own |= {word.removesuffix("s") for word in own}
        found |= {months[word] for word in own if word in months}
        found |= {days[word] for word in own if word in days}
        if numbers:
            dates = re.finditer(r"\b\d{1,2}[/.-](\d{1,2})\b|\b\d{4}-(\d{2})\b", text)
            found |= {f"month {int(m[1] or m[2])}" for m in dates}
            if {"weekday 0", "weekday 4"} <= found:  # Monday to Friday
                found |= {f"weekday {number}" for number in range(5)}
    return found


def _names(sentence: str) -> list[str]:
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


class _Pool:
    """The words of a quote, asked for words of a sentence in its own or the other language."""

    def __init__(self, text: str, language: str, asked_in: str) -> None:
        self._language, self._asked_in = language, asked_in
        self._words = frozenset(words(text))
        self._stems = frozenset(stem(word, language) for word in self._words)
        self._sounds = frozenset(sound(word) for word in self._words if len(word) > 3)

    def has(self, word: str) -> bool:
        """Whether the quote has `word`, another form of it, or its translation."""
        if word in self._words or stem(word, self._asked_in) in self._stems:
            return True
        if any(_one_family(word, known) for known in self._words):
            return True
        if self._language == self._asked_in:
            return False
        if _abroad(word, self._asked_in) & self._stems:
            return True
        heard = sound(word)
        return len(word) > 3 and any(
            Indel.normalized_similarity(heard, known) >= ALIKE for known in self._sounds
        )


@lru_cache(maxsize=65536)
def _one_family(word: str, other: str) -> bool:
    """Whether most of the shorter word is shared, as in "renovar" and "renovación"."""
    shorter = min(len(word), len(other))
    if shorter < 4:
        return False
    shared = next((i for i in range(shorter) if word[i] != other[i]), shorter)
    return shared >= max(4, 0.65 * shorter)


@lru_cache(maxsize=16384)
def _abroad(word: str, language: str) -> frozenset[str]:
    """Stems of the translations of one word out of `language`."""
    other = "pt" if language == "es" else "es"
    found = _word_list(language, other).get(stem(word, language), ())
    return frozenset(stem(w, other) for entry in found for w in words(entry))


@cache
def _word_list(source: str, target: str) -> dict[str, tuple[str, ...]]:
    """The bilingual list by the stem of each single word of a headword."""
    table: dict[str, tuple[str, ...]] = {}
    for entry, others in translations().get((source, target), {}).items():
        for word in set(words(entry)) - stopwords(source):
            key = stem(word, source)
            table[key] = table.get(key, ()) + others
    return table


def _nearest(said: str, quotes: Sequence[Quote], language: str) -> tuple[str, str, float]:
    """The sentence of the quotes that shares most with `said`: plain, its language, the share."""
    claims = {word for word in words(said) if word not in stopwords(language)}
    best = ("", language, -1.0)
    for quote in quotes:
        for start, end in sentences(quote.text):
            piece = quote.text[start:end]
            pool = _Pool(f"{piece} {_plain(piece, quote.language)}", quote.language, language)
            share = sum(pool.has(word) for word in claims) / max(1, len(claims))
            if share > best[2]:
                best = (_plain(piece, quote.language), quote.language, share)
    return best


def _turned(
    said: str,
    language: str,
    known: Iterable[str],
    quotes: Sequence[Quote],
    nearest: tuple[str, str, float],
) -> bool:
    """Whether the sentence denies what no quote denies, or affirms what its quote denies."""
    if said in _negations(language):
        return not any(
            text in _negations(quote.language) for text, quote in zip(known, quotes, strict=True)
        )
    text, of, share = nearest
    return share >= LEAST_SHARED and text in _negations(of)


@cache
def _opposites() -> tuple[tuple[Phrases, Phrases], ...]:
    pairs = rules("claims")["opposites"]
    both = [(Phrases(one), Phrases(other)) for one, other in pairs]
    return tuple(both + [(other, one) for one, other in both])


def _opposed(said: str, quote: str) -> bool:
    """Whether the sentence has a word where its quote has the opposite alone."""
    return any(
        said in one and said not in other and quote in other and quote not in one
        for one, other in _opposites()
    )


def _loosened(said: str, nearest: tuple[str, str, float]) -> bool:
    """Whether the sentence obliges where its quote only allows, or the reverse."""
    obliged, allowed = _modality()
    quote, of, _ = nearest
    if quote in _negations(of):  # "may not" forbids: denials are compared apart
        return False
    must, may = said in obliged, said in allowed
    quoted_must, quoted_may = quote in obliged, quote in allowed
    return (must and not may and quoted_may and not quoted_must) or (
        may and not must and quoted_must and not quoted_may
    )
