"""Planted contradictions are found, and what only looks like one is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest

from agents.stated import plain
from retrieval.concepts import Matcher
from retrieval.profile import Profiler
from sources import connectors
from sources.catalog import built_in
from sources.document import Document, Field, PublicService
from sources.vocabulary import concepts
from ui.reports.claims import FIELDS, claims
from ui.reports.contradictions import Contradiction, find
from ui.reports.viewer import Viewer

FIGURE = re.compile(r"(?<![\w.,/:-])\d+(?=[ .,;)%]|$)|(?<=[$/] )\d+|(?<=[$/])\d+")


@cache
def profiler() -> Profiler:
    return Profiler(Matcher(concepts()))


@cache
def seed() -> tuple[Document, ...]:
    (entry,) = (e for e in built_in() if e.id == "seed")
    return tuple(d for d in connectors.read(entry, entry.origin or "") if isinstance(d, Document))


def found(*documents: Document, viewer: Viewer | None = None) -> list[Contradiction]:
    read = [(d, profiler().make(d)) for d in documents]
    return find(read, viewer or Viewer())


def between(one: Document, other: Document) -> list[Contradiction]:
    both = {one.id, other.id}
    return [c for c in found(one, other) if {c.one.document_id, c.other.document_id} == both]


def copy(document: Document, start: int, end: int, words: str, **more: object) -> Document:
    """Another set's copy in which `words` stand at ``text[start:end]``."""
    shift = len(words) - (end - start)
    sections = tuple(
        s.model_copy(
            update={
                "start": s.start + shift * (s.start >= end),
                "end": s.end + shift * (s.end >= end),
            }
        )
        for s in document.sections
    )
    return document.model_copy(
        update={
            "id": f"copy-{document.id}",
            "text": document.text[:start] + words + document.text[end:],
            "sections": sections,
            "provenance": document.provenance.model_copy(
                update={"source_id": "copies", "agency": "Otra institución"}
            ),
        }
        | more
    )


def planted() -> Iterator[tuple[str, Document, Document, str]]:
    """One changed figure in a copy of each sentence of the seed corpus that gives a value."""
    for document in seed():
        sentences = {(c.start, c.end) for c in claims(document, frozenset())}
        for start, end in sorted(sentences):
            section = next(s for s in document.sections if s.start <= start < s.end)
            values = [
                v for c in claims(document, frozenset()) if c.start == start for v in c.values
            ]
            for match in FIGURE.finditer(document.text, start, end):
                number = match.group()
                if section.conflict or re.fullmatch(r"(19|20)\d\d", number):
                    continue
                shown = " ".join(str(getattr(v, "shown", v)) for v in values)
                if number not in re.findall(r"\d+", shown):
                    continue
                changed = str(int(number) * 2 + 1)
                yield document.id, document, copy(document, *match.span(), changed), number
                break


PLANTED = list(planted())


def test_planted_contradictions_are_found() -> None:
    missed = [(name, number) for name, one, other, number in PLANTED if not between(one, other)]
    assert len(PLANTED) >= 60
    assert len(missed) <= 0.1 * len(PLANTED), missed


def test_a_planted_figure_is_the_one_that_is_shown() -> None:
    for _, one, other, number in PLANTED:
        for each in between(one, other):
            assert (
                one.text[each.one.start : each.one.end]
                != other.text[each.other.start : each.other.end]
            )
            assert number in each.one.quote + each.other.quote


def service(text: str, field: str = "cost", **more: object) -> Document:
    given: dict[str, object] = {
        "id": "a",
        "title": "Registro municipal de mascotas",
        "country": "CL",
        "language": "es",
        "sector": ["general"],
        "competent_authority": {"name": "Municipalidad"},
        field: [{"text": line} for line in text.split("|")],
    }
    source = str(more.pop("source", "one"))
    return PublicService.model_validate(given | more).to_document(source_id=source, licence=None)


def pair(one: str, other: str, field: str = "cost", **more: object) -> list[Contradiction]:
    return between(
        service(one, field), service(other, field, **({"id": "b", "source": "two"} | more))
    )


HARMLESS = [
    ("cost", "El registro cuesta $5.000.", "El registro cuesta $5000."),
    ("cost", "El registro cuesta $5.000.", "Valor: 5.000 pesos."),
    ("cost", "El registro cuesta $ 5.000.", "El costo del registro es de $5,000.00."),
    ("cost", "El registro no tiene costo.", "El registro es gratuito."),
    ("cost", "El registro no tiene costo.", "Sin costo."),
    ("cost", "El registro cuesta $5.000.", "El registro cuesta $2.500 para adultos mayores."),
    ("cost", "El registro cuesta $5.000.", "Para extranjeros, el registro cuesta $9.000."),
    ("cost", "Perros: $5.000.|Gatos: $3.000.", "Gatos: $3.000.|Perros: $5.000."),
    ("cost", "Perros: $5.000.", "Gatos: $3.000."),
    ("cost", "Menores de 18 años: $1.000.", "Menores de 12 años: $500."),
    ("cost", "El primer registro cuesta $5.000.", "El segundo registro cuesta $7.000."),
    ("cost", "El registro cuesta $5.000.", "El duplicado del registro cuesta $2.000."),
    ("cost", "El registro cuesta 0,5 UTM.", "El registro cuesta $33.000."),
    ("cost", "El registro costaba $4.000 en 2024.", "El registro cuesta $5.000 en 2026."),
    ("cost", "El registro cuesta hasta $9.000.", "El registro cuesta $5.000."),
    ("cost", "El registro cuesta $5.000.", "La multa es de $50.000."),
    ("processing_time", "Tarda 24 horas.", "Tarda 1 día."),
    ("processing_time", "Tarda un máximo de 12 meses.", "Tarda hasta 1 año."),
    ("processing_time", "Tarda 1 mes.", "Tarda 30 días."),
    ("processing_time", "Tarda 2 semanas.", "Tarda 14 días."),
    ("processing_time", "Tarda entre 5 y 10 días.", "Tarda 7 días."),
    ("processing_time", "Tarda hasta 10 días.", "Tarda 7 días."),
    ("processing_time", "Tarda cerca de 10 días.", "Tarda 11 días."),
    ("processing_time", "Tarda cinco días.", "Tarda 5 días."),
    ("processing_time", "Tarda 10 días.", "En línea, tarda 2 días."),
    ("validity", "Vale por 4 años.", "Tiene una vigencia de 48 meses."),
    ("validity", "Vale por 4 años.", "Para profesionales vale por 2 años."),
    ("temporal", "El plazo vence el 15 de marzo.", "El plazo vence el 15/03."),
    ("temporal", "Se inscribe el 15 de marzo de 2025.", "Se inscribe el 20 de marzo de 2026."),
    ("contact_point", "Teléfono: 22 345 6789.", "Teléfono: (22) 345-6789."),
    ("contact_point", "Teléfonos: 22 345 6789 y 22 345 0000.", "Teléfono: 22 345 0000."),
    ("contact_point", "Sitio: https://www.muni.cl", "Sitio: muni.cl"),
    ("requirement", "Debe tener al menos 18 años.", "Debe ser mayor de 18 años."),
    ("requirement", "Debe tener 18 años.", "El tutor debe tener 21 años."),
    ("requirement", "Según la Ley 20.380, debe registrarlo.", "Según la Ley 21.020, debe registrarlo."),
    ("legal_resource", "Artículo 5 de la ordenanza.", "Artículo 7 de la ordenanza."),
]  # fmt: skip


@pytest.mark.parametrize(("field", "one", "other"), HARMLESS, ids=lambda text: text[:40])
def test_what_only_looks_like_one_is_left_alone(field: str, one: str, other: str) -> None:
    assert pair(one, other, field) == []


WRONG = [
    ("cost", "El registro cuesta $5.000.", "El registro cuesta $5.500."),
    ("cost", "El registro cuesta $5.000.", "Valor: 6.000 pesos."),
    ("cost", "El registro no tiene costo.", "El registro cuesta $5.000."),
    ("cost", "Adultos mayores: $2.500.", "Adultos mayores: $3.000."),
    ("processing_time", "Tarda 5 días.", "El plazo es de 10 días."),
    ("processing_time", "Tarda hasta 5 días.", "Tarda 10 días."),
    ("validity", "Vale por 4 años.", "Tiene una vigencia de 6 años."),
    ("temporal", "El plazo vence el 15 de marzo.", "El plazo vence el 20 de marzo."),
    ("contact_point", "Teléfono: 22 345 6789.", "Teléfono: 22 345 6780."),
    ("requirement", "Debe tener al menos 18 años.", "Debe tener al menos 21 años."),
]  # fmt: skip


@pytest.mark.parametrize(("field", "one", "other"), WRONG, ids=lambda text: text[:40])
def test_values_of_one_thing_that_differ_are_found(field: str, one: str, other: str) -> None:
    (each,) = pair(one, other, field)
    assert (each.field, each.declared) == (field, False)
    assert {each.one.quote, each.other.quote} == {one, other}


COST = ("El registro cuesta $5.000.", "El registro cuesta $6.000.")


def test_values_of_times_that_do_not_overlap_agree() -> None:
    assert len(pair(*COST)) == 1
    first, later = date(2027, 1, 1), date(2026, 12, 31)
    one = service(COST[0], valid_to=later)
    assert between(one, service(COST[1], id="b", source="two", valid_from=first)) == []
    assert len(between(one, service(COST[1], id="b", source="two", valid_from=later))) == 1


def test_values_of_other_places_and_procedures_agree() -> None:
    assert pair(*COST, country="PE") == []
    assert pair(*COST, spatial="CL-RM") == []
    assert pair(*COST, title="Permiso de feria libre") == []
    assert (
        len(pair(*COST, title="Inscripción de perros", names=["Registro municipal de mascotas"]))
        == 0
    )
    renamed = service(COST[1], id="b", source="two", title="Registro de mascotas municipal")
    assert len(between(service(COST[0]), renamed)) == 1


def test_a_document_that_contradicts_itself_is_found() -> None:
    (each,) = found(service("Perros: $5.000.|Gatos: $3.000.|Perros: $6.000."))
    assert (each.one.quote, each.other.quote) == ("Perros: $5.000.", "Perros: $6.000.")
    assert found(service("Perros: $5.000.|Gatos: $3.000.|Hurones: $6.000.")) == []


def test_what_a_set_marks_as_disagreeing_is_told_as_such() -> None:
    sides = [{"text": "Cuesta $1.", "conflict": "x"}, {"text": "Cuesta $2.", "conflict": "x"}]
    (each,) = found(service("", "cost", cost=sides))
    assert each.declared


def test_a_viewer_sees_what_concerns_their_own_sets() -> None:
    one, other = service(COST[0]), service(COST[1], id="b", source="two")
    third = service(COST[1], id="c", source="three").model_copy(update={"tenant": "hospital"})
    mine = Viewer(tenants=("public",), sources=("one",))
    assert len(found(one, other, viewer=mine)) == 1
    assert found(one, other, viewer=Viewer(tenants=("public",), sources=("four",))) == []
    assert not mine.reads(third)


def test_every_compared_field_has_kinds() -> None:
    assert set(FIELDS) <= set(Field)
    assert all(FIELDS.values())
    assert plain("Gratis", "es") == "gratuito"
