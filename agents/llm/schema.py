"""Decisions as JSON: the flat, bounded schema of a Pydantic model, and one line that describes it.

    flat_schema(Decision)   # what a grammar or a server's response_format is made from
    described(Decision)     # 'Responda solo con JSON en una línea: {"sector": "health" | …}'
    await decided(say, messages, Decision)   # `say` asks the model; a wrong decision is asked once more

The line stands in the prompt although the decoding is constrained: a model that is held to a form
which it was not told of fills it with worse values.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.llm.protocol import Message, T
from sources.errors import DecisionFailed

log = logging.getLogger(__name__)

TRIES = 2
LONGEST_REPEAT = 2000
"""Characters of a wrong decision that the model is shown again."""
LONGEST_STRING = 120
LONGEST_LIST = 8
LARGEST_INTEGER = 10**9
DROPPED = {"title", "default", "examples", "description"}
KINDS = {"string": "texto", "integer": "entero", "number": "número", "boolean": "true | false"}


def flat_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema with references resolved, every field required and every length bounded.

    A decision must end: strings, lists and integers without a limit of their own get one.
    """
    whole = schema.model_json_schema()
    return _bounded(whole, whole.get("$defs", {}), ())


def _bounded(
    part: Mapping[str, Any], known: Mapping[str, Any], inside: tuple[str, ...]
) -> dict[str, Any]:
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        if name in inside:
            raise DecisionFailed(f"The schema {name} contains itself", "Make it flat")
        return _bounded(known[name], known, (*inside, name))
    found = {key: value for key, value in part.items() if key not in DROPPED and key != "$defs"}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in found:
            found[key] = [_bounded(choice, known, inside) for choice in found[key]]
    kind = found.get("type")
    if kind == "object":
        fields = found.get("properties", {})
        found["properties"] = {
            name: _bounded(field, known, inside) for name, field in fields.items()
        }
        found |= {"required": list(fields), "additionalProperties": False}
    elif kind == "array":
        found["items"] = _bounded(found.get("items", {}), known, inside)
        found.setdefault("maxItems", max(LONGEST_LIST, found.get("minItems", 0)))
    elif kind == "string" and not {"enum", "const", "format", "pattern"} & set(found):
        found.setdefault("maxLength", max(LONGEST_STRING, found.get("minLength", 0)))
    elif kind == "integer" and not {"enum", "const"} & set(found):
        if not {"minimum", "exclusiveMinimum"} & set(found):
            found["minimum"] = -LARGEST_INTEGER
        if not {"maximum", "exclusiveMaximum"} & set(found):
            found["maximum"] = LARGEST_INTEGER
    return found


def described(schema: type[BaseModel]) -> str:
    """One line, in Spanish, that tells the model which JSON to write.

    Raises DecisionFailed where the schema contains itself.
    """
    return f"Responda solo con JSON en una línea: {_form(flat_schema(schema))}"


def with_description(messages: Sequence[Message], schema: type[BaseModel]) -> list[Message]:
    """`messages` with the line of `described` at the end of the system's turn.

    There it is apart from what the citizen wrote. Raises DecisionFailed as `described` does.
    """
    line = described(schema)
    if messages and messages[0]["role"] == "system":
        first: Message = {"role": "system", "content": f"{messages[0]['content']}\n\n{line}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": line}, *messages]


async def decided(
    say: Callable[[Sequence[Message]], Awaitable[str]], messages: Sequence[Message], schema: type[T]
) -> T:
    """A validated object of `schema` out of what the model says to `messages`.

    A text that does not fit is shown to the model once more, with what is wrong in it; raises
    DecisionFailed where the second does not fit either, and whatever `say` raises.
    """
    told = with_description(messages, schema)
    conversation = told
    reason = ""
    for _ in range(TRIES):
        said = await say(conversation)
        try:
            return schema.model_validate_json(_json_in(said))
        except ValidationError as error:
            reason = _reason(error)
        log.info("decision does not fit %s: %s", schema.__name__, reason)
        conversation = [
            *told,
            {"role": "assistant", "content": said[:LONGEST_REPEAT]},
            {"role": "user", "content": f"JSON: {reason}"},
        ]
    raise DecisionFailed(f"The model's decision does not fit {schema.__name__}: {reason}")


def _json_in(text: str) -> str:
    """From the first brace to the last: some models put a fence or a word around their JSON."""
    begin, end = text.find("{"), text.rfind("}")
    return text[begin : end + 1] if 0 <= begin < end else text


def _reason(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _form(part: Mapping[str, Any]) -> str:
    """A value's form as a person would write it down: {"year": entero, "words": [texto, …]}."""
    if "const" in part:
        return json.dumps(part["const"], ensure_ascii=False)
    if "enum" in part:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in part["enum"])
    for key in ("anyOf", "oneOf"):
        if key in part:
            return " | ".join(_form(choice) for choice in part[key])
    kind = part.get("type", "")
    if kind == "object":
        fields = (f'"{name}": {_form(field)}' for name, field in part["properties"].items())
        return f"{{{', '.join(fields)}}}"
    if kind == "array":
        return f"[{_form(part['items'])}, … hasta {part['maxItems']}]"
    most = f" de hasta {part['maxLength']} caracteres" if "maxLength" in part else ""
    return KINDS.get(kind, "null") + most
