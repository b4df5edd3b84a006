import pytest

from retrieval.concepts import Matcher, content
from sources.vocabulary import Concept


def named(matcher, text, language, country):
    return matcher.in_text(text, language, country)


@pytest.mark.parametrize(
    ("text", "language", "country"),
    [
        ("renovar brevete", "es", "PE"),
        ("mis licencias de conducir", "es", "CL"),
        ("tirar a CNH", "pt", "BR"),
        ("carteira de motorista", "pt", "BR"),
    ],
)
def test_one_concept_has_a_name_in_every_country(matcher, text, language, country):
    assert named(matcher, text, language, country) == {"driving-licence"}


@pytest.mark.parametrize(
    ("country", "concept"), [("CL", "driving-licence"), ("PE", "identity-card")]
)
def test_one_word_means_what_its_country_means(matcher, country, concept):
    assert named(matcher, "perdí mi carnet", "es", country) == {concept}


@pytest.mark.parametrize(("word", "country"), [("brevete", "CL"), ("DNI", "CL"), ("carnet", "DO")])
def test_a_label_of_one_country_says_nothing_elsewhere(matcher, word, country):
    assert named(matcher, word, "es", country) == set()


def test_without_a_country_every_label_counts(matcher):
    assert {m.id for m in matcher.find(["carnet"], "es")} == {"driving-licence", "identity-card"}


def test_the_longest_label_wins(matcher):
    tokens = content("mi carnet de identidad", "es")
    (mention,) = matcher.find(tokens, "es", ("CL",))
    assert (mention.id, tokens[mention.start : mention.end]) == (
        "identity-card", ["carnet", "identidad"],
    )  # fmt: skip


def test_a_word_of_another_language_is_not_taken(matcher):
    assert named(matcher, "CNH", "es", "BR") == set()


def test_neighbours_are_those_of_the_vocabulary(matcher):
    assert matcher.neighbours("driving-licence") == ("eye-test",)


def test_the_fingerprint_changes_with_a_label_and_not_with_the_order(matcher):
    concepts = matcher.concepts
    turned = Matcher(dict(reversed(concepts.items())))
    more = Matcher({**concepts, "visa": Concept(id="visa", prefLabel={"es": "visa"})})
    assert turned.fingerprint == matcher.fingerprint != more.fingerprint
