import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analyse import (
    dimension,
    fold,
    gram_dimensions,
    grams,
    sound,
    stem,
    stopwords,
    terms,
    words,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("RENOVACIÓN", "renovacion"),
        ("Ñuñoa", "nunoa"),
        ("Certidão", "certidao"),
        ("pingüino", "pinguino"),
    ],
)
def test_accents_and_case_are_folded(written, folded):
    assert fold(written) == folded


@given(st.text("aáâãàbcçdeéêiíñoóôõuúüAÁÇÑÕ -.", max_size=80))
def test_text_is_folded_alike_however_its_accents_are_encoded(text):
    composed, apart = (fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed == apart == fold(composed)


def test_a_long_text_has_the_same_words_as_its_parts():
    assert words("Años de educación. " * 200) == ["anos", "de", "educacion"] * 200


@pytest.mark.parametrize("word", ["pra", "pro", "tô", "no", "você"])
def test_spoken_portuguese_is_no_subject(word):
    assert fold(word) in stopwords("pt")
    assert terms(f"{word} certidão", "pt") == terms("certidão", "pt")


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("certidão", "certidões"),
        ("habilitação", "habilitações"),
        ("pensão", "pensões"),
        ("alemão", "alemães"),
        ("cidadão", "cidadãos"),
    ],
)
def test_portuguese_plurals_meet_their_singular(singular, plural):
    assert terms(plural, "pt") == terms(singular, "pt") != []


@pytest.mark.parametrize(
    ("singular", "plural"), [("licencia", "licencias"), ("renovación", "renovaciones")]
)
def test_spanish_plurals_meet_their_singular(singular, plural):
    assert terms(plural, "es") == terms(singular, "es") != []


def test_numbers_and_unknown_languages_are_left_as_they_are():
    assert stem("2026", "es") == "2026"
    assert stem("licencias", "qu") == "licencias"


def test_grams_mark_the_edges_of_a_word():
    assert set(grams("ruta")) >= {"^ru", "ta$", "^ruta", "ruta$"}
    assert grams("yo") == ()


@given(st.from_regex(r"[a-z]{3,20}", fullmatch=True))
def test_one_gram_is_one_dimension(word):
    assert gram_dimensions(word) == tuple(dimension(gram) for gram in grams(word))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kiero", "quiero"), ("licensia", "licencia"), ("renobar", "renovar"), ("qero", "quero"),
        ("hoficina", "oficina"), ("llave", "yave"), ("jente", "gente"), ("pasaporte", "passaporte"),
    ],
)  # fmt: skip
def test_what_sounds_alike_meets(written, meant):
    assert sound(written) == sound(meant)


@pytest.mark.parametrize(("one", "other"), [("casa", "caza"), ("pera", "perra")])
def test_sound_is_coarse_on_purpose(one, other):
    assert sound(one) == sound(other)


def test_other_words_stay_apart():
    assert len({sound(w) for w in ("licencia", "vigencia", "carnet", "pasaje", "multa")}) == 5
