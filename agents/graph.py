"""The wiring of the seven steps, and nothing else.

    guard → understand → gather (one errand per sector agent and country, in parallel) → assess
    → compose → check → reply

`assess` may send the agents out once more, or ask the citizen which country is meant: that is an
interrupt, and the run goes on from there when the choice comes.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send, interrupt

from agents.context import Context, Patience
from agents.state import State
from agents.steps.assess import assess
from agents.steps.check import check
from agents.steps.compose import compose
from agents.steps.gather import errands, gather
from agents.steps.guard import guard
from agents.steps.reply import reply
from agents.steps.understand import understand

Deadlines = dict[str, float]

DEADLINES_S: Deadlines = {
    "guard": 2.0,
    "understand": 4.0,
    "gather": 6.0,
    "assess": 2.0,
    "compose": 4.0,
    "check": 4.0,
    "reply": 2.0,
}
"""Seconds that each step may take; a step that takes longer ends the run as `error_timeout`. Steps
that wait for a model have its patience on top: long before, rules and quotations have taken over.
"""

RECURSION_LIMIT = 24
"""Steps of one run: twice round gather and assess and a clarification need 15."""

Changes = dict[str, Any]
Step = Callable[[Any, Context], Changes | Awaitable[Changes]]


class Node(Protocol):
    """A step as LangGraph calls it."""

    def __call__(self, state: Any, *, runtime: Runtime[Context]) -> Awaitable[dict[str, Any]]:
        """Runs the step and returns what it changes."""


Graph = CompiledStateGraph[State, Context, State, State]


def deadlines(patience: Patience | None) -> Deadlines:
    """`DEADLINES_S`, with `patience` for a model where there is one."""
    if patience is None:
        return DEADLINES_S
    waits = {"gather": patience.decide, "assess": patience.decide, "compose": patience.write}
    return {step: seconds + waits.get(step, 0.0) for step, seconds in DEADLINES_S.items()}


def build(
    checkpointer: BaseCheckpointSaver[Any] | None = None, patience: Patience | None = None
) -> Graph:
    """The graph, ready to run with a `Context`; `patience` is its model's, if it has one."""
    within = deadlines(patience)
    graph: StateGraph[State, Context, State, State] = StateGraph(State, context_schema=Context)
    graph.add_node("guard", _node("guard", guard), timeout=within["guard"])
    graph.add_node("understand", _node("understand", understand), timeout=within["understand"])
    graph.add_node("gather", _node("gather", gather), timeout=within["gather"])
    graph.add_node("assess", _node("assess", assess), timeout=within["assess"])
    graph.add_node("clarify", clarify)
    graph.add_node("compose", _node("compose", compose), timeout=within["compose"])
    graph.add_node("check", _node("check", check), timeout=within["check"])
    graph.add_node("reply", _node("reply", reply), timeout=within["reply"])

    graph.add_edge(START, "guard")
    graph.add_conditional_edges("guard", after_guard, ["understand", "reply"])
    graph.add_conditional_edges("understand", _send, ["gather"])
    graph.add_edge("gather", "assess")
    graph.add_conditional_edges("assess", after_assess, ["gather", "compose", "reply"])
    graph.add_edge("compose", "check")
    graph.add_edge("check", "reply")
    graph.add_conditional_edges("reply", after_reply, ["clarify", END])
    return graph.compile(checkpointer=checkpointer)


def after_guard(state: State) -> str:
    """A crisis or a refusal is answered at once."""
    return "reply" if state.get("concern") else "understand"


def after_assess(state: State) -> str | list[Send]:
    """Another round, a draft, or the answer that there is none."""
    if state["verdict"] == "again":
        return _send(state)
    return "compose" if state["verdict"] == "compose" else "reply"


def after_reply(state: State) -> str:
    """A question about the country waits for its choice, if somebody can still give it."""
    waits = state.get("verdict") in ("country", "argument") and not state.get("concern")
    return "clarify" if waits and state.get("interactive") else END


async def clarify(state: State) -> Command[str]:
    """Waits for the citizen's choice of a country, or for what a tool must know, and goes on there."""
    choice = interrupt(state["answer"]["clarification"])
    understanding: Any = {**state["understanding"]}
    update: dict[str, Any] = {}
    if state["verdict"] == "country":
        understanding["countries"] = [choice]
        update["selected_country"] = choice
    else:
        understanding["before"] = [understanding["asked"], *understanding["before"]]
        understanding["asked"] = choice
    update |= {"understanding": understanding, "evidence": None, "findings": None, "asks": None}
    moved: Any = {**state, **update, "rounds": 0}
    return Command(update={**update, "rounds": 0}, goto=_send(moved))


def _send(state: State) -> list[Send]:
    return [Send("gather", errand) for errand in errands(state)]


def _node(name: str, step: Step) -> Node:
    """A step as a node, timed. One that waits for nothing runs off the event loop, so that its
    deadline holds; one that waits for a model runs in it. Both may `tell` the reader something.
    """

    async def run(state: Any, *, runtime: Runtime[Context]) -> dict[str, Any]:
        started = time.perf_counter()
        context = replace(runtime.context, tell=runtime.stream_writer)
        changes: Any
        if inspect.iscoroutinefunction(step):
            changes = await step(state, context)
        else:
            changes = await asyncio.to_thread(step, state, context)
        spent = {name: round((time.perf_counter() - started) * 1000)}
        return {**changes, "timings_ms": spent}

    return run
