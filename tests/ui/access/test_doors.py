"""Who may pass the doors of the HTTP API, with which tenants, and what is said to the others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.ui.access.conftest import BY, PASSWORD, Clock
from ui.access.doors import COOKIE, Asker, Command, Doorkeeper, guard
from ui.access.login import add_login
from ui.access.permissions import require
from ui.access.store import AccessStore

TOKEN = "t0ken"


@pytest.fixture
def app(store: AccessStore) -> FastAPI:
    made = FastAPI()
    guard(made, Doorkeeper(lambda: store, TOKEN))
    add_login(made, lambda: store)

    @made.get("/who")
    def who(asker: Asker) -> dict[str, object]:
        return {"user": asker.user, "tenants": asker.tenants}

    @made.get("/local")
    def local(command: Command) -> str:
        return command.role

    @made.get("/sync")
    def sync(asker: Asker) -> str:
        require(asker, "sync", "muni")
        return "done"

    return made


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | more


def test_nobody_in_particular_reads_what_is_public(client: TestClient) -> None:
    assert client.get("/who").json() == {"user": None, "tenants": ["public"]}


def test_a_key_reads_its_agencys_own_too(client: TestClient, store: AccessStore) -> None:
    token, key = store.keys.add("muni", "web", BY)
    told = client.get("/who", headers=bearer(token)).json()
    assert told == {"user": f"key:{key.prefix}", "tenants": ["public", "muni"]}


@pytest.mark.parametrize(
    "header",
    ["Bearer vk_00000000_wrong", "Bearer ", "Bearer", "Basic YTpi", "vk_x", "", "Bearer t0kenx",
     "Bearer á"],
)  # fmt: skip
def test_what_is_no_key_is_refused_and_never_taken_for_nobody(
    client: TestClient, header: str
) -> None:
    told = client.get("/who", headers={"Authorization": header.encode("latin-1")})
    assert told.status_code == 401
    assert told.headers["WWW-Authenticate"] == "Bearer"
    assert "\n" not in told.json()["detail"]


def test_a_key_that_ended_is_refused(client: TestClient, store: AccessStore, clock: Clock) -> None:
    old, _ = store.keys.add("muni", "web", BY, valid_for=timedelta(days=1))
    gone, key = store.keys.add("muni", "web", BY)
    store.keys.revoke(key.prefix, BY)
    clock.passes(days=1)
    said = {client.get("/who", headers=bearer(token)).text for token in (old, gone, "vk_x")}
    assert len(said) == 1
    assert "wrong, expired or revoked" in said.pop()


def test_a_spent_quota_says_when_it_is_over(client: TestClient, store: AccessStore) -> None:
    token, _ = store.keys.add("muni", "web", BY, daily_quota=1)
    assert client.get("/who", headers=bearer(token)).status_code == 200
    spent = client.get("/who", headers=bearer(token))
    assert (spent.status_code, spent.headers["Retry-After"]) == (429, str(12 * 3600))


def test_a_command_reads_as_citizens_do_unless_it_names_an_agency(client: TestClient) -> None:
    assert client.get("/who", headers=bearer(TOKEN)).json()["tenants"] == ["public"]
    named = {"ventanilla-agency": "muni"}
    told = client.get("/who", headers=bearer(TOKEN, **named)).json()
    assert told["tenants"] == ["public", "muni"]
    unknown = client.get("/who", headers=bearer(TOKEN, **{"ventanilla-agency": "x"}))
    assert unknown.status_code == 422


def test_nobody_else_names_an_agency(client: TestClient, store: AccessStore) -> None:
    named = {"ventanilla-agency": "hospital"}
    assert client.get("/who", headers=named).json()["tenants"] == ["public"]
    token, _ = store.keys.add("muni", "web", BY)
    told = client.get("/who", headers=bearer(token, **named)).json()
    assert told["tenants"] == ["public", "muni"]


def test_local_doors_open_to_no_key_and_no_session(client: TestClient, store: AccessStore) -> None:
    token, _ = store.keys.add("muni", "web", BY)
    client.cookies.set(COOKIE, store.login("jefa", PASSWORD, "console"))
    assert client.get("/local").status_code == 401
    assert client.get("/local", headers=bearer(token)).status_code == 401
    assert client.get("/local", headers=bearer(TOKEN)).json() == "administrator"


def test_who_may_not_is_told_so(client: TestClient, store: AccessStore) -> None:
    reader, _ = store.keys.add("muni", "web", BY)
    editor, _ = store.keys.add("muni", "web", BY, role="editor")
    other, _ = store.keys.add("hospital", "web", BY, role="editor")
    assert client.get("/sync").status_code == 403
    assert client.get("/sync", headers=bearer(reader)).status_code == 403
    assert client.get("/sync", headers=bearer(other)).status_code == 403
    assert client.get("/sync", headers=bearer(editor)).json() == "done"


def test_a_session_lasts_from_login_to_logout(client: TestClient) -> None:
    assert client.get("/api/access/me").json()["user"] is None
    told = client.post("/api/access/login", json={"name": "ana", "password": PASSWORD})
    assert told.json() == {"user": "ana", "agency": "muni", "role": "administrator"}
    cookie = told.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert client.get("/who").json() == {"user": "ana", "tenants": ["public", "muni"]}
    token = client.cookies[COOKIE]
    assert client.post("/api/access/logout").status_code == 204
    assert client.get("/who").json()["user"] is None
    client.cookies.set(COOKIE, token)  # a copy of the cookie is worth nothing
    ended = client.get("/who")
    assert ended.status_code == 401
    assert f'{COOKIE}=""' in ended.headers["set-cookie"]


def test_over_tls_the_cookie_stays_there(app: FastAPI) -> None:
    client = TestClient(app, base_url="https://ventanilla.example")
    told = client.post("/api/access/login", json={"name": "ana", "password": PASSWORD})
    assert "Secure" in told.headers["set-cookie"]


def test_a_wrong_password_is_401_and_many_are_429(client: TestClient) -> None:
    wrong = {"name": "ana", "password": "no es esta clave"}
    told = [client.post("/api/access/login", json=wrong) for _ in range(6)]
    assert [t.status_code for t in told] == [401] * 5 + [429]
    assert told[-1].headers["Retry-After"] == "1"
    assert COOKIE not in client.cookies
    assert client.get("/who").json()["user"] is None


def test_the_store_is_opened_by_who_shows_something(tmp_path: Path) -> None:
    def never() -> AccessStore:
        raise AssertionError("nobody showed a key")

    app = FastAPI()
    guard(app, Doorkeeper(never, TOKEN))

    @app.get("/who")
    def who(asker: Asker) -> str | None:
        return asker.user

    assert TestClient(app).get("/who").json() is None
