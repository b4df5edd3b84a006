import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analyse import dimension, stem
from retrieval.chunk import passages
from retrieval.embed import GRAMS, TERMS, PassageEncoder, question_vectors
from sources.document import PublicService


def encoded(concepts=(), **changes):
    fields = {
        "id": "x", "title": "Licencia", "country": "CL", "language": "es", "sector": ["general"],
        "competent_authority": {"name": "Oficina"}, "cost": [{"text": "El arancel es único."}],
    }  # fmt: skip
    made = PublicService(**fields | changes).to_document(source_id="s", licence=None)
    return PassageEncoder(made, concepts).encode(passages(made)[0])


def weight(vectors, token):
    leg = vectors[TERMS]
    return dict(zip(leg.indices, leg.values, strict=True)).get(dimension(token), 0.0)


def test_a_title_weighs_more_than_a_name_and_a_name_more_than_the_body():
    vectors = encoded(names=("Permiso",))
    title, name, body = (weight(vectors, stem(w, "es")) for w in ("licencia", "permiso", "arancel"))
    assert title > name > body > 0


def test_a_stopword_is_no_dimension():
    assert weight(encoded(), "el") == weight(encoded(), "es") == 0


def test_a_concept_is_a_dimension_of_passage_and_question():
    named = encoded(concepts=["driving-licence"])
    asked = question_vectors([], ("es",), [("driving-licence", 1.0)])
    assert set(asked[TERMS].indices) == {dimension("#driving-licence")}
    assert weight(named, "#driving-licence") > 0 == weight(encoded(), "#driving-licence")


@given(st.text(max_size=300))
def test_dimensions_are_unique_and_weights_positive(text):
    for leg in encoded(names=(text,)).values():
        assert len(set(leg.indices)) == len(leg.indices) == len(leg.values)
        assert all(value > 0 for value in leg.values)


def test_a_question_is_stemmed_in_each_language():
    vectors = question_vectors([("certidoes", 1.0)], ("es", "pt"))
    wanted = {dimension(stem("certidoes", language)) for language in ("es", "pt")}
    assert set(vectors[TERMS].indices) == wanted


def test_a_repeated_token_keeps_its_greatest_weight():
    vectors = question_vectors([("licencia", 0.3), ("licencias", 1.0)], ("es",))
    assert vectors[TERMS].values == pytest.approx((1.0,))


def test_a_misspelt_word_shares_most_of_its_grams():
    right, wrong = (
        set(question_vectors([(w, 1.0)], ("es",))[GRAMS].indices) for w in ("licencia", "lisencia")
    )
    assert len(right & wrong) >= len(right) / 3
