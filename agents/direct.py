"""A tool called by another program: with arguments from JSON, without a question around them.

The rows go through the same check and the same writer as those of an answer, so they are cited alike.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.agent import run_tool
from agents.context import Context
from agents.state import Answer, State
from agents.steps.check import check
from agents.steps.compose import found_by_tools
from agents.steps.reply import reply
from agents.toolkit.loader import loaded
from agents.toolkit.schema import call_of
from sources.errors import UsageError


async def call_tool(
    context: Context,
    name: str,
    arguments: Mapping[str, Any],
    language: str,
    tenants: tuple[str, ...],
) -> Answer:
    """The rows that the tool `name` has for `arguments` and `tenants`, as an answer in `language`
    ("es" or "pt"). Raises UsageError for an unknown tool, and for what its schema does not allow.
    """
    started = time.perf_counter()
    each = loaded().get(name)
    if each is None:
        raise UsageError(f"there is no tool {name!r:.60}", f"There are: {', '.join(loaded())}.")
    context = replace(context, tenants=tenants)
    made = await asyncio.to_thread(call_of, each, arguments, context.places)
    found, ask = await run_tool(made, context, language)
    state = _state(made.country, each.tool.sector.value, language)
    if ask is not None:
        state |= {"asks": [ask], "verdict": "argument"}
    else:
        assert found is not None
        state["findings"] = [found]
    answer = await asyncio.to_thread(_ended, state, context)
    total = round((time.perf_counter() - started) * 1000)
    return answer.model_copy(update={"timings_ms": {"total": total}})


def _state(country: str, sector: str, language: str) -> State:
    return State(
        id=uuid.uuid4().hex,
        understanding={
            "language": language,
            "standalone": "",
            "asked": "",
            "before": [],
            "parts": [],
            "minor": [],
            "countries": [country],
            "elsewhere": None,
            "sectors": [sector],
            "aspects": [],
            "unsaid": None,
            "follow_up": False,
        },
        chosen=[],
    )


def _ended(state: State, context: Context) -> Answer:
    """The last steps of the graph over what the tool gave."""
    state["draft"] = found_by_tools(state)
    state["draft"] = check(state, context)["draft"]
    return Answer.model_validate(reply(state, context)["answer"])
