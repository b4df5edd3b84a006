"""Which sentences of a document are taken for what was asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.extract import ALSO, MOST, OVERVIEW_MOST, extract
from agents.understanding.aspects import aspects
from retrieval.reading import Reading
from sources.document import Document, Field
from ui.assemble import House

Read = Callable[[str, str], Reading]


@pytest.fixture
def get(house: House) -> Callable[[str], Document]:
    def found(document_id: str) -> Document:
        document = house.store.get(document_id)
        assert document is not None
        return document

    return found


def test_the_asked_field_answers(get: Callable[[str], Document], read: Read) -> None:
    document = get("do-transport-renovacion-licencia")
    taken = extract(document, ["cost"], read("cuánto cuesta renovar la licencia", "DO"))
    said = [document.text[s.start : s.end] for s in taken.asked["cost"]]
    assert any("RD$ 1.900" in words for words in said)
    assert not taken.missing
    assert Field.COST not in {s.section.field for s in taken.also}


def test_what_is_not_said_is_missing(get: Callable[[str], Document], read: Read) -> None:
    document = get("cl-health-copago-cero")
    taken = extract(document, ["legal_resource"], read("ley del copago cero", "CL"))
    assert taken.missing == ["legal_resource"]
    assert "legal_resource" not in taken.asked


def test_a_remark_stands_beside_what_is_missing(get: Callable[[str], Document], read: Read) -> None:
    taken = extract(get("do-transport-rutas-omsa"), ["cost"], read("costo de la OMSA", "DO"))
    assert taken.missing == ["cost"]
    assert [s.section.note for s in taken.notes] == [True]


def test_values_that_disagree_are_taken_together(
    get: Callable[[str], Document], read: Read
) -> None:
    document = get("pe-transport-licencia-a1")
    taken = extract(document, ["cost"], read("cuánto cuesta el brevete A1", "PE"))
    said = " ".join(document.text[s.start : s.end] for s in taken.asked["cost"])
    assert "S/6.70" in said
    assert "S/6.80" in said


def test_a_particular_word_chooses_among_values(get: Callable[[str], Document], read: Read) -> None:
    document = get("cl-transport-tarifas-red-metro")
    taken = extract(document, ["cost"], read("cuánto paga un estudiante en el metro", "CL"))
    first = taken.asked["cost"][0]
    assert "estudiante" in document.text[first.start : first.end]


def test_without_a_field_asked_for_there_is_an_overview(
    get: Callable[[str], Document], read: Read
) -> None:
    taken = extract(get("pe-health-sis-gratuito"), [], read("SIS Gratuito", "PE"))
    assert taken.asked["overview"]
    assert not taken.also
    assert not taken.missing


def test_whatever_is_asked_of_whatever_document_the_spans_hold(house: House, read: Read) -> None:
    """Every span lies in its section, is no remark of ours unless marked, and stands once."""
    rows = house.store.rows("SELECT id FROM documents ORDER BY id")
    assert len(rows) == 58
    for (document_id,) in rows:
        document = house.store.get(document_id)
        assert document is not None
        reading = read(document.title, document.country)
        for asked in ([], *([name] for name in aspects())):
            taken = extract(document, asked, reading)
            spans = [s for found in taken.asked.values() for s in found] + taken.also
            for span in spans + taken.notes:
                assert span.section.start <= span.start < span.end <= span.section.end
                assert document.text[span.start : span.end].strip()
            assert not any(span.section.note for span in spans)
            assert all(span.section.note for span in taken.notes)
            places = [(s.start, s.end) for s in spans]
            assert len(places) == len(set(places))
            most = max(MOST, OVERVIEW_MOST)
            assert all(len(found) <= most for found in taken.asked.values())
            assert len(taken.also) <= 5
            by_part = [s.part for s in taken.also]
            assert all(by_part.count(part) <= ALSO for part in by_part)
            assert not set(taken.asked) & set(taken.missing)
