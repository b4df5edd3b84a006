"""A tool as other programs see it: the description that the Model Context Protocol lists, and its
arguments back from JSON.

The form is that of ``Tool`` in the MCP specification 2025-06-18
(https://modelcontextprotocol.io/specification/2025-06-18/server/tools), the schema is JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agents.toolkit import Age, Argument
from agents.toolkit.loader import Loaded
from agents.toolkit.reading import Call
from retrieval.places import Place, Places
from sources.errors import UsageError

COUNTRY = "country"
MOST_MONTHS = 130 * 12
LONGEST_TEXT = 200


def described(each: Loaded) -> dict[str, Any]:
    """What a client of the protocol is told of a tool."""
    tool = each.tool
    return {
        "name": tool.name,
        "title": each.texts.text("title", "es"),
        "description": tool.description,
        "inputSchema": input_schema(each),
        "annotations": {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    }


def input_schema(each: Loaded) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments; places are named, ages are months."""
    tool = each.tool
    properties = {argument.name: _property(argument, each) for argument in tool.arguments}
    country = {"type": "string", "enum": list(tool.countries), "description": "ISO 3166-1 alpha-2"}
    required = [argument.name for argument in tool.arguments if argument.required]
    return {
        "type": "object",
        "properties": {COUNTRY: country, **properties},
        "required": [COUNTRY, *required],
        "additionalProperties": False,
    }


def choices_of(argument: Argument, each: Loaded) -> list[str]:
    """The values that an argument may have: by its type, or by the words in the tool's YAML."""
    named = each.texts.values.get(argument.name, {}) if argument.type is str else {}
    return list(argument.choices) or list(named)


def _property(argument: Argument, each: Loaded) -> dict[str, Any]:
    if choices := choices_of(argument, each):
        return {"type": "string", "enum": choices}
    if argument.type is bool:
        return {"type": "boolean"}
    if argument.type is int:
        return {"type": "integer"}
    if argument.type is Age:
        return {"type": "integer", "minimum": 0, "maximum": MOST_MONTHS, "description": "months"}
    if argument.type is Place:
        about = "the name of a comuna, district, municipality or region"
        return {"type": "string", "maxLength": LONGEST_TEXT, "description": about}
    return {"type": "string", "maxLength": LONGEST_TEXT}


def call_of(each: Loaded, given: Mapping[str, Any], places: Places) -> Call:
    """A call out of JSON arguments. Raises UsageError for one that the schema does not allow, and
    for a place that is unknown or means several.
    """
    tool, schema = each.tool, input_schema(each)
    if unknown := sorted(set(given) - set(schema["properties"])):
        raise UsageError(f"{tool.name} has no argument {unknown[0]!r}", "See its schema.")
    if missing := [name for name in schema["required"] if given.get(name) is None]:
        raise UsageError(f"{tool.name} needs {missing[0]!r}", "Give it.")
    country = given[COUNTRY]
    if country not in tool.countries:
        known = ", ".join(tool.countries)
        raise UsageError(f"{tool.name} does not answer for {country!r}", f"Use {known}.")
    arguments = {}
    for argument in tool.arguments:
        value = given.get(argument.name)
        if value is not None:
            _check(each, argument, value)
            if argument.type is Place:
                value = asdict(_place(value, country, places))
            arguments[argument.name] = value
    return Call(tool.name, country, arguments)


def _check(each: Loaded, argument: Argument, value: Any) -> None:
    kinds: dict[Any, type] = {bool: bool, int: int, Age: int}
    wanted = kinds.get(argument.type, str)
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if fits and argument.type is Age:
        fits = 0 <= value <= MOST_MONTHS
    if fits and wanted is str:
        fits = len(value.strip()) > 0 and len(value) <= LONGEST_TEXT
    choices = choices_of(argument, each)
    if fits and choices:
        fits = value in choices
    if not fits:
        raise UsageError(
            f"{each.tool.name}: {argument.name} cannot be {value!r:.60}", "See its schema."
        )


def _place(name: str, country: str, places: Places) -> Place:
    found = [place for each in places.find(f"en {name}", [country]) for place in each.places]
    if not found:
        raise UsageError(
            f"no place of {country} is called {name!r:.60}", "Write its official name."
        )
    if len({place.code for place in found}) > 1:
        labels = "; ".join(dict.fromkeys(place.label for place in found))
        raise UsageError(f"{name!r:.60} may be several places", f"Say which: {labels}.")
    return found[0]
