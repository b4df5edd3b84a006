"""How a route of a GTFS feed and its direction are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def route_name(row: Mapping[str, Any]) -> str:
    """What stands on the vehicle: the short name, or the long one where there is none."""
    return str(row["route_short_name"] or row["route_long_name"] or row["route_id"]).strip()


def direction(row: Mapping[str, Any]) -> str:
    """Where the trip goes, as its sign says; without one, what the route's long name adds."""
    if row["headsign"]:
        return str(row["headsign"]).strip()
    short, name = row["route_short_name"] or "", row["route_long_name"] or ""
    return str(name).removeprefix(str(short)).strip(" :-–·") if short else ""
