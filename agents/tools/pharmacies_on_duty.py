"""Pharmacies on duty, out of the health ministry's list of the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from agents.replies import spoken_date
from agents.toolkit import Access, Part, Result, tool
from agents.toolkit.nearby import (
    Condition,
    Sets,
    both,
    in_place,
    lines_of,
    of_sets,
    points,
    sets_of,
)
from agents.toolkit.passages import all_quoted, rules_of
from retrieval.places import Place

ROLE = "pharmacies_on_duty"
_MIDNIGHT = time(0)


@tool(sector="health", countries=("CL",), roles=(ROLE,))
def pharmacies_on_duty(access: Access, place: Place) -> Result:
    """Which pharmacies are on duty in a place today, or through this night.

    A list of another day is never passed off as today's.
    """
    rules = rules_of(__file__)
    sets, tables = sets_of(access, ROLE), access.tables
    if not sets:
        return _elsewhere(access, "no_data", {})
    days = [access.today, access.today - timedelta(days=1)]
    held = both([in_place(tables, ROLE, place, sets), Condition("date IN (?, ?)", tuple(days))])
    rows = tables.query(
        f"SELECT * FROM {ROLE}"  # noqa: S608
        f" WHERE {held.sql} ORDER BY date, opens NULLS FIRST, name, row_no",
        *held.parameters,
    )
    now = access.now.replace(tzinfo=None)
    shifts = [(_shift(row), row) for row in rows]
    ours = [(opens <= now, row) for (opens, closes), row in shifts if now < closes]
    if not ours:
        return _none(access, sets, any(row["date"] == access.today for row in rows))
    shown = ours[: rules["most"]]
    lines = lines_of(tables, ROLE, [row for _, row in shown], sets)
    parts = tuple(
        Part(
            heading,
            tuple(line for line, (runs, _) in zip(lines, shown, strict=True) if runs is wanted),
        )
        for heading, wanted in (("now", True), ("later", False))
    )
    more = ("more",) * (len(ours) > len(shown))
    counted = {"shown": str(len(shown)), "total": str(len(ours))}
    return Result(
        parts=parts,
        values=counted | {"date": spoken_date(access.today.isoformat(), access.language)},
        notices=(*more, "call_first"),
        points=points([row for _, row in shown]),
    )


def _shift(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When a shift begins and ends; without hours it is the whole day, and one that closes no later
    than it opens closes on the next day.
    """
    opens, closes = row["opens"] or _MIDNIGHT, row["closes"] or _MIDNIGHT
    begins = datetime.combine(row["date"], opens)
    ends = datetime.combine(row["date"], closes)
    return begins, ends if ends > begins else ends + timedelta(days=1)


def _none(access: Access, sets: Sets, over: bool) -> Result:
    """No shift that is still to come: the list is of another day, they are over, or there is none."""
    tables, allowed = access.tables, of_sets(sets)
    if over:
        return _elsewhere(access, "over", {})
    [last] = tables.query(
        f"SELECT max(date) AS day, bool_or(date = ?) AS ours FROM {ROLE} WHERE {allowed.sql}",  # noqa: S608
        access.today,
        *allowed.parameters,
    )
    if last["day"] is None or last["ours"]:
        return _elsewhere(access, "none", {})
    day = spoken_date(last["day"].isoformat(), access.language)
    return _elsewhere(access, "other_day", {"day": day})


def _elsewhere(access: Access, notice: str, values: Mapping[str, str]) -> Result:
    """Nothing to show of today, and where the list is published."""
    return Result(
        parts=(Part("published", all_quoted(access, rules_of(__file__)["published"])),),
        values={"date": spoken_date(access.today.isoformat(), access.language), **values},
        notices=(notice,),
    )
