"""Which conditions of a programme hold by what a person said: rules over quotes, never a promise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from agents.toolkit import Access, Cited, Part, Result, tool
from agents.toolkit.passages import in_force, quoted, read_on, rules_of

Verdict = Literal["met", "not_met", "unknown"]

VERDICTS: tuple[Verdict, ...] = ("not_met", "met", "unknown")
"""In the order in which they are shown."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@tool(sector="education", countries=("CL", "PE", "BR"))
def eligibility(
    access: Access,
    programme: Literal["beca-18", "gratuidad", "prouni", "fies"],
    nationality: Literal["CL", "PE", "other", "resident", "temporary", "irregular"] | None = None,
    degree: Literal["none", "have", "technical"] | None = None,
    mode: Literal["presence", "distance"] | None = None,
    schooling: Literal["here", "abroad"] | None = None,
    poverty: Literal["poor", "not_poor"] | None = None,
    merit: Literal["high"] | None = None,
    exam: Literal["taken", "not_taken"] | None = None,
    percent: str | None = None,
    decile: str | None = None,
    marks: str | None = None,
    essay: str | None = None,
    exam_year: str | None = None,
    income: str | None = None,
    per_person: bool = False,
    household: str | None = None,
) -> Result:
    """Whether a person meets the conditions of a scholarship or student loan, condition by condition.

    Each is met, not met or unknown by what was said. The institution decides, not this.
    """
    rules = rules_of(__file__)
    chosen = rules["programmes"][programme]
    said = {
        "nationality": nationality, "degree": degree, "mode": mode, "schooling": schooling,
        "poverty": poverty, "merit": merit, "exam": exam,
    }  # fmt: skip
    numbers = {
        "percent": _number(percent) or _times(_number(decile), 10),
        "marks": _number(marks),
        "essay": _number(essay),
        "exam_year": _number(exam_year),
        "income": _per_person(_number(income), per_person, _number(household)),
        "income_of_all": _number(income),
    }
    groups: dict[Verdict, list[Cited]] = {verdict: [] for verdict in VERDICTS}
    for rule in in_force(chosen["conditions"], access.today):
        line = quoted(access, rule["document"], rule["quote"])
        if line is not None and _applies(rule, said):
            groups[_verdict(rule, said, numbers, access.today.year)].append(line)
    values = {"name": chosen["names"][access.language], **read_on(rules, access.language)}
    return Result(
        parts=tuple(Part(name, tuple(lines)) for name, lines in groups.items()),
        values=values,
        notices=("no_promise", "dated") if any(groups.values()) else (),
    )


def _applies(rule: Mapping[str, Any], said: Mapping[str, str | None]) -> bool:
    """Whether a condition is for this person; where that is not known, it is shown as unknown."""
    only: Mapping[str, list[str]] = rule.get("only", {})
    return all(said[fact] is None or said[fact] in values for fact, values in only.items())


def _verdict(
    rule: Mapping[str, Any],
    said: Mapping[str, str | None],
    numbers: Mapping[str, float | None],
    year: int,
) -> Verdict:
    """The verdict of a rule; a fact that settles it comes first, by the order in the rule."""
    for test in rule["tests"]:
        fact = test["fact"]
        by_word = fact in said
        verdict = _by_word(test, said[fact]) if by_word else _by_number(test, numbers[fact], year)
        if verdict != "unknown":
            return verdict
    return "unknown"


def _by_word(test: Mapping[str, Any], value: str | None) -> Verdict:
    if value in test.get("met", ()):
        return "met"
    return "not_met" if value in test.get("not_met", ()) else "unknown"


def _by_number(test: Mapping[str, Any], value: float | None, year: int) -> Verdict:
    """A number against the bounds of a test; those of years may be counted back from this one."""
    if value is None:
        return "unknown"
    if "years_ago" in test:
        bounds = test["years_ago"]
        ago = year - value
        if ago == bounds["met"]:
            return "met"
        return "not_met" if ago >= bounds["not_met"] else "unknown"
    holds = (
        value >= test.get("at_least", value)
        and value <= test.get("at_most", value)
        and (value > test["more_than"] if "more_than" in test else True)
    )
    # A total that is over the limit says nothing of each person's share.
    return "met" if holds else "unknown" if test.get("only_met") else "not_met"


def _per_person(income: float | None, said: bool, household: float | None) -> float | None:
    """The income of each person, in minimum wages, where it can be told."""
    if income is None or said:
        return income
    return income / household if household else None


def _times(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor


def _number(text: str | None) -> float | None:
    """A number in figures or in a few words: "1,5", "um e meio", "zerei"; None where it is none."""
    if text is None:
        return None
    if figure := _NUMBER.search(text):
        found = float(figure.group().replace(",", "."))
        return found + 0.5 if _half(text[figure.end() :]) else found
    return _words().get(" ".join(text.split()).casefold())


def _half(text: str) -> bool:
    return text.split()[-1:] in [[word] for word in rules_of(__file__)["halves"]]


@cache
def _words() -> dict[str, float]:
    found: dict[str, float] = rules_of(__file__)["numbers"]
    halves = [h for half in rules_of(__file__)["halves"] for h in (f"e {half}", f"y {half}")]
    return {
        word: number
        for base, value in found.items()
        for word, number in [(base, value), *((f"{base} {half}", value + 0.5) for half in halves)]
    }
