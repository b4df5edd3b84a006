"""Health facilities in a place or near it, out of the country's own register."""

from __future__ import annotations

from typing import Literal

from agents.toolkit import Access, Result, tool
from agents.toolkit.nearby import Condition, Reach, near, result_near
from agents.toolkit.passages import rules_of
from retrieval.places import Place

ROLE = "health_facilities"

Kind = Literal[
    "hospital", "primary_care", "emergency", "clinic", "laboratory", "mental_health", "dental"
]


@tool(sector="health", countries=("CL", "PE", "BR"), roles=(ROLE,))
def health_facilities_near(
    access: Access,
    place: Place,
    kind: Kind | None = None,
    emergency: bool = False,
    ownership: Literal["public", "private"] | None = None,
) -> Result:
    """Which hospitals, health centres or emergency services there are in a place or near it.

    Those that closed are left out. Offices and the like, which treat nobody, are never meant.
    """
    rules = rules_of(__file__)
    reach = Reach(rules["most"], rules["most_around"], rules["surroundings_km"])
    found = near(access, ROLE, place, _conditions(kind, emergency, ownership), reach)
    return result_near(access, ROLE, found, _words(access.language, kind, emergency, ownership))


def _conditions(kind: str | None, emergency: bool, ownership: str | None) -> list[Condition]:
    held = [Condition("COALESCE(active, TRUE)")]
    if kind:
        held.append(Condition("kind = ?", (kind,)))
    elif not emergency:
        held.append(Condition("COALESCE(kind, '') <> 'other'"))
    if emergency:
        held.append(Condition("(COALESCE(emergency, FALSE) OR kind = 'emergency')"))
    if ownership:
        held.append(Condition("ownership = ?", (ownership,)))
    return held


def _words(
    language: str, kind: str | None, emergency: bool, ownership: str | None
) -> dict[str, str]:
    """What is looked for, in the reader's words: {what}."""
    said = rules_of(__file__)["words"]
    first = said["kind"].get(kind) or said["any"]
    # Who asks for an emergency service says it already.
    urgent = emergency and kind != "emergency"
    chosen = [first, *([said["emergency"]] if urgent else [])]
    chosen += [said["ownership"][ownership]] if ownership else []
    return {"what": " ".join(words[language] for words in chosen)}
