"""Login through a provider: what holds lets people in, and nothing else does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from sources.errors import Forbidden, UsageError
from tests.ui.access.provider import CLIENT, SECRET, FakeProvider, provider
from ui.access.doors import COOKIE, Asker, Doorkeeper, guard
from ui.access.login import add_login
from ui.access.oidc import Claims, provider_of
from ui.access.store import AccessStore
from ui.settings import Settings

Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def played() -> Iterator[FakeProvider]:
    with provider() as made:
        yield made


def browser(played: FakeProvider, store: AccessStore, **settings: str) -> TestClient:
    """A browser at an app whose people log in at `played`."""
    given = {
        "oidc_issuer": played.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
    } | settings  # fmt: skip
    app = FastAPI()
    guard(app, Doorkeeper(lambda: store, "t0ken"))
    add_login(app, lambda: store, provider_of(Settings(**given)), home="/who")

    @app.get("/who")
    def who(asker: Asker) -> dict[str, object]:
        return {"user": asker.user, "role": asker.role, "tenants": asker.tenants}

    return TestClient(app, follow_redirects=False)


def begin(client: TestClient) -> str:
    """Goes to the provider, logs in there; returns where the browser is sent back to."""
    sent = client.get("/api/access/oidc")
    assert sent.status_code == 302, sent.text
    back = httpx.get(sent.headers["location"], trust_env=False)
    return back.headers["location"]


def finish(client: TestClient, back: str) -> httpx.Response:
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}")


def test_somebody_logs_in_and_reads_their_agencys_sets(
    played: FakeProvider, store: AccessStore
) -> None:
    client = browser(played, store)
    landed = finish(client, begin(client))
    assert (landed.status_code, landed.headers["location"]) == (303, "/who")
    told = client.get("/who").json()
    assert (told["role"], told["tenants"]) == ("editor", ["public", "muni"])
    assert told["user"].startswith("oidc:s1@127.0.0.1")
    assert played.verified == 1
    line = store.trail.lines(most=1)[0]
    assert (line["action"], line["door"], line["agency"]) == ("login", "console", "muni")


def test_state_nonce_and_a_challenge_go_along(played: FakeProvider, store: AccessStore) -> None:
    begin(browser(played, store))
    first = played.asked
    begin(browser(played, store))
    assert first["code_challenge_method"] == "S256"
    assert first["response_type"] == "code"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != played.asked[name]


def refused(client: TestClient, back: str | None = None) -> str:
    """What is said to somebody who is not let in."""
    told = finish(client, back or begin(client))
    assert told.status_code in (401, 403), told.text
    assert COOKIE not in client.cookies
    said: str = told.json()["detail"]
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("another issuer", lambda c: c | {"iss": "https://evil.example"}),
        ("another nonce", lambda c: c | {"nonce": "x" * 20}),
        ("no nonce", lambda c: {k: v for k, v in c.items() if k != "nonce"}),
        ("expired", lambda c: c | {"exp": int(time.time()) - 120, "iat": int(time.time()) - 600}),
        ("no expiry", lambda c: {k: v for k, v in c.items() if k != "exp"}),
        ("not yet valid", lambda c: c | {"nbf": int(time.time()) + 600}),
        ("for somebody else", lambda c: c | {"aud": "another-client"}),
        ("for somebody else too", lambda c: c | {"aud": [CLIENT, "b"], "azp": "b"}),
        ("nobody", lambda c: {k: v for k, v in c.items() if k != "sub"}),
    ],
)
def test_claims_that_do_not_hold_are_refused(
    played: FakeProvider, store: AccessStore, name: str, change: Change
) -> None:
    played.change = change
    client = browser(played, store)
    assert "does not hold" in refused(client), name
    assert played.verified == 1
    played.change = lambda claims: claims  # the same browser, an honest answer
    assert finish(client, begin(client)).status_code == 303


@pytest.mark.parametrize("algorithms", [["RS256"], ["RS256", "none", "HS256"], ["none"], []])
@pytest.mark.parametrize("forged", ["unsigned", "signed_with_the_public_key", "another key"])
def test_signatures_that_prove_nothing_are_refused(
    played: FakeProvider, store: AccessStore, forged: str, algorithms: list[str]
) -> None:
    played.metadata = {"id_token_signing_alg_values_supported": algorithms}
    if forged == "another key":
        stranger = RSAKey.generate_key(2048)
        played.sign = lambda claims: played.signed(claims, stranger)
    else:
        played.sign = getattr(played, forged)
    assert "does not hold" in refused(browser(played, store))


def test_a_state_that_is_not_this_browsers_is_refused(
    played: FakeProvider, store: AccessStore
) -> None:
    client, other = browser(played, store), browser(played, store)
    refused(client, begin(other))
    back = begin(client)
    wrong = back.replace(parse_qs(urlsplit(back).query)["state"][0], "x" * 30)
    refused(client, wrong)
    assert finish(client, back).status_code == 303
    client.cookies.delete(COOKIE)
    refused(client, back)  # once is enough


def test_no_id_token_and_a_denial_let_nobody_in(played: FakeProvider, store: AccessStore) -> None:
    client = browser(played, store)
    played.sign = lambda claims: ""
    refused(client)
    begin(client)
    told = client.get("/api/access/oidc/callback?error=access_denied&error_description=x")
    assert told.status_code == 401


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"agency": "nowhere"}, "an agency that is not here"),
        ({"agency": None}, "no claim 'agency'"),
        ({"agency": ["muni"]}, "no claim 'agency'"),
        ({"role": "emperor"}, "no role that is known"),
        ({"role": None}, "no role that is known"),
        ({"role": []}, "no role that is known"),
    ],
)
def test_nobody_is_let_in_by_default(
    played: FakeProvider, store: AccessStore, claims: dict[str, Any], said: str
) -> None:
    played.claims |= claims
    assert said in refused(browser(played, store))


def test_claims_are_mapped(played: FakeProvider, store: AccessStore) -> None:
    played.claims = {"sub": "s2", "org": "casa", "groups": ["otros", "equipo", "jefes"]}
    client = browser(
        played, store, oidc_agency_claim="org", oidc_role_claim="groups",
        oidc_roles="jefes=administrator, equipo=editor", oidc_house="casa",
    )  # fmt: skip
    assert finish(client, begin(client)).status_code == 303
    told = client.get("/who").json()
    assert (told["role"], told["tenants"]) == ("administrator", ["public"])


def test_the_house_is_nobodys_agency_unless_it_is_set() -> None:
    claims = {"agency": "casa", "role": "reader"}
    assert Claims(house="casa").read(claims) == (None, "reader")
    assert Claims().read(claims) == ("casa", "reader")
    with pytest.raises(Forbidden):
        Claims(house="").read({"agency": "", "role": "reader"})


def test_a_provider_of_another_name_is_not_gone_to(
    played: FakeProvider, store: AccessStore
) -> None:
    played.metadata = {"issuer": "https://evil.example"}
    told = browser(played, store).get("/api/access/oidc")
    assert told.status_code == 422
    assert "VENTANILLA_OIDC_ISSUER" in told.json()["detail"]


def test_a_provider_that_is_away_is_one_line(store: AccessStore) -> None:
    with provider() as gone:
        client = browser(gone, store)
    told = client.get("/api/access/oidc")
    assert told.status_code == 422
    assert told.json()["detail"] == "the identity provider does not answer. Try again later."


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"oidc_issuer": "https://a"}, "CLIENT_ID is not"),
        ({"oidc_issuer": "http://a.example", "oidc_client_id": "x"}, "no https address"),
        ({"oidc_issuer": "http://localhost.evil.example", "oidc_client_id": "x"}, "no https"),
        (
            {"oidc_issuer": "https://a", "oidc_client_id": "x", "oidc_roles": "jefes=emperor"},
            "no role 'emperor'",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_named(settings: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        provider_of(Settings(**settings))
    assert provider_of(Settings()) is None
