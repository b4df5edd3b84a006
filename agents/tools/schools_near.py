"""Schools in a place or near it, out of the country's own directory."""

from __future__ import annotations

from typing import Literal

from agents.toolkit import Access, Result, tool
from agents.toolkit.nearby import Condition, Reach, near, result_near
from agents.toolkit.passages import rules_of
from retrieval.places import Place

ROLE = "schools"


@tool(sector="education", countries=("CL", "PE", "DO"), roles=(ROLE,))
def schools_near(
    access: Access, place: Place, ownership: Literal["public", "private"] | None = None
) -> Result:
    """Which schools there are in a place or near it, public or private ones.

    Those that closed are left out.
    """
    rules = rules_of(__file__)
    held = [Condition("COALESCE(active, TRUE)")]
    held += [Condition("ownership = ?", (ownership,))] if ownership else []
    reach = Reach(rules["most"], rules["most_around"], rules["surroundings_km"])
    what = rules["words"][ownership or "any"][access.language]
    return result_near(access, ROLE, near(access, ROLE, place, held, reach), {"what": what})
