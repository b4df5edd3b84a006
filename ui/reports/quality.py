"""How questions ended, day by day or week by week.

quality(usage, Viewer(tenants=("public", "muni")), by="week")
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from agents.state import Status
from sources.document import PUBLIC
from ui.reports.viewer import Viewer
from ui.usage.store import Count, Entry, UsageStore

TOP = 10
"""Documents that are named for each period."""

Period = Literal["day", "week"]


@dataclass(frozen=True, slots=True)
class Quality:
    """One period, by its first day (ISO 8601; weeks begin on Monday). Shares are from 0 to 1, None
    where there is nothing to share; latencies are milliseconds. `answered` is the share of questions
    that ended so, refusals and crises left out: those are not to be answered.
    """

    period: str
    questions: int
    statuses: dict[str, int]
    answered: float | None
    useful: float | None
    judged: int
    written: int
    latency_p50: int | None
    latency_p95: int | None
    documents: list[tuple[str, int]] = field(default_factory=list)


def quality(
    usage: UsageStore, viewer: Viewer, since: datetime | None = None, by: Period = "day"
) -> list[Quality]:
    """The periods since a moment in which something was asked, the oldest first. A viewer with sets
    of their own sees what was asked within their agency, and public questions that cited their sets.
    """
    entries: dict[str, list[Entry]] = defaultdict(list)
    counts: dict[str, list[Count]] = defaultdict(list)
    for entry in usage.asked(since, viewer.tenants):
        if concerns(entry, viewer):
            entries[_first(entry.at.date(), by)].append(entry)
    for count in usage.counts(since, viewer.tenants):
        if viewer.sources is None or count.tenant != PUBLIC:
            counts[_first(date.fromisoformat(count.day), by)].append(count)
    return [_period(day, entries[day], counts[day]) for day in sorted({*entries, *counts})]


def concerns(entry: Entry, viewer: Viewer) -> bool:
    """Whether a question was asked within the viewer's agency, or cited a set of theirs."""
    if viewer.sources is None or (viewer.tenants and entry.tenant != PUBLIC):
        return True
    return any(cited.source_id in viewer.sources for cited in entry.cited)


def _first(day: date, by: Period) -> str:
    return (day - timedelta(days=day.weekday()) if by == "week" else day).isoformat()


def _period(day: str, entries: list[Entry], counts: list[Count]) -> Quality:
    statuses = Counter(entry.status for entry in entries)
    asked = len(entries)
    for count in counts:
        statuses[count.status] += count.count
    said = [entry.feedback.useful for entry in entries if entry.feedback]
    times = sorted(entry.latency_ms for entry in entries)
    cited = Counter(c.document_id for entry in entries for c in entry.cited)
    return Quality(
        period=day,
        questions=sum(statuses.values()),
        statuses=dict(sorted(statuses.items())),
        answered=statuses[Status.ANSWERED] / asked if asked else None,
        useful=sum(said) / len(said) if said else None,
        judged=len(said),
        written=sum(entry.written for entry in entries),
        latency_p50=_percentile(times, 50),
        latency_p95=_percentile(times, 95),
        documents=sorted(cited.items(), key=lambda item: (-item[1], item[0]))[:TOP],
    )


def _percentile(ordered: list[int], percent: int) -> int | None:
    """The nearest-rank percentile."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None
