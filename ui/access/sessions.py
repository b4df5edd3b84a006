"""Sessions of people who logged in: random tokens, kept as hashes, that end by themselves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, or_, select, update

from sources.errors import NotLoggedIn
from ui.access.people import User
from ui.access.permissions import Principal, tenants_of
from ui.access.schema import digest, sessions, users

IDLE = timedelta(hours=1)
"""Quiet after which a session ends."""

ABSOLUTE = timedelta(hours=12)
"""When it ends even in use."""

_NOTED = timedelta(seconds=30)
"""How exactly it is noted when a session was last used: not every click writes to the database."""


class Sessions:
    """The sessions of one database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now

    def open(self, user: User, door: str) -> str:
        """A new session; its token of 256 random bits is given out this once."""
        token, now = secrets.token_urlsafe(32), self._now()
        with self._engine.begin() as connection:
            gone = or_(sessions.c.seen_at <= now - IDLE, sessions.c.created_at <= now - ABSOLUTE)
            connection.execute(delete(sessions).where(gone))
            connection.execute(
                insert(sessions).values(
                    hash=digest(token), user_id=user.id, door=door, created_at=now, seen_at=now
                )
            )
        return token

    def principal(self, token: str) -> Principal:
        """Who is logged in. Raises NotLoggedIn where the session ended or never was."""
        now, key = self._now(), digest(token)
        query = select(
            sessions.c.door, sessions.c.created_at, sessions.c.seen_at,
            users.c.name, users.c.agency, users.c.role,
        ).join(users, users.c.id == sessions.c.user_id).where(sessions.c.hash == key)  # fmt: skip
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
            if row is None or now - row.seen_at >= IDLE or now - row.created_at >= ABSOLUTE:
                raise NotLoggedIn("the session has ended", "Log in again.")
            if now - row.seen_at >= _NOTED:
                connection.execute(
                    update(sessions).where(sessions.c.hash == key).values(seen_at=now)
                )
        return Principal(
            user=row.name,
            agency=row.agency,
            role=row.role,
            tenants=tenants_of(row.agency),
            door=row.door,
        )

    def end(self, token: str) -> None:
        """Ends a session; one that ended already is no matter."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.hash == digest(token)))
