"""What holds for every tool that is loaded, our own and any other package's."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agents import toolkit
from agents.replies import LANGUAGES
from agents.toolkit import Access, Age, Result, Tool, ToolRefused, loader, tool
from agents.toolkit.finding import finding_of
from agents.toolkit.loader import Loaded, loaded, refused
from agents.toolkit.reading import Call, decoded
from agents.toolkit.rows import Rows
from agents.toolkit.schema import call_of, choices_of, described
from retrieval.places import Place, Places
from retrieval.tables import Tables
from sources.country import countries
from sources.errors import UsageError
from sources.tables import roles
from ui.assemble import House, open_house
from ui.settings import Settings

NAMES = sorted(loaded())
SLACK_S = 5.0
EMPTY = Tables(None)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("empty"))) as opened:
        yield opened


def access(house: House, country: str, language: str = "es") -> Access:
    now = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo(countries()[country].time_zone))
    return Access(EMPTY, house.searcher, country, language, now)


def sample(kind: Any, country: str) -> Any:
    """A value of the type, as JSON gives it."""
    town = next(p for p in Places.built_in().places if p.country == country and p.kind != "region")
    values = {Place: asdict(town), Age: 24, str: "San Martín", int: 3, bool: True}
    return values.get(kind)


def calls(each: Loaded) -> Iterator[Call]:
    """One call for each country, with every argument."""
    for country in each.tool.countries:
        given = {
            a.name: next(iter(choices_of(a, each)), None) or sample(a.type, country)
            for a in each.tool.arguments
        }
        yield Call(each.tool.name, country, given)


def test_none_of_ours_is_refused() -> None:
    assert refused() == {}
    assert len(NAMES) >= 13


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    each = loaded()[name]
    assert each.tool.name == name == each.tool.texts.stem
    assert set(each.tool.roles) <= roles().keys()
    first = each.tool.description.splitlines()[0]
    assert first.endswith(".")
    assert len(first) <= toolkit.LONGEST_DOCSTRING_LINE
    for language in LANGUAGES:
        assert each.texts.text("title", language)
        for argument in each.tool.arguments:
            if argument.required:
                assert "?" in each.texts.text(f"ask {argument.name}", language)


@pytest.mark.parametrize("name", NAMES)
def test_other_programs_are_told_a_schema_that_its_calls_fit(name: str) -> None:
    each = loaded()[name]
    told = json.loads(json.dumps(described(each)))
    assert told["name"] == name
    schema = told["inputSchema"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) <= schema["properties"].keys()
    assert schema["properties"]["country"]["enum"] == list(each.tool.countries)


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments_are_refused_in_one_line(name: str) -> None:
    each = loaded()[name]
    tool_ = each.tool
    country = tool_.countries[0]
    places = Places.built_in()
    elsewhere = next((c for c in countries() if c not in tool_.countries), "XX")
    wrong: list[dict[str, Any]] = [
        {},
        {"country": elsewhere},
        {"country": country, "colour": "red"},
    ]
    for argument in tool_.arguments:
        bad = {str: 7, bool: "yes", int: "x", Age: -1, Place: "Nowhere at all"}
        value = "no such value" if argument.choices else bad[argument.type]
        good = {
            a.name: a.choices[0]
            if a.choices
            else {str: "x", int: 1, bool: True, Age: 1}.get(a.type)
            for a in tool_.arguments
        }
        wrong.append({**good, "country": country, argument.name: value})
    for given in wrong:
        with pytest.raises(UsageError) as raised:
            call_of(each, given, places)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_without_data_it_answers_in_words_and_in_time(name: str, house: House) -> None:
    each = loaded()[name]
    for call in calls(each):
        given = access(house, call.country)
        started = time.monotonic()
        result = each.tool.run(given, decoded(call, each.tool.arguments))
        assert time.monotonic() - started < each.tool.deadline_s + SLACK_S
        assert isinstance(result, Result)
        if result.alternatives is None:
            found = finding_of(each, call, result, given, Rows())
            assert found["text"] or found["parts"]
            assert "{" not in found["text"]


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_are_whole(name: str, house: House) -> None:
    each = loaded()[name]
    call = next(calls(each))
    for language in LANGUAGES:
        given = access(house, call.country, language)
        result = each.tool.run(given, decoded(call, each.tool.arguments))
        if result.alternatives is None:
            assert finding_of(each, call, result, given, Rows())["title"]


# --- what is refused ------------------------------------------------------------------------------


def untyped(access: Access, place) -> Result:  # type: ignore[no-untyped-def]
    """Has an argument without a type."""
    return Result()


def undocumented(access: Access) -> Result:
    return Result()


def strange(access: Access, when: list[str]) -> Result:
    """Has a type that no question gives."""
    return Result()


def without_access(place: Place) -> Result:
    """Takes no Access."""
    return Result()


def without_result(access: Access) -> str:
    """Returns no Result."""
    return ""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (untyped, "has no type"),
        (undocumented, "no docstring"),
        (strange, "no question gives"),
        (without_access, "no Access"),
        (without_result, "return a Result"),
    ],
)
def test_a_tool_that_lacks_something_is_refused_with_the_reason(function: Any, reason: str) -> None:
    with pytest.raises(ToolRefused, match=reason):
        tool(sector="health", countries=("CL",))(function)


def documented(access: Access) -> Result:
    """Answers nothing."""
    return Result()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"sector": "weather", "countries": ("CL",)}, "weather"),
        ({"sector": "health", "countries": ()}, "no country"),
        ({"sector": "health", "countries": ("AR",)}, "no country"),
    ],
)
def test_a_tool_of_nowhere_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ToolRefused, match=reason):
        tool(**given)(documented)


def test_a_package_of_its_own_comes_through_the_same_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.cleandoc('''
        from agents.toolkit import Access, Result, tool

        @tool(sector="health", countries=("CL",))
        def {name}(access: Access) -> Result:
            """Answers from a package of its own."""
            return Result()
    ''')
    words = "title: {es: A, pt: A}\nheading: {es: A, pt: A}\nempty: {es: A, pt: A}\n"
    for module, name in (("our_tool", "our_tool"), ("stolen", "fares"), ("silent", "silent")):
        (tmp_path / f"{module}.py").write_text(source.replace("{name}", name), encoding="utf-8")
    for module in ("our_tool", "stolen"):
        (tmp_path / f"{module}.yaml").write_text(words, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("our_tool", "our_tool:our_tool", loader.GROUP),
        EntryPoint("stolen", "stolen:fares", loader.GROUP),
        EntryPoint("silent", "silent:silent", loader.GROUP),
        EntryPoint("gone", "nothing_here:tool", loader.GROUP),
    ]
    monkeypatch.setattr(loader, "entry_points", lambda group: points)
    loader.loaded.cache_clear()
    try:
        assert isinstance(loaded()["our_tool"].tool, Tool)
        assert loaded()["fares"].tool.texts.parent.name == "tools"
        reasons = refused()
        assert set(reasons) == {"stolen:fares", "silent:silent", "nothing_here:tool"}
        assert "is taken" in reasons["stolen:fares"]
        assert "silent.yaml" in reasons["silent:silent"]
        assert "cannot be imported" in reasons["nothing_here:tool"]
    finally:
        loader.loaded.cache_clear()
