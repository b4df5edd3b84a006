"""What a document has of the concepts that a question names."""

import pytest

from retrieval.coverage import cover
from retrieval.index import Scope
from retrieval.profile import Profiler
from sources.document import PublicService


@pytest.fixture
def held(searcher, matcher):
    """The coverage of a question by a Chilean document with this title, cost, known question …"""

    def of(question, title, cost="No cuesta nada.", asked=(), **more):
        document = PublicService(
            id="cl-x", title=title, country="CL", language="es", sector=("general",), **more,
            competent_authority={"name": "Oficina"}, cost=({"text": cost},),
        ).to_document(source_id="seed", licence=None)  # fmt: skip
        document = document.model_copy(update={"asked": asked})
        scope = Scope(tenants=("public",), countries=("CL",))
        reading = searcher.read(question, scope, language="es")
        return cover(reading, Profiler(matcher).make(document), matcher, searcher.lexicon(scope))

    return of


QUESTION = "¿cómo saco la cédula de identidad?"


def test_a_concept_that_is_nowhere_counts_whatever_words_are_shared(held):
    found = held(QUESTION, "Cédula de calidad de frutas", "El carácter o identidad se certifica.")
    assert found.elsewhere > 0.7
    assert found.aside == 0
    assert found.literal > 0.7


def test_a_concept_that_only_the_text_has_is_aside(held):
    found = held(QUESTION, "Beca de alimentación", "Traiga su cédula de identidad.")
    assert found.aside > 0.7
    assert found.elsewhere == 0


def test_a_concept_of_a_question_that_it_is_known_to_answer_counts_nothing(held):
    found = held(
        QUESTION, "Trámite de identificación", asked=("¿Dónde saco mi carnet de identidad?",)
    )
    assert (found.elsewhere, found.aside) == (0, 0)


def test_a_concept_beside_the_documents_own_in_a_known_question_is_aside(held):
    found = held(
        QUESTION, "Licencia de conducir", "Traiga su cédula de identidad.",
        asked=("¿Necesito la cédula de identidad para la licencia de conducir?",),
    )  # fmt: skip
    assert found.aside > 0.7


def test_a_concept_of_a_keyword_is_aside(held):
    found = held(QUESTION, "Licencia de conducir", keywords=("cédula de identidad",))
    assert found.aside > 0.7


@pytest.mark.parametrize(
    ("title", "aside"),
    [("Matrícula escolar sin cédula de identidad", True), ("Sin cédula de identidad", False)],
)
def test_what_a_title_does_without_is_aside(held, title, aside):
    assert (held(QUESTION, title).aside > 0.7) is aside


def test_a_title_that_a_concept_leads_to_is_aside(held):
    found = held("quiero la licencia de conducir", "Examen de la vista")
    assert found.aside > 0.7
    assert found.elsewhere == 0


@pytest.mark.parametrize("question", [QUESTION, "mi carnet de identidad", "algo sin nombre"])
def test_what_the_title_names_and_words_of_no_concept_count_nothing(held, question):
    found = held(question, "Cédula de identidad")
    assert (found.elsewhere, found.aside) == (0, 0)
