import re
from html import unescape
from urllib.parse import parse_qs

import pytest

from agents.state import Status, Understood
from tests.ui.fakes import LICENCE, PLACES_OF_HEALTH, ROWS, answer
from ui.page import languages
from ui.page.after import after
from ui.page.plain import beginning, shared_query, with_sources, words_of
from ui.page.table import tables

ES = languages()["es"]
QUESTION = "¿Cuánto cuesta?"


def shown(given, *, feedback=True, language="es"):
    words = languages()[language]
    return after(QUESTION, "DO", given, "2026-11-25", words, language, feedback=feedback)


def test_only_answers_that_are_kept_are_judged():
    assert "v-feedback" in shown(LICENCE)
    assert "v-feedback" not in shown(LICENCE, feedback=False)
    for status in (Status.REFUSED, Status.ERROR_TIMEOUT, Status.CLARIFICATION):
        assert "v-feedback" not in shown(answer(status, "No."))


def test_a_crisis_stands_alone():
    assert shown(answer(Status.CRISIS, "Llame al **131**.")) == ""


def test_a_region_is_told_and_can_be_taken_back():
    given = LICENCE.model_copy(update={"territory": "DO-25"})
    assert "Para: Santiago" in shown(given)
    assert "data-everywhere" in shown(given)
    assert "data-everywhere" not in shown(LICENCE)
    given = LICENCE.model_copy(update={"territory": "DO-2501"})  # none that the page offers
    assert "data-everywhere" not in shown(given)


def test_words_of_a_citizen_are_escaped():
    hostile = Understood(kind="corrected", word='"><b>', label="<i>")
    given = LICENCE.model_copy(update={"understood": [hostile]})
    assert "<b>" not in shown(given)
    assert "<i>" not in shown(given)


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_what_is_copied_holds_sources_and_dates(language):
    text = unescape(re.search(r'data-text="([^"]*)"', shown(LICENCE, language=language))[1])
    assert text.startswith(QUESTION)
    assert text.count("https://intrant.gob.do/renovacion") == 4
    assert {"es": "5 de marzo de 2026", "pt": "5 de março de 2026", "en": "March 5, 2026"}[
        language
    ] in text


def test_plain_words_have_no_signs_of_markdown():
    given = answer(
        Status.ANSWERED, "### Uno\\.dos\n\n**Costo** *(prensa)*\n\n- 5 \\* 3 &lt; 20 [1]"
    )
    assert words_of(given) == "Uno.dos\n\nCosto (prensa)\n\n- 5 * 3 < 20 [1]"
    assert beginning(given) == "Uno.dos Costo (prensa) - 5 * 3 < 20"
    assert with_sources("¿?", given, "2026-11-25", ES, "es").endswith("25 de noviembre de 2026")


def test_personal_numbers_are_in_no_link():
    query = parse_qs(shared_query("mi RUT es 12.345.678-5, ¿cuánto cuesta?", "CL", "es"))
    assert "12.345" not in query["q"][0]
    assert query["country"] == ["CL"]


def test_rows_of_a_register_become_a_table():
    by_id = {document.id: document for document in ROWS}
    [table] = tables(PLACES_OF_HEALTH, by_id.get)
    assert table.columns == ("Nombre", "Tipo", "Dirección", "Comuna o distrito", "Teléfono")
    assert table.rows[1] == (
        2,
        (
            "CESFAM Los Castaños de la Comuna",
            "Hospital",
            "Los Castaños 120",
            "Ñuñoa",
            "+56 2 2987 6543",
        ),
    )
    assert tables(LICENCE, by_id.get) == []
