"""Step 3: each sector agent concerned searches and calls its tools, in parallel; their evidence adds up."""

from __future__ import annotations

from typing import Any

from agents.agent import agent
from agents.context import Context
from agents.state import Errand, State


def errands(state: State) -> list[Errand]:
    """One errand per agent and country. A second, broader round leaves out sectors and tools."""
    understanding = state["understanding"]
    broader = state.get("rounds", 0) > 0
    agents = ["general"] if broader else understanding["sectors"]
    countries: list[str | None] = [*understanding["countries"]] or [None]
    return [
        Errand(
            agent=name,
            question=understanding["standalone"],
            asked=understanding["asked"],
            before=understanding["before"],
            language=understanding["language"],
            minor=understanding["minor"],
            country=country,
            broader=broader,
        )
        for name in agents
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
