"""Step 1: what must not go further. The text comes here masked (`agents.assistant`)."""

from __future__ import annotations

from typing import Any

from agents.context import Context
from agents.safety import screen
from agents.state import State


def guard(state: State, context: Context) -> dict[str, Any]:
    """Marks a crisis or a refusal. Earlier messages only lend a subject (`agents.steps.understand`):
    an order in one of them is never read as an order, so it needs no screening here.
    """
    concern = screen(state["question"])
    return {"concern": [concern.kind, concern.category] if concern else None}
