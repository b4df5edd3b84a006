"""Documents that tools make of several rows."""

from __future__ import annotations

import re

import pytest

from agents.toolkit.amounts import distance, minutes, money
from agents.toolkit.made import cited, made, slug
from agents.tools.stops_near import stops_near
from agents.transit.routes import code_of, is_route
from retrieval.tables import Dataset
from sources.document import Field, Sector, Verification


def dataset(name="cl-red", language="es", **more):
    given = {
        "source_id": name, "title": "Horarios", "agency": "DTPM", "licence": "CC-BY-4.0",
        "url": "https://ejemplo.cl", "country": "CL", "language": language, "as_of": "2026-03",
        "retrieved_at": None, "verification": Verification.PRESS, "tenant": "public",
        "sectors": (Sector.TRANSPORT,), "roles": (), "rows": 0,
    }  # fmt: skip
    return Dataset(**given | more)


def test_each_line_is_a_section_and_the_provenance_that_of_the_data():
    lines = ["08:10: 506, desde Plaza Egaña.", "08:20: 405,\n desde Plaza Egaña."]
    document = made(dataset(), "next_departures", "Plaza Egaña", "Próximas salidas", lines)
    assert [document.quote(s) for s in document.sections] == [lines[0], " ".join(lines[1].split())]
    assert {section.field for section in document.sections} == {Field.BODY}
    assert re.fullmatch(r"cl-red\.next_departures\.plaza-egana-[0-9a-f]{8}", document.id)
    source = document.provenance
    assert (source.source_id, source.agency, source.licence) == ("cl-red", "DTPM", "CC-BY-4.0")
    assert (source.as_of, source.verification) == ("2026-03", Verification.PRESS)
    assert (source.url, document.tenant, document.country) == ("https://ejemplo.cl", "public", "CL")
    assert document.sectors == (Sector.TRANSPORT,)


def test_other_words_are_another_document():
    ids = {made(dataset(), "t", "clave", "Título", [line]).id for line in ("uno.", "dos.", "uno.")}
    assert len(ids) == 2


def test_a_document_without_a_line_is_refused():
    with pytest.raises(ValueError, match="without a line"):
        made(dataset(), "t", "clave", "Título", ["  "])


@pytest.mark.parametrize(
    ("key", "expected"),
    [("Plaza Ñuñoa", "plaza-nunoa"), ("", "all"), ("¿?", "all"), ("a" * 90, "a" * 60),
     ("Av. X / Y", "av-x-y")],
)  # fmt: skip
def test_a_key_becomes_part_of_an_id(key, expected):
    assert slug(key) == expected


def test_lines_keep_their_order_over_several_data_sets():
    first, second = dataset("uno"), dataset("dos", language="pt")
    items = [(first, "A."), (second, "B."), (first, "C.")]
    lines = cited(items, stops_near, "x", place="Lapa")
    assert [c.document.text[c.start : c.end] for c in lines] == ["A.", "B.", "C."]
    assert [c.document.provenance.source_id for c in lines] == ["uno", "dos", "uno"]
    assert lines[0].document is lines[2].document
    assert lines[0].document.title == "Paraderos en Lapa o cerca"
    assert lines[1].document.title == "Pontos de parada em Lapa ou perto"


def test_amounts_are_written_as_the_country_does():
    assert distance(4, "CL") == "10 m" and distance(123, "CL") == "120 m"
    assert distance(1250, "BR") == "1,2 km" and distance(1250, "PE") == "1.2 km"
    assert [minutes(s) for s in (0, 29, 90, 600)] == ["1", "1", "2", "10"]
    assert money(2.5, "PEN", "PE").replace("\xa0", " ") == "S/ 2.50"
    assert money(4.4, "BRL", "BR").replace("\xa0", " ") == "R$ 4,40"


@pytest.mark.parametrize(
    ("asked", "code"),
    [("8000", "8000"), ("la C-06 que va al centro", "C-06"), ("107T-10", "107T-10"),
     ("la que va a Lapa", None), (None, None), ("D03", "D03")],
)  # fmt: skip
def test_a_code_is_read_among_other_words(asked, code):
    assert code_of(asked) == code


@pytest.mark.parametrize(
    ("asked", "short", "long", "is_it"),
    [("8000", "8000-10", "Lapa", True), ("c06", 'C-06 "B"', "", True), ("06", "C-06", "", False),
     ("Linha Azul", "", "Linha Azul", True), ("", "1", "", False)],
)  # fmt: skip
def test_a_route_is_known_by_its_code(asked, short, long, is_it):
    assert is_route(asked, {"route_short_name": short, "route_long_name": long}) is is_it
