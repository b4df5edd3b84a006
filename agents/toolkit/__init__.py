"""What a tool is: a typed function that answers from data, with rows that are cited like passages.

    @tool(sector="health", countries=("CL",), roles=("pharmacies_on_duty",))
    def pharmacies_on_duty(access: Access, place: Place) -> Result:
        \"\"\"Which pharmacies are on duty today in a place.\"\"\"
        ...

Beside the module lies a YAML file of the same name: by what people ask for the tool, in which words
they give its arguments, and what the page says around its rows (see `agents.toolkit.texts`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from retrieval.places import Place
from retrieval.search import Searcher
from retrieval.tables import Dataset, Tables
from sources.country import countries as known_countries
from sources.document import PUBLIC, Document, Sector
from sources.errors import VentanillaError

DEADLINE_S = 2.0
"""Seconds that a tool may take, unless it says otherwise."""

LONGEST_DOCSTRING_LINE = 120


class ToolRefused(VentanillaError):
    """A tool that cannot be offered, with the reason and what to mend."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a tool may use. `now` is the moment in the country's own time zone; `country` is the one
    that is asked about and `language` the reader's.
    """

    tables: Tables
    searcher: Searcher
    country: str
    language: str
    now: datetime
    tenants: tuple[str, ...] = (PUBLIC,)

    @property
    def today(self) -> date:
        """The day in the country."""
        return self.now.date()

    def datasets(self, role: str) -> list[Dataset]:
        """The country's own data sets of a role that the reader may see."""
        return self.tables.datasets(role, (self.country,), self.tenants)


@dataclass(frozen=True, slots=True)
class Age:
    """An age in whole months."""

    months: int


@dataclass(frozen=True, slots=True)
class Cited:
    """A stretch of a document that is shown and cited: ``document.text[start:end]``."""

    document: Document
    start: int
    end: int

    @classmethod
    def first(cls, document: Document) -> Cited:
        """The first section of `document`: of a row, its line."""
        section = document.sections[0]
        return cls(document, section.start, section.end)


@dataclass(frozen=True, slots=True)
class Point:
    """A place to draw, in degrees (WGS 84)."""

    label: str
    latitude: float
    longitude: float

    @classmethod
    def of(cls, spots: Iterable[tuple[str, float | None, float | None]]) -> tuple[Point, ...]:
        """Those of `spots` (label, latitude, longitude) that can be drawn."""
        return tuple(
            cls(label, latitude, longitude)
            for label, latitude, longitude in spots
            if latitude is not None and longitude is not None
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under a heading of their own; `heading` is a key of the tool's texts, filled in with
    `values`.
    """

    heading: str
    lines: tuple[Cited, ...]
    values: Mapping[str, str] = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool found. Nothing found is an answer too, if the data could have shown it.

    Lines that only say where to turn do not `answer`. Parts without a line are left out.

    `values` fill in the heading or, where there are no lines, the `empty` text; `notices` are keys
    of the tool's texts, as is `unable`: why the data could not show it, said in place of `empty`.
    `alternatives` are what an argument may mean: the reader is asked.
    """

    lines: tuple[Cited, ...] = ()
    parts: tuple[Part, ...] = ()
    values: Mapping[str, str] | None = None
    notices: tuple[str, ...] = ()
    unable: str = "empty"
    points: tuple[Point, ...] = ()
    alternatives: tuple[str, tuple[str, ...]] | None = None
    answers: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(part for part in self.parts if part.lines))


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool, read off its signature."""

    name: str
    type: Any
    required: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of an argument that has few of them."""
        kind = self.type
        if get_origin(kind) is Literal:
            return tuple(get_args(kind))
        return ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool ready to be offered."""

    name: str
    function: Callable[..., Result]
    description: str
    sector: Sector
    countries: tuple[str, ...]
    roles: tuple[str, ...]
    arguments: tuple[Argument, ...]
    deadline_s: float
    texts: Path

    def among(self, countries: Sequence[str]) -> list[str]:
        """Those of `countries` that it answers for; all of its own where none is named."""
        return [code for code in countries or self.countries if code in self.countries]

    def run(self, access: Access, arguments: Mapping[str, Any]) -> Result:
        """Calls it. Raises TypeError for arguments that it does not have."""
        return self.function(access, **arguments)


def tool(
    *,
    sector: str,
    countries: Sequence[str],
    roles: Sequence[str] = (),
    deadline_s: float = DEADLINE_S,
) -> Callable[[Callable[..., Result]], Tool]:
    """Makes a tool of a function.

    `countries` are those that it answers for, `roles` the tables that it reads: it is offered where
    any of them is there, and always if it names none. Raises ToolRefused, with the reason.
    """

    def made(function: Callable[..., Result]) -> Tool:
        name = function.__name__
        try:
            area = Sector(sector)
        except ValueError:
            raise ToolRefused(f"{name}: there is no sector {sector!r}", "Use a `Sector`.") from None
        if not countries or set(countries) - known_countries().keys():
            known = ", ".join(known_countries())
            raise ToolRefused(f"{name}: it names no country that is described", f"Use {known}.")
        description = (inspect.getdoc(function) or "").strip()
        if not description:
            raise ToolRefused(f"{name}: it has no docstring", "Say what it answers in a sentence.")
        return Tool(
            name=name,
            function=function,
            description=description,
            sector=area,
            countries=tuple(countries),
            roles=tuple(roles),
            arguments=_arguments(function),
            deadline_s=deadline_s,
            texts=Path(inspect.getfile(function)).with_suffix(".yaml"),
        )

    return made


def _arguments(function: Callable[..., Result]) -> tuple[Argument, ...]:
    name = function.__name__
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise ToolRefused(f"{name}: {error}", "Import the types of its arguments.") from None
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or hints.get(parameters[0].name) is not Access:
        raise ToolRefused(f"{name}: its first argument is no Access", "Write `access: Access`.")
    if hints.get("return") is not Result:
        raise ToolRefused(f"{name}: it does not return a Result", "Write `-> Result`.")
    made = []
    for parameter in parameters[1:]:
        kind = hints.get(parameter.name)
        if kind is None:
            raise ToolRefused(f"{name}: {parameter.name} has no type", "Annotate it.")
        kind, optional = _without_none(kind)
        if kind not in (str, int, bool, Place, Age) and get_origin(kind) is not Literal:
            raise ToolRefused(
                f"{name}: {parameter.name} has a type that no question gives",
                "Use Place, Age, str, int, bool or a Literal of words.",
            )
        required = parameter.default is inspect.Parameter.empty
        made.append(Argument(parameter.name, kind, required and not optional))
    return tuple(made)


def _without_none(kind: Any) -> tuple[Any, bool]:
    """``T | None`` → (T, True)."""
    options = get_args(kind)
    if type(None) in options and len(options) == 2:
        return next(option for option in options if option is not type(None)), True
    return kind, False
