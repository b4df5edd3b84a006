"""Text → terms: folded, stopped, stemmed per language; and n-grams that survive typing errors.

    >>> terms("Renovación de la licencia", "es")
    ['renov', 'licenci']

Accents are folded before stemming, so that "renovacion" meets "renovación". Snowball's Portuguese
stemmer then no longer joins certidão and certidões, so the plural endings -ões and -ães are turned
into -ão first.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import Stemmer

from sources.catalog import read_yaml

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_MARKS = re.compile("[\u0300-\u036f]+")
_ALGORITHMS = {"es": "spanish", "pt": "portuguese", "en": "english"}
GRAM_SIZE, SHORT_GRAM_SIZES = 4, (3, 4, 5)
SHORT = 4
"""Letters of a word that has too few n-grams of one size to be found by them when it is misspelt."""


def fold(text: str) -> str:
    """Lower case without accents; ñ and ç become n and c, as people write them on a telephone."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold())).casefold()


def words(text: str) -> list[str]:
    """The folded words of `text`, in order, digits included."""
    return _WORD.findall(fold(text))


_SPOKEN = [
    (re.compile(pattern), sounds)
    for pattern, sounds in (
        (r"ph", "f"),
        (r"ch", "x"),
        (r"qu|q|k|c(?![eihx])", "k"),
        (r"ss|z|c(?=[ei])", "s"),
        (r"gu(?=[ei])", "g"),
        (r"g(?=[ei])|j", "j"),
        (r"h", ""),
        (r"v|w", "b"),
        (r"ll|y", "i"),
        (r"(.)\1", r"\1"),
    )
]


@lru_cache(maxsize=131072)
def sound(word: str) -> str:
    """A folded word as Spanish and Portuguese speakers hear it, so that what sounds alike meets:
    "kiero" and "quiero", "licensia" and "licencia", "renobar" and "renovar".
    """
    for pattern, sounds in _SPOKEN:
        word = pattern.sub(sounds, word)
    return word


@cache
def stopwords(language: str) -> frozenset[str]:
    """The words of `language` that carry no subject; empty for a language we have no list of."""
    lists = read_yaml(Path(__file__).with_name("stopwords.yaml"))
    # YAML reads a bare "no" as false, and "y" may be read as true by some readers.
    return frozenset({False: "no", True: "y"}.get(w, w) for w in lists.get(language, ()))


def needed(text: str) -> str:
    """The words of a title before those that say what is not needed: "inscripción escolar" of
    "Inscripción escolar sin acta de nacimiento"; all of them where nothing stands before.
    """
    told = words(text)
    end = next((n for n, word in enumerate(told) if word in stopwords("without")), len(told))
    return " ".join(told[:end] or told)


def particles() -> frozenset[str]:
    """Articles and prepositions, which tell no title from another."""
    return stopwords("particles")


@lru_cache(maxsize=131072)
def stem(word: str, language: str) -> str:
    """The stem of one folded word."""
    algorithm = _ALGORITHMS.get(language)
    if algorithm is None or word.isdigit():
        return word
    if language == "pt" and word.endswith(("oes", "aes")):
        word = word[:-3] + "ao"
    stemmed: str = _stemmer(algorithm).stemWord(word)
    return stemmed


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    # The stemmer's own cache is not safe across threads; ours above is.
    return Stemmer.Stemmer(algorithm, 0)


def terms(text: str, language: str) -> list[str]:
    """The stems of the words of `text` that carry a subject, repetitions kept."""
    stop = stopwords(language)
    return [stem(word, language) for word in words(text) if word not in stop]


@lru_cache(maxsize=131072)
def grams(word: str) -> tuple[str, ...]:
    """Character n-grams of one folded word with its edges marked: "abono" → "^abo", "bono", "ono$".

    One size, but for short words: three sizes found no more (`tests/bench/recall.py`), and took
    2.5 times the dimensions in every question and passage.
    """
    if len(word) < 3:
        return ()
    marked = f"^{word}$"
    sizes = SHORT_GRAM_SIZES if len(word) <= SHORT else (GRAM_SIZE,)
    return tuple(marked[i : i + n] for n in sizes for i in range(max(0, len(marked) - n + 1)))


@lru_cache(maxsize=262144)
def dimension(token: str) -> int:
    """The sparse dimension of a token: CRC-32, the same in every process and on every machine."""
    return crc32(token.encode())


@lru_cache(maxsize=131072)
def gram_dimensions(word: str) -> tuple[int, ...]:
    """`grams` as dimensions."""
    return tuple(dimension(gram) for gram in grams(word))


@cache
def question_words() -> tuple[frozenset[str], frozenset[str]]:
    """The words that ask rather than name, and those that name only a little."""
    data: dict[str, Any] = read_yaml(Path(__file__).with_name("question_words.yaml"))

    def flat(groups: dict[str, list[Any]]) -> frozenset[str]:
        # YAML reads a bare "no" and "si" of some dialects as booleans.
        return frozenset(fold(str(w)) for group in groups.values() for w in group)

    return flat(data["empty"]), flat(data["weak"])
