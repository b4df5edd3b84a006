"""One module per sector agent: what it is responsible for.

A module here names its `PROFILE`; it is found by being here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from agents.phrases import Phrases, rules
from sources.document import Sector


@dataclass(frozen=True)
class Profile:
    """A sector agent. `scope` is the sector it searches; None sees every document."""

    name: str
    scope: Sector | None
    cues: Phrases


def cues(name: str) -> Phrases:
    """The words of ``agents/rules/sectors.yaml`` by which a question belongs to sector `name`."""
    return Phrases(str(cue) for cue in rules("sectors").get(name, ()))


@cache
def profiles() -> dict[str, Profile]:
    """All sector agents by name."""
    found = (
        import_module(f"{__name__}.{module.name}").PROFILE for module in iter_modules(__path__)
    )
    return {profile.name: profile for profile in found}


def concerned(folded: str) -> list[str]:
    """The names of the sector agents that a folded question concerns; the general one always."""
    named = [p.name for p in profiles().values() if p.scope and folded in p.cues]
    return [*named, "general"]
