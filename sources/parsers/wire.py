"""`Parsed` as JSON and back: what the reading process says is data, never code."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sources.document import Field, Verification
from sources.parsers.blocks import Block, Kind, Parsed

_ENUMS = {"kind": Kind, "hint": Field, "verification": Verification}


def packed(parsed: Parsed) -> dict[str, Any]:
    """What json.dumps takes. Dates among the metadata become ISO 8601 text."""
    return {
        "blocks": [
            [getattr(block, each.name) for each in fields(Block)] for block in parsed.blocks
        ],
        "title": parsed.title,
        "is_page": parsed.is_page,
        "metadata": {name: _plain(value) for name, value in parsed.metadata.items()},
        "language_hint": parsed.language_hint,
        "unread": parsed.unread,
    }


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def unpacked(data: dict[str, Any]) -> Parsed:
    """The same from what json.loads gave. Raises KeyError, TypeError, ValueError for other data."""
    return Parsed(
        blocks=tuple(map(_block, data["blocks"])),
        title=data["title"],
        is_page=data["is_page"],
        metadata=data["metadata"],
        language_hint=data["language_hint"],
        unread=tuple((str(part), str(reason)) for part, reason in data["unread"]),
    )


def _block(values: list[Any]) -> Block:
    named = dict(zip((each.name for each in fields(Block)), values, strict=True))
    for name, enum in _ENUMS.items():
        named[name] = None if named[name] is None else enum(named[name])
    return Block(**named)
