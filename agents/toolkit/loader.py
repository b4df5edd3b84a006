"""All tools, through one door: the modules of `agents.tools`, and packages that bring some.

A package of its own joins by an entry point in the group ``ventanilla.tools`` that leads to a `Tool`.
A tool that cannot be offered is refused, with the reason, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from agents import tools as built_in
from agents.toolkit import Tool, ToolRefused
from agents.toolkit.texts import Texts, texts_of
from sources.document import Sector
from sources.errors import CatalogError

log = logging.getLogger("ventanilla.tools")

GROUP = "ventanilla.tools"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tool with its texts."""

    tool: Tool
    texts: Texts


@cache
def loaded() -> dict[str, Loaded]:
    """The tools that are offered, by name; built-in ones cannot be replaced."""
    offered, reasons = _sorted()
    for origin, reason in reasons.items():
        log.error("the tool %s is refused: %s", origin, reason)
    return offered


def refused() -> dict[str, str]:
    """What could not be offered, and why."""
    return _sorted()[1]


def of_sector(sector: Sector) -> list[Loaded]:
    """The tools of one sector agent."""
    return [each for each in loaded().values() if each.tool.sector is sector]


def _sorted() -> tuple[dict[str, Loaded], dict[str, str]]:
    """The tools by name, and by origin why others are none."""
    offered: dict[str, Loaded] = {}
    reasons: dict[str, str] = {}
    for origin, result in _all():
        if isinstance(result, Exception):
            reasons[origin] = str(result)
        elif result.tool.name in offered:
            reasons[origin] = f"the name {result.tool.name} is taken. Give it another."
        else:
            offered[result.tool.name] = result
    return offered, reasons


def _all() -> Iterator[tuple[str, Loaded | Exception]]:
    for module in iter_modules(built_in.__path__):
        name = f"{built_in.__name__}.{module.name}"
        yield name, _load(partial(_tool_in, name))
    for point in entry_points(group=GROUP):
        yield point.value, _load(point.load)


def _tool_in(name: str) -> object:
    module = import_module(name)
    found = [value for value in vars(module).values() if isinstance(value, Tool)]
    if len(found) != 1:
        raise ToolRefused(f"{name} holds {len(found)} tools", "Write one tool in one file.")
    return found[0]


def _load(load: Callable[[], object]) -> Loaded | Exception:
    try:
        made = load()
        if not isinstance(made, Tool):
            raise ToolRefused(f"{made!r:.60} is no tool", "Decorate a function with @tool.")
        return Loaded(made, texts_of(made))
    except (ToolRefused, CatalogError) as error:
        return error
    except Exception as error:  # noqa: BLE001 – one broken package must not cost the others
        return ToolRefused(f"it cannot be imported ({type(error).__name__}: {error})")
