"""Reports on an agency's documents: gaps, contradictions, what grows old, use and quality.

What is asked within an agency its own people see; the house's see what the public asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ui.access.permissions import Principal, require
from ui.console import Refused
from ui.console.desk import Desk
from ui.reports.contradictions import contradictions
from ui.reports.export import as_csv, as_json
from ui.reports.gaps import gaps
from ui.reports.quality import quality
from ui.reports.staleness import staleness
from ui.reports.viewer import Viewer
from ui.usage.store import UsageStore

KINDS = ("gaps", "contradictions", "staleness", "quality")

Rows = list[dict[str, Any]]


def rows(desk: Desk, who: Principal, kind: str, set_id: object = None, days: int = 90) -> Rows:
    """The rows of a report as plain dictionaries: over all of an agency's sets, or one of them.

    Raises Refused for a set that is none of theirs or a report that there is not.
    """
    require(who, "test", who.agency)
    if kind not in KINDS:
        raise Refused("no_such_report")
    own = tuple(desk.own(who)) if not set_id else (desk.entry(who, "see", set_id).id,)
    viewer = Viewer(tenants=who.tenants, sources=own)
    since = datetime.now(UTC) - timedelta(days=days)
    return [asdict(row) for row in _rows(desk, viewer, kind, since)]


def _rows(desk: Desk, viewer: Viewer, kind: str, since: datetime) -> Iterable[Any]:
    house = desk.house
    if kind == "contradictions":
        return contradictions(house.store, house.searcher.profiler, viewer)
    if kind == "staleness":
        return staleness(house.store, viewer, date.today(), None)
    with UsageStore.open(house.settings.usage) as usage:
        if kind == "gaps":
            return gaps(usage, house.searcher, viewer, datetime.now(UTC), since)
        return quality(usage, viewer, since, "day")


def file(desk: Desk, who: Principal, kind: str, form: str) -> Iterable[str]:
    """A report over all of an agency's sets as CSV or JSON. Raises Forbidden."""
    require(who, "export", who.agency)
    found = rows(desk, who, kind)
    desk.house.access.trail.record(who.by, "export", kind, agency=who.agency, detail=form)
    return [as_csv(found) if form == "csv" else as_json(found)]


def over_time(found: Rows) -> list[dict[str, Any]]:
    """Quality as points of a plot: {day, kind, value}; shares in per cent."""
    points = []
    for row in found:
        for kind in ("answered", "useful"):
            if row[kind] is not None:
                points.append({"day": row["period"], "kind": kind, "value": 100 * row[kind]})
    return points


def use(found: Rows) -> list[dict[str, Any]]:
    """Questions a day and how they ended, as points of a plot: {day, status, count}."""
    return [
        {"day": row["period"], "status": status, "count": count}
        for row in found
        for status, count in row["statuses"].items()
    ]
