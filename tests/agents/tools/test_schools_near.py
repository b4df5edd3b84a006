import random

import pytest

from agents.tools.schools_near import schools_near
from retrieval.tables import Tables
from sources.document import Sector
from tests.agents.tools import reference_health as reference
from tests.agents.tools.data import access, dataset, place, write

TOWNS = [
    ("Santiago", "Santiago"),
    ("Santiago", "Azua"),
    ("Sabana Iglesia", "Santiago"),
    ("Baní", "Peravia"),
    ("Tábara Arriba", "Azua"),
]


def rows_of(seed):
    chance = random.Random(seed)
    for number in range(400):
        town, region = chance.choice(TOWNS[:4])
        drawn = chance.random() < 0.9
        yield {
            "id": f"{number:05}" if chance.random() < 0.95 else "00001",
            "name": f"Escuela {chance.randint(1, 300)}",
            "level_label": chance.choice(("Inicial", "Primario", "")),
            "ownership": chance.choice(("public", "private", "other", "")),
            "municipality": town.upper() if chance.random() < 0.3 else town,
            "region": region if chance.random() < 0.9 else "",
            "latitude": f"{18.3 + chance.random():.5f}" if drawn else "",
            "longitude": f"{-70.9 + chance.random():.5f}" if drawn else "",
            "active": chance.choice(("true", "true", "false", "")),
        }


@pytest.fixture(scope="module")
def schools(tmp_path_factory):
    made = Tables(None)
    path = write(tmp_path_factory.mktemp("schools") / "schools.csv", "schools", rows_of(7))
    made.replace(dataset("do-x", "DO", sectors=(Sector.EDUCATION,)), {"schools": path})
    yield made, reference.frame(path)
    made.close()


@pytest.mark.parametrize("seed", range(200))
def test_the_directory_says_the_same_to_pandas(schools, seed):
    tables, rows = schools
    chance = random.Random(seed)
    town, region = chance.choice(TOWNS)
    ownership = chance.choice((None, "public", "private"))
    asked = place("DO", "", town, "municipality", parents=(region,))
    found = schools_near.function(access(tables, None, "DO"), asked, ownership=ownership)
    here, wanted = reference.schools(rows, town, region, ownership)
    numbers, total, around = reference.nearest(here, wanted, 8, 5, 25)
    names = dict(zip(rows["row_no"], rows["name"], strict=True))
    assert [c.document.title for c in found.lines] == [names[n] for n in numbers]
    assert int(found.values.get("total", 0)) == total
    assert [(p.lines[0].document.title, p.values["km"]) for p in found.parts] == [
        (names[n], km) for n, km in around
    ]


def test_rows_that_share_an_id_are_told_apart(tmp_path):
    tables = Tables(None)
    twin = {"id": "1", "municipality": "Baní", "region": "Peravia", "active": "true"}
    # The first one closed: it is not shown, and its number must not be taken for the others.
    rows = [twin | {"name": "Liceo viejo", "active": "false"}]
    rows += [twin | {"name": "Liceo, inicial"}, twin | {"name": "Liceo, primario"}]
    tables.replace(dataset("do-x", "DO"), {"schools": write(tmp_path / "s.csv", "schools", rows)})
    asked = place("DO", "1701", "Baní", "municipality", parents=("Peravia",))
    found = schools_near.function(access(tables, None, "DO"), asked)
    assert [c.document.title for c in found.lines] == ["Liceo, inicial", "Liceo, primario"]
    assert [tables.document(c.document.id) for c in found.lines] == [
        c.document for c in found.lines
    ]


def test_a_table_of_another_country_never_answers(schools):
    tables, _ = schools
    found = schools_near.function(
        access(tables, None, "CL"), place("DO", "", "Santiago", "municipality")
    )
    assert not found.lines and not found.parts and found.unable == "no_data"


def test_nothing_there_is_said(schools):
    tables, _ = schools
    asked = place("DO", "9901", "Nadie", "municipality", parents=("Azua",))
    found = schools_near.function(access(tables, None, "DO", "pt"), asked, ownership="public")
    assert not found.lines and found.values["what"] == "escolas públicas"


def test_a_province_holds_its_municipalities_and_no_namesake(tmp_path):
    tables = Tables(None)
    rows = [
        {"id": "1", "name": "A", "municipality": "Tamboril", "region": "SANTIAGO"},
        {"id": "2", "name": "B", "municipality": "Sabaneta", "region": "Santiago Rodríguez"},
        {"id": "3", "name": "C", "municipality": "Otro", "territory_code": "DO-2504"},
    ]
    tables.replace(dataset("do-x", "DO"), {"schools": write(tmp_path / "s.csv", "schools", rows)})
    asked = place("DO", "DO-25", "Santiago", "province")
    found = schools_near.function(access(tables, None, "DO"), asked)
    assert [c.document.title for c in found.lines] == ["A", "C"]
