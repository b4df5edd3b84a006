"""The table of permissions, cell by cell where a mistake would hurt."""

from __future__ import annotations

import pytest

from sources.catalog import CatalogEntry
from sources.errors import Forbidden
from ui.access.permissions import (
    ANYONE,
    Principal,
    house_administrator,
    may,
    require,
    tenants_of,
    visible,
)


def of(agency: str | None, role: str) -> Principal:
    return Principal("ana", agency, role, tenants_of(agency))


def entry(owner: str | None, tenant: str = "public") -> CatalogEntry:
    return CatalogEntry(
        id=f"{owner or 'house'}-{tenant}", title="t", connector="files", owner=owner, tenant=tenant
    )


OPEN, SHUT = entry("muni"), entry("muni", "muni")
OTHERS, OTHERS_SHUT = entry("hospital"), entry("hospital", "hospital")
HOUSES = entry(None)


@pytest.mark.parametrize(
    ("who", "action", "target", "allowed"),
    [
        (ANYONE, "see", OPEN, True),
        (ANYONE, "see", SHUT, False),
        (ANYONE, "sync", OPEN, False),
        (ANYONE, "test", OPEN, False),
        (of("muni", "reader"), "see", SHUT, True),
        (of("muni", "reader"), "see", OTHERS_SHUT, False),
        (of("muni", "reader"), "test", SHUT, True),
        (of("muni", "reader"), "test", OTHERS_SHUT, False),
        (of("muni", "reader"), "sync", OPEN, False),
        (of("muni", "editor"), "sync", OPEN, True),
        (of("muni", "editor"), "sync", HOUSES, False),
        (of("muni", "editor"), "sync", OTHERS, False),
        (of("muni", "editor"), "confirm", OPEN, False),
        (of("muni", "administrator"), "confirm", SHUT, True),
        (of("muni", "administrator"), "confirm", HOUSES, False),
        (of("muni", "administrator"), "remove", OTHERS_SHUT, False),
        (of("muni", "administrator"), "manage_users", "muni", True),
        (of("muni", "administrator"), "manage_users", "hospital", False),
        (of("muni", "administrator"), "manage_users", None, False),
        (of("muni", "administrator"), "audit", None, False),
        (of("muni", "editor"), "manage_users", "muni", False),
        (of(None, "administrator"), "sync", OTHERS_SHUT, True),
        (of(None, "administrator"), "manage_users", None, True),
        (of(None, "administrator"), "test", SHUT, False),
        (of(None, "reader"), "sync", HOUSES, False),
    ],
)
def test_who_may_do_what(who: Principal, action: str, target: object, allowed: bool) -> None:
    assert may(who, action, target) is allowed  # type: ignore[arg-type]


def test_agencies_are_made_by_the_house_alone() -> None:
    assert may(house_administrator("local", "cli"), "manage_agencies")
    assert not may(of("muni", "administrator"), "manage_agencies")
    assert not may(of(None, "editor"), "manage_agencies")


def test_an_unknown_action_or_role_is_a_mistake_and_no_permission() -> None:
    with pytest.raises(KeyError):
        may(of("muni", "administrator"), "fly")
    with pytest.raises(KeyError):
        may(of("muni", "emperor"), "sync")


def test_a_refusal_does_not_tell_what_there_is() -> None:
    with pytest.raises(Forbidden) as refused:
        require(of("muni", "administrator"), "sync", OTHERS_SHUT)
    assert "hospital" not in str(refused.value)


def test_the_catalogue_shows_what_one_may_know_of() -> None:
    catalog = {e.id: e for e in (OPEN, SHUT, OTHERS, OTHERS_SHUT, HOUSES)}
    assert set(visible(ANYONE, catalog)) == {"muni-public", "hospital-public", "house-public"}
    assert set(visible(of("muni", "reader"), catalog)) == set(catalog) - {"hospital-hospital"}
    assert set(visible(house_administrator("local", "cli"), catalog)) == set(catalog)
