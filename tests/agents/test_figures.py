"""Figures are read as figures, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.figures import figures, shows, unsupported


@pytest.mark.parametrize("text", ["RD$ 1.900", "RD$ 1,900", "1900 pesos", "1 900", "1'900"])
def test_one_figure_in_every_spelling(text: str) -> None:
    assert figures(text) == {"1900"}


def test_every_figure_is_found() -> None:
    assert figures("De 8:00 a 14:30, S/6.70 o el 50 %") == {"8", "0", "14", "30", "6.7", "50"}
    assert figures("ninguna") == set()


def test_an_unsupported_figure_is_named() -> None:
    assert unsupported("Cuesta 1.900 pesos", ["cuesta RD$ 1900", "en 3 días"]) == set()
    assert unsupported("Cuesta 2.000 pesos y demora 3 días", ["cuesta RD$ 1900", "3 días"]) == {
        "2000"
    }
    assert unsupported("Cuesta 5", []) == {"5"}


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from(".,"))
def test_thousands_separators_change_nothing(value: int, separator: str) -> None:
    written = f"{value:,}".replace(",", separator)
    assert figures(f"cuesta {written} pesos") == {str(value)}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "La renovación cuesta RD$ 1.900."),
        ("money", "A inscrição custa R$ 85,00."),
        ("money", "El trámite no tiene costo."),
        ("money", "O serviço é gratuito."),
        ("duration", "La entrega es inmediata."),
        ("duration", "Demora 15 días hábiles."),
        ("duration", "Leva até dois dias."),
        ("date", "Del 1 al 22 de octubre."),
        ("date", "Até 10/03/2026."),
        ("phone", "Llame al 600 360 7777."),
        ("phone", "Escriba a ayuda@ejemplo.cl."),
        ("law", "Según la Ley 18.290."),
        ("place", "En línea, en fonasa.cl."),
        ("list", "lo que sea"),
        ("any", "lo que sea"),
    ],
)
def test_what_answers_shows_such_a_thing(kind: str, text: str) -> None:
    assert shows(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "Presente su cédula de identidad."),
        ("duration", "Presente su cédula de identidad."),
        ("date", "Presente su cédula de identidad."),
        ("phone", "El costo es de $795."),
        ("law", "Presente su cédula de identidad."),
        ("place", "Debe tener 18 años."),
    ],
)
def test_what_shows_no_such_thing_does_not_answer(kind: str, text: str) -> None:
    assert not shows(kind, text)
