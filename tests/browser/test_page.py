"""The citizen's page in a real browser."""

import itertools
import time
from urllib.parse import urlsplit

import pytest

from tests.ui.fakes import COST

QUESTION = "¿Cuánto cuesta renovar la licencia de conducir?"


def ask(page, question):
    page.fill("#v-question", question)
    page.press("#v-question", "Enter")


@pytest.fixture
def opened(visit):
    page = visit()
    page.wait_for_selector("#v-question")
    return page


def test_a_question_is_answered_with_citation_and_quote(opened, assistant):
    opened.get_by_label("República Dominicana").check()
    ask(opened, QUESTION)
    opened.wait_for_selector(".v-card")
    assert COST in opened.inner_text("#v-chat .message.bot")
    assert opened.inner_text("#fuente-1-1 mark") == COST
    assert "5 de marzo de 2026" in opened.inner_text("#fuente-1-1")
    assert opened.get_attribute(".v-link a", "href") == "https://intrant.gob.do/renovacion"
    assert assistant.asked[-1][0].country == "DO"


def test_a_marker_leads_to_its_card_and_the_page_stays(opened):
    opened.get_by_label("República Dominicana").check()
    ask(opened, QUESTION)
    opened.wait_for_selector(".v-card")
    opened.get_by_role("link", name="Fuente 3").click()
    assert opened.evaluate("document.activeElement.id") == "fuente-1-3"
    assert COST in opened.inner_text("#v-chat")


def test_a_country_is_chosen_by_button(opened, assistant):
    ask(opened, QUESTION)
    opened.get_by_role("button", name="República Dominicana", exact=True).click()
    opened.wait_for_selector(".v-card")
    assert opened.get_by_label("República Dominicana").is_checked()
    assert [(r.question, r.country) for r, _ in assistant.asked] == [
        (QUESTION, None), (QUESTION, "DO"),
    ]  # fmt: skip
    assert len({conversation for _, conversation in assistant.asked}) == 1


def test_an_example_is_asked(opened, assistant):
    opened.get_by_label("Chile").check()
    opened.get_by_role("button", name="¿Cómo me afilio a Fonasa?", exact=True).click()
    opened.wait_for_selector("#v-chat .message.bot")
    opened.wait_for_function("document.querySelector('#v-status').innerText.includes('lista')")
    assert assistant.asked[-1][0].question == "¿Cómo me afilio a Fonasa?"
    assert not opened.is_visible("#v-examples")


def test_documents_and_answers_run_nothing(opened, requested):
    ask(opened, "hostil <img src=x onerror='window.broken=4'>")
    opened.wait_for_selector(".v-card")
    opened.locator("#v-chat").get_by_text("pulse").click()
    opened.wait_for_timeout(300)
    assert opened.evaluate("window.broken") is None
    assert "<script>window.broken=1</script>" in opened.inner_text("#v-chat .message.bot")
    assert "${1+1}{{value}}" in opened.inner_text("#fuente-1-1 mark")
    assert opened.locator("#v-chat .message img, #v-sources img").count() == 0
    assert {urlsplit(url).hostname for url in requested} == {"127.0.0.1"}


def test_only_its_own_host_is_asked_and_nothing_is_kept_in_the_browser(opened, requested):
    opened.get_by_label("República Dominicana").check()
    ask(opened, QUESTION)
    opened.wait_for_selector(".v-card")
    asked = [url for url in requested if not url.startswith(("data:", "blob:"))]
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert (
        opened.evaluate("JSON.stringify({...localStorage, ...sessionStorage})").count("licen") == 0
    )
    assert opened.evaluate("indexedDB.databases().then((all) => all.length)") == 0


def test_a_crisis_shows_numbers_that_can_be_called(opened):
    ask(opened, "pienso en el suicidio")
    call = opened.get_by_role("link", name="Llamar al *4141")
    call.wait_for()
    assert call.get_attribute("href") == "tel:%2A4141"
    assert call.bounding_box()["height"] >= 44


def test_a_new_conversation_clears_and_forgets(opened, assistant):
    opened.get_by_label("Chile").check()
    ask(opened, "eco uno")
    opened.wait_for_function("document.querySelector('#v-chat').innerText.includes('Eco de')")
    opened.get_by_role("button", name="Nueva conversación").click()
    opened.wait_for_function("!document.querySelector('#v-chat').innerText.includes('Eco de')")
    assert assistant.forgotten == [assistant.asked[0][1]]
    ask(opened, "eco dos")
    opened.wait_for_function("document.querySelector('#v-chat').innerText.includes('eco dos')")
    assert "eco uno" not in opened.inner_text("#v-chat")
    assert assistant.asked[0][1] != assistant.asked[-1][1]


@pytest.mark.parametrize("awaited", ["lento", COST[:20]])
def test_a_new_conversation_stops_a_running_answer(opened, assistant, awaited):
    opened.get_by_label("República Dominicana").check()
    ask(opened, "lento")
    opened.locator("#v-chat").get_by_text(awaited).first.wait_for()
    opened.get_by_role("button", name="Nueva conversación").click()
    opened.wait_for_function("!document.querySelector('#v-chat').innerText.includes('lento')")
    opened.wait_for_timeout(1500)
    assert "lento" not in opened.inner_text("#v-chat")
    assert COST[:20] not in opened.inner_text("#v-chat")
    assert opened.get_by_role("button", name="Preguntar").is_enabled()
    assert set(assistant.forgotten) == {assistant.asked[0][1]}


def test_two_visitors_see_only_their_own(visit):
    one, two = visit(), visit()
    for page, word in ((one, "azul"), (two, "verde")):
        page.wait_for_selector("#v-question")
        page.get_by_label("Chile").check()
        ask(page, f"eco {word}")
    for page, own, other in ((one, "azul", "verde"), (two, "verde", "azul")):
        page.wait_for_function("document.querySelector('#v-chat').innerText.includes('Eco de')")
        assert own in page.inner_text("#v-chat")
        assert other not in page.content()


def test_the_language_follows_browser_country_and_choice(visit):
    page = visit(locale="pt-BR")
    page.get_by_role("button", name="Perguntar").wait_for()
    page.wait_for_function("document.documentElement.lang === 'pt-BR'")
    page = visit(locale="es-CL")
    page.get_by_role("button", name="Preguntar").wait_for()
    page.get_by_label("Brasil").check()
    page.get_by_role("button", name="Perguntar").wait_for()
    page.wait_for_function("document.documentElement.lang === 'pt-BR'")
    page.get_by_label("Español").check()
    page.get_by_role("button", name="Preguntar").wait_for()
    page.wait_for_function("document.documentElement.lang === 'es'")
    assert page.get_by_label("Brasil").is_checked()


def test_an_address_may_name_the_language(visit):
    visit(query="?lang=pt").get_by_role("button", name="Perguntar").wait_for()


def test_no_width_scrolls_sideways_and_targets_are_large(visit):
    page = visit(viewport={"width": 360, "height": 800})
    page.wait_for_selector("#v-question")
    ask(page, QUESTION)
    page.get_by_role("button", name="República Dominicana", exact=True).click()
    page.wait_for_selector(".v-card")
    for width in (360, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            """[...document.querySelectorAll(
              'button:not(.v-act), .v-choice label, #v-question, .v-link a, summary')]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
            .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert small == [], width
        assert page.locator("#v-ask").bounding_box()["height"] < 260
        chat = page.locator("#v-chat").bounding_box()
        sources = page.locator("#v-sources").bounding_box()
        if width >= 1000:
            assert sources["x"] >= chat["x"] + chat["width"]
        else:
            assert sources["y"] >= chat["y"] + chat["height"]


def test_contrast_headings_and_names(visit):
    page = visit()
    page.wait_for_selector("#v-question")
    page.get_by_label("República Dominicana").check()
    ask(page, QUESTION)
    page.wait_for_selector(".v-card")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(400)
        page.wait_for_function("document.getAnimations().length === 0")  # no colour fades any more
        assert page.evaluate(LOW_CONTRAST) == [], scheme
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    log = page.get_by_role("log")
    assert log.get_attribute("aria-live") == "off"
    assert page.get_attribute("#v-status", "role") == "status"
    assert log.get_attribute("aria-label") == "Conversación"
    names = page.evaluate(
        "[...document.querySelectorAll('#v-chat [data-testid][aria-label]')].map(e => e.ariaLabel)"
    )
    assert names == ["Usted", "Ventanilla"]
    assert page.get_by_role("group", name="Elegir país").count() == 1
    assert page.get_by_role("textbox", name="Su pregunta").count() == 1


def test_keyboard_alone_is_enough(opened, assistant):
    opened.wait_for_timeout(500)
    opened.get_by_label("Todavía no elijo").focus()
    opened.keyboard.press("ArrowUp")
    assert opened.get_by_label("República Dominicana").is_checked()
    outline = "getComputedStyle(document.activeElement.closest('label')).outlineStyle"
    assert opened.evaluate(outline) == "solid"
    opened.wait_for_timeout(500)
    # Past the country's channel and emergency line, which have come up.
    for _ in range(4):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.id") == "v-question":
            break
    assert opened.evaluate("document.activeElement.id") == "v-question"
    opened.keyboard.type(QUESTION)
    opened.keyboard.press("Enter")
    opened.wait_for_selector(".v-card")
    assert assistant.asked[0][0].country == "DO"


def test_it_is_interactive_soon(visit):
    started = time.monotonic()
    visit().wait_for_selector("#v-question")
    assert time.monotonic() - started < 10


# Every visible text against the first opaque ground behind it (WCAG 2.2, 1.4.3).
LOW_CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return [...m, 1].slice(0, 4); };
  const light = (c) => { const [r, g, b] = c.map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > .99) return c; }
    return [255, 255, 255]; };
  const low = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !e.checkVisibility({visibilityProperty: true}))
      continue;
    if (e.closest('style, script, .v-hidden, .sr-only, .v-skip, #v-status')) continue;
    const s = getComputedStyle(e);
    const [a, b] = [parse(s.color), ground(e)].map((c) => light(c.slice(0, 3)))
      .sort((x, y) => y - x);
    const size = parseFloat(s.fontSize);
    const large = size >= 24 || (size >= 18.66 && s.fontWeight >= 700);
    const ratio = (a + .05) / (b + .05);
    if (ratio < (large ? 3 : 4.5)) low.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
  }
  return low;
}"""
