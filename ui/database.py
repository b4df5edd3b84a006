"""Opens a database with its tables: an SQLite file of our own, or PostgreSQL by its URL.

engine = open_engine(settings.usage, metadata, setting="VENTANILLA_USAGE_URL")
"""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, DateTime, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sources.closing import Closing
from sources.errors import UsageError, VentanillaError

SQLITE_PATIENCE_S = 10
"""How long a writer waits for another process."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no time zone: it is added again when a value is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To UTC. Raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """With its zone, whichever database kept it."""
        if value is None:
            return None
        made: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return made.astimezone(UTC)


class Database(Closing):
    """What is kept behind one engine, open until it is closed: as a context manager, at its end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def open_engine(place: Path | str, metadata: MetaData, setting: str) -> Engine:
    """The database in the SQLite file `place`, readable by its owner only, or at a SQLAlchemy URL,
    with the tables of `metadata`. `setting` is the variable that an error names.

    Raises UsageError for an address that is none or whose driver is missing, VentanillaError where
    the database does not open. No message repeats the URL: it may hold a password.
    """
    try:
        url = _of_file(place) if isinstance(place, Path) else make_url(place)
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except (ArgumentError, NoSuchModuleError):
        raise UsageError(
            f"{setting} is no address of a database",
            "Write it like postgresql+psycopg://user:password@host/name.",
        ) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the database of {setting} needs {error.name}",
            "Install it: pip install 'ventanilla[postgresql]'.",
        ) from None
    except OSError as error:
        raise VentanillaError(
            f"{place} cannot be made ({error.strerror})", "Check the folder's permissions."
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        metadata.create_all(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        where = str(place) if isinstance(place, Path) else f"the database of {setting}"
        raise VentanillaError(
            f"{where} does not open ({type(error).__name__})",
            f"Check {setting} and that the database runs, or the file's permissions.",
        ) from None
    return engine


def _of_file(path: Path) -> URL:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return URL.create("sqlite", database=str(path))


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={SQLITE_PATIENCE_S * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what was deleted is overwritten, too
