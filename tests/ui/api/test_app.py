"""The HTTP API in the form of the contract, and its doors for this machine only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ui.api import create_app
from ui.assemble import House, open_house
from ui.settings import Settings

TOKEN = "t0ken"
OPENED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("home"))) as opened:
        opened.sync("seed")
        yield opened


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        assistant = runner.run(stack.enter_async_context(house.assistant()))
        with TestClient(create_app(house, assistant, TOKEN)) as made:
            yield made
        runner.run(stack.aclose())


def test_health_tells_how_many_documents(client: TestClient) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "documents": 58}


def test_ask_answers_in_the_form_of_the_contract(client: TestClient) -> None:
    body = {"id": "q", "question": "¿Cuánto cuesta renovar la licencia?", "country": "DO"}
    response = client.post("/api/ask", json=body)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["id"], answer["status"]) == ("q", "answered")
    assert answer["citations"][0]["document_id"] == "do-transport-renovacion-licencia"


def test_ask_reads_history(client: TestClient) -> None:
    history = [{"role": "user", "content": "¿Qué es el SIS Gratuito?"}]
    body = {"question": "¿y cuánto cuesta?", "country": "PE", "history": history}
    answer = client.post("/api/ask", json=body).json()
    assert answer["citations"][0]["document_id"] == "pe-health-sis-gratuito"


@pytest.mark.parametrize("body", [{}, {"question": 5}, {"question": "x", "history": "y"}, []])
def test_a_body_of_the_wrong_form_is_refused(client: TestClient, body: object) -> None:
    assert client.post("/api/ask", json=body).status_code == 422


def test_an_empty_question_is_an_answer_with_its_status(client: TestClient) -> None:
    response = client.post("/api/ask", json={"question": ""})
    assert (response.status_code, response.json()["status"]) == (200, "error_input")


def test_search_gives_passages(client: TestClient) -> None:
    body = {"id": "s", "question": "brevete", "country": "PE", "top_k": 4}
    found = client.post("/api/search", json=body).json()
    assert found["id"] == "s"
    assert 0 < len(found["passages"]) <= 4
    assert {p["country"] for p in found["passages"]} == {"PE"}


@pytest.mark.parametrize("top_k", [0, 201])
def test_search_keeps_its_limits(client: TestClient, top_k: int) -> None:
    assert client.post("/api/search", json={"question": "x", "top_k": top_k}).status_code == 422


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}]
)
@pytest.mark.parametrize(("verb", "door"), [("GET", "hello"), ("POST", "sync"), ("POST", "remove")])
def test_local_doors_need_the_token(
    client: TestClient, headers: dict[str, str], verb: str, door: str
) -> None:
    body = {"source": "seed"} if verb == "POST" else None
    response = client.request(verb, f"/api/local/{door}", json=body, headers=headers)
    assert response.status_code == 401


def test_the_token_opens_them(client: TestClient) -> None:
    assert client.get("/api/local/hello", headers=OPENED).json() == {"status": "ok"}
    report = client.post("/api/local/sync", json={"source": "seed"}, headers=OPENED).json()
    assert (report["indexed"], report["unchanged"]) == (0, 58)


def test_an_unknown_set_is_told_in_one_line(client: TestClient) -> None:
    for door in ("sync", "remove"):
        response = client.post(f"/api/local/{door}", json={"source": "nowhere"}, headers=OPENED)
        assert response.status_code == 422
        assert "nowhere" in response.json()["detail"]


def test_an_empty_house_says_so(tmp_path: Path) -> None:
    async def look() -> object:
        with open_house(Settings(home=tmp_path)) as empty:
            async with empty.assistant() as assistant:
                with TestClient(create_app(empty, assistant, TOKEN)) as client:
                    return client.get("/api/health").json()

    assert asyncio.run(look()) == {"status": "empty", "documents": 0}
