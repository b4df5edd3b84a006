"""Answers as they grow; what a queue holds; and that neither who leaves nor who is slow costs a place."""

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from sources.errors import Busy
from tests.ui.api.conftest import Slow, running, with_settings
from ui.workers import Workers

ASKED = {"question": "¿Cuánto cuesta renovar la licencia?", "country": "DO"}
EVENTS = {"Accept": "text/event-stream"}


def events_of(lines):
    """(event, data) of a stream; a comment is ("comment", its text)."""
    name = ""
    for line in lines:
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            yield name, json.loads(line[5:])
        elif line.startswith(":"):
            yield "comment", line[1:].strip()


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def test_a_stream_ends_with_the_whole_answer(url):
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        plain = client.post("/api/ask", json=ASKED).json()
        with client.stream("POST", "/api/ask", json=ASKED, headers=EVENTS) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            told = list(events_of(stream.iter_lines()))
    names = [name for name, _ in told]
    assert names[0] == "status" and names[-1] == "answer"
    assert names.index("sentence") < names.index("citation")
    sentences = [data for name, data in told if name == "sentence"]
    assert "".join(s["added"] for s in sentences) == sentences[-1]["text"] == plain["answer"]
    answer = told[-1][1]
    assert [data for name, data in told if name == "citation"] == answer["citations"]
    same = {k: v for k, v in plain.items() if k not in ("id", "timings_ms")}
    assert {k: answer[k] for k in same} == same


@pytest.mark.parametrize(
    ("accept", "streams"),
    [("*/*", False), ("application/json, text/event-stream", False), ("text/html", False),
     ("text/event-stream", True), ("text/event-stream;q=1, application/json", True)],
)  # fmt: skip
def test_json_is_what_comes_unless_events_are_asked_for(url, accept, streams):
    told = httpx.post(f"{url}/api/ask", json=ASKED, headers={"Accept": accept}, trust_env=False)
    assert told.headers["content-type"].startswith("text/event-stream") is streams


@pytest.fixture
def narrow(house):
    """One place, one seat, and an assistant that waits to be let."""
    with running(with_settings(house, at_once=1, waiting=1), Slow) as (url, slow):
        yield url, slow
        slow.go.set()


def post(url, **more):
    return httpx.post(f"{url}/api/ask", json=ASKED, trust_env=False, timeout=30, **more)


def test_a_full_queue_says_when_to_come_again(narrow):
    url, slow = narrow
    with ThreadPoolExecutor(2) as people:
        first = people.submit(post, url)
        until(lambda: slow.begun == 1)
        second = people.submit(post, url)
        until(lambda: httpx.get(f"{url}/api/ready", trust_env=False).status_code == 503)
        assert post(url, headers=EVENTS).status_code == 503
        full = post(url)
        assert (full.status_code, full.headers["content-type"]) == (503, "application/problem+json")
        assert full.json()["type"].endswith("#problem-busy")
        assert int(full.headers["retry-after"]) == full.json()["wait_s"] >= 1
        assert httpx.get(f"{url}/api/health", trust_env=False).status_code == 200
        assert slow.begun == 1  # the second waits for its turn
        slow.go.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert post(url).status_code == 200


@pytest.mark.parametrize("headers", [EVENTS, {}])
def test_who_goes_away_frees_the_place(narrow, headers):
    url, slow = narrow
    with (
        suppress(httpx.ReadTimeout),
        httpx.Client(trust_env=False, timeout=0.5) as client,
        client.stream("POST", f"{url}/api/ask", json=ASKED, headers=headers) as stream,
    ):
        for name, _ in events_of(stream.iter_lines()):
            if name == "sentence":
                break
    until(lambda: slow.stopped == 1 and slow.ended == 1)
    slow.go.set()
    assert post(url).status_code == 200


def test_who_does_not_read_holds_no_place(narrow):
    url, slow = narrow
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps(ASKED)
    request = (
        f"POST /api/ask HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
    )
    deaf = socket.create_connection((host, int(port)))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    try:
        deaf.sendall(request.encode())
        until(lambda: slow.begun == 1)
        slow.go.set()
        until(lambda: slow.ended == 1)  # the work goes on at its own pace
        assert post(url).status_code == 200
    finally:
        deaf.close()


def test_silence_has_a_heartbeat(house, monkeypatch):
    from ui.api import public

    monkeypatch.setattr(public, "HEARTBEAT_S", 0.1)
    with running(house, Slow) as (url, slow):
        names = []
        with httpx.stream(
            "POST", f"{url}/api/ask", json=ASKED, headers=EVENTS, trust_env=False, timeout=30
        ) as stream:
            for name, _ in events_of(stream.iter_lines()):
                names.append(name)
                if names.count("comment") == 2:  # while the assistant still waits to be let
                    slow.go.set()
    assert names.count("comment") >= 2 and names[-1] == "answer"


def test_a_stream_that_breaks_ends_with_a_problem(house):
    class Broken(Slow):
        async def stream(self, request, **more):
            yield "Primero. [1]"
            raise RuntimeError(request.question)

    with running(house, Broken) as (url, _):
        told = list(events_of(post(url, headers=EVENTS).text.splitlines()))
        v1 = {"model": "ventanilla", "messages": [{"role": "user", "content": "x"}], "stream": True}
        chunks = httpx.post(f"{url}/v1/chat/completions", json=v1, trust_env=False).text
    assert told[-1][0] == "error"
    assert told[-1][1]["type"].endswith("#problem-internal")
    assert ASKED["question"] not in json.dumps(told)
    assert '"code": "internal"' in chunks and "[DONE]" not in chunks


async def test_who_waited_too_long_is_told_to_come_again():
    workers = Workers(1, 1, longest_wait_s=0.05)
    async with workers.ticket():
        with pytest.raises(Busy):
            async with workers.ticket():
                raise AssertionError("there is no place")
        assert workers.held == 1
    assert workers.held == 0


async def test_tickets_come_back_however_they_end():
    workers = Workers(1, 0)
    ticket = workers.ticket()
    with pytest.raises(Busy):
        workers.ticket()
    ticket.release()
    ticket.release()
    async with workers.ticket():
        assert workers.held == 1

    async def hold():
        async with workers.ticket():
            await asyncio.sleep(10)

    task = asyncio.create_task(hold())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    assert workers.held == 0 and not workers.places.locked()


def test_every_door_notes_what_was_asked_under_its_own_name(house):
    noted = []

    class Keeping:
        def note_answer(self, request, answer, *, door, tenant, conversation):
            noted.append((door, tenant, request.question))

    v1 = {"model": "ventanilla-do", "messages": [{"role": "user", "content": "v1"}]}
    with running(house, usage=Keeping()) as (url, _):
        httpx.post(f"{url}/api/ask", json={"question": "plain"}, trust_env=False)
        httpx.post(f"{url}/api/ask", json={"question": "stream"}, headers=EVENTS, trust_env=False)
        httpx.post(f"{url}/v1/chat/completions", json=v1, trust_env=False)
    assert noted == [
        ("api", "public", "plain"), ("api", "public", "stream"), ("openai", "public", "v1"),
    ]  # fmt: skip
