import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.index import Scope
from retrieval.ingest import sync

ALL = Scope(tenants=("public",))


def country(code):
    return Scope(tenants=("public",), countries=(code,))


def ids(result):
    return [found.document.id for found in result.documents]


@pytest.mark.parametrize(
    ("question", "code", "first"),
    [
        ("renovar brevete", "PE", "pe-licencia"),
        ("carnet", "CL", "cl-licencia"),
        ("quero tirar a CNH", "BR", "br-cnh"),
        ("licencia de conducir", "BR", "br-cnh"),
        ("carteira de motorista", "PE", "pe-licencia"),
        ("certidões de nascimento", "BR", "br-certidao"),
    ],
)
def test_a_citizens_word_finds_the_service_of_the_country(searcher, question, code, first):
    found = searcher.search(question, country(code))
    assert ids(found)[0] == first
    assert {f.document.country for f in found.passages} == {code}


@pytest.mark.parametrize("written", ["lisencia", "licensia", "licenca", "licencai"])
def test_typing_errors_do_not_hide_a_service(searcher, written):
    assert ids(searcher.search(written, country("CL")))[0] == "cl-licencia"


@pytest.mark.parametrize(
    ("written", "meant"), [("alimentasion", "alimentacion"), ("ezcolar", "escolar")]
)
def test_a_misspelt_word_is_corrected_and_that_is_told(searcher, written, meant):
    assert searcher.search(written, country("CL")).reading.corrections == ((written, meant),)


def test_a_word_that_is_meant_as_written_is_not_corrected(searcher):
    same = searcher.literally(["Alimentasion"])
    reading = same.search("beca de alimentasion", country("CL")).reading
    assert reading.corrections == ()
    assert all(not s.near for s in reading.subjects if s.word == "alimentasion")
    assert searcher.search("alimentasion", country("CL")).reading.corrections


def test_no_concept_is_read_in_words_that_are_meant_as_written(searcher):
    usual = searcher.search("brevete", country("PE")).reading.mentions
    assert [mention.label for mention in usual] == ["brevete"]
    assert searcher.literally(["brevete"]).search("brevete", country("PE")).reading.mentions == ()


def test_a_word_far_from_all_others_is_left_as_it_is(searcher):
    assert searcher.search("zumbaquel", country("CL")).reading.corrections == ()


@pytest.mark.parametrize("question", ["", "   ", "¿?", "¿cómo es eso?", "o que é isso?"])
def test_a_question_without_a_subject_finds_nothing(searcher, question):
    assert searcher.search(question, ALL).passages == ()


def test_a_quote_is_a_stretch_of_its_document(searcher, documents):
    by_id = {d.id: d for d in documents}
    found = searcher.search("licencia de conducir", ALL).passages
    assert found
    for passage in found:
        text = by_id[passage.document.id].text
        assert passage.quote == text[passage.start : passage.end]


def test_best_come_first_and_no_more_than_asked_for(searcher):
    found = searcher.search("licencia CNH", ALL, limit=2).passages
    assert len(found) == 2
    assert found[0].score >= found[1].score


def test_another_tenant_sees_nothing(searcher):
    assert searcher.search("licencia", Scope(tenants=("hospital",))).passages == ()


def test_searches_while_documents_are_replaced_raise_nothing(
    searcher, index, store, matcher, documents
):
    costs = {f"Cuesta {n} pesos." for n in range(15)} | {"No cuesta nada."}

    def search(_):
        found = searcher.search("beca de alimentación escolar", country("CL"))
        return {f.quote for f in found.passages if f.document.id == "cl-beca"}

    with ThreadPoolExecutor(4) as pool:
        quotes = pool.map(search, range(120))
        for n in range(15):
            new = [
                d.model_copy(
                    update={
                        "text": d.text.replace("No cuesta nada.", f"Cuesta {n} pesos."),
                        "sections": tuple(
                            s.model_copy(update={"end": s.end + len(f"Cuesta {n} pesos.") - 15})
                            for s in d.sections
                        ),
                    }
                )
                if d.id == "cl-beca"
                else d
                for d in documents
            ]
            assert sync(new, "seed", index, store, matcher).indexed == 1
            searcher.refresh()
        assert set().union(*quotes) <= costs
    assert search(0) == {"Cuesta 14 pesos."}


def test_searching_does_not_load_llamaindex():
    code = "import sys, retrieval.search; sys.exit('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
