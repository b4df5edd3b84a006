import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI

from tests.bench.load import Page as Door
from tests.ui.fakes import FakeAssistant, served

gr = pytest.importorskip("gradio")
chat = pytest.importorskip("ui.chat")
from ui.page.session import Session  # noqa: E402
from ui.window import launch_arguments  # noqa: E402
from ui.workers import Workers  # noqa: E402


class Chosen:
    """What Gradio hands over when an option is clicked."""

    def __init__(self, value):
        self.value = value


@pytest.fixture
def assistant():
    return FakeAssistant()


@pytest.fixture
async def page(assistant):
    return chat.Page(assistant)  # inside a loop: outside one, Gradio opens its own and leaves it


async def last(updates):
    return [update async for update in updates][-1]


async def test_nothing_is_an_api_and_limits_are_set(page):
    assert {fn.api_visibility for fn in page.blocks.fns.values()} == {"private"}
    assert page.blocks._queue.default_concurrency_limit is None
    assert page.blocks._queue.max_size == chat.MOST_EVENTS
    assert page.blocks.api_open is False
    assert page.blocks.analytics_enabled is False


def test_look_and_script_name_no_other_host():
    given = launch_arguments()
    text = given["head"] + given["js"] + given["theme"]._get_theme_css()
    hosts = set(re.findall(r"https?://([^/'\"\s)]+)", text)) - {"www.w3.org"}  # an XML name
    assert hosts == set()
    assert given["theme"]._stylesheets == []
    assert given["run_history"] is False
    assert given["footer_links"] == []


async def test_the_page_is_served_and_documents_no_endpoint(page):
    app = gr.mount_gradio_app(FastAPI(), page.blocks, path="/", **launch_arguments())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        assert (await client.get("/")).status_code == 200
        info = (await client.get("/gradio_api/info")).json()
        assert info["named_endpoints"] == {}
        assert info["unnamed_endpoints"] == {}


async def test_an_answer_grows_then_stands_with_its_sources(page, assistant):
    session = Session()
    seen = [u async for u in page._ask("lento ¿cuánto cuesta?", session, "DO")]
    first, end = seen[0], seen[-1]
    assert first[page.question] == ""
    assert len(seen) > 5
    assert len([u async for u in page._ask("¿Cuánto cuesta?", Session(), "DO")]) < 5
    assert "<mark>" in end[page.sources]
    assert 'href="#fuente-1-1"' in end[page.chat][-1]["content"]
    assert [o["value"] for o in end[page.chat][-1]["options"]] == [
        "¿Cuánto demora?",
        "¿Dónde se hace?",
    ]
    request, conversation = assistant.asked[0]
    assert (request.country, request.language) == ("DO", None)
    assert conversation == session.conversation


async def test_a_blank_question_is_not_sent(page, assistant):
    updates = await last(page._ask("  \n", Session(), ""))
    assert "Escriba su pregunta" in updates[page.status]
    assert assistant.asked == []


async def test_a_clarification_asks_the_same_question_again(page, assistant):
    session = Session()
    await last(page._ask("¿Cuánto cuesta renovar?", session, ""))
    assert [o["label"] for o in session.messages[-1]["options"]] == [
        "Brasil", "Chile", "República Dominicana", "Perú",
    ]  # fmt: skip
    end = await last(page._option(session, "", Chosen("DO")))
    (first, where), (second, there) = assistant.asked
    assert (first.question, first.country) == ("¿Cuánto cuesta renovar?", None)
    assert (second.question, second.country) == ("¿Cuánto cuesta renovar?", "DO")
    assert where == there
    assert session.messages[-2]["content"] == "República Dominicana"
    assert all("options" not in message for message in session.messages[:-1])
    assert "<mark>" in end[page.sources]


class Clicked:
    """What Gradio hands over when a chip is clicked."""

    def __init__(self, **data):
        self._data = data


async def test_a_chip_asks_again_for_another_country_named_in_the_question(page, assistant):
    session = Session()
    await last(page._ask("¿Cuánto cuesta en República Dominicana?", session, "DO"))
    end = await last(page._again(session, "DO", Clicked(country="PE")))
    request = assistant.asked[-1][0]
    assert (request.question, request.country) == ("¿Cuánto cuesta en Perú?", "PE")
    assert end[page.after]


async def test_a_chip_takes_a_word_as_it_was_written_until_another_question(page, assistant):
    session = Session()
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    await last(page._again(session, "DO", Clicked(literal="carnet")))
    await last(page._again(session, "DO", Clicked(literal="liscencia")))
    assert assistant.asked[-1][0].literal == ["carnet", "liscencia"]
    await last(page._ask("¿Cuánto demora?", session, "DO"))
    assert assistant.asked[-1][0].literal == []


async def test_a_chip_of_nothing_asks_nothing(page, assistant):
    await last(page._again(Session(), "DO", Clicked(country="PE")))
    assert assistant.asked == []


async def test_an_english_page_answers_in_a_language_of_the_sources(page, assistant):
    session = Session(language="en", language_chosen=True, visitor_language="en")
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    page._answers_chosen("pt", session)
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    assert [request.language for request, _ in assistant.asked] == [None, "pt-BR"]


async def test_a_suggestion_is_a_question_of_its_own(page, assistant):
    session = Session()
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    await last(page._option(session, "DO", Chosen("¿Cuánto demora?")))
    assert assistant.asked[-1][0].question == "¿Cuánto demora?"


async def test_a_new_conversation_forgets_the_old_one(page, assistant):
    session = Session(language="pt", language_chosen=True)
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    updates = await page._renew(session)
    fresh = updates[page.session]
    assert assistant.forgotten == [session.conversation]
    assert fresh.conversation != session.conversation
    assert fresh.language == "pt"
    assert fresh.turns == fresh.messages == updates[page.chat] == []
    assert "<mark>" not in updates[page.sources]


@pytest.mark.parametrize("steps", [1, 2])
async def test_what_a_late_answer_wrote_is_forgotten_too(page, assistant, steps):
    session = Session()
    running = page._ask("lento ¿cuánto cuesta?", session, "DO")
    for _ in range(steps):
        await anext(running)
    fresh = (await page._renew(session))[page.session]
    left = [update async for update in running]
    assert len(left) == 1
    assert left[0][page.chat] == []
    assert left[0][page.session] is fresh
    assert left[0][page.ask].interactive
    assert page.question not in left[0]  # the visitor may be writing the next one
    assert session.messages == session.turns == []
    assert assistant.forgotten == [session.conversation] * steps
    assert len(assistant.asked) == steps - 1


async def test_a_late_answer_leaves_the_next_question_alone(page, assistant):
    session = Session()
    running = page._ask("lento ¿cuánto cuesta?", session, "DO")
    await anext(running)
    await page._renew(session)
    # A run that was begun before has put its session back into the state.
    await last(page._ask("eco dos", session, "CL"))
    fresh = session.current
    (late,) = [update async for update in running]
    assert late == {page.session: fresh, page.chat: fresh.messages}
    assert "eco dos" in fresh.messages[0]["content"]
    assert [conversation for _, conversation in assistant.asked] == [fresh.conversation]


async def test_a_session_that_ends_is_forgotten(page, assistant):
    session = Session()
    await last(page._ask("¿Cuánto cuesta?", session, "DO"))
    page.session.delete_callback(session)
    page.session.delete_callback(None)
    await asyncio.sleep(0.01)
    assert assistant.forgotten == [session.conversation]


async def test_a_fault_becomes_a_sentence(page, caplog):
    session = Session()
    end = await last(page._ask("esto está roto", session, "DO"))
    assert "problema nuestro" in session.messages[-1]["content"]
    assert end[page.ask].interactive
    assert "esto está roto" not in caplog.text


async def test_many_visitors_at_once_keep_apart(page, assistant):
    sessions = [Session() for _ in range(20)]
    questions = [f"eco {number:02}" for number in range(20)]
    ends = await asyncio.gather(
        *(last(page._ask(q, s, "CL")) for q, s in zip(questions, sessions, strict=True))
    )
    assert len({session.conversation for session in sessions}) == 20
    assert len({conversation for _, conversation in assistant.asked}) == 20
    for question, end in zip(questions, ends, strict=True):
        shown = " ".join(message["content"] for message in end[page.chat])
        assert set(re.findall(r"eco (\d\d)", shown)) == {question[-2:]}


async def test_brazil_speaks_portuguese_unless_a_language_was_chosen(page):
    session = Session()
    updates = page._country_chosen(session, "BR")
    assert session.language == "pt"
    assert "serviços públicos" in updates[page.masthead]
    assert any("Passe Livre" in updates[button].value for button in page.examples)
    page._country_chosen(session, "CL")
    assert session.language == "es"
    page._language_chosen("es", session, "BR")
    page._country_chosen(session, "BR")
    assert session.language == "es"


async def test_a_chosen_language_is_asked_for(page, assistant):
    session = Session()
    page._language_chosen("pt", session, "")
    await last(page._ask("Quanto custa?", session, "DO"))
    assert assistant.asked[0][0].language == "pt-BR"


async def test_who_must_wait_is_told_for_how_long_and_then_answered(assistant):
    page = chat.Page(assistant, workers=Workers(1, 1))
    first, second, third = (
        page._ask(f"lento eco {n}", Session(), "CL") for n in ("uno", "dos", "tres")
    )
    await anext(first)
    going_on = asyncio.ensure_future(last(first))
    await asyncio.sleep(0.05)
    assert page.workers.places.locked()
    waiting = await anext(second)
    assert "su turno llega en unos 1 segundos" in waiting[page.status]
    assert "su turno llega" in waiting[page.chat][-1]["content"]
    refused = [update async for update in third]
    assert len(refused) == 1
    assert "Intente otra vez en 2 segundos" in refused[0][page.status]
    assert page.question not in refused[0] and page.chat not in refused[0]
    assert "eco uno" in (await going_on)[page.chat][-1]["content"]
    assert "eco dos" in (await last(second))[page.chat][-1]["content"]
    assert page.workers.held == 0
    assert [request.question for request, _ in assistant.asked] == [
        "lento eco uno",
        "lento eco dos",
    ]


async def test_whose_turn_never_comes_is_told_and_leaves_no_place_taken(assistant):
    page = chat.Page(assistant, workers=Workers(1, 1, longest_wait_s=0.05))
    async with page.workers.ticket():
        session = Session()
        end = await last(page._ask("eco uno", session, "CL"))
        assert "Intente otra vez" in end[page.chat][-1]["content"]
        assert end[page.ask].interactive
        assert page.workers.held == 1
    assert assistant.asked == []


async def test_whose_turn_never_comes_may_have_begun_anew_meanwhile(assistant):
    page = chat.Page(assistant, workers=Workers(1, 1, longest_wait_s=0.05))
    async with page.workers.ticket():
        session = Session()
        running = page._ask("eco uno", session, "CL")
        await anext(running)
        fresh = (await page._renew(session))[page.session]
        (end,) = [update async for update in running]
        assert end[page.chat] == [] and end[page.session] is fresh
        assert page.workers.held == 1


async def test_a_browser_that_goes_away_gives_the_place_back(assistant):
    workers = Workers(1, 0)
    with served(assistant, workers) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            page = await Door.read(client)
            session = await page.open()
            joined = await client.post("gradio_api/queue/join", json={
                "data": ["muy lento", None, "DO"], "fn_index": page.submit, "session_hash": session,
            })  # fmt: skip
            params = {"session_hash": session}
            async with client.stream("GET", "gradio_api/queue/data", params=params) as lines:
                async for line in lines.aiter_lines():
                    if "process_generating" in line:
                        assert joined.json()["event_id"] in line
                        break
            assert workers.held == 1
            for _ in range(400):
                if workers.held == 0:
                    break
                await asyncio.sleep(0.05)
            assert workers.held == 0
            assert await page.ask(await page.open(), "eco dos", "CL") == "page"


@pytest.mark.parametrize("steps", [1, 2])
async def test_who_goes_away_gives_the_place_back(assistant, steps):
    page = chat.Page(assistant, workers=Workers(1, 1))
    running = page._ask("lento eco uno", Session(), "CL")
    for _ in range(steps):
        await anext(running)
    assert page.workers.held == 1
    await running.aclose()
    assert page.workers.held == 0 and not page.workers.places.locked()


class Given:
    """What Gradio hands over when a component of our own reports something."""

    def __init__(self, **data):
        self._data = data


async def test_a_region_is_asked_with_until_it_is_taken_back(page, assistant):
    session = Session()
    assert "<select" not in page._country_chosen(session, "")[page.region]
    shown = page._country_chosen(session, "PE")[page.region]
    assert "Departamento (si quiere)" in shown and shown.count("<option") == 26
    page._region_chosen(session, Given(territory="PE-ARE"))
    end = await last(page._ask("¿Cuánto cuesta?", session, "PE"))
    assert assistant.asked[-1][0].territory == "PE-ARE"
    fresh = (await page._renew(session))[page.session]
    assert fresh.territory == "PE-ARE"
    session = fresh
    end = await last(page._ask("¿Cuánto cuesta?", session, "PE"))
    assert end[page.session].territory == "PE-ARE"
    updates = [u async for u in page._again(session, "PE", Given(everywhere="1"))]
    assert assistant.asked[-1][0].territory is None
    assert " selected" not in updates[0][page.region]
    assert "Todo el país" in session.messages[-2]["content"]


@pytest.mark.parametrize("given", ["", "XX-1", "PE-0401", '"><b>', None])
async def test_no_other_territory_can_be_chosen(page, given):
    session = Session()
    page._region_chosen(session, Given(territory=given))
    assert session.territory is None


async def test_another_country_forgets_the_region(page, assistant):
    session = Session()
    page._region_chosen(session, Given(territory="PE-ARE"))
    page._country_chosen(session, "CL")
    assert session.territory is None
    page._region_chosen(session, Given(territory="CL-VS"))
    await last(page._ask("eco uno", session, "PE"))
    assert assistant.asked[-1][0].territory is None
