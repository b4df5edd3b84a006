"""Masks personal numbers before anything is stored, logged or sent to a model.

    >>> mask("Mi RUT es 12.345.678-5, ¿qué hago?").text
    'Mi RUT es [RUT], ¿qué hago?'

The search runs over a *shadow* of the text: lower case, without accents, invisible characters or
exotic digits, with the place of every character kept: a number is found however it is written, and
what is not masked stays as it was. What counts as personal is data: ``rules/privacy.yaml`` and the
identity numbers of ``sources/countries/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from agents.rules.numbers import (
    AMOUNT,
    AT_SIGN,
    BARE,
    EMAIL_ADDRESS,
    RUN,
    TOKEN,
    Kind,
    rules,
    shadow_of,
)
from sources.country import countries

SHORTEST = 5
"""Fewer digits than these identify nobody."""
PHONE, CARD, DOCUMENT, EMAIL = "teléfono", "tarjeta", "documento", "correo"


@dataclass(frozen=True)
class Masked:
    """A text without personal numbers, and the kinds that were masked, in order of appearance."""

    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """Digits, or the letter that closes a number, at ``shadow[start:end]``."""

    text: str
    start: int
    end: int


@dataclass(order=True)
class Found:
    """A stretch of the shadow to be masked as `kind`."""

    start: int
    end: int
    kind: str = field(compare=False)


def mask(text: str, country: str | None = None) -> Masked:
    """Replaces every personal number in `text` by its kind in brackets.

    `country` (ISO 3166-1 alpha-2) decides what an ambiguous number is called, and which local
    telephone numbers are tried first; whether something is masked hardly depends on it.
    """
    kinds: list[str] = []
    while True:
        shadow, places = shadow_of(text)
        found = _search(shadow, country)
        if not found:
            return Masked(text, tuple(dict.fromkeys(kinds)))
        kinds += [span.kind for span in found]
        for span in reversed(found):
            # The end reaches over the invisible characters that belong to the last digit.
            start, end = places[span.start], max(places[span.end], places[span.end - 1] + 1)
            text = f"{text[:start]}[{span.kind}]{text[end:]}"


def _search(shadow: str, country: str | None) -> list[Found]:
    found: list[Found] = []
    if AT_SIGN.search(shadow):
        found += [Found(m.start(), m.end(), EMAIL) for m in EMAIL_ADDRESS.finditer(shadow)]
    written = sum(map(str.isdigit, shadow))
    if written >= SHORTEST or len(rules().numbers.findall(shadow)) >= SHORTEST:
        found += _Page(shadow, country, found).search()
    return _apart(sorted(found))


def _apart(found: list[Found]) -> list[Found]:
    """`found` without what overlaps its forerunner: the next round masks the rest of that."""
    return [f for i, f in enumerate(found) if not i or found[i - 1].end <= f.start]


class _Page:
    """One search over one shadow."""

    def __init__(self, shadow: str, country: str | None, taken: list[Found]) -> None:
        self.shadow, self.country, self.rules = shadow, country, rules()
        self.taken = list(taken)
        self.found: list[Found] = []
        self.money = [m.span() for m in self.rules.currency.finditer(shadow)]
        self.exempt = [m.span() for m in self.rules.exempt.finditer(shadow)]

    def search(self) -> list[Found]:
        for match in self.rules.dictated.finditer(self.shadow):
            self._take(match.start(), match.end(), DOCUMENT)
        self._labelled()
        for run in self._runs():
            self._unlabelled(run)
        return self.found

    def _take(self, start: int, end: int, kind: str) -> None:
        self.taken.append(Found(start, end, kind))
        self.found.append(self.taken[-1])

    def _free(self, start: int, end: int, barred: Iterable[tuple[int, int]] = ()) -> bool:
        spans = [*((t.start, t.end) for t in self.taken), *barred]
        return all(end <= s or e <= start for s, e in spans)

    # - numbers that a word announces -

    def _labelled(self) -> None:
        for label in self.rules.label.finditer(self.shadow):
            kind = self.rules.kinds[self.rules.by_word[re.sub(r"\s+", " ", label[1])]]
            if spoken := self.rules.dictated_after.match(self.shadow, label.end()):
                if self._free(*spoken.span(1)):
                    self._take(*spoken.span(1), kind.name)
                continue
            if before := self.rules.after.search(
                self.shadow, max(0, label.start() - 48), label.start()
            ):
                self._announced(before.start(), kind, direct=True)
            if gap := self.rules.direct.match(self.shadow, label.end()):
                self._announced(gap.end(), kind, direct=True)
            elif gap := self.rules.loose.match(self.shadow, label.end()):
                self._announced(gap.end(), kind, direct=False)

    def _announced(self, start: int, kind: Kind, *, direct: bool) -> None:
        """Masks the number that begins at `start`, and those that an "y" adds to it."""
        while tokens := self._tokens_from(start):
            barred = (
                self.money
                if direct and len(tokens[0].text) >= BARE - 1
                else [*self.money, *self.exempt]
            )
            chosen = self._choose(tokens, kind, SHORTEST if direct else BARE - 1)
            if not chosen or not self._free(chosen[0].start, chosen[-1].end, barred):
                return
            if len(_joined(chosen)) < BARE - 1 and self._looks_paid(chosen):
                return
            name = kind.name
            if kind.name == DOCUMENT:
                name = next((k.name for k in self._valid(_joined(chosen)) if k.countries), name)
            self._take(self._opened(chosen[0].start), chosen[-1].end, name)
            again = re.compile(r"\s*(?:,|/|y|e|o|ou)\s*(?:el\s|la\s|o\s)?(?=\d)").match(
                self.shadow, chosen[-1].end
            )
            if not again:
                return
            start, direct = again.end(), False

    def _looks_paid(self, tokens: list[Token]) -> bool:
        """Whether a short number after a label is rather the price of what the label names."""
        number = self.shadow[tokens[0].start : tokens[-1].end]
        near = self.shadow[max(0, tokens[0].start - 48) : tokens[0].start]
        amount = number.endswith("00") or re.fullmatch(r"\d{2,3}[.,]\d{3}", number)
        return number.endswith("00") or bool(amount and self.rules.priced.search(near))

    def _tokens_from(self, start: int) -> list[Token]:
        match = RUN.search(self.shadow, start, start + 64)
        if not match or match.start() > start + 2:
            return []
        return [
            Token(m[0], m.start(), m.end())
            for m in TOKEN.finditer(self.shadow, match.start(), match.end())
        ]

    def _choose(self, tokens: list[Token], kind: Kind, least: int) -> list[Token]:
        """The tokens from the first on that make up one number of `kind`; empty if too few."""
        for end in range(len(tokens), 0, -1):
            if self._strong(tokens[:end]):
                return tokens[:end]
        chosen: list[Token] = []
        for token in tokens:
            size = sum(len(t.text) for t in chosen)
            gap = self.shadow[chosen[-1].end : token.start] if chosen else ""
            full = chosen and size + len(token.text) > kind.digits[1]
            if full or (size >= BARE - 1 and _breaks(gap)):
                break
            chosen.append(token)
        while chosen and chosen[-1].text in "kx" and not self._closes(chosen):
            chosen.pop()
        short = sum(len(t.text) for t in chosen) < least
        return [] if short or all(_is_year(t.text) for t in chosen) else chosen

    def _closes(self, tokens: list[Token]) -> bool:
        return len(tokens) > 1 and tokens[-1].start - tokens[-2].end <= 3

    def _opened(self, start: int) -> int:
        """Where a number that begins with "+", "(" or the letters of a passport really begins."""
        opening = re.compile(r"(?:(?<![a-z])[a-z]{1,3}[ \-]?(?<![ ]n )|\+\s?\(?|\()$").search(
            self.shadow, max(0, start - 4), start
        )
        if not opening:
            return start
        word = opening[0].strip(" -")
        label = word.isalpha() and (word in self.rules.by_word or opening[0].endswith(" "))
        unclosed = word == "(" and ")" not in self.shadow[start : start + 5]
        return start if label or unclosed else opening.start()

    # - numbers that speak for themselves -

    def _runs(self) -> Iterator[list[Token]]:
        """Stretches of digits that separators alone divide."""
        for match in RUN.finditer(self.shadow):
            if sum(map(str.isdigit, match[0])) >= BARE - 1:
                tokens = TOKEN.finditer(self.shadow, match.start(), match.end())
                yield [Token(m[0], m.start(), m.end()) for m in tokens]

    def _unlabelled(self, run: list[Token]) -> None:
        """Masks from the surest to the least sure; a line break divides where both sides stand."""
        for line in self._pieces(run, lines=True, barred=self.money):
            self._sweep(line, self._proved if len(run) > 1 else self._unbroken)
        barred = [*self.money, *self.exempt]
        for line in self._pieces(run, lines=True, barred=barred):
            self._sweep(line, self._strong)
        for piece in self._pieces(run, lines=False, barred=barred):
            self._sweep(piece, self._strong)
        for piece in self._pieces(run, lines=False, barred=barred):
            if kind := self._whole(piece):
                self._take(self._opened(piece[0].start), piece[-1].end, kind)
                continue
            for token in piece:
                if len(token.text) >= BARE and not re.fullmatch(r"\d{1,3}0{5,7}", token.text):
                    self._take(token.start, token.end, self._bare(token.text))

    def _pieces(
        self, run: list[Token], *, lines: bool, barred: list[tuple[int, int]]
    ) -> list[list[Token]]:
        """The parts of `run` that are neither masked nor explained yet."""
        pieces: list[list[Token]] = [[]]
        for token in run:
            if not self._free(token.start, token.end, barred):
                pieces.append([])
                continue
            last = pieces[-1]
            gap = self.shadow[last[-1].end : token.start] if last else ""
            if lines and _breaks(gap):
                pieces.append([])
            pieces[-1].append(token)
        return [piece for piece in pieces if piece]

    def _sweep(self, run: list[Token], judge: Callable[[list[Token]], str | None]) -> None:
        """Takes what `judge` gives a kind, from left to right, the longest first."""
        start = 0
        while start < len(run):
            for end in range(min(len(run), start + 16), start, -1):
                if kind := judge(run[start:end]):
                    self._take(self._opened(run[start].start), run[end - 1].end, kind)
                    start = end
                    break
            else:
                start += 1

    def _proved(self, tokens: list[Token]) -> str | None:
        """The kind whose grouping and checksum both hold."""
        shapes = self.rules.shapes.get(tuple(len(token.text) for token in tokens), [])
        valid = self._valid(_joined(tokens)) if shapes else []
        return next((kind.name for kind in valid if kind in shapes), None)

    def _unbroken(self, tokens: list[Token]) -> str | None:
        """The kind that the checksum of undivided digits proves."""
        number = _joined(tokens)
        valid = self._valid(number) if len(number) > BARE else []
        return valid[0].name if valid and not self._mobile(tokens) else None

    def _mobile(self, tokens: list[Token]) -> bool:
        """Whether digits that might pass as a tax number are a mobile telephone's."""
        number = _joined(tokens)
        return len(number) == 9 and number[0] == "9" and self._phone(tokens)

    def _strong(self, tokens: list[Token]) -> str | None:
        """The kind that the grouping, the checksum of an unbroken number or a dial plan proves."""
        number = _joined(tokens)
        shape = tuple(len(token.text) for token in tokens)
        valid = self._valid(number)
        if shapes := self.rules.shapes.get(shape):
            gap = self.shadow[tokens[-2].end : tokens[-1].start]
            proved = [kind for kind in shapes if kind in valid]
            if proved or shape[-1] > 1 or not gap.isspace():
                return (proved or self._ours(shapes))[0].name
        if not self._alone(tokens):
            return None
        if len(tokens) == 1 or (len(tokens) == 2 and tokens[1].text == "k"):
            if len(number) == BARE and self.country not in {c for k in valid for c in k.countries}:
                return None
            if valid and not self._mobile(tokens):
                return valid[0].name
        return PHONE if self._phone(tokens) else None

    def _alone(self, tokens: list[Token]) -> bool:
        """Whether no further digits hang on to `tokens` by a separator."""
        start, end = tokens[0].start, tokens[-1].end
        hangs = re.compile(r"\d[.,\-/]\d")
        return not hangs.search(self.shadow, max(0, start - 2), start + 1) and not hangs.match(
            self.shadow, end - 1, end + 2
        )

    def _whole(self, run: list[Token]) -> str | None:
        """The kind of a run that stands alone, however it is divided."""
        number = _joined(run)
        if len(number) < BARE or len(run) < 2 or all(_is_year(token.text) for token in run):
            return None
        if valid := self._valid(number):
            return valid[0].name
        amount = re.fullmatch(rf"(?:{AMOUNT})", self.shadow[run[0].start : run[-1].end])
        round_ = all(re.fullmatch(r"\d+00|0?\d?0", token.text) for token in run)
        if round_ or (amount and (run[-1].text == "000" or len(run[-1].text) < 3)):
            return None
        return DOCUMENT

    def _bare(self, number: str) -> str:
        if len(number) == BARE:
            return {"PE": "DNI", None: "DNI", "CL": "RUT"}.get(self.country, DOCUMENT)
        return (
            CARD
            if len(number) >= 13 and any(k.name == CARD for k in self._valid(number))
            else DOCUMENT
        )

    def _valid(self, number: str) -> list[Kind]:
        """The kinds whose checksum holds for `number`, those of the country first."""
        size = len(number)
        return self._ours(
            kind
            for kind in self.rules.kinds.values()
            if kind.digits[0] <= size <= kind.digits[1] and _proves(kind, number)
        )

    def _ours(self, kinds: Iterable[Kind]) -> list[Kind]:
        return sorted(kinds, key=lambda kind: self.country not in kind.countries)

    def _phone(self, tokens: list[Token]) -> bool:
        number = _joined(tokens)
        if not (BARE <= len(number) <= 15 and number.isdigit() and len(tokens) <= 8):
            return False
        plus = self.shadow[: tokens[0].start].rstrip(" (").endswith("+")
        return plus or _dials(number, self.country)


def _proves(kind: Kind, number: str) -> bool:
    """Whether the checksum of `kind` holds, and would not hold for just any number."""
    if kind.holds is None or not kind.holds(number.upper()):
        return False
    last = number[-1]
    return not all(kind.holds(number[:-1] + other) for other in "0123456789" if other != last)


def _breaks(gap: str) -> bool:
    """Whether what stands between digits is a line break and nothing that joins them."""
    return "\n" in gap and not gap.strip("\n\r\t ()")


def _joined(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def _is_year(text: str) -> bool:
    return len(text) == 4 and text[:2] in {"19", "20"}


@lru_cache(maxsize=1024)
def _dials(number: str, country: str | None) -> bool:
    """Whether `number` can be dialled in one of the countries, or abroad where it says so."""
    import phonenumbers  # slow to load, and most texts hold nothing like a telephone number

    regions = sorted({c for k in rules().kinds.values() for c in k.countries} | set(countries()))
    regions.sort(key=lambda region: region != country)
    tries: list[tuple[str, str | None]] = []
    if number.startswith("00"):
        tries.append(("+" + number.removeprefix("00"), None))
    if len(number) >= 9:
        tries += [(number, region) for region in regions]
    if len(number) >= 11:
        tries.append(("+" + number, None))
    for text, region in tries:
        try:
            parsed = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        possible = region is None and number[:2] == "00" and phonenumbers.is_possible_number(parsed)
        if possible or phonenumbers.is_valid_number(parsed):
            return True
    return False
