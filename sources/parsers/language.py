"""The language of a text, from the words that only one of our languages uses.

>>> detect("El trámite se realiza en la municipalidad y el pago es con tarjeta.")
'es'
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from sources.catalog import read_yaml

DATA = Path(__file__).with_name("languages.yaml")

_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 50_000
_LEAST = 3
_LEAD = 1.5


@cache
def _words() -> dict[str, str]:
    """Each word with the one language that has it."""
    lists = read_yaml(DATA)["words"]
    # YAML may read these as yes and no.
    named = {True: "y", False: "no"}
    languages: dict[str, set[str]] = {}
    for language, words in lists.items():
        for word in words:
            languages.setdefault(named.get(word, word), set()).add(language)
    return {word: min(owners) for word, owners in languages.items() if len(owners) == 1}


def detect(text: str) -> str | None:
    """The code es, pt or en, or None where the text is too short or mixed to tell."""
    known = _words()
    words = _WORD.findall(text[:_SAMPLE].casefold())
    counts = Counter(known[word] for word in words if word in known)
    ranked = counts.most_common(2)
    if not ranked or ranked[0][1] < _LEAST:
        return None
    if len(ranked) > 1 and ranked[0][1] < _LEAD * ranked[1][1]:
        return None
    return ranked[0][0]


def subtag(tag: str) -> str:
    """The language of a BCP 47 tag, or of a language's name: "es-CL" → "es", "Español" → "es"."""
    lowered = tag.strip().casefold()
    for language, names in read_yaml(DATA)["names"].items():
        if lowered in names:
            return str(language)
    return re.split(r"[-_]", lowered)[0]
