"""Which tools a question asks for, and with which arguments: read by rules that lie beside each tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from typing import Any

from agents.phrases import rules
from agents.rules.likeness import masked, scorer
from agents.rules.matching import Lexicon, Words, sound, words_of
from agents.stated import plain
from agents.toolkit import Age, Argument
from agents.toolkit.loader import Loaded, loaded
from agents.toolkit.texts import NUMBER, PLACE, Texts
from retrieval.analyse import fold
from retrieval.places import Found, Place, Places

LEAST_WORDS = 2
SURE, PLAIN, PERHAPS = 0.6, 0.9, 0.3
"""Likeness to a tool's examples from which it is asked for, from which it is so beside another tool,
and from which a model decides.
"""

LONGEST_FOLLOW_UP = 14
"""Words of a question that may go on with an earlier one."""

_LYING = re.compile(r"(?:,|\s(?:en|em|no|na|de|del|do|da))\s*$", re.IGNORECASE)
_LEADS = re.compile(r"^(?:(?:y|e|la|el|a|o|de|en|para|pra|sobre|qué tal)\s+)+", re.IGNORECASE)
_JOINTS = re.compile(r"[?¿!;.]+\s*|,\s+|\s(?:y|e|además|também|también|aparte)\s", re.IGNORECASE)

MONTHS = {"year": 12.0, "month": 1.0, "week": 12 / 52}
MOST_OPTIONS = 6


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to be called; `missing` are required arguments that the question does not give, and
    `options` what an ambiguous one may mean, by argument.
    """

    tool: str
    country: str
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


def chosen(
    question: str,
    offered: Iterable[Loaded],
    countries: Sequence[str],
    places: Places,
    earlier: Sequence[str] = (),
) -> tuple[list[Call], list[Loaded]]:
    """The calls that `question` asks for in these countries, and the tools that it may ask for.

    No country stands for all: the place that is named tells which one is meant. A short question
    that asks for no tool goes on with one of the `earlier` ones (newest first), if it says
    something new of what that tool needs: "y en Maipú?", "e dentista, tem?".
    """
    offered = list(offered)
    calls: list[Call] = []
    perhaps: list[Loaded] = []
    seen: list[tuple[Loaded, list[str], list[Found], _Asked]] = []
    for each in offered:
        able = each.tool.among(countries)
        if not able:
            continue
        found = places.find(question, able)
        seen.append((each, able, found, _asked(question, each, found)))
    taken = {clause for *_, asked in seen for clause in asked.patterned}
    best = max((asked.alike for *_, asked in seen), default=0.0)
    for each, able, found, asked in seen:
        # Beside a tool that is plainly asked for, or that is likelier, another must be plain too, or
        # have a question of its own.
        rivals = bool(taken) or asked.alike < best
        if asked.patterned or asked.alike >= (PLAIN if rivals else SURE) or asked.apart(taken):
            call = read_call(question, each, able, found, asked.clause)
            calls.append(_completed(call, each, able, earlier, places))
        elif asked.hinted or asked.alike >= PERHAPS:
            perhaps.append(each)
    if not calls and len(question.split()) <= LONGEST_FOLLOW_UP:
        for before in earlier:
            if calls := _continued(question, before, offered, countries, places):
                return calls, []
    return calls, perhaps


def _completed(
    call: Call, each: Loaded, countries: Sequence[str], earlier: Sequence[str], places: Places
) -> Call:
    """A call with what it misses taken from earlier questions, where they say it, and from where the
    reader is.
    """
    for before in (*earlier, *places.home_words(countries)):
        if not call.missing or call.options:
            break
        old = read_call(before, each, countries, places.find(before, countries))
        taken = {name: old.arguments[name] for name in call.missing if name in old.arguments}
        missing = tuple(name for name in call.missing if name not in taken)
        country = old.country if taken and not call.arguments else call.country
        call = Call(call.tool, country, {**call.arguments, **taken}, missing)
    return call


def _continued(
    question: str,
    before: str,
    offered: Iterable[Loaded],
    countries: Sequence[str],
    places: Places,
) -> list[Call]:
    """The calls of an earlier question, with what this one says anew."""
    calls: list[Call] = []
    for each in offered:
        able = each.tool.among(countries)
        if not able or not _wanted(before, each, places.find(before, able)):
            continue
        old = read_call(before, each, able, places.find(before, able))
        new = read_call(question, each, able, places.find(question, able))
        given = new.arguments or _only_name(question, each)
        if not given and not new.options:
            continue
        merged = {**old.arguments, **given}
        wanted = [a.name for a in each.tool.arguments if a.required and a.name not in merged]
        country = new.country if new.arguments else old.country
        calls.append(Call(each.tool.name, country, merged, tuple(wanted), new.options))
    return calls


def _only_name(question: str, each: Loaded) -> dict[str, Any]:
    """A tool that needs one name and nothing else is given what a follow-up names: "¿y la PUCP?"."""
    needed = [argument for argument in each.tool.arguments if argument.required]
    if len(needed) != 1 or needed[0].type is not str:
        return {}
    named = _LEADS.sub("", question.strip(" ¿?¡!.,")).strip()
    return {needed[0].name: named} if named and named != question.strip(" ¿?¡!.,") else {}


@dataclass(slots=True)
class _Asked:
    """How a question asks for a tool: the clauses (as offsets) in which a pattern says so, whether a
    pattern hints at it, and how much each clause sounds like the tool's examples.
    """

    patterned: set[tuple[int, int]] = field(default_factory=set)
    hinted: bool = False
    likeness: dict[tuple[int, int], float] = field(default_factory=dict)
    questions: set[tuple[int, int]] = field(default_factory=set)

    @property
    def alike(self) -> float:
        """The likeness of the clause that sounds most like it."""
        return max(self.likeness.values(), default=0.0)

    @property
    def clause(self) -> tuple[int, int] | None:
        """The clause that asks for it, where it is not the question as a whole."""
        named = self.patterned or {c for c, v in self.likeness.items() if v == self.alike}
        return min(named, key=lambda clause: clause[1] - clause[0]) if named else None

    def apart(self, taken: set[tuple[int, int]]) -> bool:
        """Whether a clause that is a question, and in which no tool is plainly asked for, sounds
        like it.
        """
        own = {clause for clause in self.questions if not any(_within(t, clause) for t in taken)}
        return any(self.likeness.get(clause, 0.0) >= SURE for clause in own)


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _wanted(question: str, each: Loaded, found: list[Found]) -> bool:
    """Whether a question asks for a tool, by itself."""
    asked = _asked(question, each, found)
    return bool(asked.patterned) or asked.alike >= SURE


def _asked(question: str, each: Loaded, found: list[Found]) -> _Asked:
    """How a question, or one clause of it, asks for a tool: by its patterns, and by its likeness to
    examples (`agents.rules.learn`). What is not meant in one clause ("y cuánto cuesta la licencia")
    does not undo another.
    """
    asked, texts = _Asked(), each.texts
    parts = clauses(question)
    for start, end in parts:
        words = words_of(question[start:end])
        inside = [f for f in found if start <= f.start and f.end <= end]
        hits = {
            **texts.lexicon.find(words),
            PLACE: _spans(inside, words, start),
            NUMBER: [(n, n + 1) for n, key in enumerate(words.keys) if any(map(str.isdigit, key))],
        }
        hits = {name: spans for name, spans in hits.items() if spans}
        if any(pattern.found(hits, words) for pattern in texts.unless):
            continue
        places = tuple((f.start - start, f.end - start) for f in inside)
        if not texts.about or texts.about & hits.keys():
            likely = _likely(question[start:end], places)
            asked.likeness[start, end] = likely.get(each.tool.name, 0.0)
        if any(pattern.found(hits, words) for pattern in texts.asks):
            asked.patterned.add((start, end))
        asked.hinted |= any(pattern.found(hits, words) for pattern in texts.hints)
        if len(parts) > 1 and (start, end) != parts[0] and set(words.keys) & _interrogatives():
            asked.questions.add((start, end))
    return asked


@cache
def _interrogatives() -> frozenset[str]:
    return frozenset(sound(word) for word in rules("conversation")["interrogatives"])


@lru_cache(maxsize=256)
def _likely(clause: str, places: tuple[tuple[int, int], ...]) -> dict[str, float]:
    """How much a clause sounds like the examples of each tool; asked once for all tools."""
    return scorer("tool").likelihoods(words_of(masked(clause, places)))


def clauses(question: str) -> list[tuple[int, int]]:
    """The question as a whole, and its clauses of three words or more, as offsets."""
    parts, start = [(0, len(question))], 0
    for match in (*_JOINTS.finditer(question), None):
        end = match.start() if match else len(question)
        if len(question[start:end].split()) >= LEAST_WORDS:
            parts.append((start, end))
        if match:
            start = match.end()
    return parts if len(parts) > 2 else parts[:1]


def sectors_asked(
    question: str, countries: Sequence[str], places: Places, earlier: Sequence[str] = ()
) -> tuple[set[str], bool]:
    """The sectors whose tools a question asks for, or may ask for; and whether it plainly asks for
    one.
    """
    found: set[str] = set()
    plainly = False
    for each in loaded().values():
        calls, perhaps = chosen(question, [each], countries, places, earlier)
        plainly = plainly or bool(calls)
        if calls or perhaps:
            found.add(each.tool.sector.value)
    return found, plainly


def read_call(
    question: str,
    each: Loaded,
    countries: Sequence[str],
    found: list[Found],
    clause: tuple[int, int] | None = None,
) -> Call:
    """The arguments that `question` gives. A place of another `clause` than the one that asks for the
    tool is taken only where one is required.
    """
    own = [f for f in found if not clause or (clause[0] <= f.start and f.end <= clause[1])]
    given: dict[str, Any] = {}
    missing: list[str] = []
    options: dict[str, tuple[str, ...]] = {}
    country = countries[0]
    for argument in each.tool.arguments:
        if argument.type is Place:
            meant = _meant(own or (found if argument.required else []))
            if isinstance(meant, Place):
                given[argument.name], country = asdict(meant), meant.country
                continue
            if meant:
                options[argument.name] = tuple(dict.fromkeys(p.label for p in meant))[:MOST_OPTIONS]
        else:
            value = _value(question, argument, each.texts, found)
            if value is not None:
                given[argument.name] = value
                home = each.texts.homes.get(argument.name, {}).get(str(value), "")
                country = home if home in countries else country
                continue
        if argument.required:
            missing.append(argument.name)
    if not given and len(countries) > 1:
        country = ""
    return Call(each.tool.name, country, given, tuple(missing), options)


def decoded(call: Call, arguments: Iterable[Argument]) -> dict[str, Any]:
    """The arguments as the tool takes them. Raises ValueError for one that does not fit its type."""
    made: dict[str, Any] = {}
    kinds = {argument.name: argument for argument in arguments}
    for name, value in call.arguments.items():
        argument = kinds[name]
        if argument.type is Place:
            made[name] = Place(**{**value, "parents": tuple(value["parents"])})
        elif argument.type is Age:
            made[name] = Age(int(value))
        elif argument.choices and value not in argument.choices:
            raise ValueError(f"{name} is none of {', '.join(argument.choices)}")
        else:
            made[name] = value if argument.choices else argument.type(value)
    return made


def shown(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as a reader sees them."""
    return {k: v["name"] if isinstance(v, Mapping) else v for k, v in arguments.items()}


def _meant(found: list[Found]) -> Place | tuple[Place, ...]:
    """The place that is named; several where it is ambiguous. Of two places the narrower is meant."""
    if not found:
        return ()
    sure = [f.places[0] for f in found if len(f.places) == 1]
    if sure:
        inside = [p for p in sure if any(o is not p and o.name in p.parents for o in sure)]
        return (inside or sure)[0]
    return found[0].places


def _spans(found: list[Found], words: Words, begin: int) -> list[tuple[int, int]]:
    """Places as spans of words of a clause that begins at `begin`."""
    spans = []
    for place in found:
        inside = [n for n, at in enumerate(words.offsets) if place.start <= at + begin < place.end]
        if inside:
            spans.append((inside[0], inside[-1] + 1))
    return spans


def _value(question: str, argument: Argument, texts: Texts, found: list[Found]) -> Any:
    """What the question says of an argument, or None."""
    if argument.type is Age:
        return _months(question)
    for capture in texts.captures.get(argument.name, ()):
        folded = fold(question)
        if len(folded) == len(question) and (match := capture.search(folded)):
            return _without_place(question, *match.span("it"), found)
    spoken = texts.values.get(argument.name, {})
    hits = texts.lexicon.find(words_of(question))
    said = {value: hits[key] for value, key in spoken.items() if key in hits}
    if not said:
        return None
    if argument.type is bool:
        return True
    # The value that is named by most words, and of those the first.
    return min(said, key=lambda value: (-max(e - s for s, e in said[value]), said[value][0]))


def _without_place(question: str, start: int, end: int, found: list[Found]) -> str:
    """A captured name without the place that it is said to lie in: "Mall Plaza en Trujillo"."""
    said = question[start:end].strip(" ,;:")
    for place in found:
        if start < place.start < end <= place.end + 1:
            before = _LYING.sub("", question[start : place.start])
            if before != question[start : place.start] and before.strip(" ,;:"):
                return before.strip(" ,;:")
    return said


def _months(question: str) -> int | None:
    """An age in months: "2 años y 6 meses" → 30, "12 mezes" → 12."""
    words = words_of(plain(question, "es"))
    hits = _ages().find(words)
    if "newborn" in hits:
        return 0
    months, said = 0.0, False
    for unit, worth in MONTHS.items():
        for start, _ in hits.get(unit, ()):
            before = words.keys[start - 1] if start else ""
            if before.isdigit():
                months, said = months + int(before) * worth, True
    return round(months) if said else None


def is_newborn(folded: str) -> bool:
    """Whether a folded text speaks of somebody who was just born."""
    return "newborn" in _ages().find(words_of(folded))


@cache
def _ages() -> Lexicon:
    return Lexicon(rules("ages"))
