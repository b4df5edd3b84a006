"""What the tools of health and education say stands where they say it stands."""

import re
from pathlib import Path

import pytest

from agents import tools
from agents.toolkit.loader import loaded, refused
from agents.toolkit.texts import LANGUAGES
from sources.catalog import read_yaml

FOLDER = Path(tools.__file__).parent
OURS = (
    "eligibility",
    "health_facilities_near",
    "insurance_branch",
    "pharmacies_on_duty",
    "process_dates",
    "schools_near",
    "university_licensed",
    "vaccines_due",
)
# What a heading or notice may be filled in with, beside the tool's own arguments.
FILLED = {
    "place",
    "as_of",
    "what",
    "shown",
    "total",
    "km",
    "name",
    "read_on",
    "date",
    "day",
    "age",
    "today",
    "programme",
    "process",
}


def data(name):
    return read_yaml(FOLDER / f"{name}.yaml")


def quotes(value):
    """Every ``{document, quote}`` anywhere in the rules."""
    if isinstance(value, dict):
        if "quote" in value:
            yield value["document"], value["quote"]
        for inner in value.values():
            yield from quotes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from quotes(inner)


QUOTES = [(name, *each) for name in OURS for each in quotes(data(name).get("rules", {}))]


def test_all_tools_are_offered():
    assert set(OURS) <= set(loaded())
    assert not [name for name in refused() if any(ours in name for ours in OURS)]


@pytest.mark.parametrize(("tool", "document_id", "quote"), QUOTES)
def test_the_quote_stands_in_the_seed_document(house, tool, document_id, quote):
    document = house.searcher.store.get(document_id)
    assert document is not None
    assert any(quote in document.quote(section) for section in document.sections)


def test_there_are_quotes_to_prove():
    assert {name for name, _, _ in QUOTES} == {
        "eligibility",
        "insurance_branch",
        "pharmacies_on_duty",
        "university_licensed",
    }


@pytest.mark.parametrize(
    "document_id",
    sorted(
        document
        for listed in data("process_dates")["rules"]["documents"].values()
        for documents in listed.values()
        for document in documents
    ),
)
def test_the_documents_with_dates_are_there(house, document_id):
    document = house.searcher.store.get(document_id)
    assert document is not None and "education" in document.sectors


def said(value, path=""):
    """Every mapping by language in a tool's file, with its path."""
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES) and all(isinstance(v, str | list) for v in value.values()):
            yield path, value
        else:
            for key, inner in value.items():
                yield from said(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from said(inner, path)


@pytest.mark.parametrize("name", OURS)
def test_everything_is_said_in_spanish_and_portuguese(name):
    listed = [item for item in said(data(name)) if "countries" not in item[0]]
    assert len(listed) > 3
    for path, text in listed:
        assert set(text) == set(LANGUAGES) and all(text.values()), path


@pytest.mark.parametrize("name", OURS)
def test_both_languages_are_filled_in_with_the_same(name):
    for path, text in said(data(name)):
        if all(isinstance(v, str) for v in text.values()):
            blanks = {language: set(re.findall(r"{(\w+)}", v)) for language, v in text.items()}
            assert blanks["es"] == blanks["pt"], path
            assert blanks["es"] <= FILLED, path


@pytest.mark.parametrize("name", OURS)
def test_every_heading_and_notice_has_its_text(name):
    texts, source = loaded()[name].texts, (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    used = set(re.findall(r'Part\("(\w+)"', source))
    used |= {
        key
        for each in re.findall(r"notices=\(([^)]*)\)", source)
        for key in re.findall(r'"(\w+)"', each)
    }
    assert [key for key in used if not texts.has(key)] == []


def test_branches_name_headings_notices_and_facts_that_exist():
    texts = loaded()["insurance_branch"].texts
    for country in data("insurance_branch")["rules"]["countries"].values():
        assert all(texts.has(f"unsaid_{fact}") for fact in country["matters"])
        assert all(texts.has(notice) for notice in country.get("notices", ()))
        for branch in country["branches"]:
            assert texts.has(branch["heading"])
            assert all(texts.has(notice) for notice in branch.get("notices", ()))


def test_conditions_test_facts_that_the_tool_takes():
    arguments = {a.name: a for a in loaded()["eligibility"].tool.arguments}
    for programme in data("eligibility")["rules"]["programmes"].values():
        for condition in programme["conditions"]:
            for test in condition["tests"]:
                fact = test["fact"].removesuffix("_of_all")
                assert fact in arguments
                words = {*test.get("met", ()), *test.get("not_met", ())}
                assert words <= set(arguments[fact].choices) | (
                    {"met"} if "years_ago" in test else set()
                )
            for fact, values in condition.get("only", {}).items():
                assert set(values) <= set(arguments[fact].choices)
