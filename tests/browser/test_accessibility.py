"""WCAG 2.2 AA, as far as a machine can tell: axe-core in every state, the keyboard, zoom, motion and
what a screen reader is told.
"""

import pytest

PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}
SMALL = {"viewport": {"width": 320, "height": 256}}
"""1280 × 1024 pixels at 400 %."""

STATES = {
    "clarification": "¿Cuánto cuesta renovar?",
    "refused": "¿Por quién debo votar?",
    "unanswerable": "trámite inexistente",
    "error": "esto está roto",
    "table": "hospital en Ñuñoa",
    "crisis": "pienso en el suicidio",
}

SHORT = ("refused", "unanswerable", "error")
"""A sentence or two and nothing else: a telephone shows them as a desk does."""


def ask(page, question):
    before = page.locator("#v-chat .message.user").count()
    page.fill("#v-question", question)
    page.press("#v-question", "Enter")
    page.wait_for_function(
        "(n) => document.querySelectorAll('#v-chat .message.user').length === n"
        " && !document.querySelector('#v-send').disabled",
        arg=before + 1,
    )


def settled(page):
    page.wait_for_timeout(250)  # colours change over a moment


@pytest.fixture
def look(violations, keep_picture):
    """What axe finds on a desk and on a telephone, one of them in dark colours."""

    def found(page, language, state, sizes=("desk", "phone")):
        told = []
        for size in sizes:
            options = {"desk": DESK, "phone": PHONE}[size]
            dark = (language, size) in (("es", "desk"), ("pt", "phone"))
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.set_viewport_size(options["viewport"])
            settled(page)
            page.wait_for_timeout(
                400
            )  # Gradio lets a label's colour fade from one scheme to the other
            told += violations(page)
            keep_picture(page, f"{language}-{size}-{state}")
        return told

    return found


@pytest.mark.parametrize("language", ["es", "pt"])
def test_axe_finds_nothing_in_any_state(visit, look, language):
    page = visit(query=f"?lang={language}", **DESK)
    found = {"empty": look(page, language, "empty")}
    page.press("#v-question", "Enter")
    page.wait_for_selector(".v-seen")
    found["blank"] = look(page, language, "blank")
    for state, question in STATES.items():
        ask(page, question)
        sizes = ("desk",) if state in SHORT else ("desk", "phone")
        found[state] = look(page, language, state, sizes)
    page.locator('#v-country input[value="DO"]').check()
    page.wait_for_selector("#v-at-hand a")
    page.fill("#v-question", "lento ¿cuánto cuesta?")
    page.press("#v-question", "Enter")
    page.locator("#v-chat .message.bot").last.get_by_text("INTRANT").wait_for()
    found["answering"] = look(page, language, "answering")
    page.wait_for_selector("#v-after .v-chips")
    for fold in page.locator("#v-sources summary, .v-chip summary").all():
        fold.click()
    page.locator('[data-useful="no"]').click()
    found["open"] = look(page, language, "open")
    assert {state: told for state, told in found.items() if told} == {}


def test_axe_finds_nothing_in_english(visit, look):
    page = visit(locale="en-US", **DESK)
    assert look(page, "en", "empty") == []
    page.locator('#v-country input[value="DO"]').check()
    ask(page, "¿Cuánto cuesta?")
    page.wait_for_selector("#v-after .v-chips")
    assert look(page, "en", "answered") == []


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_nothing_scrolls_sideways_at_400_percent(visit, keep_picture, language):
    page = visit(query=f"?lang={language}", **SMALL)
    page.locator('#v-country input[value="CL"]').check()
    page.wait_for_selector("#v-at-hand a")
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 320
    for question in ("hospital en Ñuñoa", "¿Cuánto cuesta renovar?", "pienso en el suicidio"):
        ask(page, question)
        settled(page)
        assert page.evaluate(width) <= 320, question
        cut = page.evaluate(CUT)
        assert cut == [], question
    keep_picture(page, f"{language}-400-percent")


def test_text_of_double_size_is_not_cut(visit, keep_picture):
    page = visit(**DESK)
    page.locator('#v-country input[value="DO"]').check()
    ask(page, "¿Cuánto cuesta?")
    page.wait_for_selector("#v-after .v-chips")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    settled(page)
    keep_picture(page, "text-200-percent")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate(CUT) == []
    assert page.locator("#v-question").bounding_box()["width"] > 300


def test_an_answer_is_told_once(visit):
    page = visit(**DESK)
    page.locator('#v-country input[value="DO"]').check()
    page.evaluate(
        """() => {
          window.told = [];
          const live = (e) => e.closest?.('[aria-live="polite"], [aria-live="assertive"],'
            + ' [role="status"], [role="alert"], [role="log"]:not([aria-live="off"])');
          new MutationObserver((changes) => {
            const regions = changes.map(({ target: t }) => live(t.nodeType === 1 ? t : t.parentElement));
            for (const region of new Set(regions))
              if (region?.textContent.trim()) window.told.push(region.textContent.trim());
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    ask(page, "lento ¿cuánto cuesta?")
    page.wait_for_selector("#v-after .v-chips")
    settled(page)
    told = page.evaluate("window.told")
    ready = [text for text in told if "RD$ 1.900" in text]
    assert len(ready) == 1, told
    assert ready[0].startswith("Respuesta lista. Fuentes: 4. ")
    assert page.evaluate("document.querySelector('#v-status [lang]').lang") == "es"


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_whole_use_by_keyboard(visit, assistant, size):
    page = visit(**{"desk": DESK, "phone": PHONE}[size])
    keys = page.keyboard

    def tab_to(wanted, most=40):
        for _ in range(most):
            keys.press("Tab")
            if page.evaluate(f"!!document.activeElement.matches({wanted!r})"):
                assert page.evaluate(SEEN), wanted
                return
        raise AssertionError(f"the keyboard does not reach {wanted}")

    page.wait_for_timeout(300)
    tab_to(".v-skip")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "v-question"
    keys.type("¿Cuánto cuesta renovar?")
    tab_to("#v-send")
    keys.press("Enter")
    page.wait_for_selector("#v-chat button.option")
    page.evaluate("document.querySelector('#v-new').focus()")
    tab_to("#v-chat button.option")
    for _ in range(2):
        keys.press("Tab")
    assert "Dominicana" in page.evaluate("document.activeElement.textContent")
    keys.press("Enter")
    page.wait_for_selector("#v-after .v-chips")
    page.evaluate("document.querySelector('#v-new').focus()")
    tab_to(".v-marker")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "fuente-2-1"
    page.evaluate("document.querySelector('#v-new').focus()")
    tab_to(".v-tick input")
    keys.press("Space")
    assert page.locator(".v-tick input").is_checked()
    tab_to(".v-chip summary")
    keys.press("Enter")
    tab_to("[data-country]")
    tab_to("[data-literal]")
    tab_to('[data-do="copy"]')
    tab_to('[data-useful="no"]')
    keys.press("Enter")
    assert page.evaluate("document.activeElement.value") == "wrong"
    keys.press("ArrowDown")
    tab_to(".v-feedback [type=submit]")
    keys.press("Enter")
    page.get_by_text("Gracias: su opinión").wait_for()
    assert "Gracias" in page.evaluate("document.activeElement.textContent")
    assert assistant.judged == [("1", False, "outdated")]
    tab_to("#v-question")


def test_no_motion_for_who_wants_none(visit):
    page = visit(reduced_motion="reduce", **DESK)
    moving = page.evaluate(
        """[...document.querySelectorAll('*')].filter((e) => {
          const s = getComputedStyle(e);
          return s.animationName !== 'none'
            || (s.transitionProperty !== 'none'
              && s.transitionDuration.split(',').some((t) => parseFloat(t) > 0));
        }).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert moving == []


def test_targets_are_at_least_24_pixels(visit):
    page = visit(**PHONE)
    page.locator('#v-country input[value="DO"]').check()
    ask(page, "¿Cuánto cuesta?")
    page.wait_for_selector("#v-after .v-chips")
    small = page.evaluate(
        """[...document.querySelectorAll('a, button, summary, input, textarea')]
        .filter((e) => e.checkVisibility() && !e.matches('.v-skip'))
        .map((e) => [e, e.getBoundingClientRect()])
        .filter(([e, r]) => r.width > 2 && (r.width < 24 || r.height < 24) && !e.closest('label'))
        .filter(([e]) => !e.matches('.v-tick input'))  // 44 px by its ::after
        .map(([e]) => e.outerHTML.slice(0, 100))"""
    )
    assert small == []


# Text that is wider than the box that hides what runs over.
CUT = """[...document.querySelectorAll('#ventanilla *, main *')].filter((e) => {
  if (!e.checkVisibility() || e.closest('.v-hidden, .sr-only, .v-map-list, thead, svg, .v-skip, #v-status'))
    return false;
  const s = getComputedStyle(e);
  return ['hidden', 'clip'].includes(s.overflowX) && e.scrollWidth > e.clientWidth + 1
    && e.clientWidth > 0 && e.textContent.trim();
}).map((e) => e.outerHTML.slice(0, 100))"""

# Whether what has the focus is in view, on top, and has a mark.
SEEN = """(() => {
  const e = document.activeElement, r = e.getBoundingClientRect();
  const x = Math.min(Math.max(r.left + r.width / 2, 1), innerWidth - 2);
  const y = Math.min(Math.max(r.top + r.height / 2, 1), innerHeight - 2);
  const top = document.elementFromPoint(x, y);
  const mark = [e, e.closest('label')].some((m) => m && getComputedStyle(m).outlineStyle !== 'none');
  return mark && !!top && (e.contains(top) || top.contains(e));
})()"""
