"""The tables of access, in SQLAlchemy Core: SQLite in VENTANILLA_HOME, or PostgreSQL by its URL.

No password, key or session token is ever stored: only what they can be checked against.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from ui.database import Moment

SETTING = "VENTANILLA_ACCESS_URL"

metadata = MetaData()

agencies = Table(
    "agencies",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(600), nullable=False, unique=True),
    Column("label", Text, nullable=False, default=""),  # what people call them
    Column("agency", ForeignKey("agencies.id")),  # none: of the house
    Column("role", String(20), nullable=False),
    Column("password", Text),  # argon2's own form, with its parameters; none: by OIDC alone
    Column("created_at", Moment, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("daily_quota", Integer),
)

usage = Table(
    "usage",
    metadata,
    Column("key_id", ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("day", String(10), nullable=False),  # ISO 8601, in UTC
    Column("used", Integer, nullable=False),
    UniqueConstraint("key_id", "day"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("door", String(20), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

failures = Table(
    "failures",
    metadata,
    Column("name", String(64), primary_key=True),  # a hash: names that were tried are not kept
    Column("count", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("agency", String(63)),  # whose trail it belongs to; none: the house's
    Column("door", String(20), nullable=False),
    Column("action", String(40), nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# What was done stays written: the database itself refuses to change a line of it.
_STAYS = {
    "sqlite": (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_stays() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION 'the audit trail is append-only'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_stays()",
    ),
}


@event.listens_for(audit, "after_create")
def _append_only(_: object, connection: Connection, **__: object) -> None:
    for statement in _STAYS.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)


def digest(text: str) -> str:
    """What is kept of a key, a session's token or a name that was tried: SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
