"""What a model decides, in one constrained call: here, which tool is meant where rules only suspect one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, create_model

from agents.context import Context
from agents.llm.protocol import Message
from agents.prompts import prompt
from agents.state import Errand
from agents.toolkit.loader import Loaded
from agents.toolkit.reading import Call, read_call
from agents.writing import inert
from sources.errors import ModelError

log = logging.getLogger("ventanilla.deciding")

NONE = "none"
"""The choice of none of what is offered."""


async def decided(
    context: Context, messages: list[Message], form: type[BaseModel]
) -> dict[str, Any] | None:
    """The model's decision; None where there is none in time and in form: then the rules decide."""
    if context.model is None:
        return None
    try:
        async with asyncio.timeout(context.patience.decide):
            return (await context.model.decide(messages, form)).model_dump()
    except (TimeoutError, ModelError) as error:
        log.warning("the rules decide: %s", type(error).__name__)
    except Exception as error:  # noqa: BLE001 – a plug-in's fault leaves the rules as they are
        log.error("the model's backend failed: %s", type(error).__name__)
    return None


def schema(names: Sequence[str]) -> type[BaseModel]:
    """The decision's form: one of the tools, or none."""
    tool: Any = Literal[(*names, NONE)]
    return create_model("ToolChoice", tool=(tool, ...))


async def decide_tools(
    context: Context, errand: Errand, perhaps: Sequence[Loaded], countries: Sequence[str]
) -> list[Call]:
    """The call that the model chose, or none; its arguments are read by the rules."""
    described = "\n".join(
        f"- {each.tool.name}: {inert(each.tool.description.splitlines()[0])}" for each in perhaps
    )
    asked = inert(errand["asked"])
    messages = prompt("tool", errand["language"], tools=described, question=asked)
    choice = await decided(context, messages, schema([each.tool.name for each in perhaps]))
    for each in perhaps:
        if choice and each.tool.name == choice["tool"]:
            able = each.tool.among(countries)
            found = context.places.find(errand["asked"], able)
            return [read_call(errand["asked"], each, able, found)]
    return []
