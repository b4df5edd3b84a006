"""Fares out of dated documents and, where there is none, out of timetables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agents.tools.fares import fares
from retrieval.places import Place
from retrieval.tables import Tables
from sources.document import Field
from tests.agents.tools.feeds import access, load, write_feed
from tests.agents.tools.test_routes_between import FILES

NOW = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("America/Lima"))
TRUJILLO = Place("PE", "1301", "Trujillo", "province", ("La Libertad",), -8.1110, -79.0290)
FARES = {
    "fare_attributes": "fare_id,price,currency_type,payment_method,transfers\n"
    "f1,2.5,PEN,0,0\nf2,3,PEN,0,0\n",
    "fare_rules": "fare_id,route_id\nf1,r1\nf1,r3\nf2,r2\n",
}


@pytest.fixture
def ask(house):
    def asked(country, tables=None, now=NOW, **arguments):
        given = access(tables, country, now, house.searcher)
        return fares.run(given, arguments)

    return asked


@pytest.fixture
def tables(tmp_path):
    opened = Tables(None)
    load(opened, "trujillo", write_feed(tmp_path / "feed.zip", FILES | FARES))
    yield opened
    opened.close()


def said(result):
    return {
        c.document.id: [
            x.document.text[x.start : x.end]
            for p in result.parts
            for x in p.lines
            if x.document.id == c.document.id
        ]
        for part in result.parts
        for c in part.lines
    }


def one(result, document_id):
    found = said(result)
    assert set(found) == {document_id}
    return found[document_id]


def test_each_line_is_a_cost_section_of_a_document(ask):
    result = ask("CL", system="metro")
    for part in result.parts:
        assert part.heading in ("dated", "undated")
        for line in part.lines:
            section = next(s for s in line.document.sections if s.start == line.start)
            assert section.end == line.end and section.field is Field.COST
    assert result.parts[0].values["day"] == "2 de marzo de 2026"


def test_a_system_narrows_to_its_own_fares(ask):
    bus = one(ask("CL", system="red"), "cl-transport-tarifas-red-metro")
    assert any("bus Red cuesta $795" in line for line in bus)
    assert not any("Metro y tren cuesta" in line for line in bus)
    metro = one(ask("CL", system="metro"), "cl-transport-tarifas-red-metro")
    assert sum("Metro y tren cuesta" in line for line in metro) == 3
    assert not any("bus Red" in line for line in metro)


def test_a_kind_of_passenger_narrows_too(ask):
    student = one(ask("CL", system="metro", passenger="student"), "cl-transport-tarifas-red-metro")
    assert student == [
        "En Santiago, el pasaje de estudiante cuesta $260.",
        "En Santiago, los estudiantes de enseñanza básica no pagan pasaje.",
    ]
    senior = one(ask("CL", passenger="senior"), "cl-transport-tarifas-red-metro")
    assert len(senior) == 2 and all("adulto mayor" in line for line in senior)


def test_lima_has_two_systems(ask):
    line = one(ask("PE", system="linea1"), "pe-transport-tarifa-linea-1")
    assert "El pasaje de la Línea 1 cuesta S/1.50 (tarifa de 2023)." in line
    assert any("confirme el valor actual" in each for each in line)  # the remark stays with it
    half = one(ask("PE", system="linea1", passenger="student"), "pe-transport-tarifa-linea-1")
    assert any("S/0.75" in each for each in half) and not any("S/1.50" in each for each in half)
    half = said(ask("PE", system="metropolitano", passenger="student"))
    assert any("S/1.60" in each for each in half["pe-transport-tarifa-metropolitano"])
    assert not any("S/3.20" in each for each in half["pe-transport-tarifa-metropolitano"])
    assert any("S/4.50" in each for each in half["pe-transport-carne-medio-pasaje"])


def test_what_no_source_says_is_said(ask):
    assert one(ask("DO", system="omsa"), "do-transport-rutas-omsa") == [
        "Las tarifas de la OMSA no constan en las fuentes consultadas."
    ]
    assert one(ask("DO", system="bus"), "do-transport-rutas-omsa")
    brazil = one(ask("BR", system="bus"), "br-transport-onibus-sao-paulo")
    assert brazil == ["A tarifa dos ônibus de São Paulo não consta das fontes consultadas."]


def test_values_that_disagree_are_all_shown(ask):
    lines = one(ask("DO", system="metro"), "do-transport-metro-teleferico")
    assert any("30 min" in line for line in lines) and any("45 min" in line for line in lines)
    assert one(ask("DO", system="cablecar"), "do-transport-metro-teleferico")


def test_a_discount_that_no_document_gives_is_not_made_up(ask):
    result = ask("DO", system="metro", passenger="senior")
    assert "no discount" in result.notices
    assert result.values == {"system": "Metro", "passenger": "adultos mayores"}


def test_a_fare_counts_from_its_first_day(ask):
    before = datetime(2026, 2, 27, 12, tzinfo=ZoneInfo("America/Santiago"))
    lines = one(ask("CL", now=before), "cl-transport-tarifas-red-metro")
    assert any("$795" in line for line in lines)
    assert not any("DaleQR" in line for line in lines)  # from the first of March on


def test_where_no_document_speaks_of_the_place_the_timetable_does(ask, tables):
    result = ask("PE", tables, system="bus", place=TRUJILLO)
    lines = [c.document.text[c.start : c.end] for c in result.lines]
    assert lines == ["PEN 2.50: C-06, C-09.".replace("PEN", "S/"), "S/ 3.00: M-02."] or lines == [
        "S/\xa02.50: C-06, C-09.", "S/\xa03.00: M-02.",
    ]  # fmt: skip
    assert result.notices == ("timetable",) and result.parts == ()


def test_a_route_narrows_the_timetables_fares(ask, tables):
    result = ask("PE", tables, place=TRUJILLO, route="la M-02")
    assert [c.document.text[c.start : c.end].split(": ")[1] for c in result.lines] == ["M-02."]


def test_a_place_elsewhere_gets_no_fares_of_another(ask, tables):
    iquitos = Place("PE", "1601", "Iquitos", "province", ("Loreto",), -3.75, -73.25)
    result = ask("PE", tables, place=iquitos)
    assert result.lines == () and result.parts == ()


def test_documents_of_the_place_answer_first(ask, tables):
    lima = Place("PE", "1501", "Lima", "province", (), -12.05, -77.04)
    found = said(ask("PE", tables, place=lima))
    assert {"pe-transport-tarifa-metropolitano", "pe-transport-tarifa-linea-1"} <= set(found)


def test_no_document_of_another_tenant_is_shown(house):
    given = access(None, "CL", NOW, house.searcher, tenants=("elsewhere",))
    assert fares.run(given, {"system": "metro"}).parts == ()


def test_a_place_without_timetables_makes_no_file(ask, tmp_path):
    path = tmp_path / "tables.duckdb"
    result = ask("PE", Tables(path), place=replace(TRUJILLO, name="Quinuapampa", parents=()))
    assert not result.lines and not result.parts
    assert not path.exists()
