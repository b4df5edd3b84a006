"""How a route of a GTFS feed and its direction are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from retrieval.analyse import fold


def route_name(row: Mapping[str, Any]) -> str:
    """What stands on the vehicle: the short name, or the long one where there is none."""
    return str(row["route_short_name"] or row["route_long_name"] or row["route_id"]).strip()


def direction(row: Mapping[str, Any]) -> str:
    """Where the trip goes, as its sign says; without one, what the route's long name adds."""
    if row["headsign"]:
        return str(row["headsign"]).strip()
    short, name = row["route_short_name"] or "", row["route_long_name"] or ""
    return str(name).removeprefix(str(short)).strip(" :-–·") if short else ""


def code_of(asked: str | None) -> str | None:
    """The code of a route among the words of a question ("la 8000 que va a Lapa" → "8000")."""
    found = re.search(r"(?:\b[A-Za-z]{1,3}[- ]?)?\d+[A-Za-z]?(?:-\d+)?\b", asked or "")
    return found[0] if found else None


def is_route(asked: str, row: Mapping[str, Any]) -> bool:
    """Whether a route is the one asked for: its code, or the beginning of it, or its name."""
    wanted = _plain(asked)
    code, name = _plain(row["route_short_name"] or ""), _plain(row["route_long_name"] or "")
    return bool(wanted) and (code.startswith(wanted) or (len(wanted) > 3 and wanted in name))


def _plain(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())
