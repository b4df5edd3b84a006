"""Whether a name in a text is a place: what stands before and after it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from retrieval.analyse import stopwords
from retrieval.places.data import around, shyness
from retrieval.places.names import Match, tokens

_SAINTS = frozenset({"san", "santa", "santo", "s", "sta", "sto"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a match `counts` as a place or is `part_of_another` name (a street's); the `kinds` of
    territory that the words before it ask for.
    """

    counts: bool
    part_of_another: bool = False
    kinds: frozenset[str] = frozenset()


class Context:
    """One text, looked at around the names in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        # Where everything is in capitals, a capital says nothing.
        self._shouted = not any(map(str.islower, text))

    def verdict(self, match: Match) -> Verdict:
        """What the words around `match` make of it."""
        lists = around()
        before = self._before(match.start)
        shy = shyness(match.key)
        # An article that is not part of the name, and what stands before it.
        bare = before[1:] if before and before[0] in lists.articles else before
        if self._names_another(match, bare, shy):
            return Verdict(False, part_of_another=True)
        kinds, announced = self._kinds(bare)
        preposition = bare[0] if bare else (before[0] if before else "")
        located = preposition in lists.located or (bool(before) and before[0] in lists.located)
        of = preposition in lists.of
        alone = match.start == 0 and match.end == len(self.tokens)
        capital = self._capital(match)
        if announced:
            return Verdict(True, kinds=kinds)
        if not self._spelled_as_a_name(match):
            return Verdict(False)
        if shy == 2:
            counts = (located or of) and capital and match.exact
        elif shy:
            counts = alone or capital or located
            counts = counts and (match.exact or located or alone)
            if shy and not match.exact and of and not located:
                counts = False
        elif match.exact:
            counts = True
        else:
            counts = located or of or alone or capital or self._beside_a_comma(match)
        return Verdict(counts, kinds=kinds)

    def _before(self, start: int) -> list[str]:
        """The folded words right before token `start`, nearest first, of the same phrase."""
        found = []
        for position in range(start - 1, max(-1, start - 6), -1):
            gap = self.text[self.tokens[position].end : self.tokens[position + 1].start]
            # "Av. Arequipa" goes on; "en Lima. Arequipa" does not.
            if gap.strip() and not (gap.strip() == "." and len(self.tokens[position].raw) < 5):
                break
            found.append(self.tokens[position].folded)
        return found

    def _names_another(self, match: Match, bare: list[str], shy: int) -> bool:
        lists = around()
        if bare and bare[0] in lists.always:
            return True
        if bare and bare[0] in lists.facility and (shy or match.key[0] in _SAINTS):
            return True
        rest = list(bare)
        passed = False
        while rest and (rest[0] in lists.between or rest[0] in lists.particles or rest[0] in lists.articles):
            passed = True
            rest.pop(0)
        if not (passed and rest):
            return False
        direct = bare[0] in lists.between
        return rest[0] in lists.part_of or (direct and rest[0] in lists.always)

    def _kinds(self, bare: list[str]) -> tuple[frozenset[str], bool]:
        """The kinds that "comuna de" asks for, and whether any word announces a place."""
        lists = around()
        rest = [w for w in bare if w not in lists.particles and w not in lists.articles]
        if not rest or bare.index(rest[0]) > 2:
            return frozenset(), False
        kinds = frozenset(kind for kind, words in lists.kinds.items() if rest[0] in words)
        return kinds, bool(kinds) or rest[0] in lists.any_kind

    def _capital(self, match: Match) -> bool:
        """Whether the name has a capital letter that neither the start of a sentence nor a longer
        name in capitals explains.
        """
        if self._shouted:
            return False
        name = self.tokens[match.start : match.end]
        content = [t for t in name if t.folded not in around().articles] or name
        if not all(t.raw[0].isupper() for t in content if len(t.raw) > 3 or t is content[0]):
            return False
        if match.start == 0 or self._ends_sentence(match.start):
            return False
        return not (self._capital_beside(match.start - 1, -1) or self._capital_beside(match.end, 1))

    def _ends_sentence(self, start: int) -> bool:
        gap = self.text[self.tokens[start - 1].end : self.tokens[start].start]
        return any(mark in gap for mark in ".?!¿¡:\n")

    def _capital_beside(self, position: int, step: int) -> bool:
        """Whether the word next to a name is capitalised too, so that both may be one longer name."""
        if not 0 <= position < len(self.tokens):
            return False
        token, other = self.tokens[position], self.tokens[position - step]
        first, second = sorted((token, other), key=lambda t: t.start)
        if self.text[first.end : second.start].strip():
            return False
        if not token.raw[0].isupper() or token.raw.isupper():
            return False
        lists = around()
        if step < 0:
            start = position == 0 or self._ends_sentence(position)
            return not start and token.folded not in lists.located | lists.of | lists.articles
        return token.folded not in stopwords("es") | stopwords("pt")

    def _spelled_as_a_name(self, match: Match) -> bool:
        """A name that is a little word ("Pará", "Ate", "SP") is it only as it is written."""
        if match.end - match.start > 1:
            return True
        token = self.tokens[match.start]
        word = token.folded
        if word in stopwords("es") | stopwords("pt"):
            name = {unicodedata.normalize("NFC", p.name) for p in match.places}
            return unicodedata.normalize("NFC", token.raw) in name and self._before(match.start) != []
        if len(word) <= 3 and not any(_plain(p.name) for p in match.places if _is(p.name, word)):
            return token.raw.isupper() and not self._shouted or self._located_before(match.start)
        return True

    def _located_before(self, start: int) -> bool:
        before = self._before(start)
        return bool(before) and before[0] in around().located

    def _beside_a_comma(self, match: Match) -> bool:
        if match.start == 0:
            return False
        gap = self.text[self.tokens[match.start - 1].end : self.tokens[match.start].start]
        return gap.strip() in {",", "-", "/", "("}


def _is(name: str, word: str) -> bool:
    return len(name) == len(word)


def _plain(name: str) -> bool:
    return not name.isupper()
