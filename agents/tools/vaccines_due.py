"""What the country's documents say of vaccines at an age: no schedule is known but theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.stated import measures, plain
from agents.toolkit import Access, Age, Cited, Part, Result, tool
from agents.toolkit.passages import cited, rules_of, sections_of
from agents.toolkit.reading import is_newborn
from retrieval.analyse import words
from retrieval.index import Scope
from sources.document import Document, Field

_OF_A_SCHEDULE = (Field.BODY, Field.DESCRIPTION, Field.STEPS, Field.TEMPORAL, Field.OUTPUT)
_WHERE = (Field.CHANNEL, Field.CONTACT_POINT)
_MONTHS = {"year": 12, "month": 1}
"""The units in which schedules count ages, in months."""

_LIST = re.compile(r"(?P<first>\d+(?:\s*,\s*\d+)*)\s*(?:,|y|e)\s*(?P<last>\d+)\s+(?P<unit>[a-z]+)")
_BOTH = re.compile(r"(?P<years>\d+) anos? (?:y|e) (?P<months>\d+) mes(?:es)?")


@tool(sector="health", countries=("CL", "PE", "BR", "DO"))
def vaccines_due(access: Access, age: Age) -> Result:
    """Which vaccines are due at an age, if a document of the country holds the schedule.

    What no document says is not said, and nothing is advised.
    """
    documents = list(_about_vaccines(access))
    schedule = [(d, s) for d in documents for s in sections_of(d, *_OF_A_SCHEDULE)
                if not s.note and _ages(d.text[s.start : s.end], d.language)]  # fmt: skip
    due = tuple(
        cited(document, section)
        for document, section in schedule
        if age.months in _ages(document.text[section.start : section.end], document.language)
    )
    spoken = _spoken(age, access.language)
    where = Part("where", _where(documents))
    if due:
        return Result(due, (where,), {"age": spoken}, ("no_advice",))
    if schedule:
        whole = Part("schedule", tuple(cited(d, s) for d, s in schedule))
        return Result((), (whole, where), {"age": spoken}, ("no_age", "no_advice"))
    about = Part("about", tuple(_about(documents)))
    notices = ("no_schedule",) * bool(documents)
    return Result((), (about, where), {"age": spoken}, notices, answers=False)


def _about_vaccines(access: Access) -> Iterator[Document]:
    """The country's documents whose title, names or keywords speak of vaccines."""
    rules = rules_of(__file__)
    stems = tuple(rules["stems"])
    scope = Scope(tenants=access.tenants, countries=(access.country,), on=access.today)
    found: dict[str, Document] = {}
    for question in rules["questions"]:
        result = access.searcher.search(question, scope, limit=rules["passages"])
        found |= {each.document.id: each.document for each in result.documents}
    for document in found.values():
        named = " ".join((document.title, *document.names, *document.keywords))
        if any(word.startswith(stems) for word in words(named)):
            yield document


def _about(documents: list[Document]) -> Iterator[Cited]:
    for document in documents:
        for section in sections_of(document, Field.DESCRIPTION, Field.COST, Field.EVIDENCE):
            yield cited(document, section)


def _where(documents: list[Document]) -> tuple[Cited, ...]:
    return tuple(cited(d, s) for d in documents for s in sections_of(d, *_WHERE))


def _ages(text: str, language: str) -> set[int]:
    """The ages that a text names, in months: "2, 4 y 6 meses", "1 año y 6 meses", "al nacer"."""
    said = plain(text, language)
    found = {0} if is_newborn(said) else set()
    found |= {12 * int(both["years"]) + int(both["months"]) for both in _BOTH.finditer(said)}
    said = _LIST.sub(_each, _BOTH.sub(" ", said))
    return found | {
        round(float(value) * _MONTHS[unit]) for value, unit in measures(said) if unit in _MONTHS
    }


def _each(listed: re.Match[str]) -> str:
    """A list with its unit at each number: "2, 4 y 6 meses" → "2 meses 4 meses 6 meses"."""
    numbers = [*re.findall(r"\d+", listed["first"]), listed["last"]]
    return " ".join(f"{number} {listed['unit']}" for number in numbers)


def _spoken(age: Age, language: str) -> str:
    """An age as people say it: "2 meses", "4 años"."""
    unit = "year" if age.months >= 24 and age.months % 12 == 0 else "month"
    count = age.months // _MONTHS[unit]
    one, many = rules_of(__file__)["units"][unit][language]
    return f"{count} {one if count == 1 else many}"
