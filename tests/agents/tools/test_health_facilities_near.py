import random

import pandas as pd
import pytest

from agents.tools.health_facilities_near import health_facilities_near
from retrieval.tables import Tables
from tests.agents.tools import reference_health as reference
from tests.agents.tools.data import DEIS, access, catalogued, dataset, place, write

KINDS = (
    None,
    "hospital",
    "primary_care",
    "emergency",
    "clinic",
    "laboratory",
    "mental_health",
    "dental",
)
CHILE = [
    {
        "id": "1",
        "name": "Hospital A",
        "kind": "hospital",
        "ownership": "public",
        "emergency": "true",
        "municipality": "Ñuñoa",
        "territory_code": "CL-13120",
        "latitude": "-33.45",
        "longitude": "-70.60",
        "active": "true",
    },
    {
        "id": "2",
        "name": "Hospital cerrado",
        "kind": "hospital",
        "ownership": "public",
        "emergency": "true",
        "municipality": "Ñuñoa",
        "territory_code": "CL-13120",
        "latitude": "-33.45",
        "longitude": "-70.60",
        "active": "false",
    },
    {
        "id": "3",
        "name": "Cesfam B",
        "kind": "primary_care",
        "ownership": "public",
        "emergency": "false",
        "municipality": "Ñuñoa",
        "territory_code": "CL-13120",
        "latitude": "-33.46",
        "longitude": "-70.61",
        "active": "true",
    },
    {
        "id": "4",
        "name": "Clínica C",
        "kind": "clinic",
        "ownership": "private",
        "emergency": "false",
        "municipality": "Macul",
        "territory_code": "CL-13118",
        "latitude": "-33.49",
        "longitude": "-70.60",
        "active": "true",
    },
    {
        "id": "5",
        "name": "Oficina",
        "kind": "other",
        "municipality": "Macul",
        "territory_code": "CL-13118",
        "active": "true",
    },
]
PERU = [
    {
        "id": "1",
        "name": "Posta Miraflores",
        "kind": "primary_care",
        "municipality": "MIRAFLORES",
        "region": "AREQUIPA",
        "active": "true",
    },
    {
        "id": "2",
        "name": "Hospital Miraflores",
        "kind": "hospital",
        "municipality": "Miraflores",
        "region": "LIMA METROPOLITANA",
        "active": "true",
    },
]
NUNOA = place("CL", "13120", "Ñuñoa", parents=("Santiago", "Región Metropolitana de Santiago"))
MACUL = place("CL", "13118", "Macul")


@pytest.fixture
def tables(tmp_path):
    made = Tables(None)
    for source_id, country, rows in (("cl-x", "CL", CHILE), ("pe-x", "PE", PERU)):
        path = write(tmp_path / f"{source_id}.csv", "health_facilities", rows)
        made.replace(dataset(source_id, country), {"health_facilities": path})
    yield made
    made.close()


def names(result):
    groups = (result.lines, *(part.lines for part in result.parts))
    return [cited.document.title for lines in groups for cited in lines]


def test_closed_ones_are_never_shown(tables):
    found = health_facilities_near.function(access(tables, None, "CL"), NUNOA, kind="hospital")
    assert names(found) == ["Hospital A"]
    assert [point.label for point in found.points] == ["Hospital A"]
    assert "dated" in found.notices


def test_the_line_is_the_rows_own(tables):
    [line] = health_facilities_near.function(
        access(tables, None, "CL"), NUNOA, kind="hospital"
    ).lines
    assert line.document.id == "cl-x.health_facilities.1"
    assert line.document.text[line.start : line.end].startswith("Hospital A · ")


def test_offices_are_not_meant_but_clinics_are(tables):
    assert names(health_facilities_near.function(access(tables, None, "CL"), MACUL)) == [
        "Clínica C"
    ]


def test_where_there_is_none_the_nearest_are_shown_with_their_distance(tables):
    found = health_facilities_near.function(access(tables, None, "CL"), MACUL, emergency=True)
    assert names(found) == ["Hospital A"]
    assert found.parts[0].values["km"] == "4,4"
    assert "none_in_place" in found.notices


def test_a_table_of_another_country_never_answers(tables):
    found = health_facilities_near.function(access(tables, None, "BR"), NUNOA)
    assert not names(found) and found.unable == "no_data"
    here = access(tables, None, "PE")
    assert not names(health_facilities_near.function(here, NUNOA))


def test_a_tenants_table_is_its_own(tables, tmp_path):
    path = write(tmp_path / "own.csv", "health_facilities", [CHILE[0] | {"name": "Ajeno"}])
    tables.replace(dataset("cl-own", "CL", tenant="muni"), {"health_facilities": path})
    assert "Ajeno" not in names(health_facilities_near.function(access(tables, None, "CL"), NUNOA))


def test_without_codes_the_names_decide_and_homonyms_are_told_apart(tables):
    here = access(tables, None, "PE")
    arequipa = place("PE", "040110", "Miraflores", "district", parents=("Arequipa", "Arequipa"))
    lima = place("PE", "150122", "Miraflores", "district", parents=("Lima", "Lima"))
    piura = place("PE", "200000", "Miraflores", "district", parents=("Piura", "Piura"))
    assert names(health_facilities_near.function(here, arequipa)) == ["Posta Miraflores"]
    assert names(health_facilities_near.function(here, lima)) == ["Hospital Miraflores"]
    assert not names(health_facilities_near.function(here, piura))
    region = place("PE", "PE-ARE", "Arequipa", "department")
    assert names(health_facilities_near.function(here, region)) == ["Posta Miraflores"]


def test_nothing_found_is_an_answer(tables):
    found = health_facilities_near.function(
        access(tables, None, "CL"), place("CL", "15101", "Arica")
    )
    assert (
        not names(found)
        and not found.notices
        and found.values["what"] == "establecimientos de salud"
    )


def test_what_is_looked_for_is_said_in_the_readers_language(tables):
    found = health_facilities_near.function(
        access(tables, None, "CL", "pt"), NUNOA, kind="hospital", emergency=True, ownership="public"
    )
    assert found.values["what"] == "hospitais com atendimento de urgência do setor público"


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    if not DEIS.exists():
        pytest.skip("the register of DEIS is not beside the project")
    made = Tables(None)
    path = catalogued("cl-deis", DEIS, made, tmp_path_factory.mktemp("deis"))
    yield made, reference.frame(path)
    made.close()


@pytest.mark.parametrize("seed", range(200))
def test_the_register_says_the_same_to_pandas(register, seed):
    tables, rows = register
    chance = random.Random(seed)
    codes = sorted(set(rows["territory_code"]))
    code = chance.choice(codes)
    if chance.random() < 0.1:
        code = code[:6]  # a province
    kind, emergency = chance.choice(KINDS), chance.random() < 0.3
    ownership = chance.choice((None, None, "public", "private"))
    asked = place("CL", code.removeprefix("CL-"), "x")
    found = health_facilities_near.function(
        access(tables, None, "CL"), asked, kind=kind, emergency=emergency, ownership=ownership
    )
    here, wanted = reference.facilities(rows, code, kind, emergency, ownership)
    numbers, total, around = reference.nearest(here, wanted, 8, 5, 100)
    ids = dict(zip(rows["row_no"], rows["name"], strict=True))
    assert [c.document.title for c in found.lines] == [ids[n] for n in numbers]
    assert int(found.values.get("total", 0)) == total
    assert [(p.lines[0].document.title, p.values["km"]) for p in found.parts] == [
        (ids[n], km) for n, km in around
    ]


def test_the_hospitals_of_every_comuna_are_those_of_the_raw_file(register):
    tables, _ = register
    raw = pd.read_csv(DEIS, sep=";", dtype=str)
    open_ones = (
        raw["EstadoFuncionamiento"]
        .str.casefold()
        .isin(["vigente en operación habitual", "operación transitoria"])
    )
    hospitals = raw[open_ones & (raw["TipoEstablecimientoGlosa"] == "Hospital")]
    for code, group in hospitals.groupby("ComunaCodigo"):
        asked = place("CL", code.zfill(5), "x")
        found = health_facilities_near.function(access(tables, None, "CL"), asked, kind="hospital")
        assert int(found.values["total"]) == len(group), code


def test_the_document_is_the_one_that_the_tables_give(register):
    tables, _ = register
    for code in ("13120", "15101", "05101"):
        found = health_facilities_near.function(access(tables, None, "CL"), place("CL", code, "x"))
        for cited in found.lines:
            assert tables.document(cited.document.id) == cited.document
