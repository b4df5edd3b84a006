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

from rapidfuzz.distance import Indel

from agents.figures import unsupported
from agents.phrases import Phrases, rules
from agents.replies import LANGUAGES
from agents.safety import is_instruction
from agents.stated import addresses, calendar, measures, names, plain, spans
from retrieval.analyse import sound, stem, stopwords, words
from retrieval.chunk import sentences
from sources.bilingual import translations

LEAST_SHARED = 0.6
"""Of the words of a sentence that claim something, how many its quotes must have."""

LEAST_SHARED_ABROAD = 0.5
"""The same where the quote is in the other language: the word list does not know every word."""

ALIKE = 0.8
"""Likeness from which two words, as they sound, are one word in two languages."""


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
    said = plain(sentence, language)
    known = [plain(quote.text, quote.language) for quote in quotes]
    if unsupported(said, known):
        return "figure"
    if not measures(said) <= measures(*known, loosely=True) or spans(said) - spans(*known):
        return "unit"
    around = [f"{quote.text}\n{quote.context}" for quote in quotes]
    if not addresses(sentence) <= addresses(*around, loosely=True):
        return "address"
    if calendar(said) - calendar(*known, numbers=True):
        return "date"
    pools = [
        _Pool(f"{text} {quote.text} {quote.context}", quote.language, language)
        for text, quote in zip(known, quotes, strict=True)
    ]
    if any(not any(pool.has(name) for pool in pools) for name in names(sentence)):
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
    claims = [word for word in words(said) if word not in idle(language) and not word.isdigit()]
    found = sum(any(pool.has(word) for pool in pools) for word in claims)
    abroad = all(quote.language != language for quote in quotes)
    if claims and found / len(claims) < (LEAST_SHARED_ABROAD if abroad else LEAST_SHARED):
        return "unfounded"
    return None


class _Group:
    """Words of one meaning: those that must be borne out, and those that bear them out."""

    def __init__(self, listed: Iterable[object]) -> None:
        written = [str(word) for word in listed]
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
    return Phrases(rules("claims")["negations"].get(language, ()))


@cache
def idle(language: str) -> frozenset[str]:
    """Words that claim nothing."""
    frame = set(rules("claims")["frame"].get(language, ()))
    measures = {str(w) for group in rules("claims")["units"].values() for w in group}
    return stopwords(language) | frame | measures


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
    """Whether most of the shorter word is shared, as in "renueva" and "renovación"."""
    word, other = _root(word), _root(other)
    shorter = min(len(word), len(other))
    if shorter < 4:
        return False
    shared = next((i for i in range(shorter) if word[i] != other[i]), shorter)
    return shared >= max(4, 0.65 * shorter)


def _root(word: str) -> str:
    """A Spanish word with its vowel unbroken: "renueva" → "renova", "cierre" → "cerre"."""
    return re.sub(r"(?<![qg])ue", "o", word).replace("ie", "e")


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
            pool = _Pool(f"{piece} {plain(piece, quote.language)}", quote.language, language)
            share = sum(pool.has(word) for word in claims) / max(1, len(claims))
            if share > best[2]:
                best = (plain(piece, quote.language), quote.language, share)
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
