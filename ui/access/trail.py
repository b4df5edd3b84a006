"""The audit trail: who did what, when, on what, and from which door. Lines are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select

from ui.access.permissions import By
from ui.access.schema import audit
from ui.reports.export import as_csv

COLUMNS = ("at", "who", "agency", "door", "action", "target", "detail")
"""What a line says, in the order of an export; `at` is ISO 8601 in UTC."""


class Trail:
    """The lines of one database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now

    def write(
        self,
        connection: Connection,
        by: By,
        action: str,
        target: str,
        *,
        agency: str | None,
        detail: str = "",
    ) -> None:
        """Adds a line within the transaction of the change itself: both are kept, or neither."""
        connection.execute(
            insert(audit).values(
                at=self._now(),
                who=by.who,
                agency=agency,
                door=by.door,
                action=action,
                target=target,
                detail=detail,
            )
        )

    def record(
        self, by: By, action: str, target: str, *, agency: str | None, detail: str = ""
    ) -> None:
        """Adds a line on something that was done elsewhere: a sync, an upload, an export.

        `agency` is whose trail it belongs to (the set's owner), None the house's.
        """
        with self._engine.begin() as connection:
            self.write(connection, by, action, target, agency=agency, detail=detail)

    def lines(
        self,
        agency: str | None = None,
        *,
        since: datetime | None = None,
        most: int | None = None,
    ) -> list[dict[str, Any]]:
        """The lines as dictionaries of `COLUMNS`, newest first; of one agency, or all of them."""
        query = select(*(audit.c[name] for name in COLUMNS)).order_by(audit.c.id.desc())
        if agency is not None:
            query = query.where(audit.c.agency == agency)
        if since is not None:
            query = query.where(audit.c.at >= since)
        if most is not None:
            query = query.limit(most)
        with self._engine.connect() as connection:
            return [_plain(dict(row)) for row in connection.execute(query).mappings()]

    def export(self, form: Literal["csv", "json"], agency: str | None = None) -> Iterator[str]:
        """The lines as a CSV with a header, or as pieces of JSON lines; newest first."""
        lines = self.lines(agency)
        if form == "csv":
            yield as_csv(lines)
        else:
            yield from (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "at": line["at"].isoformat(timespec="seconds")}
