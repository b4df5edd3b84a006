"""Who asks too much is told how long to wait, and nobody else notices."""

from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from sources.errors import TooMany
from tests.ui.api.conftest import BY, TOKEN, running, with_settings
from ui.access import limits
from ui.access.limits import Buckets, Limiter, Rate, network
from ui.access.permissions import ANYONE, Principal, house_administrator

ASKED = {"question": "¿Cuánto cuesta renovar la licencia?", "country": "DO"}


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_fills_up_again_one_by_one():
    clock = Clock()
    buckets = Buckets(clock)
    rate = Rate(3, 60)
    assert [buckets.take("a", [rate]).remaining for _ in range(3)] == [2, 1, 0]
    with pytest.raises(TooMany) as raised:
        buckets.take("a", [rate])
    assert raised.value.wait_s == 20
    clock.at += 19.9
    with pytest.raises(TooMany):
        buckets.take("a", [rate])
    clock.at += 0.2
    left = buckets.take("a", [rate])
    assert (left.remaining, left.reset_s) == (0, 60)
    assert buckets.take("b", [rate]).remaining == 2


def test_what_is_refused_for_the_day_takes_nothing_of_the_minute():
    buckets = Buckets(Clock())
    day, minute = Rate(1, 86_400), Rate(2, 60)
    buckets.take("a", [minute, day])
    for _ in range(5):
        with pytest.raises(TooMany, match="of a day"):
            buckets.take("a", [minute, day])
    assert buckets.take("a", [minute]).remaining == 0


def test_buckets_are_no_way_to_fill_the_memory(monkeypatch):
    monkeypatch.setattr(limits, "MOST_BUCKETS", 10)
    buckets = Buckets(Clock())
    for number in range(100):
        buckets.take(str(number), [Rate(5, 60)])
    assert len(buckets._filled) == 10


def test_one_subscriber_is_one_network():
    assert network("2001:db8:1:2::5") == network("2001:db8:1:2:ffff::1")
    assert network("2001:db8:1:3::5") != network("2001:db8:1:2::5")
    assert network("192.0.2.1") != network("192.0.2.2")
    assert network("testclient") == "testclient"


def test_keys_and_addresses_have_their_own_shares_and_commands_none():
    limiter = Limiter(key=2, address=1, address_day=0)
    one, two = (Principal(f"key:{n}", "muni", "reader") for n in "12")
    for _ in range(2):
        limiter.admit(one, "192.0.2.1")
    limiter.admit(ANYONE, "192.0.2.1")
    limiter.admit(two, "192.0.2.1")
    limiter.admit(ANYONE, "192.0.2.2")
    for who, address in ((one, "192.0.2.9"), (ANYONE, "192.0.2.1")):
        with pytest.raises(TooMany):
            limiter.admit(who, address)
    assert [limiter.admit(house_administrator("x", "cli"), "") for _ in range(9)] == [None] * 9


@pytest.fixture(scope="module")
def tight(house):
    changed = with_settings(house, rate_key=3, rate_address=2, day_address=100, body_bytes=2048)
    with running(changed) as (url, _):
        yield url


def test_headers_say_what_is_left_and_a_spent_share_is_a_problem(tight, house):
    token, _ = house.access.keys.add("muni", "tight", BY)
    with httpx.Client(base_url=tight, trust_env=False, timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        first = client.post("/api/search", json={"question": "brevete", "country": "PE"})
        assert first.headers["ratelimit-limit"] == "3"
        assert first.headers["ratelimit-policy"] == "3;w=60"
        assert first.headers["ratelimit-remaining"] == "2"
        assert 1 <= int(first.headers["ratelimit-reset"]) <= 21
        client.get("/api/tools"), client.get("/v1/models")
        spent = client.post("/api/ask", json=ASKED)
        assert spent.status_code == 429
        assert spent.headers["content-type"] == "application/problem+json"
        problem = spent.json()
        assert problem["type"].endswith("#problem-too-many")
        assert int(spent.headers["retry-after"]) == problem["wait_s"] <= 20
        assert client.get("/v1/models").json()["error"]["code"] == "too-many"
        mcp = client.post(
            "/mcp", json={}, headers={"Accept": "application/json, text/event-stream"}
        )
        assert mcp.status_code == 429
        assert client.get("/api/health").status_code == 200
        command = {"Authorization": f"Bearer {TOKEN}"}
        assert {client.get("/api/tools", headers=command).status_code for _ in range(9)} == {200}


def test_keys_are_not_guessed_at_for_nothing(tight):
    with httpx.Client(base_url=tight, trust_env=False) as client:
        guess = {"Authorization": "Bearer vk_00000000_guess"}
        told = [client.get("/api/tools", headers=guess).status_code for _ in range(4)]
    assert told == [401, 401, 429, 429]


def test_a_keys_day_says_how_long_it_lasts(house, url):
    token, _ = house.access.keys.add("muni", "day", BY, daily_quota=1)
    with httpx.Client(base_url=url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        told = [client.get("/api/tools") for _ in range(2)]
    assert [t.status_code for t in told] == [200, 429]
    assert 0 < int(told[1].headers["retry-after"]) <= timedelta(days=1).total_seconds()


def test_a_body_that_is_too_large_is_refused_however_it_is_sent(tight):
    large = b'{"question": "' + b"x" * 4000 + b'"}'

    def pieces():
        yield from (large[i : i + 100] for i in range(0, len(large), 100))

    for content in (large, pieces()):
        with httpx.Client(base_url=tight, trust_env=False) as client:
            told = client.post("/api/ask", content=content)
        assert told.status_code == 413
        assert told.json()["type"].endswith("#problem-too-large")


def test_who_sends_too_slowly_is_told_so():
    import asyncio

    from ui.api.intake import Intake

    async def never(scope, receive, send):
        raise AssertionError("nobody works on half a body")

    async def slow():
        await asyncio.sleep(10)

    sent = []

    async def keep(message):
        sent.append(message)

    scope = {"type": "http", "path": "/api/ask", "headers": []}
    asyncio.run(Intake(never, 100, within_s=0.05)(scope, slow, keep))
    assert sent[0]["status"] == 408


def test_what_breaks_inside_is_not_shown(house, caplog):
    from fastapi import FastAPI

    from ui.api.intake import Intake

    app = FastAPI()

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("mi RUT es 12.345.678-5")

    app.add_middleware(Intake, most_bytes=100)
    told = TestClient(app).get("/api/broken")
    assert (told.status_code, told.headers["content-type"]) == (500, "application/problem+json")
    assert "RUT" not in told.text + caplog.text and "RuntimeError" in caplog.text
