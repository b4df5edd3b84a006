"""One sector agent: a bounded LangGraph subgraph that searches, chooses tools and runs them.

    choose ─┬→ search ──────────┬→ gathered
            └→ call (each tool) ┘

It runs for one errand: a question, a country (or none), a sector. Searching and calling go on at the
same time. A tool that fails or is late costs its own evidence, never the answer.
"""

from __future__ import annotations

import asyncio
import logging
import operator
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from agents.context import Context
from agents.deciding import decide_tools
from agents.found import evidence_of
from agents.sectors import profiles
from agents.state import Ask, Errand, Evidence, Finding
from agents.toolkit import Result, Tool
from agents.toolkit.finding import failed, finding_of
from agents.toolkit.loader import loaded, of_sector
from agents.toolkit.reading import Call, chosen, decoded

log = logging.getLogger("ventanilla.agent")

COUNTRY = "country"
"""The argument of an `Ask` for what every tool must know."""

MOST_CALLS = 3
"""Tools that one agent calls for one question."""


LIVE_S = 3.0
"""Seconds that a question waits for a live source."""


class AgentState(TypedDict, total=False):
    """What one agent knows and finds."""

    errand: Errand
    calls: list[dict[str, Any]]
    decided: bool
    asks: Annotated[list[Ask], operator.add]
    evidence: Annotated[list[Evidence], operator.add]
    findings: Annotated[list[Finding], operator.add]


Agent = CompiledStateGraph[AgentState, Context, AgentState, AgentState]


@cache
def agent() -> Agent:
    """The subgraph, the same for every sector: what differs is data."""
    graph: StateGraph[AgentState, Context, AgentState, AgentState] = StateGraph(
        AgentState, context_schema=Context
    )
    graph.add_node("choose", choose)
    graph.add_node("search", search)
    graph.add_node("call", call)
    graph.add_edge(START, "choose")
    graph.add_conditional_edges("choose", _next, ["search", "call"])
    graph.add_edge("search", END)
    graph.add_edge("call", END)
    return graph.compile(checkpointer=False)  # nothing in it waits, so nothing is taken up again


async def choose(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """The tools to call, and what must be asked first."""
    errand, context = state["errand"], runtime.context
    profile = profiles()[errand["agent"]]
    if profile.scope is None:
        return {"calls": [], "asks": []}
    offered = of_sector(profile.scope)
    if not offered:
        return {"calls": [], "asks": []}
    countries = [errand["country"]] if errand["country"] else []
    calls, perhaps = await asyncio.to_thread(
        chosen, errand["asked"], offered, countries, context.places, errand["before"]
    )
    decided = False
    if not calls and perhaps and context.model is not None:
        calls = await decide_tools(context, errand, perhaps, countries)
        decided = True
    # Fares or dates of which country? Nothing in the question tells, and it is not for us to guess.
    nowhere = [c for c in calls if not c.country]
    calls = [c for c in calls if c not in nowhere]
    # Whoever has no register of a country does not first ask for the town.
    known = await asyncio.to_thread(_with_data, calls, context)
    ready = [c for c in calls if not c.missing or c.tool not in known][:MOST_CALLS]
    asks = [_ask(c, errand["language"]) for c in calls if c not in ready and c.missing]
    asks += [Ask(tool=c.tool, argument=COUNTRY, question="", options=[]) for c in nowhere]
    return {"calls": [asdict(c) for c in ready], "asks": asks, "decided": decided}


def _with_data(calls: Sequence[Call], context: Context) -> set[str]:
    """The tools called that have a table for the country of their call, or need none."""
    roles = {c.tool: loaded()[c.tool].tool.roles for c in calls}
    return {
        c.tool for c in calls if not roles[c.tool] or context.tables_of(roles[c.tool], (c.country,))
    }


def _ask(call: Call, language: str) -> Ask:
    argument = call.missing[0]
    text = loaded()[call.tool].texts.text(f"ask {argument}", language)
    options = list(call.options.get(argument, ()))
    return Ask(tool=call.tool, argument=argument, question=text, options=options)


def _next(state: AgentState) -> list[Send]:
    errand = state["errand"]
    sends = [Send("call", {"errand": errand, "calls": [each]}) for each in state["calls"]]
    return [*sends, Send("search", {"errand": errand})]


async def search(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """The documents that the errand finds."""
    found = await asyncio.to_thread(evidence_of, state["errand"], runtime.context)
    return {"evidence": found}


async def _freshen(tool: Tool, made: Call, context: Context) -> None:
    """Reads live sources that grew old, for at most `LIVE_S`; the reading goes on for who comes next."""
    tenants = context.tenants
    if not context.live.covers(tool.roles, [made.country], tenants):
        return
    places = [value for value in made.arguments.values() if isinstance(value, dict)]
    bring = context.live.bring
    reading = asyncio.to_thread(bring, context.tables, tool.roles, made.country, places, tenants)
    try:
        await asyncio.wait_for(asyncio.shield(reading), LIVE_S)
    except TimeoutError:
        log.warning("a live source for %s is slow: the last copy answers", tool.name)


async def call(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Runs one tool within its deadline."""
    made, context, errand = Call(**state["calls"][0]), runtime.context, state["errand"]
    found, ask = await run_tool(made, context, errand["language"])
    return {"findings": [], "asks": [ask]} if ask else {"findings": [found]}


async def run_tool(
    made: Call, context: Context, language: str
) -> tuple[Finding, None] | tuple[None, Ask]:
    """What a tool finds within its deadline, or what must be asked first. It raises nothing: that a
    tool broke or was late is a finding, too.
    """
    each = loaded()[made.tool]
    access = context.access(made.country, language)
    if made.missing:
        nothing = Result(unable="no_data" if each.texts.has("no_data") else "empty")
        return finding_of(each, made, nothing, access, context.rows), None
    try:
        await _freshen(each.tool, made, context)
        async with asyncio.timeout(each.tool.deadline_s):
            result: Result = await asyncio.to_thread(
                lambda: each.tool.run(access, decoded(made, each.tool.arguments))
            )
    except Exception as error:  # noqa: BLE001 – whatever a tool does, the answer goes on
        log.error("the tool %s failed: %s", made.tool, type(error).__name__)
        return failed(each, made, language), None
    if result.alternatives is not None:
        argument, options = result.alternatives
        asked = Call(made.tool, made.country, made.arguments, (argument,), {argument: options})
        return None, _ask(asked, language)
    return finding_of(each, made, result, access, context.rows), None
