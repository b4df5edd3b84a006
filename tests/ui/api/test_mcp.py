"""The protocol's own client: over HTTP and over stdio, with and without a key."""

import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import httpx2
import mcp_types as types
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from agents.toolkit.loader import loaded

ROOT = Path(__file__).resolve().parents[3]
ASKED = {"question": "¿Cuánto cuesta renovar la licencia de conducir?", "country": "DO"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def connected(url, headers=None, mode="auto"):
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_tool_is_listed_and_answers(url, mode):
    async with connected(url, mode=mode) as client:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == {"ask", "search", *loaded()}
        assert all(tool.annotations.read_only_hint for tool in listed)
        answer = await client.call_tool("ask", ASKED)
        assert not answer.is_error
        cited = answer.structured_content["citations"]
        assert cited[0]["document_id"] == "do-transport-renovacion-licencia"
        assert "[1]" in answer.content[0].text and cited[0]["url"] in answer.content[0].text
        found = await client.call_tool("search", {"question": "brevete", "country": "PE"})
        assert {p["country"] for p in found.structured_content["passages"]} == {"PE"}


async def test_a_sector_tool_gives_rows_with_citations(url):
    async with connected(url) as client:
        told = await client.call_tool("licence_category", {"country": "CL", "vehicle": "car"})
        assert not told.is_error
        answer = told.structured_content
        assert answer["status"] == "answered" and answer["tools"][0]["rows"] > 0
        assert answer["citations"]


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("ask", {}, "question"),
        ("ask", {"question": "x", "orders": "y"}, "orders"),
        ("search", {"question": "x", "top_k": 5000}, "top_k"),
        ("nothing", {}, "no tool"),
        ("pharmacies_on_duty", {"country": "XX", "place": "Arica"}, "XX"),
    ],
)
async def test_what_is_wrong_is_told_in_one_line(url, name, given, says):
    async with connected(url) as client:
        told = await client.call_tool(name, given)
        assert told.is_error
        assert says in told.content[0].text and "\n" not in told.content[0].text


async def test_each_key_reads_its_agencys_own(url, house, key, tmp_path):
    from ui.assemble import add_entry

    (tmp_path / "docs").mkdir()
    page = "# Protocolo zarapito\n## Costo\nEl protocolo zarapito cuesta $ 4.321.\n"
    (tmp_path / "docs" / "page.md").write_text(page, encoding="utf-8")
    entry = (
        "id: muni-interno\ntitle: Interno\nconnector: files\norigin: ./docs\ncountry: CL\n"
        "language: es\nagency: Municipalidad\nas_of: 2026-11-01\ntenant: muni\nowner: muni\n"
    )
    (tmp_path / "entry.yaml").write_text(entry, encoding="utf-8")
    add_entry(house.settings, tmp_path / "entry.yaml", "muni")
    try:
        house.sync("muni-interno")
        asked = {"question": "protocolo zarapito", "country": "CL"}
        async with connected(url, key) as own, connected(url) as anyone:
            mine = await own.call_tool("search", asked)
            theirs = await anyone.call_tool("search", asked)
        assert "4.321" in mine.content[0].text
        assert "4.321" not in theirs.content[0].text
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            own_list = (await http.get("/api/sources", headers=key)).json()["sources"]
            their_list = (await http.get("/api/sources")).json()["sources"]
        listed, others = ([s["id"] for s in each] for each in (own_list, their_list))
        assert "muni-interno" in listed
        assert "muni-interno" not in others and "seed" in others
    finally:
        house.remove("muni-interno")


def test_a_wrong_key_and_another_sites_page_are_told_problems(url):
    with httpx.Client(base_url=url, trust_env=False, headers=ACCEPT) as http:
        wrong = http.post("/mcp", json=PING, headers={"Authorization": "Bearer vk_no"})
        page = http.post("/mcp", json=PING, headers={"Origin": "https://elsewhere.example"})
        own = http.post("/mcp", json=PING, headers={"Origin": url})
    assert (wrong.status_code, page.status_code, own.status_code) == (401, 403, 200)
    assert wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("beside", [False, True])
async def test_over_stdio(house, url, tmp_path, beside):
    """By a process of its own, which does the work or asks the `serve` that is there."""
    home = tmp_path / "own"
    if beside:
        from tests.ui.api.conftest import TOKEN

        home.mkdir()
        door = f'{{"url": "{url}", "token": "{TOKEN}", "pid": 1}}'
        (home / "serve.json").write_text(door, encoding="utf-8")
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ui.cli", "mcp"],
        env={"VENTANILLA_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    async with Client(stdio_client(server)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {"ask", "search", "licence_category"} <= names
        told = await client.call_tool("ask", ASKED)
        assert told.structured_content["status"] == "answered"
        rows = await client.call_tool("licence_category", {"country": "CL", "vehicle": "car"})
        assert rows.structured_content["citations"]
        wrong = await client.call_tool("ask", {})
        assert wrong.is_error and isinstance(wrong.content[0], types.TextContent)
    assert (home / "documents.sqlite").exists() is not beside
