"""Categories of licences: what a document says, word by word, and what none says."""

from __future__ import annotations

from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from agents.toolkit.loader import loaded
from agents.toolkit.passages import rules_of
from agents.tools import licence_category as module
from agents.tools.licence_category import Vehicle, licence_category
from sources.document import Field
from tests.agents.tools.feeds import access

NOW = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("America/Lima"))
RULES = rules_of(module.__file__)
QUOTES = [
    (country, vehicle, rule)
    for country, rules in RULES.items()
    for vehicle, listed in rules["categories"].items()
    for rule in listed
]


@pytest.fixture
def ask(house):
    return lambda country, vehicle, **more: licence_category.run(
        access(None, country, NOW, house.searcher, **more), {"vehicle": vehicle}
    )


@pytest.mark.parametrize(("country", "vehicle", "rule"), QUOTES)
def test_every_quote_stands_in_its_document(house, country, vehicle, rule):
    document = house.searcher.store.get(rule["document"])
    assert document is not None and document.country == country
    assert rule["quote"] in {document.quote(section) for section in document.sections} or any(
        document.quote(section).startswith(rule["quote"]) for section in document.sections
    )
    assert vehicle in get_args(Vehicle)


def test_every_country_of_the_tool_names_documents_to_ask(house):
    assert set(RULES) == set(licence_category.countries)
    for rules in RULES.values():
        assert rules["ask"] and all(house.searcher.store.get(name) for name in rules["ask"])


def test_every_vehicle_has_a_name_and_words():
    texts = loaded()["licence_category"].texts
    for vehicle in get_args(Vehicle):
        for language in ("es", "pt"):
            assert texts.text(f"vehicle {vehicle}", language)
        assert vehicle in texts.values["vehicle"]


@pytest.mark.parametrize(("country", "vehicle", "rule"), QUOTES)
def test_a_known_category_comes_with_its_requirements(ask, country, vehicle, rule):
    result = ask(country, vehicle)
    [line] = result.lines
    assert line.document.text[line.start : line.end] == rule["quote"]
    assert result.values["category"] == rule["category"]
    [part] = result.parts
    assert part.heading == "requirements" and part.lines
    for each in part.lines:
        section = next(s for s in each.document.sections if s.start == each.start)
        assert section.field is Field.REQUIREMENT and section.end == each.end


@pytest.mark.parametrize("country", RULES)
@pytest.mark.parametrize("vehicle", get_args(Vehicle))
def test_what_no_document_says_is_not_made_up(ask, country, vehicle):
    if RULES[country]["categories"].get(vehicle):
        return
    result = ask(country, vehicle)
    assert result.lines == () and "category" not in result.values
    [part] = result.parts
    assert part.heading == "unknown" and part.lines
    for each in part.lines:
        section = next(s for s in each.document.sections if s.start == each.start)
        assert section.field in (Field.CHANNEL, Field.CONTACT_POINT)


def test_a_document_of_another_tenant_does_not_answer(ask):
    result = ask("CL", "car", tenants=("elsewhere",))
    assert result.lines == () and all(not part.lines for part in result.parts)
