"""Users and keys of an agency, and its audit trail: what its administrators look after.

The house's administrators name the agency whose people they mean, or none: their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Literal, TypeVar, cast

from sources.errors import UsageError
from ui.access.keys import Key
from ui.access.people import User
from ui.access.permissions import Principal, require
from ui.console import Refused
from ui.console.desk import Desk

Theirs = TypeVar("Theirs", User, Key)

MOST_LINES = 500
"""Lines of the trail that are shown; a download has all."""


def agency_of(desk: Desk, who: Principal, asked: object) -> str | None:
    """The agency that is meant: their own, or for the house's people the one asked for."""
    if who.agency is not None:
        return who.agency
    if not who.of_the_house or not asked:
        return None
    return desk.house.access.agencies.get(str(asked)).id


def users(desk: Desk, who: Principal, agency: object = None) -> list[User]:
    """The users of an agency; of none: the house's."""
    of = agency_of(desk, who, agency)
    require(who, "manage_users", of)
    return desk.house.access.users.list(of, of_the_house=of is None)


def add_user(
    desk: Desk,
    who: Principal,
    agency: object,
    *,
    name: object,
    label: object,
    password: object,
    role: object,
) -> User:
    """Adds one. Raises UsageError naming what is wrong."""
    of = agency_of(desk, who, agency)
    require(who, "manage_users", of)
    return desk.house.access.users.add(
        str(name or "").strip().casefold(),
        str(password or ""),
        agency=of,
        role=str(role or ""),
        by=who.by,
        label=str(label or "").strip(),
    )


def _theirs(
    who: Principal, action: str, get: Callable[[str], Theirs], asked: object, none: str
) -> Theirs:
    """One of the users or keys that they manage; another agency's is as none. Raises Refused, with the
    text `none`.
    """
    require(who, action)
    try:
        found = get(str(asked or ""))
    except UsageError:
        raise Refused(none) from None
    if not who.of_the_house and found.agency != who.agency:
        raise Refused(none)
    require(who, action, found.agency)
    return found


def _user(desk: Desk, who: Principal, name: object) -> User:
    return _theirs(who, "manage_users", desk.house.access.users.get, name, "no_such_user")


def set_role(desk: Desk, who: Principal, name: object, role: object) -> None:
    """Gives a user another role. Raises Refused for one's own: nobody shuts themselves out."""
    user = _user(desk, who, name)
    if user.name == who.user:
        raise Refused("not_yourself")
    desk.house.access.users.set_role(user.name, str(role or ""), who.by)


def set_password(desk: Desk, who: Principal, name: object, password: object) -> None:
    """Gives a user another password and ends their sessions."""
    user = _user(desk, who, name)
    desk.house.access.users.set_password(user.name, str(password or ""), who.by)


def remove_user(desk: Desk, who: Principal, name: object) -> None:
    """Removes a user. Raises Refused for oneself."""
    user = _user(desk, who, name)
    if user.name == who.user:
        raise Refused("not_yourself")
    desk.house.access.users.remove(user.name, who.by)


def keys(desk: Desk, who: Principal, agency: object = None) -> list[Key]:
    """The keys of an agency; the house has none of its own."""
    of = agency_of(desk, who, agency)
    require(who, "manage_keys", of)
    return desk.house.access.keys.list(of) if of else []


def add_key(
    desk: Desk,
    who: Principal,
    agency: object,
    *,
    label: object,
    role: object,
    days: object,
    quota: object,
) -> str:
    """Makes a key and returns it, this once. Raises Refused where no agency is meant."""
    of = agency_of(desk, who, agency)
    require(who, "manage_keys", of)
    if of is None:
        raise Refused("key_of_nobody")
    token, _ = desk.house.access.keys.add(
        of,
        str(label or ""),
        who.by,
        role=str(role or "reader"),
        valid_for=timedelta(days=_count(days) or 365),
        daily_quota=_count(quota),
    )
    return token


def revoke_key(desk: Desk, who: Principal, prefix: object) -> None:
    """Makes a key worthless. Raises Refused where it is none of theirs."""
    key = _theirs(who, "manage_keys", desk.house.access.keys.get, prefix, "no_such_key")
    desk.house.access.keys.revoke(key.prefix, who.by)


def trail(desk: Desk, who: Principal) -> list[dict[str, Any]]:
    """The newest lines of the audit trail: of their agency, or for the house's people all."""
    require(who, "audit", who.agency)
    return desk.house.access.trail.lines(who.agency, most=MOST_LINES)


def trail_file(desk: Desk, who: Principal, kind: str) -> Iterator[str]:
    """The whole of it as a file. Raises Forbidden."""
    require(who, "audit", who.agency)
    require(who, "export", who.agency)
    form = cast(Literal["csv", "json"], kind)
    desk.house.access.trail.record(who.by, "export", "audit", agency=who.agency, detail=kind)
    return desk.house.access.trail.export(form, who.agency)


def _count(value: object) -> int | None:
    try:
        number = int(float(str(value)))
    except ValueError:
        return None
    return number if number > 0 else None
