"""The names of all places as a tree of words, walked along a text with errors allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import OSA

from retrieval.analyse import fold
from retrieval.places.data import around, country_names, is_everyday, is_little
from retrieval.places.place import Place
from retrieval.places.rows import key_of, other_names
from retrieval.places.slips import LEAST, Slips

_WORD = re.compile("[^\\W_]+(?:[\u0300-\u036f]+[^\\W_]*)*")
_BETWEEN = frozenset({"", "-", "'", "’", "´"})
_JOINED = re.compile(r"['’´-]")

MOST_ERRORS = 2
SHORTENED = 3
"""Words of a name from which its first two may stand for it."""

LONGEST_JOIN = 3
"""Words of a text that may be one word of a name: "til til" is Tiltil."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: its code points and itself as written, and folded. `joins`: nothing but a
    space, a hyphen, an apostrophe or an abbreviation's point stands before it.
    """

    start: int
    end: int
    raw: str
    folded: str
    joins: bool


@lru_cache(maxsize=65536)
def _folded(word: str) -> str:
    word = fold(word)
    return around().same.get(word, word)


def tokens(text: str) -> list[Token]:
    """The words of `text`, as the names of places are compared."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        gap = text[found[-1].end : match.start()] if found else "\n"
        short = bool(found) and found[-1].folded in around().abbreviations
        joins = gap.strip(" ") in _BETWEEN or (short and gap.strip(" ") == ".")
        found.append(
            Token(match.start(), match.end(), match.group(), _folded(match.group()), joins)
        )
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens `start` to `end` (exclusive) as the name `key` of `places`, with so many `errors`."""

    start: int
    end: int
    key: tuple[str, ...]
    places: tuple[Place, ...]
    errors: int
    exact: bool


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    places: list[Place] = field(default_factory=list)


class Names:
    """Every name of `places`, the colloquial ones included; the names of countries left out."""

    def __init__(self, places: Iterable[Place]) -> None:
        places = tuple(places)
        self.states = {p.code: p for p in places if p.kind == "state"}
        self._root = _Node()
        self._joined: dict[str, list[_Node]] = {}
        vocabulary: set[str] = set()
        others, countries = other_names(), country_names()
        for place in places:
            names = (place.name, *others.get((place.country, place.code), ()))
            for name in names:
                if _with_article(name, place):
                    continue
                for spelled in {name, _JOINED.sub("", name)}:
                    key = key_of(spelled)
                    if key and " ".join(key) not in countries:
                        self._add(key, place)
                        vocabulary.update(key)
        self._shorten(places)
        # A misspelt country is none of its namesakes: "Coolmbia" is not Colméia.
        elsewhere = {name for name in (*countries, *around().foreign) if " " not in name}
        self._elsewhere = elsewhere - vocabulary
        self._slips = Slips(vocabulary | self._elsewhere)
        is_everyday("")  # reads the word lists now, and not while the first question waits
        # "sn Pedro", "lso Angeles": a short word is only guessed at where many names begin with it.
        self._openers = tuple(
            word
            for word, node in self._root.next.items()
            if len(word) <= LEAST and len(node.next) > 2
        )

    def _shorten(self, places: Iterable[Place]) -> None:
        """Long names also go by their beginning, where nothing else does: "Víctor Larco" is Víctor
        Larco Herrera, and "San Juan" is left to those that are called so.
        """
        begun: dict[tuple[str, tuple[str, ...]], list[Place]] = {}
        for place in places:
            key = key_of(place.name)
            if len(key) >= SHORTENED and not any(is_little(word) for word in key[:2]):
                begun.setdefault((place.country, key[:2]), []).append(place)
        for (_, key), meant in begun.items():
            node = self._root
            for word in key:
                node = node.next[word]
            if len({place.code for place in meant}) == 1 and not node.places:
                self._add(key, meant[0])

    def _add(self, key: tuple[str, ...], place: Place) -> None:
        node = self._root
        for word in key:
            node = node.next.setdefault(word, _Node())
        node.key = key
        if place not in node.places:
            node.places.append(place)
        glued = "".join(key)
        if node not in (known := self._joined.setdefault(glued, [])) and len(glued) >= LEAST:
            known.append(node)

    def beginning(self, key: tuple[str, ...]) -> Iterator[Place]:
        """The places whose name begins with `key` and goes on."""
        node = self._node(key)
        waiting = list(node.next.values()) if node else []
        while waiting:
            node = waiting.pop()
            yield from node.places
            waiting += node.next.values()

    def _node(self, key: tuple[str, ...]) -> _Node | None:
        node: _Node | None = self._root
        for word in key:
            node = node.next.get(word) if node else None
        return node

    def at(
        self,
        said: Sequence[Token],
        start: int,
        countries: Sequence[str] = (),
        kinds: Sequence[str] = (),
    ) -> list[Match]:
        """The names that may begin at token `start`, the longest and least misspelt first."""
        best: dict[tuple[int, tuple[str, ...]], Match] = {}
        abroad = start
        for end, node, errors, exact in self._walk(said, start):
            places = tuple(
                place
                for place in node.places
                if (not countries or place.country in countries)
                and (not kinds or place.kind in kinds)
            )
            if exact and not any(not countries or p.country in countries for p in node.places):
                abroad = max(abroad, end)
            known = best.get((end, node.key))
            if places and (known is None or errors < known.errors):
                best[end, node.key] = Match(start, end, node.key, places, errors, exact)
        order = sorted(best.values(), key=lambda m: (-m.end, m.errors, not m.exact))
        # In a Dominican question "Santiago de Chile" is no Santiago either.
        return _without_worse([match for match in order if match.end >= abroad])

    def _walk(self, said: Sequence[Token], start: int) -> Iterator[tuple[int, _Node, int, bool]]:
        """(end token, node, errors, whether all words were as written)."""
        particles = around().particles
        waiting: list[tuple[int, _Node, int, bool]] = [(start, self._root, 0, True)]
        while waiting:
            position, node, errors, exact = waiting.pop()
            # Where a particle was passed over, the name must go on: "Santiago de" is none.
            ends = position > start and said[position - 1].folded not in particles
            if node.places and ends and not _too_little(node.key, said[start], errors):
                yield position, node, errors, exact
            if position == len(said) or (position > start and not said[position].joins):
                continue
            word = said[position].folded
            if position > start and word in particles and position + 1 < len(said):
                waiting.append((position + 1, node, errors, exact))
            if follow := node.next.get(word):
                waiting.append((position + 1, follow, errors, exact))
            for other, cost in self._instead(said[position], node, position == start):
                if errors + cost <= MOST_ERRORS and (follow := node.next.get(other)):
                    # An abbreviation costs nothing, a slip at least a little.
                    waiting.append((position + 1, follow, errors + cost, exact and not cost))
        yield from self._glued(said, start)

    def _glued(self, said: Sequence[Token], start: int) -> Iterator[tuple[int, _Node, int, bool]]:
        """Names that are written in fewer or more words than they have: "sanmartin", "til til"."""
        glued = ""
        for end in range(start + 1, min(len(said), start + LONGEST_JOIN) + 1):
            word = said[end - 1].folded
            if word in around().particles or (end > start + 1 and not said[end - 1].joins):
                return
            glued += word
            for node in self._joined.get(glued, ()):
                if len(node.key) != end - start:
                    yield end, node, 1, False

    def _instead(self, token: Token, node: _Node, first: bool) -> Iterator[tuple[str, int]]:
        word = token.folded
        for long in around().abbreviations.get(word, ()):
            yield around().same.get(long, long), 0
        if len(word) < LEAST:
            if first and len(word) > 1 and not is_little(word):
                yield from ((o, 2) for o in self._openers if OSA.distance(word, o) == 1)
        elif not is_everyday(word):
            near = self._slips.of(word)
            if near and near[0][0] not in self._elsewhere:
                yield from ((other, 1) for other, _ in near)
        if first or not 1 < len(word) <= LEAST or is_little(word):
            return
        if word not in node.next:
            yield from ((o, 2) for o in node.next if _near_short(word, o))


def _near_short(word: str, other: str) -> bool:
    return 2 < len(other) <= LEAST and OSA.distance(word, other) == 1


def _with_article(name: str, place: Place) -> bool:
    """Whether `name` is the place's own with an article before it, which is found without."""
    key = key_of(name)
    return key[:1] != () and key[0] in around().articles and key[1:] == key_of(place.name)


def _too_little(key: tuple[str, ...], first: Token, errors: int) -> bool:
    """Whether an abbreviation or a slip in a short word is all there is: "CAP" is not Capitão, and
    "la pega" is not La Vega.
    """
    if len(key) == 1 and first.folded != key[0] and first.folded in around().abbreviations:
        return True
    return errors > 1 and len([word for word in key if word not in around().articles]) < 2


def _without_worse(matches: list[Match]) -> list[Match]:
    """Of names over the same tokens the least misspelt ones, homonyms by error joined."""
    kept: dict[int, Match] = {}
    for match in matches:
        best = kept.setdefault(match.end, match)
        if best is not match and (best.errors, best.exact) == (match.errors, match.exact):
            kept[match.end] = Match(
                best.start,
                best.end,
                best.key,
                tuple(dict.fromkeys((*best.places, *match.places))),
                best.errors,
                best.exact,
            )
    return list(kept.values())
