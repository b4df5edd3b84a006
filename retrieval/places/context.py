"""Whether a name in a text is a place: what stands before and after it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from retrieval.analyse import stopwords
from retrieval.places.data import around, is_little, shyness
from retrieval.places.names import Match, tokens
from retrieval.places.rows import key_of, ours

FAR = 6
"""Words before a name that are looked at."""

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
        capital = self._capital(match)
        if announced and (capital or match.exact or before[0] in lists.of):
            return Verdict(True, kinds=kinds)
        if not self._spelled_as_a_name(match):
            return Verdict(False)
        where = self._where(match, before, bare, capital)
        alone = match.start == 0 and match.end == len(self.tokens)
        several = len([w for w in match.key if w not in lists.articles and not is_little(w)]) > 1
        if shy == 2:
            # "en La Unión", and not "deudas con la Unión"; of names with an article only a state's.
            state = any(place.kind == "state" for place in match.places)
            said = before[:1] != [] and (where or (state and before[0] in lists.of | lists.in_the))
            plain = state or before[:1] == [] or before[0] not in lists.in_the
            counts = said and plain and capital and match.exact
        elif not match.exact:
            counts = where or alone or (several and match.errors < 2 and not shy)
        elif shy or (not several and _is_small(match)):
            # "Fundación Joaquim Nabuco", "Serra dos Órgãos"
            counts = alone or ((where or capital) and not self._goes_on_in_capitals(match))
        else:
            counts = True
        return Verdict(counts, kinds=kinds)

    def _where(self, match: Match, before: list[str], bare: list[str], capital: bool) -> bool:
        """Whether the words before `match` say that something is there."""
        lists = around()
        if not before:
            return False
        if before[0] in lists.located or (bare and bare[0] in lists.located):
            return True
        if before[0] in lists.in_the:
            return capital
        if not bare or bare[0] not in lists.of or len(bare) < 2:
            return False
        # "cerca de" and "hospital de"; but "escola do jardim".
        if bare[0] != "de" and not (capital and match.exact):
            return False
        return bare[1] in lists.near or _singular(bare[1]) in lists.services

    def _before(self, start: int) -> list[str]:
        """The folded words right before token `start`, nearest first, of the same phrase."""
        found = []
        for position in range(start - 1, max(-1, start - 1 - FAR), -1):
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
        skipped = lists.between | lists.particles | lists.articles
        passed = next((i for i, word in enumerate(bare) if word not in skipped), len(bare))
        if not 0 < passed < len(bare):
            return False
        if bare[passed] in lists.part_of:
            return True
        # "avenida General San Martín"; but "la plaza de Lima" is in Lima.
        return bare[0] in lists.between and bare[passed] in lists.always

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
            return (
                not start
                and token.folded not in lists.located | lists.in_the | lists.of | lists.articles
            )
        return token.folded not in stopwords("es") | stopwords("pt")

    def _goes_on_in_capitals(self, match: Match) -> bool:
        """Whether a capitalised name is followed by more of a longer one."""
        if self._shouted or not self.tokens[match.start].raw[0].isupper():
            return False
        position = match.end
        while position < len(self.tokens) and self.tokens[position].folded in around().particles:
            position += 1
        if position == len(self.tokens) or not self.tokens[position].joins:
            return False
        return self._capital_beside(position, 1)

    def _spelled_as_a_name(self, match: Match) -> bool:
        """A name that is a little word ("Pará", "Ate", "SP") is it only as it is written, and one
        without ç or ñ is not written with them: "lanço" is not Lanco.
        """
        if match.end - match.start > 1:
            return True
        token = self.tokens[match.start]
        letters = set(unicodedata.normalize("NFC", token.raw.casefold())) & {"ç", "ñ"}
        if match.exact and letters and not any(_has(p.name, letters) for p in match.places):
            return False
        word = token.folded
        if word in stopwords("es") | stopwords("pt"):
            name = {unicodedata.normalize("NFC", p.name) for p in match.places}
            return (
                unicodedata.normalize("NFC", token.raw) in name and self._before(match.start) != []
            )
        if len(word) <= 3 and not any(key_of(p.name) == match.key for p in match.places):
            written = token.raw.isupper() and (not self._shouted or len(self.tokens) == 1)
            return written or self._located_before(match.start)
        return True

    def _located_before(self, start: int) -> bool:
        before = self._before(start)
        return bool(before) and before[0] in around().located | around().in_the


def _has(name: str, letters: set[str]) -> bool:
    return letters <= set(unicodedata.normalize("NFC", name.casefold()))


def _is_small(match: Match) -> bool:
    """Whether only a complete table knows the place: many a hamlet is called like a thing."""
    return not any((place.country, place.code) in ours() for place in match.places)


def _singular(noun: str) -> str:
    """A folded noun as the lists have it: "hospitales", "hospitais", "escuelas"."""
    for ending, instead in (
        ("ales", "al"),
        ("ais", "al"),
        ("ones", "on"),
        ("oes", "ao"),
        ("s", ""),
    ):
        if noun.endswith(ending):
            return noun.removesuffix(ending) + instead
    return noun
