"""The words of every ending, per language, kept as data beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_skeleton

from sources.catalog import read_yaml
from sources.document import last_day

LANGUAGES = ("es", "pt")


@cache
def _texts(language: str) -> dict[str, Any]:
    return read_yaml(Path(__file__).with_name(f"{language}.yaml"))


def reply(language: str, *path: str, **values: object) -> str:
    """The text at `path` in `language` (Spanish for a language we have no texts of).

    Raises KeyError for a path that does not exist: a missing text is a fault of ours.
    """
    node: Any = _texts(language if language in LANGUAGES else "es")
    for key in path:
        node = node[key]
    return str(node).format(**values) if values else str(node)


def spoken_date(value: str, language: str) -> str:
    """An ISO 8601 date of any precision as people say it: "5 de marzo de 2026", "2018"."""
    day, locale = last_day(value), {"pt": "pt_BR", "en": "en"}.get(language, "es")
    if len(value) == 4:
        return value
    if len(value) == 7:
        return str(format_skeleton("yMMMM", day, locale=locale))
    return str(format_date(day, "long", locale=locale))
