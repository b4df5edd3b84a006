"""Agencies and their users."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sources.catalog import AGENCY_ID
from sources.document import PUBLIC
from sources.errors import Forbidden, NotLoggedIn, UsageError
from ui.access.passwords import Passwords
from ui.access.permissions import ROLES, By
from ui.access.schema import agencies, keys, sessions, users
from ui.access.trail import Trail

USER_NAME = r"^[a-z0-9][a-z0-9._@-]{1,99}$"
"""Without a colon: "oidc:…" and "key:…" are nobody's own name."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency: what entries name as their `owner`."""

    id: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A user; `agency` None is one of the house's own. `label` is what people call them."""

    id: int
    name: str
    label: str
    agency: str | None
    role: str
    created_at: datetime
    has_password: bool


class Agencies:
    """The agencies of one database."""

    def __init__(self, engine: Engine, trail: Trail, now: Callable[[], datetime]) -> None:
        self._engine, self._trail, self._now = engine, trail, now

    def add(self, agency_id: str, title: str, by: By) -> Agency:
        """Adds one. Raises UsageError for an id that is taken or is none."""
        if not re.fullmatch(AGENCY_ID, agency_id) or agency_id == PUBLIC:
            raise UsageError(
                f"{agency_id!r:.80} is no id of an agency",
                "Use lower-case letters, digits and hyphens; not `public`.",
            )
        made = Agency(agency_id, title.strip() or agency_id, self._now())
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(agencies).values(
                        id=made.id, title=made.title, created_at=made.created_at
                    )
                )
                self._trail.write(connection, by, "agency.add", made.id, agency=made.id)
        except IntegrityError:
            raise UsageError(
                f"there is an agency {agency_id!r} already", "Choose another id."
            ) from None
        return made

    def list(self) -> list[Agency]:
        """All of them, by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(agencies).order_by(agencies.c.id))
            return [Agency(**row) for row in rows.mappings()]

    def get(self, agency_id: str) -> Agency:
        """One of them. Raises UsageError where there is none of that id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(agencies).where(agencies.c.id == agency_id)).mappings()
            found = row.first()
        if found is None:
            raise UsageError(
                f"there is no agency {agency_id!r:.80}",
                "Add it with `ventanilla access agencies add`.",
            )
        return Agency(**found)

    def remove(self, agency_id: str, by: By) -> None:
        """Removes it with its users, sessions and keys. Raises UsageError where there is none.

        Its document sets are not touched: whoever calls this sees to them first.
        """
        self.get(agency_id)
        with self._engine.begin() as connection:
            theirs = select(users.c.id).where(users.c.agency == agency_id)
            connection.execute(delete(sessions).where(sessions.c.user_id.in_(theirs)))
            connection.execute(delete(users).where(users.c.agency == agency_id))
            connection.execute(delete(keys).where(keys.c.agency == agency_id))
            connection.execute(delete(agencies).where(agencies.c.id == agency_id))
            self._trail.write(connection, by, "agency.remove", agency_id, agency=agency_id)


class Users:
    """The users of one database."""

    def __init__(
        self,
        engine: Engine,
        trail: Trail,
        known: Agencies,
        passwords: Passwords,
        now: Callable[[], datetime],
    ) -> None:
        self._engine, self._trail, self._agencies = engine, trail, known
        self._passwords, self._now = passwords, now

    def add(
        self, name: str, password: str, *, agency: str | None, role: str, by: By, label: str = ""
    ) -> User:
        """Adds one; `agency` None makes one of the house's own.

        Raises UsageError naming what is wrong: name, role, agency or password.
        """
        if not re.fullmatch(USER_NAME, name):
            raise UsageError(
                f"{name!r:.120} is no name of a user",
                "Use lower-case letters, digits, dots, hyphens, underscores or @.",
            )
        _known_role(role)
        if agency is not None:
            self._agencies.get(agency)
        hashed = self._passwords.hash(password, of=name)
        try:
            with self._engine.begin() as connection:
                self._insert(connection, name, label, agency, role, hashed)
                detail = f"role {role}"
                self._trail.write(connection, by, "user.add", name, agency=agency, detail=detail)
        except IntegrityError:
            raise UsageError(f"there is a user {name!r} already", "Choose another name.") from None
        return self.get(name)

    def _insert(
        self,
        connection: Connection,
        name: str,
        label: str,
        agency: str | None,
        role: str,
        password: str | None,
    ) -> None:
        connection.execute(
            insert(users).values(
                name=name,
                label=label,
                agency=agency,
                role=role,
                password=password,
                created_at=self._now(),
            )
        )

    def list(self, agency: str | None = None, *, of_the_house: bool = False) -> list[User]:
        """All users by name; those of one agency, or `of_the_house` those of none."""
        query = select(users).order_by(users.c.name)
        if agency is not None:
            query = query.where(users.c.agency == agency)
        elif of_the_house:
            query = query.where(users.c.agency.is_(None))
        with self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(query).mappings()]

    def get(self, name: str) -> User:
        """One of them. Raises UsageError where there is none of that name."""
        with self._engine.connect() as connection:
            query = select(users).where(users.c.name == name)
            row = connection.execute(query).mappings().first()
        if row is None:
            raise UsageError(
                f"there is no user {name!r:.120}", "See `ventanilla access users list`."
            )
        return _user(row)

    def remove(self, name: str, by: By) -> None:
        """Removes a user and ends their sessions."""
        user = self.get(name)
        with self._engine.begin() as connection:
            self._end_sessions(connection, user)
            connection.execute(delete(users).where(users.c.id == user.id))
            self._trail.write(connection, by, "user.remove", name, agency=user.agency)

    def set_role(self, name: str, role: str, by: By) -> User:
        """Gives a user another role. Raises UsageError for an unknown one."""
        _known_role(role)
        user = self.get(name)
        with self._engine.begin() as connection:
            connection.execute(update(users).where(users.c.id == user.id).values(role=role))
            detail = f"{user.role} → {role}"
            self._trail.write(connection, by, "user.role", name, agency=user.agency, detail=detail)
        return self.get(name)

    def set_password(self, name: str, password: str, by: By) -> None:
        """Gives a user another password and ends all their sessions."""
        user = self.get(name)
        hashed = self._passwords.hash(password, of=name)
        with self._engine.begin() as connection:
            connection.execute(update(users).where(users.c.id == user.id).values(password=hashed))
            self._end_sessions(connection, user)
            self._trail.write(connection, by, "user.password", name, agency=user.agency)

    def check(self, name: str, password: str) -> User:
        """The user whose name and password these are. Raises NotLoggedIn, not saying which is wrong.

        A hash of other parameters than today's is made anew.
        """
        with self._engine.connect() as connection:
            query = select(users).where(users.c.name == name.strip().casefold())
            row = connection.execute(query).mappings().first()
        known = row["password"] if row else None
        if not self._passwords.right(known, password) or row is None:
            raise NotLoggedIn("name or password is wrong", "Try again, or ask an administrator.")
        if self._passwords.outdated(row["password"]):
            again = self._passwords.again(password)
            with self._engine.begin() as connection:
                connection.execute(
                    update(users)
                    .where(users.c.id == row["id"], users.c.password == row["password"])
                    .values(password=again)
                )
        return _user(row)

    def from_provider(
        self, subject: str, label: str, agency: str | None, role: str, by: By
    ) -> User:
        """The user whom an identity provider vouches for, added or brought up to date.

        `subject` is unique over providers. Raises Forbidden where there is no such agency.
        """
        name = f"oidc:{subject}"[:600]
        _known_role(role)
        with self._engine.begin() as connection:
            there = select(agencies.c.id).where(agencies.c.id == agency)
            if agency is not None and connection.execute(there).first() is None:
                raise Forbidden(
                    "the identity provider names an agency that is not here",
                    "Ask an administrator to add it.",
                )
            row = connection.execute(select(users).where(users.c.name == name)).mappings().first()
            detail = f"role {role}"
            if row is None:
                self._insert(connection, name, label, agency, role, None)
                self._trail.write(connection, by, "user.add", name, agency=agency, detail=detail)
            elif (row["agency"], row["role"]) != (agency, role):
                changed = update(users).where(users.c.id == row["id"])
                connection.execute(changed.values(agency=agency, role=role, label=label))
                self._end_sessions(connection, _user(row))
                self._trail.write(connection, by, "user.role", name, agency=agency, detail=detail)
        return self.get(name)

    @staticmethod
    def _end_sessions(connection: Connection, user: User) -> None:
        connection.execute(delete(sessions).where(sessions.c.user_id == user.id))


def _user(row: Any) -> User:
    fields = {k: row[k] for k in ("id", "name", "label", "agency", "role", "created_at")}
    return User(**fields, has_password=row["password"] is not None)


def _known_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"there is no role {role!r:.40}", f"Use one of: {', '.join(ROLES)}.")
