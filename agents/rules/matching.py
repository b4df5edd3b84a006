"""A small engine for rules over words: named word sets, and patterns that put them in order.

A set lists words (``pega``), stems (``golpe*``), phrases (``quitarme la vida``) and other sets
(``+kin``). A pattern is a line of items:

    my ..2 partner ..3 (me|nos|+child) hits

`my`, `partner` and `hits` are sets; ``(me|nos|+child)`` is a set written on the spot; ``..3`` lets up to
three words stand between, where otherwise the next item follows at once; ``^`` is the beginning of
a sentence, ``$`` its end; ``!name`` says that the next word is not of that set; ``?`` is a question mark.
``near 8: a b c`` asks for all of them within 8 words, in any order.

Words are compared by how they sound, in Spanish and Portuguese alike, so that missing accents and
the usual slips (b/v, s/c/z, h, ll/y, k/qu) make no difference; words of six letters and more may
hold one typing error besides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import OSA

from sources.errors import CatalogError

FUZZY_FROM = 6
"""Letters from which on a word may hold a typing error."""

Span = tuple[int, int]
Hits = Mapping[str, list[Span]]

_SOUNDS = [
    (re.compile(r"ph"), "f"),
    (re.compile(r"(?<![cln])h"), ""),
    (re.compile(r"z"), "s"),
    (re.compile(r"c(?=[ei])"), "s"),
    (re.compile(r"qu(?=[ei])|q|c(?!h)"), "k"),
    (re.compile(r"g(?=[ei])"), "j"),
    (re.compile(r"v"), "b"),
    (re.compile(r"ll"), "y"),
    (re.compile(r"w"), "gu"),
    (re.compile(r"([a-z])\1+"), r"\1"),
]
_WORD = re.compile(r"[^\W_]+|[?¿.!;:\n]")
_STOPS = frozenset("¿.!;:\n")


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """The key under which a word is compared: ``Kiero``, ``quiero`` and ``quieró`` share one."""
    plain = word.lower()
    key = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    for pattern, by in _SOUNDS:
        key = pattern.sub(by, key)
    return key or plain


@dataclass(frozen=True)
class Words:
    """A text as keys, with the places where a sentence or clause begins, and the offset of each key
    in the text (code points, after NFKC).
    """

    keys: tuple[str, ...]
    starts: frozenset[int]
    offsets: tuple[int, ...] = ()


def words_of(text: str) -> Words:
    """Splits a text into words; of the punctuation only question marks are kept as words."""
    keys: list[str] = []
    offsets: list[int] = []
    starts = {0}
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        if match[0] in _STOPS:
            starts.add(len(keys))
        else:
            keys.append(sound(match[0]))
            offsets.append(match.start())
            if match[0] == "?":
                starts.add(len(keys))
    return Words(tuple(keys), frozenset(starts), tuple(offsets))


class Lexicon:
    """The word sets, ready to be found in a text."""

    def __init__(self, sets: Mapping[str, Iterable[str]], ordinary: Iterable[str] = ()) -> None:
        """`ordinary` words are never taken for a misspelling. Raises CatalogError on bad sets."""
        self.names = set(sets)
        self._sets = sets
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._open_phrases: list[tuple[tuple[str, ...], str]] = []
        self._ordinary = {sound(word) for word in ordinary}
        for name in sets:
            for entry in _expand(name, sets, ()):
                self.add(name, entry)
        self.seal()

    def entries(self, words: Iterable[str]) -> Iterator[str]:
        """`words`, with what the sets among them (``+kin``) hold."""
        return _expand("", {**self._sets, "": words}, ())

    def add(self, name: str, entry: str) -> None:
        """Puts a word, stem or phrase into the set called `name`."""
        self.names.add(name)
        parts = re.findall(r"[^\W_]+\*?|\?", entry)
        if len(parts) > 1:
            keys = tuple(sound(part.rstrip("*")) + "*" * part.endswith("*") for part in parts)
            if keys[0].endswith("*"):
                self._open_phrases.append((keys, name))
            else:
                self._phrases[keys[0]].append((keys, name))
        elif parts and parts[0].endswith("*"):
            for stem in _stems(parts[0][:-1]):
                self._stems[stem].add(name)
        elif parts:
            self._exact[sound(parts[0])].add(name)

    def seal(self) -> None:
        """Makes what was added since count for misspelt words too."""
        self._near_words: dict[str, list[str]] = defaultdict(list)
        self._near_stems: dict[str, list[str]] = defaultdict(list)
        for word in self._exact:
            if len(word) >= FUZZY_FROM:
                self._near_words[word[0]].append(word)
        for stem in self._stems:
            if len(stem) >= FUZZY_FROM:
                self._near_stems[stem[0]].append(stem)
        self.sets_of.cache_clear()

    @lru_cache(maxsize=16384)  # noqa: B019 - one lexicon lives as long as the program
    def sets_of(self, key: str) -> frozenset[str]:
        """The sets that hold the word with this key, allowing one slip in a long word."""
        known = self._plainly(key)
        if known or len(key) < FUZZY_FROM or key in self._ordinary or not key.isalpha():
            return frozenset(known)
        close: set[str] = set()
        for word in self._near_words[key[0]]:
            if abs(len(word) - len(key)) <= 1 and OSA.distance(key, word, score_cutoff=1) <= 1:
                close |= self._exact[word]
        if not close:
            for stem in self._near_stems[key[0]]:
                if OSA.distance(key[: len(stem)], stem, score_cutoff=1) <= 1:
                    close |= self._stems[stem]
        return frozenset(close)

    def _plainly(self, key: str) -> set[str]:
        found = set(self._exact.get(key, ()))
        for length in range(2, len(key) + 1):
            found |= self._stems.get(key[:length], set())
        return found

    def find(self, words: Words, neutral: str | None = None) -> dict[str, list[Span]]:
        """Where each set stands in `words`; what belongs to the set `neutral` does not count."""
        hits: dict[str, list[Span]] = defaultdict(list)
        keys = words.keys
        deaf: set[int] = set()
        for place, name, end in self._found_phrases(keys):
            hits[name].append((place, end))
            if name == neutral:
                deaf.update(range(place, end))
        if deaf:
            for name in hits:
                hits[name] = [span for span in hits[name] if not deaf.intersection(range(*span))]
        for place, key in enumerate(keys):
            if place not in deaf:
                for name in self.sets_of(key):
                    hits[name].append((place, place + 1))
        return {name: spans for name, spans in hits.items() if spans}

    def _found_phrases(self, keys: tuple[str, ...]) -> Iterator[tuple[int, str, int]]:
        for place, key in enumerate(keys):
            for phrase, name in (*self._phrases.get(key, ()), *self._open_phrases):
                end = place + len(phrase)
                if all(map(_fits, phrase, keys[place:end])) and end <= len(keys):
                    yield place, name, end


def _fits(wanted: str, key: str) -> bool:
    return key.startswith(wanted[:-1]) if wanted.endswith("*") else key == wanted


def _expand(name: str, sets: Mapping[str, Iterable[str]], above: tuple[str, ...]) -> Iterator[str]:
    if name in above or name not in sets:
        wrong = "includes itself" if name in above else "does not exist"
        raise CatalogError(f"the word set {name!r} {wrong}", "Correct the rules.")
    for entry in sets[name]:
        if not isinstance(entry, str):
            raise CatalogError(
                f"the word set {name!r} holds {entry!r}, which is no text", "Put it in quotes."
            )
        if entry.startswith("+"):
            yield from _expand(entry[1:], sets, (*above, name))
        else:
            yield entry


def _stems(stem: str) -> set[str]:
    """The keys of a stem; what a final c or g sounds like depends on what follows."""
    key = sound(stem)
    other = {"c": "s", "g": "j"}.get(stem[-1:].lower())
    return {key, key[:-1] + other} if other else {key}


@dataclass(frozen=True)
class Item:
    """One step of a pattern: a set that comes, or must not come, after at most `gap` words."""

    name: str
    gap: int = 0
    absent: bool = False


@dataclass(frozen=True)
class Pattern:
    """A pattern that has been read; `begins` and `closes` tie it to a sentence's two ends."""

    items: tuple[Item, ...]
    begins: bool = False
    closes: bool = False
    needs: frozenset[str] = field(default=frozenset())

    def found(self, hits: Hits, words: Words) -> bool:
        """Whether the items stand in `words` in this order."""
        if not all(name in hits for name in self.needs):
            return False
        first, *rest = self.items
        ends = {end for start, end in hits[first.name] if not self.begins or start in words.starts}
        for item in rest:
            spans = hits.get(item.name, [])
            if item.absent:
                taken = {start for start, _ in spans}
                ends = {end for end in ends if end not in taken}
            else:
                ends = {
                    end for start, end in spans if any(0 <= start - e <= item.gap for e in ends)
                }
        if self.closes:
            ends = {end for end in ends if end in words.starts or end == len(words.keys)}
        return bool(ends)


def read_pattern(text: str, lexicon: Lexicon) -> Pattern:
    """Reads a pattern; words in parentheses join `lexicon` as a set of their own.

    Raises CatalogError where the pattern names a set that does not exist.
    """
    items: list[Item] = []
    gap, begins, closes = 0, False, False
    for part in re.findall(r"!?\([^)]*\)|\S+", text):
        if part in ("^", "$"):
            begins, closes = begins or part == "^", closes or part == "$"
        elif part.startswith(".."):
            gap = int(part[2:])
        else:
            absent = part.startswith("!")
            name = part.removeprefix("!")
            if name.startswith("(") or name == "?":
                for word in lexicon.entries(name.strip("()").split("|")):
                    lexicon.add(name, word)
            if name not in lexicon.names:
                raise CatalogError(
                    f"the pattern {text!r} names the set {name!r}, which does not exist",
                    "Correct the rules.",
                )
            items.append(Item(name, gap, absent))
            gap = 0
    if not items or items[0].absent:
        raise CatalogError(f"the pattern {text!r} begins with nothing to find", "Correct it.")
    needs = frozenset(item.name for item in items if not item.absent)
    return Pattern(tuple(items), begins, closes, needs)


@dataclass(frozen=True)
class Near:
    """All of `items` within `span` words, in any order."""

    span: int
    items: tuple[Item, ...]

    def found(self, hits: Hits, words: Words) -> bool:
        """Whether some stretch of `span` words holds each of the items."""
        places = [hits.get(item.name, []) for item in self.items]
        if not all(places):
            return False
        return any(
            all(any(start <= s < start + self.span for s, _ in spans) for spans in places)
            for start in {s for spans in places for s, _ in spans}
        )


def read_patterns(lines: Iterable[str], lexicon: Lexicon) -> tuple[Pattern | Near, ...]:
    """Reads several, those that begin with ``near N:`` too. Raises CatalogError like `read_pattern`."""
    made: list[Pattern | Near] = []
    for line in lines:
        near = re.fullmatch(r"near (\d+): (.+)", line)
        pattern = read_pattern(near[2] if near else line, lexicon)
        made.append(Near(int(near[1]), pattern.items) if near else pattern)
    return tuple(made)
