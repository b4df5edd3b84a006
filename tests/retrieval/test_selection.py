from datetime import date

import pytest

from retrieval.index import Scope
from retrieval.ingest import sync
from retrieval.search import Searcher
from retrieval.selection import AGAIN, MOST_LOST, spread, worth
from sources.document import PublicService

TEXT = (
    "Puede pedir el permiso de circulación quien tenga un vehículo inscrito en el registro. Se paga "
    "cada año en marzo, en la municipalidad o por su sitio, con la revisión técnica al día, el seguro "
    "obligatorio y el permiso del año anterior. Si vende el vehículo, el comprador sigue pagando."
)


def card(number, *, title="Permiso de circulación", text=TEXT, agency="Oficina", **more):
    given = {"country": "CL", "as_of": "2026-01-01"} | more
    return PublicService(
        id=number,
        title=title,
        language="es",
        sector=("transport",),
        competent_authority={"name": agency},
        description=({"text": text},),
        **given,
    ).to_document(source_id="seed", licence=None)


@pytest.fixture
def find(index, store, matcher):
    def search(documents, question="permiso de circulación", **scope):
        sync(documents, "seed", index, store, matcher)
        given = {"tenants": ("public",), "countries": ("CL",)} | scope
        return Searcher(index, store, matcher).search(question, Scope(**given)).documents

    return search


def test_of_two_revisions_the_newer_is_shown_and_names_the_other(find):
    older, newer = card("old", as_of="2018"), card("new", text=TEXT + " Hay descuento.")
    (found,) = find([older, newer])
    assert (found.document.id, found.copies) == ("new", ("old",))


def test_an_official_copy_goes_before_a_newer_one_of_the_press(find):
    press = card("press", as_of="2026-06-01", verification="press")
    (found,) = find([press, card("official", as_of="2025")])
    assert (found.document.id, found.copies) == ("official", ("press",))


def test_three_copies_are_one(find):
    (found,) = find([card(f"c{n}", as_of=f"202{n}") for n in range(3)])
    assert found.document.id == "c2"
    assert sorted(found.copies) == ["c0", "c1"]


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Permiso de circulación de motos"},
        {"text": "Otra oficina pide aquí papeles muy distintos, y cobra por adelantado una tasa."},
        {"territory": "CL-13120"},
    ],
)
def test_what_differs_in_title_text_or_territory_is_no_copy(find, other):
    territory = other.pop("territory", None)
    second = card("second", **other).model_copy(update={"territory": territory})
    assert {f.document.id for f in find([card("first"), second])} == {"first", "second"}


def test_copies_in_two_countries_are_two(find):
    found = find([card("cl"), card("pe", country="PE")], countries=("CL", "PE"))
    assert {f.document.id for f in found} == {"cl", "pe"}


def test_worth_knows_documents_without_a_date():
    assert worth(card("a", as_of=None)) == (0, date.min)


def test_an_agency_gives_way_only_among_level_documents():
    scores = [(3.0, "a"), (2.9, "a"), (2.85, "b"), (1.0, "b"), (0.0, "c")]
    places = spread(scores)
    assert sorted(range(5), key=lambda n: -places[n]) == [0, 2, 1, 3, 4]
    assert places[0] == 3.0


def test_no_document_loses_more_than_the_bound():
    scores = [(5.0 - n / 100, "a") for n in range(10)]
    lost = [score - place for (score, _), place in zip(scores, spread(scores), strict=True)]
    assert max(lost) == pytest.approx(MOST_LOST)
    assert lost[:2] == pytest.approx([0.0, AGAIN])


def test_several_agencies_come_first_for_a_broad_question(find):
    documents = [card(f"a{n}", title=f"Permiso número {n}", agency="Una") for n in range(6)]
    documents += [card("b", title="Permiso especial", agency="Otra")]
    first = find(documents, "permiso")[:3]
    assert len({f.document.provenance.agency for f in first}) == 2


def test_scores_stay_as_they_are(find):
    found = find([card(f"a{n}", title=f"Permiso número {n}", agency="Una") for n in range(4)])
    assert found[0].score == max(f.score for f in found)


def test_a_municipal_document_is_found_in_its_own_territory_only(find):
    def of(number, territory):
        return card(number, title=f"Permiso {number}").model_copy(update={"territory": territory})

    documents = [
        of("nunoa", "CL-13120"),
        of("maipu", "CL-13119"),
        of("rm", "CL-RM"),
        of("cl", None),
    ]
    found = find(documents, territories=("CL-13120", "CL-131", "CL-13", "CL-RM"))
    assert {f.document.id for f in found} == {"nunoa", "rm", "cl"}
    assert len(find(documents)) == 4
