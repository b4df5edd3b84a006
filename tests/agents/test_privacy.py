"""Personal numbers are gone, whatever they are written like; the rest of the text stays."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.do import rnc
from stdnum.pe import ruc

from agents.privacy import Masked, mask

# --- valid numbers of every kind -----------------------------------------------------------------

digits = st.integers(0, 9).map(str)


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def _grouped(number: str, *sizes: int) -> list[str]:
    groups, place = [], 0
    for size in sizes:
        groups.append(number[place : place + size])
        place += size
    return [*groups, number[place:]] if number[place:] else groups


ruts = st.integers(1_000_000, 27_999_999).map(lambda n: f"{n}{rut.calc_check_digit(str(n))}")
dnis = st.integers(10_000_000, 79_999_999).map(str).filter(lambda n: not n.endswith("00000"))
rucs = st.tuples(st.sampled_from(["10", "15", "17", "20"]), _digits(8)).map(
    lambda p: "".join(p) + ruc.calc_check_digit("".join(p))
)
cpfs = _digits(9).map(lambda n: n + cpf._calc_check_digits(n))
cnpjs = _digits(8).map(lambda n: n + "0001" + cnpj.calc_check_digits(n + "0001"))
cedulas = _digits(10).map(lambda n: n + luhn.calc_check_digit(n))
rncs = st.tuples(st.sampled_from("145"), _digits(7)).map(
    lambda p: "".join(p) + rnc.calc_check_digit("".join(p))
)
cards = st.tuples(st.sampled_from("45"), _digits(14)).map(
    lambda p: "".join(p) + luhn.calc_check_digit("".join(p))
)


def _formats(number: str, *sizes: int) -> list[str]:
    """The ways in which people divide a number whose groups have these sizes."""
    groups = _grouped(number, *sizes)
    body, last = groups[:-1], groups[-1]
    return [
        number,
        ".".join(body) + "-" + last,
        ".".join(body) + " - " + last,
        " ".join(groups),
        "-".join(groups),
        "/".join(groups),
        ".".join(groups),
        "".join(body) + "-" + last,
        ".".join(body) + "–" + last,
        ",".join(body) + "-" + last,
        ".\n".join(body) + "-" + last,
        "\u00a0".join(groups),
    ]


def _rut_formats(number: str) -> list[str]:
    formats = _formats(number, len(number) - 7, 3, 3)
    return formats + [text.lower() for text in formats]


numbers: dict[str, st.SearchStrategy[str]] = {
    "RUT": ruts.flatmap(lambda n: st.sampled_from(_rut_formats(n))),
    "DNI": dnis,
    "RUC": rucs.flatmap(lambda n: st.sampled_from([n, *_formats(n, 2, 8), *_formats(n, 2, 3, 3)])),
    "CPF": cpfs.flatmap(lambda n: st.sampled_from(_formats(n, 3, 3, 3))),
    "CNPJ": cnpjs.flatmap(
        lambda n: st.sampled_from([*_formats(n, 2, 3, 3, 4), *_formats(n, 8, 4)])
    ),
    "cédula": cedulas.flatmap(lambda n: st.sampled_from(_formats(n, 3, 7))),
    "RNC": rncs.flatmap(lambda n: st.sampled_from([*_formats(n, 1, 2, 5), *_formats(n, 3, 5)])),
    "tarjeta": cards.flatmap(lambda n: st.sampled_from(_formats(n, 4, 4, 4))),
    "teléfono CL": _digits(8).flatmap(
        lambda n: st.sampled_from(
            [
                f"+56 9 {n[:4]} {n[4:]}",
                f"9{n}",
                f"+569{n}",
                f"569{n}",
                f"wa.me/569{n}",
                f"(+56) 9-{n[:4]}-{n[4:]}",
                f"0056 9 {n}",
                f"+56-9-{n[:4]}.{n[4:]}",
            ]
        )
    ),
    "teléfono PE": _digits(6).flatmap(
        lambda n: st.sampled_from(
            [
                f"+51 987 {n[:3]} {n[3:]}",
                f"987{n}",
                f"987-{n[:3]}-{n[3:]}",
                f"(01) 4{n[:2]}-{n[2:]}",
                f"01 4{n}",
                f"https://wa.me/51987{n}",
            ]
        )
    ),
    "teléfono BR": _digits(7).flatmap(
        lambda n: st.sampled_from(
            [
                f"(11) 98{n[:3]}-{n[3:]}",
                f"11 9 8{n[:3]}-{n[3:]}",
                f"+55 21 98{n}",
                f"98{n[:3]}-{n[3:]}",
                f"5511 98{n}",
                f"(011) 98{n[:3]}.{n[3:]}",
            ]
        )
    ),
    "teléfono DO": st.tuples(st.sampled_from(["809", "829", "849"]), _digits(6)).flatmap(
        lambda p: st.sampled_from(
            [
                f"{p[0]}-5{p[1][:2]}-{p[1][2:]}",
                f"({p[0]}) 5{p[1][:2]} {p[1][2:]}",
                f"{p[0]}5{p[1]}",
                f"+1 {p[0]} 5{p[1][:2]} {p[1][2:]}",
                f"{p[0]}.5{p[1][:2]}.{p[1][2:]}",
            ]
        )
    ),
}

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")

disguises = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.translate(FULL_WIDTH),
        lambda text: text.translate(ARABIC),
        lambda text: text.translate(CIRCLED),
        lambda text: "\u200b".join(text),
        lambda text: re.sub(r"(\d)(\d)", "\\1\u2060\\2", text),
        lambda text: text.replace(" ", "\u202f").replace("-", "‑"),
        lambda text: re.sub(r"\d", lambda m: m[0] + "\ufe0f\u20e3", text),
    ]
)

BEFORE = [
    "Hola, quiero renovar mi licencia y mi número es ",
    "Buenas tardes. ¿Dónde retiro la cédula? Soy ",
    "Olá, preciso da segunda via. Meus dados: ",
    "Não consigo acessar, o sistema diz que ",
    "El año 2024 pagué $ 25.000 por la Ley 20.845; ahora ",
    "moro na rua 7, ",
    "",
]
AFTER = [
    ", ¿qué debo hacer?",
    " e gostaria de saber o prazo. Obrigada!",
    " y vivo con mi mamá en Ñuñoa.",
    "\nGracias, José",
    " (nome: João)",
    "",
]


def _plain_digits(text: str) -> str:
    """All decimal digits of `text` in order, whatever script they are written in."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(c)) for c in folded if unicodedata.digit(c, None) is not None
    )


def _survives(numbers: list[str], text: str) -> bool:
    """Whether five digits of a number that follow one another still do so in `text`."""
    left = _plain_digits(text)
    secrets = map(_plain_digits, numbers)
    return any(secret[i : i + 5] in left for secret in secrets for i in range(len(secret) - 4))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    number=st.one_of(*numbers.values()),
    disguise=disguises,
    before=st.sampled_from(BEFORE),
    after=st.sampled_from(AFTER),
    country=st.sampled_from(["CL", "PE", "BR", "DO", None]),
)
def test_no_valid_number_survives(number, disguise, before, after, country):
    text = before + disguise(number) + after
    masked = mask(text, country)
    assert masked.kinds
    assert masked.text.startswith(before)
    assert masked.text.endswith(after)
    left = masked.text[len(before) : len(masked.text) - len(after)]
    assert not _survives([number], left), masked.text
    assert mask(masked.text, country).text == masked.text


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    values=st.lists(st.one_of(*numbers.values()), min_size=2, max_size=4),
    joint=st.sampled_from([" y ", ", ", " e também ", "; ", "\n"]),
)
def test_several_numbers_in_one_text(values, joint):
    text = "Mis datos: " + joint.join(values) + " fin"
    masked = mask(text)
    assert not _survives(values, masked.text), masked.text
    assert masked.text.startswith("Mis datos: ")
    assert masked.text.endswith(" fin")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=80))
def test_any_text_is_masked_once_and_for_all(text):
    once = mask(text)
    assert mask(once.text).text == once.text
    if not once.kinds:
        assert once.text == text


LABELLED = [
    ("mi RUT es 12.345.678-9", "RUT"),
    ("rut12345678-9", "RUT"),
    ("RUN: 7.654.321-k", "RUT"),
    ("mi dni es el 1234567", "DNI"),
    ("DNI N° 4567891-2", "DNI"),
    ("meu CPF é 123.456.789-00", "CPF"),
    ("CPF do titular: 12345678900", "CPF"),
    ("cédula 001-0000000-1", "cédula"),
    ("mi cedula: 00100000001", "cédula"),
    ("pasaporte AB123456", "documento"),
    ("passaporte: FX 123456", "documento"),
    ("RG 12.345.678-X", "documento"),
    ("meu NIS é 123.45678.90-1", "documento"),
    ("código de estudiante 20191234", "documento"),
    ("mi matrícula es 2019-1234", "documento"),
    ("llámame al 555 1234", "teléfono"),
    ("mi whatsapp: 8765 4321", "teléfono"),
    ("tarjeta número 4111 1111 1111 1112", "tarjeta"),
    ("carnet 123456", "documento"),
    ("20191234 es mi código de estudiante", "DNI"),
    ("mi rut es doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho", "RUT"),
    ("anote: nueve ocho siete seis cinco cuatro tres dos uno", "documento"),
]


@pytest.mark.parametrize(("text", "kind"), LABELLED)
def test_a_label_masks_even_a_mistyped_number(text, kind):
    masked = mask(text)
    assert kind in masked.kinds
    assert not re.search(r"\d{5}", re.sub(r"[^\w\[]", "", masked.text))


@pytest.mark.parametrize("text", ["123.456.789-00", "12.345.678-0", "9.876.543-K", "001-2345678-0"])
def test_an_unmistakable_format_is_masked_even_if_the_checksum_fails(text):
    assert re.fullmatch(r"\[.+\]", mask(text).text)


@pytest.mark.parametrize(
    "text",
    ["juan.perez@gmail.com", "juan.perez @ gmail.com", "juan arroba gmail punto com",
     "juan(arroba)gmail.com", "JUAN [at] Hotmail [dot] com",
     "maria ponto silva arroba uol ponto com ponto br",
     "j_p+1@correo.gob.do", "juan＠gmail．com", "juanperez arroba gmail"],
)  # fmt: skip
def test_email(text):
    assert mask(f"Mi correo: {text}, gracias") == Masked(
        "Mi correo: [correo], gracias", ("correo",)
    )


HARMLESS = [
    "$ 12.345.678", "S/ 1,500", "200000 pesos", "R$ 1.234,56", "10 mil reais", "RD$ 1,500,000.00",
    "cuesta 12.345.678 pesos", "gano 1.200.000 al mes", "12.345.000 de habitantes",
    "12345678 habitantes",
    "Ley 20.845", "Lei 12.711/2012", "DS 007-2016-MTC", "Decreto 9.175/2017", "Ley N° 19.628",
    "Portaria 1.234/2019", "Resolución Exenta 1234567/2023", "artículo 1234",
    "el 15/03/2024", "2024-03-15", "2019-2020", "del 20-03-2025 al 30-04-2025", "en 2019 2020 2021",
    "131", "marque 131 132 133", "106", "192", "911", "0800 726 0101", "0800-10-828",
    "600 360 3000",
    "800 123 456", "4004 0001", "1-800-555-1234", "línea 201, 202, 203, 204",
    "el bus 506", "1500 metros",
    "entre 3000-4000 reais", "CEP 01310-100", "desde 08:00 a 17:00", "el carnet cuesta 4310",
    "la cédula cuesta 1500 y el pasaporte 89.890", "matrícula 2025 cuesta $350.000", "carnet 2024",
    "¿el RUT cuesta 12500 pesos?", "tengo tres hijos, uno de dos años", "ISO 9001:2015", "24/7",
    "compré 10 arrobas de trigo", "@registrocivil",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("country", ["CL", "PE", "BR", "DO", None])
def test_figures_that_are_nobodys_stay(text, country):
    sentence = f"Hola, {text}, ¿es así?"
    assert mask(sentence, country) == Masked(sentence, ())


def test_the_country_names_an_ambiguous_number():
    assert mask("12345678", "PE").kinds == ("DNI",)
    assert mask("RG 12.345.678-9", "BR").kinds == ("documento",)


def test_speed():
    text = (
        "Hola, quisiera saber cómo renuevo mi licencia de conducir en Santiago porque vence en "
        "marzo de 2025, mi rut es 12.345.678-5 y el costo es de $ 25.000, según me dijeron allí."
    )
    mask(text)
    best = min(_timed(text) for _ in range(20))
    assert best < 0.001


def _timed(text: str) -> float:
    start = time.perf_counter()
    mask(text)
    return time.perf_counter() - start
