"""The page without JavaScript, in a browser that has it switched off."""

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import NAMED
from tests.ui.fakes import COST

QUESTION = "¿Cuánto cuesta renovar la liscencia?"
MOST = 30_000
"""Bytes of a page with an answer, without compression."""


@pytest.fixture
def lite(visit):
    """The light page on a small telephone."""
    return visit(query="lite?lang=es", script=False, viewport={"width": 320, "height": 568})


def ask(page, question, country=""):
    if country:
        page.check(f'.ask [name=country][value="{country}"]')
    page.fill("#q", question)
    with page.expect_navigation():
        page.click("#ask")


def test_a_question_is_answered_where_only_the_origin_says_who_sends_it(lite, assistant):
    lite.goto(lite.url.replace("127.0.0.1", NAMED))
    ask(lite, QUESTION, "DO")
    assert COST in lite.inner_text(".answer")
    assert len(assistant.asked) == 1


def test_an_answer_with_marked_quotes_and_all_of_it_light(
    lite, requested, complaints, assistant, keep_picture
):
    keep_picture(lite, "lite-empty")
    with lite.expect_response("**/lite") as response:
        ask(lite, QUESTION, "DO")
    keep_picture(lite, "lite-answered")
    assert COST in lite.inner_text(".answer")
    assert lite.inner_text("#fuente-1-1 mark") == COST
    assert lite.get_attribute(".answer .v-marker >> nth=0", "href") == "#fuente-1-1"
    assert lite.get_attribute(".v-link a", "href") == "https://intrant.gob.do/renovacion"
    assert len(response.value.body()) < MOST
    assert QUESTION not in lite.url
    assert assistant.asked[-1][0].country == "DO"
    assert complaints == []
    assert {urlsplit(url).hostname for url in requested if url.startswith("http")} == {"127.0.0.1"}
    assert lite.evaluate("document.cookie") == ""


def test_a_country_is_chosen_by_button_in_the_same_conversation(lite, assistant):
    ask(lite, QUESTION)
    lite.get_by_role("button", name="República Dominicana", exact=True).click()
    lite.wait_for_selector("#fuente-1-1")
    (first, where), (second, there) = assistant.asked
    assert (first.country, second.country) == (None, "DO")
    assert second.question == QUESTION
    assert where == there


def test_a_region_is_asked_with(lite, assistant):
    lite.select_option("#region", "DO-25")
    ask(lite, QUESTION, "DO")
    assert assistant.asked[-1][0].territory == "DO-25"
    assert lite.input_value("#region") == "DO-25"
    lite.locator("summary", has_text="País: República Dominicana").click()
    lite.get_by_role("button", name="Perú", exact=True).click()
    assert (assistant.asked[-1][0].country, assistant.asked[-1][0].territory) == ("PE", None)


def test_a_region_of_another_country_is_told_and_nothing_is_lost(lite, assistant):
    lite.select_option("#region", "CL-VS")
    ask(lite, QUESTION, "DO")
    lite.get_by_text("no está en el país elegido").wait_for()
    assert lite.input_value("#q") == QUESTION
    assert assistant.asked == []


def test_what_was_understood_is_corrected(lite, assistant):
    ask(lite, QUESTION, "DO")
    lite.get_by_role("button", name="No quise decir eso").first.click()
    assert assistant.asked[-1][0].literal == ["liscencia"]
    lite.locator("summary", has_text="País: República Dominicana").click()
    lite.get_by_role("button", name="Perú", exact=True).click()
    assert assistant.asked[-1][0].country == "PE"


def test_numbers_of_a_crisis_come_first(lite, violations, keep_picture):
    ask(lite, "pienso en el suicidio")
    keep_picture(lite, "lite-crisis")
    call = lite.get_by_role("link", name="Llamar al *4141")
    assert call.get_attribute("href") == "tel:%2A4141"
    assert call.bounding_box()["y"] < lite.locator("h1").bounding_box()["y"]
    assert not lite.get_by_role("button", name="Me sirvió", exact=True).count()


def test_a_new_conversation_forgets(lite, assistant):
    ask(lite, "eco uno", "CL")
    lite.get_by_role("button", name="Nueva conversación").click()
    lite.wait_for_selector("#ask")
    assert assistant.forgotten == [assistant.asked[0][1]]
    assert lite.is_checked('.ask [name=country][value="CL"]')


def test_feedback_says_why(lite, assistant):
    ask(lite, QUESTION, "DO")
    lite.locator(".feedback summary").click()
    lite.get_by_label("No se entiende").check()
    lite.get_by_role("button", name="Enviar").click()
    lite.get_by_text("Gracias: su opinión").wait_for()
    assert assistant.judged == [("1", False, "unclear")]


def test_hostile_words_stay_words(lite, complaints):
    ask(lite, "hostil <img src=x onerror='window.broken=4'>")
    assert "<script>window.broken=1</script>" in lite.inner_text(".answer")
    assert lite.locator("main img, main script").count() == 0
    assert not lite.locator('a[href^="javascript"]').count()
    assert complaints == []


def test_an_address_fills_in_and_sends_nothing(visit, assistant):
    page = visit(query="lite?lang=pt&q=Quanto%20custa%3F&country=BR", script=False)
    assert page.input_value("[name=q]") == "Quanto custa?"
    assert page.is_checked('[name=country][value="BR"]')
    assert page.get_attribute("html", "lang") == "pt-BR"
    assert assistant.asked == []


def test_without_javascript_the_page_leads_there(visit):
    page = visit(script=False)
    page.get_by_role("link", name="Versión liviana, sin JavaScript").click()
    assert re.search(r"/lite\?lang=es$", page.url)
    page.get_by_role("link", name="Accesibilidad").click()
    assert "WCAG 2.2" in page.inner_text("main")


# axe itself is a script: here the browser has JavaScript, and the policy lets the test in.
@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_axe_finds_nothing(visit, violations, language):
    page = visit(query=f"lite?lang={language}", viewport={"width": 320, "height": 568})
    found = {"empty": violations(page)}
    for state, question in {
        "answered": "¿Cuánto cuesta?",
        "crisis": "suicidio",
        "table": "hospital",
    }.items():
        ask(page, question, "DO")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
        found[state] = violations(page)
    page.emulate_media(color_scheme="dark")
    found["dark"] = violations(page)
    for name in ("about", "accessibility"):
        page.goto(f"{page.url.partition('/lite')[0]}/lite/{name}?lang={language}")
        found[name] = violations(page)
    assert {state: told for state, told in found.items() if told} == {}
