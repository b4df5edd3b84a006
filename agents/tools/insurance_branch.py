"""Which health insurance applies, and how to check it: decided by dated rules over quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from agents.toolkit import Access, Age, Part, Result, tool
from agents.toolkit.passages import all_quoted, in_force, read_on, rules_of

_UNSAID = "unsaid"
"""The value, in rules, of what the person did not say."""


@tool(sector="health", countries=("CL", "PE", "BR", "DO"))
def insurance_branch(
    access: Access,
    insurance: Literal["public", "private", "forces", "social", "none", "unsure"] | None = None,
    work: Literal["employed", "self_employed", "unemployed", "pensioner"] | None = None,
    poor: bool = False,
    pregnant: bool = False,
    age: Age | None = None,
) -> Result:
    """Which health insurance may apply to a person, and how to check which one they have.

    It decides by what the person said; what was not said and matters is named.
    """
    every = rules_of(__file__)
    rules = every["countries"][access.country]
    facts = {
        "insurance": _UNSAID if insurance in (None, "unsure") else insurance,
        "work": work or _UNSAID,
        "poor": "yes" if poor else _UNSAID,
        "pregnant": "yes" if pregnant else _UNSAID,
        "age": _UNSAID if age is None else _group(age),
    }
    held = [b for b in in_force(rules["branches"], access.today) if _holds(b["when"], facts)]
    parts = [Part(b["heading"], all_quoted(access, b["quotes"])) for b in held]
    parts.append(Part("check", all_quoted(access, rules["check"])))
    unsaid = tuple(f"unsaid_{name}" for name in _open(rules["matters"], facts, held))
    notices = (*unsaid, *rules.get("notices", ()), *_said_of(held))
    if not any(part.lines for part in parts):
        return Result()
    return Result(
        parts=tuple(parts),
        values=read_on(every, access.language),
        notices=(*dict.fromkeys(notices), "dated"),
    )


def _holds(when: Mapping[str, list[str]], facts: Mapping[str, str]) -> bool:
    return all(facts[name] in values for name, values in when.items())


def _group(age: Age) -> str:
    """The group of ages, in months, that the rules tell apart."""
    limits: Mapping[str, int] = rules_of(__file__)["ages"]
    return next(name for name, below in limits.items() if age.months < below)


def _open(
    matters: Iterable[str], facts: Mapping[str, str], held: Iterable[Mapping[str, Any]]
) -> list[str]:
    """What matters and was not said; a branch may settle the question, and then nothing does."""
    if any(branch.get("settles") for branch in held):
        return []
    return [name for name in matters if facts[name] == _UNSAID]


def _said_of(held: Iterable[Mapping[str, Any]]) -> list[str]:
    return [notice for branch in held for notice in branch.get("notices", ())]
