"""A messaging channel: its proofs, its repetitions, and what it is sent, told to a server that plays it."""

import hashlib
import hmac
import json
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from sources.errors import UsageError
from tests.ui.api.conftest import running, with_settings
from ui.api.channel import country_of
from ui.api.messages import Seen
from ui.api.texts import MOST, words
from ui.settings import Settings

SECRET, PHONE, WORD = "un secreto", "10555", "una palabra"
PERU, CHILE, DOMINICAN = "51987654321", "56987654321", "18095551234"
QUESTION = "¿Cuánto cuesta el brevete?"


class Played(ThreadingHTTPServer):
    """The channel: keeps what it is sent, and answers with `statuses` first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sent: list[tuple[str, str, dict]] = []
        self.statuses: list[int] = []

    def texts(self, to: str) -> list[str]:
        return [body["text"]["body"] for *_, body in self.sent if body["to"] == to]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.sent.append((self.path, self.headers["authorization"], body))
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def played():
    server = Played()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def channel(house, played, tmp_path_factory):
    home = tmp_path_factory.mktemp("channel")
    changed = with_settings(
        house,
        home=home,
        channel_url=f"http://127.0.0.1:{played.server_port}/v23.0/",
        channel_phone=PHONE,
        channel_token="sesamo",
        channel_secret=SECRET,
        channel_verify=WORD,
    )
    with running(changed) as (url, _):
        yield url, home


@pytest.fixture
def url(channel):
    return channel[0]


def delivery(*texts, sender=PERU, phone=PHONE, kind="text", at=None, ids=None):
    sent_at = str(int(at or time.time()))
    names = ids or [f"wamid.{time.monotonic_ns()}.{n}" for n in range(len(texts))]
    found = [
        {"id": name, "from": sender, "timestamp": sent_at, "type": kind, kind: {"body": text}}
        for name, text in zip(names, texts, strict=True)
    ]
    value = {"metadata": {"phone_number_id": phone}, "messages": found}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"value": value}]}]}


def post(url, body, secret=SECRET, **more):
    raw = json.dumps(body).encode()
    headers = {"X-Hub-Signature-256": signature(raw, secret), **more}
    return httpx.post(f"{url}/api/channel", content=raw, headers=headers, trust_env=False)


def signature(raw, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def until(true, seconds=15.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("changed", "status"),
    [({}, 200), ({"hub.verify_token": "otra"}, 403), ({"hub.mode": "unsubscribe"}, 403),
     ({"hub.verify_token": ""}, 403), ({"hub.verify_token": "niño"}, 403)],
)  # fmt: skip
def test_the_channel_proves_that_it_knows_our_word(url, changed, status):
    asked = {
        "hub.mode": "subscribe",
        "hub.verify_token": WORD,
        "hub.challenge": "11<b>58",
    } | changed
    told = httpx.get(f"{url}/api/channel", params=asked, trust_env=False)
    assert told.status_code == status
    if status == 200:
        assert told.text == "11<b>58"
        assert told.headers["content-type"].startswith("text/plain")


def test_a_message_is_answered_in_short_with_its_sources(url, played):
    question = "¿Cuánto cuesta renovar la licencia de conducir?"
    assert post(url, delivery(question, sender=DOMINICAN)).json() == {"taken": 1}
    until(lambda: played.texts(DOMINICAN))
    path, token, body = played.sent[-1]
    assert (path, token) == (f"/v23.0/{PHONE}/messages", "Bearer sesamo")
    text = body["text"]["body"]
    assert "[1]" in text and "https://" in text and "###" not in text and "**" not in text
    assert len(text) <= MOST


def test_the_country_is_that_of_the_number_unless_the_text_names_one(url, played):
    post(url, delivery("¿Cuánto cuesta renovar la licencia de conducir?", sender=CHILE))
    until(lambda: len(played.texts(CHILE)) == 1)
    assert "Chile" in played.texts(CHILE)[0]
    post(url, delivery("¿Cuánto cuesta renovar la licencia en República Dominicana?", sender=CHILE))
    until(lambda: len(played.texts(CHILE)) == 2)
    assert "RD$" in played.texts(CHILE)[1]
    assert country_of("5511987654321") == "BR" and country_of("18095551234") == "DO"
    assert country_of("34600000000") is None and country_of("x") is None


def test_each_sender_has_a_conversation_of_their_own(url, played):
    one, other = "51911111111", "51922222222"
    post(url, delivery("¿Qué es el SIS Gratuito?", "¿y cuánto cuesta?", sender=one))
    until(lambda: len(played.texts(one)) == 2)
    post(url, delivery("¿y cuánto cuesta?", sender=other))
    until(lambda: played.texts(other))
    assert "SIS" in played.texts(one)[1]
    assert "SIS" not in played.texts(other)[0]


def test_a_message_is_answered_once_however_often_it_comes(url, played):
    sender, body = "51933333333", None
    body = delivery(QUESTION, sender=sender, ids=["wamid.once"])
    assert [post(url, body).json()["taken"] for _ in range(3)] == [1, 0, 0]
    old = delivery(QUESTION, sender=sender, at=time.time() - 2 * 24 * 3600)
    assert post(url, old).json() == {"taken": 0}
    assert post(url, delivery(QUESTION, sender=sender, phone="99")).json() == {"taken": 0}
    until(lambda: played.texts(sender))
    time.sleep(0.3)
    assert len(played.texts(sender)) == 1


def test_it_is_known_after_a_restart(tmp_path):
    for expected in (True, False):
        seen = Seen(tmp_path / "messages.sqlite", SECRET)
        assert seen.first("wamid.1") is expected
        seen.close()


@pytest.mark.parametrize("given", ["sha256=" + "0" * 64, "", "sha1=abc", "sha256=niño"])
def test_a_body_that_is_not_signed_is_not_read(url, played, given):
    before = len(played.sent)
    told = httpx.post(
        f"{url}/api/channel", json=delivery(QUESTION), trust_env=False,
        headers={"X-Hub-Signature-256": given.encode()},
    )  # fmt: skip
    assert told.status_code == 403
    assert post(url, delivery(QUESTION), secret="otro").status_code == 403
    assert len(played.sent) == before


@pytest.mark.parametrize(
    "body", [{}, [], {"entry": 5}, {"entry": [{"changes": [{"value": {
        "metadata": {"phone_number_id": PHONE}, "messages": [{"id": 5}]}}]}]}],
)  # fmt: skip
def test_what_is_no_delivery_is_told_so(url, body):
    told = post(url, body)
    assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")


def test_a_picture_is_told_that_only_text_is_read(url, played):
    sender = "5511955555555"
    post(url, delivery("x", sender=sender, kind="image"))
    until(lambda: played.texts(sender))
    assert played.texts(sender) == [words()["pt"]["only_text"]]


def test_a_channel_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    url, played, monkeypatch, caplog
):
    sender = "51944444444"
    played.statuses[:] = [503]
    post(url, delivery(QUESTION, sender=sender))
    until(lambda: played.texts(sender))
    played.statuses[:] = [400]
    post(url, delivery(QUESTION, sender=sender))
    until(lambda: "HTTP status 400" in caplog.text)
    assert len(played.texts(sender)) == 1
    assert sender not in caplog.text and "brevete" not in caplog.text


def test_numbers_are_kept_nowhere(channel, played):
    url, home = channel
    assert post(url, delivery(QUESTION)).json() == {"taken": 1}
    until(lambda: played.texts(PERU))
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert kept
    for word in (PERU, CHILE, "wamid", "brevete"):
        assert word.encode() not in kept
    with sqlite3.connect(home / "messages.sqlite") as file:
        assert file.execute("SELECT COUNT(*) FROM seen").fetchone()[0] > 0
    file.close()


def test_it_is_off_unless_set_and_never_by_half(house):
    with running(house) as (url, _):
        asked = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
        told = httpx.get(f"{url}/api/channel", params=asked, trust_env=False)
        assert (told.status_code, post(url, delivery("x")).status_code) == (503, 503)
    with pytest.raises(UsageError, match="VENTANILLA_CHANNEL_TOKEN"):
        _ = Settings(channel_url="https://x.example", channel_phone="1").channel
