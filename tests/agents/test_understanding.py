"""Language, country, what is asked for, and what a message continues."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.steps.understand import unmasked_words
from agents.understanding.aspects import asked, aspects
from agents.understanding.country import locate, place_words, speaking
from agents.understanding.history import standalone
from agents.understanding.language import detect
from retrieval.index import Scope
from retrieval.reading import Reading
from sources.document import PUBLIC
from ui.assemble import House


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Cuánto cuesta renovar la licencia?", "es"),
        ("cuanto sale sacar el brevete", "es"),
        ("Quanto custa a inscrição no Enem?", "pt"),
        ("como faço pra tirar a carteira de motorista", "pt"),
        ("how much does the driving licence cost", "en"),
    ],
)
def test_the_language_is_heard(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize("fallback", ["es", "pt"])
@pytest.mark.parametrize("text", ["", "2026", "???"])
def test_a_text_that_does_not_tell_falls_back(text: str, fallback: str) -> None:
    assert detect(text, fallback) == fallback


@pytest.mark.parametrize(
    ("text", "selected", "countries", "explicit"),
    [
        ("renovar la licencia en Chile", None, ("CL",), True),
        ("renovar la licencia en Chile", "DO", ("CL",), True),
        ("el metro de Lima", "CL", ("PE",), True),
        ("matrícula em São Paulo", None, ("BR",), True),
        ("renovar la licencia", "DO", ("DO",), False),
        ("renovar la licencia", None, (), False),
    ],
)
def test_words_win_over_the_page(
    text: str, selected: str | None, countries: tuple[str, ...], explicit: bool
) -> None:
    found = locate(text, selected)
    assert (found.countries, found.explicit, found.elsewhere) == (countries, explicit, None)


def test_two_countries_asked_about_are_both_found() -> None:
    assert set(locate("¿Cuánto cuesta la licencia en Chile y en Perú?").countries) == {"CL", "PE"}


def test_a_country_that_is_not_covered_is_named() -> None:
    found = locate("renovar el pasaporte en Argentina", "CL")
    assert (found.countries, found.elsewhere) == ((), "Argentina")


def test_an_origin_does_not_move_the_question() -> None:
    assert locate("soy peruano, quiero la licencia", "CL").countries == ("CL",)
    assert locate("homologar mi título para estudiar en España", "DO").countries == ("DO",)


def test_place_words_are_those_of_names() -> None:
    assert place_words("renovar la licencia en Santo Domingo") >= {"santo", "domingo"}
    assert "licencia" not in place_words("renovar la licencia en Santo Domingo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Cuánto cuesta la licencia?", ["cost"]),
        ("quanto custa?", ["cost"]),
        ("¿Qué documentos necesito?", ["evidence"]),
        ("¿Cuánto demora?", ["processing_time"]),
        ("¿Qué ley lo regula?", ["legal_resource"]),
        ("¿A qué teléfono llamo?", ["contact_point"]),
        ("la licencia", []),
    ],
)
def test_what_is_asked_for(house: House, text: str, expected: list[str]) -> None:
    assert asked(text, house.searcher.lexicon(Scope(tenants=(PUBLIC,)))) == expected


def test_several_things_are_asked_for_in_order() -> None:
    assert asked("¿Cuáles son los requisitos y cuánto cuesta?") == ["requirement", "cost"]


def test_a_slip_is_mended() -> None:
    assert asked("¿Cuáles son los requsitos?") == ["requirement"]


def test_every_aspect_has_fields_and_phrases() -> None:
    assert all(a.fields and a.phrases.phrases for a in aspects().values())


def join(
    read: Callable[[str, str], Reading], question: str, previous: str, country: str = "DO"
) -> tuple[bool, str]:
    reading, before = read(question, country), read(previous, country)
    made = standalone(question, reading, previous, before, place_words(question))
    return made.follow_up, made.subject_text


def test_a_message_without_a_subject_takes_the_last_one(
    read: Callable[[str, str], Reading],
) -> None:
    assert join(read, "¿y cuánto cuesta?", "renovar la licencia") == (
        True,
        "renovar la licencia ¿y cuánto cuesta?",
    )


def test_a_message_with_its_own_subject_stands_alone(read: Callable[[str, str], Reading]) -> None:
    question = "¿Cómo legalizo mi título universitario?"
    assert join(read, question, "renovar la licencia") == (False, question)


def test_the_first_message_stands_alone(read: Callable[[str, str], Reading]) -> None:
    made = standalone("¿y cuánto cuesta?", read("¿y cuánto cuesta?", "DO"), None, None, frozenset())
    assert (made.follow_up, made.question) == (False, "¿y cuánto cuesta?")


def test_masked_numbers_and_what_announced_them_ask_nothing() -> None:
    left = unmasked_words("Mi RUT es [RUT] y quiero la licencia")
    assert "RUT" not in left
    assert left.endswith("quiero la licencia")


def test_portuguese_alone_points_to_brazil_and_spanish_to_nobody() -> None:
    assert speaking("pt") == ("BR",)
    assert speaking("es") == ()
    assert speaking("en") == ()
