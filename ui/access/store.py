"""All that is kept of access, behind one door.

with AccessStore.open(settings.access) as store:
    by = By("ana", "cli")
    store.agencies.add("minsal", "Ministerio de Salud", by)
    token, key = store.keys.add("minsal", "sitio web", by)
    store.keys.principal(token).tenants         # ("public", "minsal")
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from ui.access.keys import Keys
from ui.access.passwords import Passwords
from ui.access.people import Agencies, Users
from ui.access.permissions import By
from ui.access.schema import SETTING, metadata
from ui.access.sessions import Sessions
from ui.access.throttle import Throttle
from ui.access.trail import Trail
from ui.database import Database, open_engine


def _now() -> datetime:
    return datetime.now(UTC)


class AccessStore(Database):
    """`agencies`, `users`, `keys`, `sessions` and the `trail` of one database; safe across threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        now: Callable[[], datetime] = _now,
        passwords: Passwords | None = None,
    ) -> None:
        super().__init__(engine)
        self._throttle = Throttle(engine, now)
        self.trail = Trail(engine, now)
        self.agencies = Agencies(engine, self.trail, now)
        self.users = Users(engine, self.trail, self.agencies, passwords or Passwords(), now)
        self.keys = Keys(engine, self.trail, self.agencies, now)
        self.sessions = Sessions(engine, now)

    @classmethod
    def open(
        cls,
        place: Path | str,
        *,
        now: Callable[[], datetime] = _now,
        passwords: Passwords | None = None,
    ) -> AccessStore:
        """The store in the SQLite file `place`, readable by its owner only, or at a database's URL.

        Raises UsageError for an address that is none, VentanillaError where it does not open.
        """
        return cls(open_engine(place, metadata, SETTING), now=now, passwords=passwords)

    def login(self, name: str, password: str, door: str) -> str:
        """The token of a new session. Takes as long for a name that does not exist.

        Raises NotLoggedIn where name or password is wrong, TooMany after too many of that.
        """
        self._throttle.attempt(name)
        user = self.users.check(name, password)
        self._throttle.succeeded(name)
        token = self.sessions.open(user, door)
        self.trail.record(By(user.name, door), "login", user.name, agency=user.agency)
        return token
