"""Agencies, users, passwords, keys, sessions and the trail: what they give, refuse and forget."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy.exc import IntegrityError

from sources.errors import Forbidden, NotLoggedIn, TooMany, UsageError
from tests.ui.access.conftest import BY, CHEAP, PASSWORD, Clock
from ui.access.keys import Keys
from ui.access.passwords import Passwords
from ui.access.schema import SETTING, metadata
from ui.access.sessions import ABSOLUTE, IDLE
from ui.access.store import AccessStore
from ui.access.throttle import FREE, LONGEST_WAIT, waiting
from ui.database import open_engine

# ---------------------------------------------------------------------- agencies and users


@pytest.mark.parametrize("wrong", ["", "public", "Muni", "a b", "a:b", "a/b", "x" * 64])
def test_an_agencys_id_is_one_that_entries_can_name(store: AccessStore, wrong: str) -> None:
    with pytest.raises(UsageError, match="no id of an agency"):
        store.agencies.add(wrong, "t", BY)


def test_ids_and_names_are_taken_once(store: AccessStore) -> None:
    with pytest.raises(UsageError, match="already"):
        store.agencies.add("muni", "Otra", BY)
    with pytest.raises(UsageError, match="already"):
        store.users.add("ana", PASSWORD, agency="hospital", role="reader", by=BY)
    assert [a.id for a in store.agencies.list()] == ["hospital", "muni"]
    assert store.users.get("ana").agency == "muni"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Ana María"}, "no name of a user"),
        ({"name": "oidc:x"}, "no name of a user"),
        ({"role": "emperor"}, "no role 'emperor'"),
        ({"agency": "nowhere"}, "no agency 'nowhere'"),
        ({"password": "corta"}, "too short"),
        ({"password": "x" * 201}, "too long"),
        ({"password": "luis-luis-luis"}, "easy to guess"),
        ({"password": "aaaaaaaaaaaaaaa"}, "easy to guess"),
    ],
)
def test_a_user_that_cannot_be_is_refused_in_one_line(
    store: AccessStore, changes: dict[str, Any], said: str
) -> None:
    given = {"name": "luis", "password": PASSWORD, "agency": "muni", "role": "reader"} | changes
    with pytest.raises(UsageError, match=said) as refused:
        store.users.add(**given, by=BY)
    assert "\n" not in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert [u.name for u in store.users.list()] == ["ana", "jefa"]


def test_an_agency_goes_with_all_that_is_its_own(store: AccessStore) -> None:
    session = store.login("ana", PASSWORD, "console")
    token, _ = store.keys.add("muni", "web", BY)
    store.agencies.remove("muni", BY)
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(session)
    with pytest.raises(NotLoggedIn):
        store.keys.principal(token)
    assert [u.name for u in store.users.list()] == ["jefa"]


def test_lists_narrow_to_an_agency_or_to_the_house(store: AccessStore) -> None:
    assert [u.name for u in store.users.list("muni")] == ["ana"]
    assert [u.name for u in store.users.list(of_the_house=True)] == ["jefa"]


# ---------------------------------------------------------------------- passwords and logins


def test_a_login_opens_a_session_with_the_agencys_tenants(store: AccessStore) -> None:
    principal = store.sessions.principal(store.login("ana", PASSWORD, "console"))
    assert (principal.user, principal.agency, principal.role) == ("ana", "muni", "administrator")
    assert principal.tenants == ("public", "muni")
    assert principal.door == "console"
    house = store.sessions.principal(store.login("jefa", PASSWORD, "console"))
    assert (house.of_the_house, house.tenants) == (True, ("public",))


def test_wrong_name_and_wrong_password_read_alike(store: AccessStore) -> None:
    said = set()
    for name, password in (("ana", "no es esta clave"), ("nadie", PASSWORD), ("ana", "x" * 5000)):
        with pytest.raises(NotLoggedIn) as refused:
            store.login(name, password, "console")
        said.add(str(refused.value))
    assert said == {"name or password is wrong. Try again, or ask an administrator."}


def test_an_unknown_user_costs_the_same_hashing(
    store: AccessStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:
            verified.append(str(hash))
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(store.users, "_passwords", passwords)
    for name in ("ana", "nadie"):
        with pytest.raises(NotLoggedIn):
            store.users.check(name, "no es esta clave")
    assert len(verified) == 2
    assert verified[0] != verified[1]


def test_a_hash_of_weaker_parameters_is_made_anew(store: AccessStore, tmp_path: Path) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)

    def kept() -> str:
        with sqlite3.connect(tmp_path / "access.sqlite") as connection:
            found = connection.execute("SELECT password FROM users WHERE name='ana'").fetchone()
        connection.close()
        return str(found[0])

    before = kept()
    with AccessStore.open(tmp_path / "access.sqlite", passwords=Passwords(stronger)) as later:
        later.login("ana", PASSWORD, "console")
        renewed = kept()
        later.login("ana", PASSWORD, "console")
        assert kept() == renewed
    assert "m=8,t=1" in before
    assert "m=16,t=2" in renewed


def test_failed_logins_have_to_wait_longer_and_longer(store: AccessStore, clock: Clock) -> None:
    for name in ("ana", "nadie"):  # a name that does not exist is told nothing else
        for _ in range(FREE):
            with pytest.raises(NotLoggedIn):
                store.login(name, "no es esta clave", "console")
        with pytest.raises(TooMany, match=r"too many failed logins. Wait 1 seconds") as first:
            store.login(name, PASSWORD, "console")
        assert first.value.wait_s == 1
        clock.passes(seconds=1)
        with pytest.raises(NotLoggedIn):
            store.login(name, "no es esta clave", "console")
        with pytest.raises(TooMany) as second:
            store.login(name, PASSWORD, "console")
        assert second.value.wait_s == 2
    clock.passes(seconds=2)
    assert store.login("ana", PASSWORD, "console")
    for _ in range(FREE):  # a success forgets them
        with pytest.raises(NotLoggedIn):
            store.login("ana", "no es esta clave", "console")
    assert waiting(10_000) == LONGEST_WAIT
    clock.passes(hours=2)
    assert store.login("ana", PASSWORD, "console")


def test_many_attempts_at_once_gain_nothing(store: AccessStore) -> None:
    tried, refused = [], []

    def attempt() -> None:
        try:
            store.login("ana", "no es esta clave", "console")
        except NotLoggedIn:
            tried.append(1)
        except TooMany:
            refused.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) + len(refused) == 24
    assert len(tried) <= FREE


# ---------------------------------------------------------------------- sessions


def test_sessions_end_when_idle_and_in_any_case(store: AccessStore, clock: Clock) -> None:
    token = store.login("ana", PASSWORD, "console")
    for _ in range(11):
        clock.passes(seconds=(IDLE - timedelta(minutes=1)).total_seconds())
        assert store.sessions.principal(token).user == "ana"
    clock.passes(hours=2)
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(token)
    token = store.login("ana", PASSWORD, "console")
    until = clock.at + ABSOLUTE
    while clock.at + timedelta(minutes=30) < until:
        clock.passes(minutes=30)
        store.sessions.principal(token)
    clock.at = until
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(token)


def test_sessions_end_at_logout_and_with_the_password(store: AccessStore) -> None:
    left, other = (store.login("ana", PASSWORD, "console") for _ in range(2))
    store.sessions.end(left)
    store.sessions.end(left)
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(left)
    assert store.sessions.principal(other).user == "ana"
    store.users.set_password("ana", "otra clave bien larga", BY)
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(other)
    with pytest.raises(NotLoggedIn):
        store.login("ana", PASSWORD, "console")
    assert store.login("ana", "otra clave bien larga", "console")


def test_sessions_end_with_their_user_and_carry_a_new_role_at_once(store: AccessStore) -> None:
    token = store.login("ana", PASSWORD, "console")
    store.users.set_role("ana", "reader", BY)
    assert store.sessions.principal(token).role == "reader"
    store.users.remove("ana", BY)
    with pytest.raises(NotLoggedIn):
        store.sessions.principal(token)


# ---------------------------------------------------------------------- keys


def test_a_key_is_shown_once_and_reads_its_agencys_tenant(store: AccessStore) -> None:
    token, key = store.keys.add("muni", "sitio web", BY)
    assert token.startswith(f"vk_{key.prefix}_")
    principal = store.keys.principal(token)
    assert (principal.user, principal.agency, principal.role) == (
        f"key:{key.prefix}", "muni", "reader",
    )  # fmt: skip
    assert principal.tenants == ("public", "muni")
    assert token not in repr(store.keys.list())


@pytest.mark.parametrize("change", ["wrong", "cut", "prefix", "empty", "expired", "revoked"])
def test_a_key_that_is_no_good_is_told_in_one_line(
    store: AccessStore, clock: Clock, change: str
) -> None:
    token, key = store.keys.add("muni", "web", BY, valid_for=timedelta(days=1))
    shown = {"cut": token[:-1], "prefix": key.prefix, "empty": "", "wrong": token + "x"}
    if change == "expired":
        clock.passes(days=1)
    if change == "revoked":
        assert store.keys.revoke(key.prefix, BY).revoked_at == clock.at
    with pytest.raises(NotLoggedIn, match="wrong, expired or revoked") as refused:
        store.keys.principal(shown.get(change, token))
    assert token not in str(refused.value)


def test_a_keys_uses_of_a_day_are_counted(store: AccessStore, clock: Clock) -> None:
    token, _ = store.keys.add("muni", "web", BY, daily_quota=2)
    for _ in range(2):
        store.keys.principal(token)
    with pytest.raises(TooMany, match="2 uses of today are spent") as spent:
        store.keys.principal(token)
    assert spent.value.wait_s == 12 * 3600
    clock.passes(hours=12)
    store.keys.principal(token)
    store.keys.principal(token)
    with pytest.raises(TooMany):
        store.keys.principal(token)


def test_requests_of_one_moment_share_a_quota(store: AccessStore) -> None:
    token, _ = store.keys.add("muni", "web", BY, daily_quota=7)
    used, spent = [], []

    def use() -> None:
        try:
            used.append(store.keys.principal(token))
        except TooMany:
            spent.append(1)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(used), len(spent)) == (7, 13)


@pytest.mark.parametrize(
    "given", [{"agency": "x"}, {"role": "administrator"}, {"daily_quota": 0},
              {"valid_for": timedelta(0)}],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused(store: AccessStore, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        store.keys.add(**({"agency": "muni", "label": "web", "by": BY} | given))
    assert store.keys.list() == []


def test_no_secret_is_written_anywhere(store: AccessStore, tmp_path: Path) -> None:
    secrets = [store.login("ana", PASSWORD, "console"), store.keys.add("muni", "web", BY)[0]]
    secrets.append(PASSWORD)
    for path in tmp_path.iterdir():
        written = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in written
            assert secret.rpartition("_")[2].encode() not in written
    assert stat.S_IMODE((tmp_path / "access.sqlite").stat().st_mode) == 0o600
    assert isinstance(store.keys, Keys)


# ---------------------------------------------------------------------- users of a provider


def test_a_provider_brings_users_that_have_no_password_here(store: AccessStore) -> None:
    made = store.users.from_provider("s1@idp", "Eva", "muni", "editor", BY)
    assert (made.agency, made.role, made.label, made.has_password) == (
        "muni", "editor", "Eva", False,
    )  # fmt: skip
    token = store.sessions.open(made, "console")
    moved = store.users.from_provider("s1@idp", "Eva", "hospital", "reader", BY)
    assert (moved.id, moved.agency, moved.role) == (made.id, "hospital", "reader")
    with pytest.raises(NotLoggedIn):  # what it opened as another's user
        store.sessions.principal(token)
    with pytest.raises(NotLoggedIn):
        store.users.check(made.name, "")
    with pytest.raises(Forbidden):
        store.users.from_provider("s2@idp", "Eva", "nowhere", "reader", BY)


# ---------------------------------------------------------------------- the trail


def test_every_change_leaves_a_line(store: AccessStore) -> None:
    _, key = store.keys.add("muni", "web", BY)
    store.keys.revoke(key.prefix, BY)
    store.users.set_role("ana", "editor", BY)
    store.users.set_password("ana", "otra clave bien larga", BY)
    store.login("ana", "otra clave bien larga", "console")
    store.users.remove("ana", BY)
    store.agencies.remove("muni", BY)
    actions = [line["action"] for line in reversed(store.trail.lines())]
    assert actions == [
        "agency.add", "agency.add", "user.add", "user.add", "key.add", "key.revoke", "user.role",
        "user.password", "login", "user.remove", "agency.remove",
    ]  # fmt: skip
    first = store.trail.lines()[-1]
    assert first == {
        "at": "2026-11-23T12:00:00+00:00", "who": "tester", "agency": "muni", "door": "cli",
        "action": "agency.add", "target": "muni", "detail": "",
    }  # fmt: skip


def test_an_agency_reads_its_own_lines_only(store: AccessStore) -> None:
    store.trail.record(BY, "sync", "hospital-internos", agency="hospital", detail="3 documents")
    assert {line["agency"] for line in store.trail.lines("muni")} == {"muni"}
    assert "hospital" not in "".join(store.trail.export("json", "muni"))


def test_the_trail_is_exported_whole(store: AccessStore) -> None:
    store.trail.record(BY, "upload", '=cmd|"x"', agency="muni", detail="á, b\nc")
    lines = store.trail.lines()
    told = [json.loads(line) for line in "".join(store.trail.export("json")).splitlines()]
    assert told == lines
    table = list(csv.DictReader(io.StringIO("".join(store.trail.export("csv")), newline="")))
    assert len(table) == len(lines)
    assert table[0]["target"] == '\'=cmd|"x"'  # no spreadsheet computes it
    assert table[0]["detail"] == "á, b\nc"


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_nobody_changes_a_line(store: AccessStore, statement: str) -> None:
    before = store.trail.lines()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        store._engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert store.trail.lines() == before


def test_a_change_that_fails_leaves_no_line(store: AccessStore) -> None:
    before = store.trail.lines()
    with pytest.raises(UsageError):
        store.users.add("ana", PASSWORD, agency="muni", role="reader", by=BY)
    assert store.trail.lines() == before


# ---------------------------------------------------------------------- the database


def test_what_was_kept_is_there_again(store: AccessStore, tmp_path: Path) -> None:
    token, _ = store.keys.add("muni", "web", BY)
    with AccessStore.open(tmp_path / "access.sqlite", passwords=Passwords(CHEAP)) as again:
        assert again.login("ana", PASSWORD, "console")
        assert again.keys.principal(token).agency == "muni"


@pytest.mark.parametrize(
    "url", ["no url", "nodatabase://x", "postgresql+nodriver://user:geheim@host/x"]
)
def test_an_address_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match="VENTANILLA_ACCESS_URL") as refused:
        open_engine(url, metadata, SETTING)
    assert "geheim" not in str(refused.value)
