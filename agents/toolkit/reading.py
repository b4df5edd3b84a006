"""Which tools a question asks for, and with which arguments: read by rules that lie beside each tool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from agents.phrases import Phrases, rules
from agents.rules.matching import Words, words_of
from agents.stated import measures, plain
from agents.toolkit import Age, Argument
from agents.toolkit.loader import Loaded, loaded
from agents.toolkit.texts import PLACE, Texts
from retrieval.analyse import fold
from retrieval.places import Found, Place, Places

MONTHS = {"year": 12, "month": 1}
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
) -> tuple[list[Call], list[Loaded]]:
    """The calls that `question` asks for in these countries, and the tools that it may ask for.

    No country stands for all: the place that is named tells which one is meant.
    """
    words = words_of(question)
    calls: list[Call] = []
    perhaps: list[Loaded] = []
    for each in offered:
        able = [c for c in (countries or each.tool.countries) if c in each.tool.countries]
        if not able:
            continue
        found = places.find(question, able)
        hits = {**each.texts.lexicon.find(words), PLACE: _spans(found, words)}
        hits = {name: spans for name, spans in hits.items() if spans}
        if any(pattern.found(hits, words) for pattern in each.texts.unless):
            continue
        if any(pattern.found(hits, words) for pattern in each.texts.asks):
            calls.append(read_call(question, each, able, found))
        elif any(pattern.found(hits, words) for pattern in each.texts.hints):
            perhaps.append(each)
    return calls, perhaps


def sectors_asked(question: str, countries: Sequence[str], places: Places) -> set[str]:
    """The sectors whose tools a question asks for, or may ask for."""
    found: set[str] = set()
    for each in loaded().values():
        calls, perhaps = chosen(question, [each], countries, places)
        if calls or perhaps:
            found.add(each.tool.sector.value)
    return found


def read_call(question: str, each: Loaded, countries: Sequence[str], found: list[Found]) -> Call:
    """The arguments that `question` gives."""
    given: dict[str, Any] = {}
    missing: list[str] = []
    options: dict[str, tuple[str, ...]] = {}
    country = countries[0]
    for argument in each.tool.arguments:
        if argument.type is Place:
            meant = _meant(found)
            if isinstance(meant, Place):
                given[argument.name], country = asdict(meant), meant.country
                continue
            if meant:
                options[argument.name] = tuple(dict.fromkeys(p.label for p in meant))[:MOST_OPTIONS]
        else:
            value = _value(question, argument, each.texts)
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


def _spans(found: list[Found], words: Words) -> list[tuple[int, int]]:
    """Places as spans of words."""
    spans = []
    for place in found:
        inside = [n for n, at in enumerate(words.offsets) if place.start <= at < place.end]
        if inside:
            spans.append((inside[0], inside[-1] + 1))
    return spans


def _value(question: str, argument: Argument, texts: Texts) -> Any:
    """What the question says of an argument, or None."""
    if argument.type is Age:
        return _months(question)
    for capture in texts.captures.get(argument.name, ()):
        folded = fold(question)
        if len(folded) == len(question) and (match := capture.search(folded)):
            return question[match.start("it") : match.end("it")].strip(" ,;:")
    spoken = texts.values.get(argument.name, {})
    hits = texts.lexicon.find(words_of(question))
    said = {value: hits[key] for value, key in spoken.items() if key in hits}
    if not said:
        return None
    if argument.type is bool:
        return True
    # The value that is named by most words, and of those the first.
    return min(said, key=lambda value: (-max(e - s for s, e in said[value]), said[value][0]))


def _months(question: str) -> int | None:
    """An age in months: "2 años y 6 meses" → 30."""
    text = plain(question, "es")
    if is_newborn(text):
        return 0
    ages = {unit: float(value) for value, unit in measures(text) if unit in MONTHS}
    if not ages:
        return None
    return round(sum(value * MONTHS[unit] for unit, value in ages.items()))


def is_newborn(folded: str) -> bool:
    """Whether a folded text speaks of somebody who was just born."""
    return folded in _newborn()


@cache
def _newborn() -> Phrases:
    return Phrases(rules("ages")["newborn"])
