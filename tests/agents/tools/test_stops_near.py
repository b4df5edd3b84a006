"""Stops in a place: by distance where the place has a point, else by the municipality's name."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agents.tools.stops_near import stops_near
from retrieval.places import Place
from retrieval.tables import Dataset, Tables
from sources.catalog import CatalogEntry
from sources.connectors import tables as table_connector
from sources.document import PUBLIC, Sector, Verification
from tests.agents.tools.feeds import access, load, write_feed
from tests.agents.tools.test_routes_between import FILES

NOW = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("America/Lima"))
CENTRE = Place("PE", "1301", "Trujillo", "province", ("La Libertad",), -8.1110, -79.0290)
LURIN = Place("PE", "150119", "Lurín", "district", ("Lima",), None, None)
PARADEROS = (
    "partipcod,parnom,disnom,latitud,longitud,tipodet\n"
    "2,Los Claveles,Lurin,-12.29,-76.85,Transporte Regular\n"
    "1,Antigua Panamericana,Lurin,-12.28,-76.86,Transporte Regular\n"
    "3,Alfredo Mendiola,Independencia,-11.99,-77.06,Transporte Regular\n"
)


@pytest.fixture
def tables(tmp_path):
    opened = Tables(None)
    load(opened, "trujillo", write_feed(tmp_path / "feed.zip", FILES))
    (tmp_path / "paraderos.csv").write_text(PARADEROS, encoding="utf-8")
    (tmp_path / "rows").mkdir()
    entry = CatalogEntry(
        id="lima", title="Paraderos de Lima", connector="tables", country="PE",
        options={"role": "transit_stops"},
    )  # fmt: skip
    read = table_connector.tables(entry, str(tmp_path / "paraderos.csv"), tmp_path / "rows")
    opened.replace(
        Dataset(
            source_id="lima", title="Paraderos de Lima", agency="ATU", licence=None, url=None,
            country="PE", language="es", as_of="2021-05-24", retrieved_at=None,
            verification=Verification.OFFICIAL, tenant=PUBLIC, sectors=(Sector.TRANSPORT,),
            roles=(), rows=0,
        ),
        read.tables,
    )  # fmt: skip
    yield opened
    opened.close()


def ask(tables, place, **arguments):
    return stops_near.run(access(tables, place.country, NOW), {"place": place, **arguments})


def lines(result):
    return [c.document.text[c.start : c.end] for c in result.lines]


def test_the_nearest_first_with_distance_and_routes(tables):
    result = ask(tables, CENTRE)
    assert lines(result)[0] == "Plaza de Armas: a 10 m del centro; pasan C-06, C-09."
    assert lines(result)[1].startswith("Avenida Larco: a ")
    assert result.values["total"] == "7"
    assert [p.label for p in result.points][:2] == ["Plaza de Armas", "Avenida Larco"]


def test_a_limit_holds_and_the_rest_is_counted(tables):
    result = ask(tables, CENTRE, limit=2)
    assert len(result.lines) == 2 and result.values == {"shown": "2", "total": "7"}


def test_a_district_is_smaller_than_a_province(tables):
    district = Place("PE", "130101", "Trujillo", "district", (), -8.1110, -79.0290)
    assert "Huanchaco" not in " ".join(lines(ask(tables, district)))
    assert "Huanchaco" in " ".join(lines(ask(tables, CENTRE)))


def test_a_place_without_a_point_is_looked_for_by_its_name(tables):
    result = ask(tables, LURIN)
    assert lines(result) == [
        "Antigua Panamericana: Lurin; Transporte Regular.",
        "Los Claveles: Lurin; Transporte Regular.",
    ]
    assert result.lines[0].document.provenance.as_of == "2021-05-24"


def test_a_place_without_stops_has_none(tables):
    nowhere = Place("PE", "2503", "Purús", "province", (), -9.77, -70.71)
    result = ask(tables, nowhere)
    assert result.lines == () and result.values["total"] == "0"


def test_data_of_another_country_do_not_answer(tables):
    chile = Place("CL", "15101", "Arica", "comuna", (), -8.1110, -79.0290)
    assert ask(tables, chile).lines == ()


def test_every_line_stands_in_the_document_of_its_own_source(tables):
    between = Place("PE", "x", "Costa", "department", (), -8.1110, -79.0290)
    for line in ask(tables, between).lines:
        section = next(s for s in line.document.sections if s.start == line.start)
        assert section.end == line.end
        assert line.document.provenance.source_id in line.document.id
