"""Step 1: what must not go further. The text comes here masked (`agents.assistant`)."""

from __future__ import annotations

from typing import Any

from agents.context import Context
from agents.safety import screen
from agents.state import State


def guard(state: State, context: Context) -> dict[str, Any]:
    """Marks a crisis or a refusal. An earlier message is screened for injection only: what was
    asked before was answered or refused then.
    """
    concern = screen(state["question"])
    if concern is None:
        for turn in state.get("history", ()):
            earlier = screen(turn["content"]) if turn["role"] != "assistant" else None
            if earlier and earlier.category == "injection":
                # The order given earlier is not obeyed; the question itself is answered.
                break
    return {"concern": [concern.kind, concern.category] if concern else None}
