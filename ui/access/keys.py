"""API keys: shown once, kept as a hash, revocable, with an expiry and a number of uses a day.

A key looks like ``vk_3f9c2a71_…``; what stands between the underscores is its prefix, by which people
tell one key from another. The rest is 256 random bits, so a plain SHA-256 is enough to keep.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sources.errors import NotLoggedIn, TooMany, UsageError
from ui.access.people import Agencies
from ui.access.permissions import By, Principal, tenants_of
from ui.access.schema import digest, keys, usage
from ui.access.trail import Trail

MARK = "vk_"
"""What every key begins with: so that one that slipped into a text is recognised."""

ROLES = ("reader", "editor")
"""A key asks or delivers documents; people are managed by people."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; never the key itself."""

    prefix: str
    label: str
    agency: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    daily_quota: int | None


_KNOWN = select(*(keys.c[name] for name in Key.__slots__))


class Keys:
    """The keys of one database."""

    def __init__(
        self, engine: Engine, trail: Trail, known: Agencies, now: Callable[[], datetime]
    ) -> None:
        self._engine, self._trail, self._agencies, self._now = engine, trail, known, now

    def add(
        self,
        agency: str,
        label: str,
        by: By,
        *,
        role: str = "reader",
        valid_for: timedelta | None = timedelta(days=365),
        daily_quota: int | None = None,
    ) -> tuple[str, Key]:
        """Makes one and returns it, this once, with what is known of it.

        Raises UsageError for an unknown agency or role, or a quota or time that is none.
        """
        self._agencies.get(agency)
        if role not in ROLES:
            raise UsageError(f"a key has no role {role!r:.40}", f"Use one of: {', '.join(ROLES)}.")
        if daily_quota is not None and daily_quota < 1:
            raise UsageError("the daily quota is no number of questions", "Give 1 or more.")
        if valid_for is not None and valid_for <= timedelta(0):
            raise UsageError("a key must be valid for some time", "Give 1 day or more.")
        prefix = secrets.token_hex(4)
        token = f"{MARK}{prefix}_{secrets.token_urlsafe(32)}"
        now = self._now()
        made = Key(
            prefix=prefix,
            label=label.strip() or prefix,
            agency=agency,
            role=role,
            created_at=now,
            expires_at=now + valid_for if valid_for else None,
            revoked_at=None,
            daily_quota=daily_quota,
        )
        with self._engine.begin() as connection:
            connection.execute(
                insert(keys).values(
                    prefix=made.prefix,
                    hash=digest(token),
                    label=made.label,
                    agency=agency,
                    role=role,
                    created_at=made.created_at,
                    expires_at=made.expires_at,
                    daily_quota=daily_quota,
                )
            )
            target = f"key:{prefix}"
            detail = f"{made.label}, role {role}"
            self._trail.write(connection, by, "key.add", target, agency=agency, detail=detail)
        return token, made

    def list(self, agency: str | None = None) -> list[Key]:
        """All keys, or those of one agency, oldest first."""
        query = _KNOWN.order_by(keys.c.id)
        if agency is not None:
            query = query.where(keys.c.agency == agency)
        with self._engine.connect() as connection:
            return [Key(**row) for row in connection.execute(query).mappings()]

    def get(self, prefix: str) -> Key:
        """One of them, by its prefix. Raises UsageError where there is none."""
        prefix = prefix.removeprefix(MARK).removeprefix("key:").partition("_")[0]
        with self._engine.connect() as connection:
            row = connection.execute(_KNOWN.where(keys.c.prefix == prefix)).mappings().first()
        if row is None:
            raise UsageError(
                f"there is no key {prefix!r:.20}", "See `ventanilla access keys list`."
            )
        return Key(**row)

    def revoke(self, prefix: str, by: By) -> Key:
        """Makes a key worthless, at once. Raises UsageError where there is none of that prefix."""
        key = self.get(prefix)
        if key.revoked_at is None:
            with self._engine.begin() as connection:
                changed = update(keys).where(keys.c.prefix == key.prefix)
                connection.execute(changed.values(revoked_at=self._now()))
                target = f"key:{key.prefix}"
                self._trail.write(connection, by, "key.revoke", target, agency=key.agency)
        return self.get(key.prefix)

    def principal(self, token: str, door: str = "api") -> Principal:
        """Who holds the key, counting one use of today's.

        Raises NotLoggedIn for a key that is wrong, expired or revoked (not saying which), TooMany
        where today's uses are spent.
        """
        with self._engine.begin() as connection:
            query = select(keys).where(keys.c.hash == digest(token))
            row = connection.execute(query).mappings().first()
            now = self._now()
            if (
                row is None
                or row["revoked_at"] is not None
                or (row["expires_at"] is not None and row["expires_at"] <= now)
            ):
                raise NotLoggedIn(
                    "that key is wrong, expired or revoked", "Ask your agency for another one."
                )
            if row["daily_quota"] is not None:
                self._count(connection, row["id"], row["daily_quota"], now)
        return Principal(
            user=f"key:{row['prefix']}",
            agency=row["agency"],
            role=row["role"],
            tenants=tenants_of(row["agency"]),
            door=door,
        )

    @staticmethod
    def _count(connection: Connection, key_id: int, quota: int, now: datetime) -> None:
        """One more use today, unless all are spent; the day is that of UTC."""
        day = now.astimezone(UTC).date()
        mine = (usage.c.key_id == key_id, usage.c.day == day.isoformat())
        more = update(usage).where(*mine, usage.c.used < quota).values(used=usage.c.used + 1)
        if connection.execute(more).rowcount:
            return
        if connection.execute(select(usage.c.used).where(*mine)).first() is None:
            connection.execute(delete(usage).where(usage.c.key_id == key_id))
            try:
                with connection.begin_nested():
                    new = insert(usage).values(key_id=key_id, day=day.isoformat(), used=1)
                    connection.execute(new)
                return
            except IntegrityError:  # another request of the same moment was the day's first
                if connection.execute(more).rowcount:
                    return
        tomorrow = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        raise TooMany(
            f"the key's {quota} uses of today are spent",
            "It works again after midnight (UTC).",
            wait_s=round((tomorrow - now).total_seconds()),
        )
