"""Step 3: each sector agent concerned searches and calls its tools, in parallel; their evidence adds up."""

from __future__ import annotations

from typing import Any

from agents.agent import agent
from agents.context import Context
from agents.state import Errand, State

GENERAL = "general"


def errands(state: State) -> list[Errand]:
    """One errand per agent and country, and one for each part of a question that names several
    subjects. A second, broader round leaves out sectors and tools.
    """
    understanding = state["understanding"]
    broader = state.get("rounds", 0) > 0
    agents = [GENERAL] if broader else understanding["sectors"]
    countries: list[str | None] = [*understanding["countries"]] or [None]
    sent = [(name, 0, understanding["standalone"]) for name in agents]
    if not broader:
        sent += [(GENERAL, n, part) for n, part in enumerate(understanding["parts"], 1)]
    return [
        Errand(
            agent=name,
            question=question,
            asked=understanding["asked"],
            before=understanding["before"],
            language=understanding["language"],
            minor=understanding["minor"],
            country=country,
            part=part,
        )
        for name, part, question in sent
        for country in countries
    ]


async def gather(errand: Errand, context: Context) -> dict[str, Any]:
    """Runs one agent, and returns what it found."""
    found = await agent().ainvoke({"errand": errand}, context=context)
    return {
        "evidence": found.get("evidence", []),
        "findings": found.get("findings", []),
        "asks": found.get("asks", []),
        "decided": bool(found.get("decided")),
    }
