"""What can be done with an answer, in a real browser: on a desk and on a telephone."""

import pytest

from tests.ui.fakes import COST

QUESTION = "¿Cuánto cuesta renovar la liscencia?"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}


def test_a_region_is_chosen_and_taken_back(visit, assistant, keep_picture):
    page = visit(**PHONE)
    assert page.locator("#v-region").count() == 0
    page.locator('#v-country input[value="DO"]').check()
    page.get_by_label("Provincia (si quiere)").select_option("Santiago")
    ask(page, QUESTION)
    assert assistant.asked[-1][0].territory == "DO-25"
    keep_picture(page, "region")
    page.locator("#v-after").get_by_text("Para: Santiago").wait_for()
    page.locator("#v-after").get_by_role("button", name="Todo el país").click()
    wait_for_answer(page, 2)
    assert assistant.asked[-1][0].territory is None
    assert page.get_by_label("Provincia (si quiere)").input_value() == ""
    page.locator('#v-country input[value="PE"]').check()
    page.get_by_label("Departamento (si quiere)").wait_for()


def opened(visit, options):
    page = visit(permissions=["clipboard-read", "clipboard-write"], **options)
    ask(page, QUESTION, "DO")
    return page


@pytest.fixture
def answered(visit):
    """A page with the answer about the Dominican licence, on a desk."""
    return opened(visit, DESK)


@pytest.fixture(params=["desk", "phone"])
def everywhere(visit, request):
    """The same, on a telephone, too."""
    return opened(visit, {"desk": DESK, "phone": PHONE}[request.param])


def ask(page, question, country=""):
    if country:
        page.locator(f'#v-country input[value="{country}"]').check()
        page.wait_for_selector("#v-at-hand a")
    before = page.locator("#v-chat .message.user").count()
    page.fill("#v-question", question)
    page.press("#v-question", "Enter")
    wait_for_answer(page, before + 1)


def wait_for_answer(page, number):
    """Until the answer to that many questions is complete."""
    page.wait_for_function(
        "(n) => document.querySelectorAll('#v-chat .message.user').length === n", arg=number
    )
    page.wait_for_selector("#v-after .v-channel")


def test_another_country_is_asked_from_the_chip(everywhere, assistant, keep_picture):
    chip = everywhere.locator(".v-chip", has_text="País: República Dominicana")
    chip.locator("summary").click()
    keep_picture(everywhere, "chip-country")
    chip.get_by_role("button", name="Chile").click()
    wait_for_answer(everywhere, 2)
    assert [(r.question, r.country) for r, _ in assistant.asked] == [
        (QUESTION, "DO"), (QUESTION, "CL"),
    ]  # fmt: skip
    assert everywhere.locator('#v-country input[value="CL"]').is_checked()
    assert f"{QUESTION} · Chile" in everywhere.inner_text("#v-chat")


def test_a_correction_is_taken_back_and_asked_literally(answered, assistant):
    chip = answered.locator(".v-chip", has_text="Leí «liscencia» como «licencia»")
    chip.get_by_role("button", name="No quise decir eso").click()
    wait_for_answer(answered, 2)
    first, second = (request for request, _ in assistant.asked)
    assert (first.literal, second.literal) == ([], ["liscencia"])
    assert second.question == QUESTION
    ask(answered, "eco otra cosa")
    assert assistant.asked[-1][0].literal == []


def test_notices_that_are_chips_are_not_told_twice(answered):
    assert answered.inner_text("#v-talk").count("«licencia de conducir»") == 1


def test_the_answer_is_copied_with_sources_and_dates(everywhere):
    everywhere.get_by_role("button", name="Copiar").click()
    everywhere.get_by_text("Respuesta copiada con sus fuentes.").wait_for()
    copied = everywhere.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(QUESTION)
    assert f"{COST} [1]" in copied
    assert (
        "[1] INTRANT. Renovación de la licencia de conducir. Dato del 5 de marzo de 2026" in copied
    )
    assert "https://intrant.gob.do/renovacion" in copied
    assert "**" not in copied
    assert "<" not in copied


def test_a_shared_link_fills_in_the_question_and_sends_nothing(answered, visit, assistant):
    answered.evaluate("navigator.share = undefined")
    answered.get_by_role("button", name="Compartir").click()
    answered.get_by_text("Enlace copiado").wait_for()
    link = answered.evaluate("navigator.clipboard.readText()")
    before = len(assistant.asked)
    other = visit(query="?" + link.partition("?")[2])
    assert other.input_value("#v-question") == QUESTION
    assert other.locator('#v-country input[value="DO"]').is_checked()
    assert other.locator("#v-chat .message").count() == 0
    assert len(assistant.asked) == before
    other.press("#v-question", "Enter")
    other.wait_for_selector(".v-card")
    assert assistant.asked[-1][0].country == "DO"


def test_sharing_by_the_telephone_hands_over_words_and_address(answered):
    answered.evaluate(
        "navigator.share = (given) => { window.given = given; return Promise.resolve(); }"
    )
    answered.get_by_role("button", name="Compartir").click()
    answered.wait_for_function("window.given")
    given = answered.evaluate("window.given")
    assert COST in given["text"]
    assert "country=DO" in given["url"]


def test_print_shows_answer_and_sources_alone(everywhere, keep_picture):
    everywhere.evaluate("window.print = () => { window.printed = true; }")
    everywhere.get_by_role("button", name="Imprimir").click()
    assert everywhere.evaluate("window.printed")
    everywhere.emulate_media(media="print")
    keep_picture(everywhere, "print")
    for gone in ("#v-ask", "#v-where", ".v-actions", ".v-feedback", "#v-new", ".v-chips"):
        assert not everywhere.locator(gone).is_visible(), gone
    assert everywhere.locator("#fuente-1-1 mark").is_visible()
    assert everywhere.get_by_text("Respuesta de Ventanilla del").is_visible()
    shown = "getComputedStyle(document.querySelector('.v-link a'), '::after').content"
    assert "intrant.gob.do/renovacion" in everywhere.evaluate(shown)


def test_a_helpful_answer_is_thanked_for(answered, assistant):
    answered.get_by_role("button", name="Me sirvió", exact=True).click()
    answered.get_by_text("Gracias: su opinión").wait_for()
    assert assistant.judged == [("1", True, None)]
    assert not answered.get_by_role("button", name="Me sirvió", exact=True).is_visible()


def test_an_answer_that_did_not_help_says_why(everywhere, assistant, keep_picture):
    everywhere.get_by_role("button", name="No me sirvió").click()
    choice = everywhere.get_by_label("El dato ya no está vigente")
    choice.check()
    assert choice.evaluate("(e) => getComputedStyle(e).appearance") != "none"
    keep_picture(everywhere, "feedback")
    everywhere.get_by_role("button", name="Enviar").click()
    everywhere.get_by_text("Gracias: su opinión").wait_for()
    assert assistant.judged == [("1", False, "outdated")]


def test_feedback_that_is_not_kept_is_no_thanks(answered):
    answered.route("**/api/feedback", lambda route: route.fulfill(status=503, body="{}"))
    answered.get_by_role("button", name="Me sirvió", exact=True).click()
    answered.get_by_text("No pudimos guardar su opinión").wait_for()
    assert answered.get_by_role("button", name="Me sirvió", exact=True).is_visible()


def test_papers_are_ticked_off_and_forgotten_with_the_conversation(answered):
    box = answered.get_by_role("checkbox", name="Presente su cédula.")
    box.check()
    assert answered.evaluate("Object.values(sessionStorage).includes('1')")
    assert not answered.evaluate("JSON.stringify({...sessionStorage})").count("cédula")
    ask(answered, "¿Cuánto cuesta?")
    answered.wait_for_function("document.querySelectorAll('#v-chat .v-tick input').length === 2")
    assert answered.get_by_role("checkbox", name="Presente su cédula.").last.is_checked()
    answered.get_by_role("button", name="Nueva conversación").click()
    answered.wait_for_function("!document.querySelector('#v-chat .v-tick')")
    assert (
        answered.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('v-tick'))") == []
    )


def test_rows_of_a_register_are_a_table_beside_the_map(visit):
    page = visit()
    ask(page, "hospital en Ñuñoa", "CL")
    table = page.get_by_role("table", name="Establecimientos de salud")
    assert table.get_by_role("row").count() == 3
    assert table.get_by_role("columnheader").all_inner_texts() == [
        "Fuente", "Nombre", "Tipo", "Dirección", "Comuna o distrito", "Teléfono",
    ]  # fmt: skip
    cells = table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    assert cells[1:4] == ["Hospital Base de la Ribera", "Hospital", "Av. Grecia 3500"]
    table.get_by_role("link", name="Fuente 2").click()
    assert page.evaluate("document.activeElement.id") == "fuente-1-2"


def test_the_official_channel_is_at_hand(visit):
    page = visit()
    page.locator('#v-country input[value="CL"]').check()
    page.get_by_text("Canal oficial de Chile:").wait_for()
    assert page.get_by_role("link", name="ChileAtiende").is_visible()
    assert page.get_by_role("link", name="Llamar al 131").get_attribute("href") == "tel:131"
    ask(page, "hospital en Ñuñoa")
    assert page.locator("#v-after").get_by_role("link", name="Fonasa").is_visible()


def test_a_crisis_has_nothing_beside_its_numbers(visit, keep_picture):
    page = visit(**PHONE)
    page.fill("#v-question", "pienso en el suicidio")
    page.press("#v-question", "Enter")
    page.get_by_role("link", name="Llamar al *4141").wait_for()
    page.wait_for_timeout(600)
    keep_picture(page, "crisis")
    assert not page.locator(".v-feedback, .v-actions, .v-chips").count()


def test_portuguese_has_the_same(visit, assistant):
    page = visit(query="?lang=pt", **PHONE)
    ask(page, "Quanto custa?", "DO")
    page.get_by_role("button", name="Não ajudou").click()
    page.get_by_label("Outro motivo").check()
    page.get_by_role("button", name="Enviar").click()
    page.get_by_text("Obrigado: sua opinião").wait_for()
    assert assistant.judged == [("1", False, "other")]
    assert page.get_by_text("Canal oficial de República Dominicana:").first.is_visible()


def test_english_says_that_answers_are_quotations(visit, assistant, keep_picture):
    page = visit(locale="en-US")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_text("the answers are not: they quote official documents").is_visible()
    page.locator('#v-answers-in input[value="pt"]').check()
    ask(page, "¿Cuánto cuesta?", "DO")
    page.wait_for_selector(".v-card")
    keep_picture(page, "english")
    assert assistant.asked[-1][0].language == "pt-BR"
    assert page.locator(".v-facts", has_text="As of March 5, 2026").first.is_visible()
    assert page.get_by_role("button", name="It helped").is_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
