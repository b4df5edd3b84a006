"""The database of usage: one row per answered question, what was cited, what readers thought of it.

    with UsageStore.open(settings.usage) as store:
        store.add(entry)
        store.asked(since=a_month_ago)

Of refused questions and of people in a crisis only numbers are kept, by day. Nothing says which
questions belong to one person or conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from sources.document import PUBLIC
from sources.errors import VentanillaError
from ui.database import Database, Moment, open_engine

SETTING = "VENTANILLA_USAGE_URL"

metadata = MetaData()

answers = Table(
    "usage_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("answer_id", String(200), nullable=False, index=True),  # a client may repeat its ids
    Column("at", Moment, nullable=False, index=True),
    Column("door", String(20), nullable=False),
    Column("tenant", String(63), nullable=False),
    Column("country", String(2)),
    Column("language", String(10), nullable=False),
    Column("sectors", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("question", Text, nullable=False),  # without personal data
    Column("tools", JSON, nullable=False),
    Column("latency_ms", Integer, nullable=False),
    Column("written", Boolean, nullable=False),
    Column("followed", Boolean, nullable=False),  # a clarification that led to an answer
)

cited = Table(
    "usage_cited",
    metadata,
    Column("answer", ForeignKey("usage_answers.id", ondelete="CASCADE"), index=True),
    Column("document_id", Text, nullable=False),
    Column("source_id", Text),
    Column("agency", Text, nullable=False),
)

feedback = Table(
    "usage_feedback",
    metadata,
    Column("answer", ForeignKey("usage_answers.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("useful", Boolean, nullable=False),
    Column("reason", String(40)),
    Column("comment", Text),  # without personal data
)

counted = Table(
    "usage_counted",
    metadata,
    Column("day", String(10), nullable=False),  # ISO 8601, in UTC
    Column("door", String(20), nullable=False),
    Column("tenant", String(63), nullable=False),
    Column("country", String(2), nullable=False),  # empty: none
    Column("language", String(10), nullable=False),
    Column("status", String(20), nullable=False),
    Column("count", Integer, nullable=False),
    UniqueConstraint("day", "door", "tenant", "country", "language", "status"),
)


@dataclass(frozen=True, slots=True)
class Cited:
    """A document that an answer cited, once for each document."""

    document_id: str
    source_id: str | None
    agency: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader thought of an answer; `comment` is without personal data."""

    useful: bool
    reason: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One question and how it ended. `question` is without personal data; `followed` says of a
    clarification that an answer came of it. `latency_ms` are milliseconds.
    """

    answer_id: str
    at: datetime
    door: str
    status: str
    question: str
    language: str
    tenant: str = PUBLIC
    country: str | None = None
    sectors: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    tools: tuple[str, ...] = ()
    latency_ms: int = 0
    written: bool = False
    followed: bool = False
    feedback: Feedback | None = None
    key: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """How many questions ended so on one day (ISO 8601) without anything else being kept."""

    day: str
    door: str
    tenant: str
    country: str | None
    language: str
    status: str
    count: int = 1


class UsageStore(Database):
    """Reads and writes usage; safe across threads."""

    @classmethod
    def open(cls, place: Path | str) -> UsageStore:
        """The store in an SQLite file, or at a database's URL. Raises as `open_engine`."""
        return cls(open_engine(place, metadata, SETTING))

    def add(self, entry: Entry) -> int:
        """Keeps one question; returns its key."""
        row = {
            column.name: getattr(entry, column.name)
            for column in answers.columns
            if column.name != "id"
        }
        row |= {"sectors": list(entry.sectors), "tools": list(entry.tools)}
        with self._engine.begin() as connection:
            made = connection.execute(insert(answers).values(row)).inserted_primary_key
            assert made is not None
            key = int(made[0])
            if entry.cited:
                rows = [
                    {
                        "answer": key,
                        "document_id": c.document_id,
                        "source_id": c.source_id,
                        "agency": c.agency,
                    }
                    for c in entry.cited
                ]
                connection.execute(insert(cited), rows)
        return key

    def count(self, one: Count) -> None:
        """Adds to the number of questions that ended so on that day."""
        kept = {
            "day": one.day,
            "door": one.door,
            "tenant": one.tenant,
            "country": one.country or "",
            "language": one.language,
            "status": one.status,
        }
        same = [counted.c[name] == value for name, value in kept.items()]
        with self._engine.begin() as connection:
            more = update(counted).where(*same).values(count=counted.c.count + one.count)
            if connection.execute(more).rowcount == 0:
                connection.execute(insert(counted).values(**kept, count=one.count))

    def follow(self, keys: Sequence[int]) -> None:
        """Notes that these clarifications led to an answer."""
        if keys:
            with self._engine.begin() as connection:
                connection.execute(
                    update(answers).where(answers.c.id.in_(keys)).values(followed=True)
                )

    def judge(self, answer_id: str, given: Feedback, at: datetime) -> bool:
        """Binds feedback to the newest answer of that id, in place of what was said of it before;
        False where there is none.
        """
        newest = select(answers.c.id).where(answers.c.answer_id == answer_id)
        with self._engine.begin() as connection:
            key = connection.scalar(newest.order_by(answers.c.id.desc()).limit(1))
            if key is None:
                return False
            connection.execute(delete(feedback).where(feedback.c.answer == key))
            connection.execute(
                insert(feedback).values(
                    answer=key,
                    at=at,
                    useful=given.useful,
                    reason=given.reason,
                    comment=given.comment,
                )
            )
        return True

    def forget(self, before: datetime) -> int:
        """Erases what was asked before that moment; returns how many questions that were."""
        with self._engine.begin() as connection:
            old = select(answers.c.id).where(answers.c.at < before)
            for table in (cited, feedback):
                connection.execute(delete(table).where(table.c.answer.in_(old)))
            gone = connection.execute(delete(answers).where(answers.c.at < before)).rowcount
            first = before.date().isoformat()
            connection.execute(delete(counted).where(counted.c.day < first))
        if gone and self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:  # the log still held the pages as they were
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def asked(
        self, since: datetime | None = None, tenants: Iterable[str] | None = None
    ) -> Iterator[Entry]:
        """The questions since a moment, the oldest first; `tenants` None means everybody's.

        Raises VentanillaError where the database fails.
        """
        query = select(answers).order_by(answers.c.id)
        if since is not None:
            query = query.where(answers.c.at >= since)
        if tenants is not None:
            query = query.where(answers.c.tenant.in_(list(tenants)))
        try:
            with self._engine.connect() as connection:
                rows = iter(connection.execute(query).mappings().all())
                while some := list(islice(rows, 500)):
                    keys = [row["id"] for row in some]
                    sources, said = self._beside(connection, keys)
                    yield from (_entry(row, sources, said) for row in some)
        except SQLAlchemyError as error:
            raise _broken(error) from None

    def counts(
        self, since: datetime | None = None, tenants: Iterable[str] | None = None
    ) -> list[Count]:
        """The numbers since the day of a moment; see `asked`."""
        query = select(counted)
        if since is not None:
            query = query.where(counted.c.day >= since.date().isoformat())
        if tenants is not None:
            query = query.where(counted.c.tenant.in_(list(tenants)))
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            raise _broken(error) from None
        return [Count(**{**row, "country": row["country"] or None}) for row in rows]

    @staticmethod
    def _beside(
        connection: Any, keys: Sequence[int]
    ) -> tuple[dict[int, list[Cited]], dict[int, Feedback]]:
        sources: dict[int, list[Cited]] = {}
        for row in connection.execute(select(cited).where(cited.c.answer.in_(keys))):
            one = Cited(row.document_id, row.source_id, row.agency)
            sources.setdefault(row.answer, []).append(one)
        given = connection.execute(select(feedback).where(feedback.c.answer.in_(keys)))
        return sources, {row.answer: Feedback(row.useful, row.reason, row.comment) for row in given}


def _entry(row: Any, sources: dict[int, list[Cited]], said: dict[int, Feedback]) -> Entry:
    given = {name: value for name, value in row.items() if name != "id"}
    given |= {"sectors": tuple(given["sectors"]), "tools": tuple(given["tools"])}
    key = row["id"]
    return replace(
        Entry(**given), cited=tuple(sources.get(key, ())), feedback=said.get(key), key=key
    )


def _broken(error: SQLAlchemyError) -> VentanillaError:
    return VentanillaError(
        f"the usage database cannot be read ({type(error).__name__})",
        f"Check {SETTING} and that the database runs, or the file's permissions.",
    )


def kept_since(now: datetime, days: int) -> datetime:
    """The moment before which nothing is kept."""
    return now - timedelta(days=days)
