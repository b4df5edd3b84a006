"""The window as HTTP: headers, the light version, and what Gradio's document becomes."""

import re

import httpx
import pytest
from fastapi import FastAPI

from tests.ui.fakes import FakeAssistant

pytest.importorskip("gradio")
from ui.lite import policy
from ui.lite.render import body
from ui.page import languages
from ui.window import open_window
from ui.workers import Workers


@pytest.fixture
def assistant():
    return FakeAssistant()


@pytest.fixture
async def client(assistant):
    app = open_window(FastAPI(), assistant, assistant.keep, kept_days=180)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://window") as opened:
        yield opened


def form(**fields):
    return {"lang": "es", "country": "DO", "q": "¿Cuánto cuesta?"} | fields


async def test_the_page_s_policy_allows_its_own_scripts_by_their_hashes(client):
    got = await client.get("/", headers={"accept-encoding": "gzip", "accept-language": "pt-BR"})
    policy = got.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    inline = re.findall(r"<script(?![^>]*\ssrc=)", got.text)
    assert policy.count("'sha256-") == len(inline)
    assert '<html lang="pt-BR"' in got.text
    assert 'href="lite?lang=pt"' in got.text
    assert "og:image" not in got.text
    assert int(got.headers["content-length"]) < len(got.content) / 3


async def test_headers_stand_on_every_answer(client):
    for path in ("/", "/lite", "/lite/about", "/nothing-here"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
    found = re.search(r"assets/index-[\w-]+\.js", (await client.get("/")).text)
    assert "immutable" in (await client.get(f"/{found[0]}")).headers["cache-control"]
    assert (await client.get("/lite")).headers["content-security-policy"] == policy()
    assert "script-src" not in policy()


async def test_another_site_s_form_sends_nothing(client, assistant):
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        got = await client.post("/lite", data=form(), headers=headers)
        assert "¿Cuánto cuesta?</textarea>" in got.text
        await client.post("/lite/new", data=form(conversation="a" * 32), headers=headers)
        await client.post("/lite/feedback", data=form(answer_id="1", useful="yes"), headers=headers)
    assert (assistant.asked, assistant.forgotten, assistant.judged) == ([], [], [])
    await client.post("/lite", data=form(), headers={"origin": "http://window"})
    assert len(assistant.asked) == 1


async def test_a_conversation_has_a_name_that_we_gave(client, assistant):
    await client.post("/lite", data=form(conversation="../../etc"))
    given = assistant.asked[0][1]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    await client.post("/lite", data=form(conversation=given))
    assert assistant.asked[1][1] == given


async def test_faults_are_sentences(client):
    broken = await client.post("/lite", data=form(q="esto está roto"))
    assert broken.status_code == 500
    assert "problema nuestro" in broken.text
    assert "esto está roto" in broken.text
    blank = await client.post("/lite", data=form(q="  "))
    assert blank.status_code == 422
    assert "Escriba su pregunta" in blank.text
    long = await client.post("/lite", data=form(q="x" * 20_000))
    assert long.status_code == 422


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_statements_say_how_long_what_is_kept(client, language):
    told = (await client.get(f"/lite/about?lang={language}")).text
    assert "180" in told
    assert re.search(r"\b7 d", told)
    assert "Llama" not in told
    assert "{" not in told.partition("</style>")[2]


async def test_what_is_not_kept_and_which_model_is_said(assistant):
    assistant.attribution = "Built with Llama"
    app = open_window(FastAPI(), assistant)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://window") as client:
        told = (await client.get("/lite/about?lang=es")).text
    assert "No se guardan estadísticas" in told
    assert "Modelo en uso: Built with Llama" in told
    assert "por 0 días" not in told


def test_an_escaped_bracket_is_no_marker_in_the_light_page(assistant):
    from tests.ui.fakes import COST, answer, cite

    given = answer("answered", r"Uno [1], \[1\], dos [2]", citations=[cite(1, COST)])
    html = body(given, languages()["es"])
    assert html.count('class="v-marker"') == 1
    assert "[1]" in html
    assert "[2]" in html


async def test_a_full_house_says_when_to_come_again_and_keeps_the_question(assistant):
    workers = Workers(1, 0)
    app = open_window(FastAPI(), assistant, workers=workers)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://window") as client:
        async with workers.ticket():
            told = await client.post("/lite", data=form(q="eco uno", region="DO-25"))
        assert told.status_code == 503
        assert told.headers["retry-after"] == "1"
        assert "Intente otra vez en 1 segundos" in told.text
        assert "eco uno" in told.text and 'value="DO-25" selected' in told.text
        assert assistant.asked == []
        assert (await client.post("/lite", data=form(q="eco uno"))).status_code == 200
        assert workers.held == 0
