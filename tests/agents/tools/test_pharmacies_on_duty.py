import random
from datetime import date, datetime, timedelta

import pytest

from agents.tools.pharmacies_on_duty import pharmacies_on_duty
from retrieval.tables import Tables
from tests.agents.tools import reference_health as reference
from tests.agents.tools.data import access, dataset, place, write

TODAY = date(2026, 11, 23)
TOWNS = ("Ñuñoa", "Arica", "La Unión")
HOURS = (
    "00:00:00",
    "08:30:00",
    "09:00:00",
    "13:00:00",
    "19:00:00",
    "20:59:00",
    "23:59:00",
    "08:29:00",
    "02:00:00",
    "",
)


def rows_of(seed):
    chance = random.Random(seed)
    for number in range(300):
        yield {
            "id": str(chance.randint(1, 120)),
            "name": f"Farmacia {number}",
            "municipality": chance.choice(TOWNS).upper(),
            "date": (TODAY + timedelta(days=chance.choice((-2, -1, -1, 0, 0, 0, 1)))).isoformat(),
            "opens": chance.choice(HOURS),
            "closes": chance.choice(HOURS),
            "latitude": "-33.4",
            "longitude": "-70.6",
        }


@pytest.fixture(scope="module")
def turns(tmp_path_factory):
    made = Tables(None)
    path = write(tmp_path_factory.mktemp("turns") / "t.csv", "pharmacies_on_duty", rows_of(3))
    made.replace(dataset("cl-t", "CL"), {"pharmacies_on_duty": path})
    yield made, reference.frame(path)
    made.close()


def shown(result, heading):
    return [c.document.title for p in result.parts if p.heading == heading for c in p.lines]


@pytest.mark.parametrize("seed", range(200))
def test_pandas_finds_the_same_shifts(turns, house, seed):
    tables, rows = turns
    chance = random.Random(seed)
    now = datetime(2026, 11, 23, chance.randint(0, 23), chance.choice((0, 29, 30, 59)))
    town = chance.choice(TOWNS)
    found = pharmacies_on_duty.function(
        access(tables, house.searcher, "CL", now=now), place("CL", "", town)
    )
    expected = reference.on_duty(rows, town, now)
    names = dict(zip(rows["row_no"], rows["name"], strict=True))
    for heading in ("now", "later"):
        assert shown(found, heading) == [names[n] for n, when in expected[:10] if when == heading]
    if expected:
        assert int(found.values["total"]) == len(expected)
    assert len(found.points) == len(expected[:10])


def one(tmp_path, house, now, **row):
    tables = Tables(None)
    filled = {
        "id": "1",
        "name": "Farmacia",
        "municipality": "Arica",
        "territory_code": "CL-15101",
    } | row
    path = write(tmp_path / "one.csv", "pharmacies_on_duty", [filled])
    tables.replace(dataset("cl-t", "CL"), {"pharmacies_on_duty": path})
    return pharmacies_on_duty.function(
        access(tables, house.searcher, "CL", now=now), place("CL", "15101", "Arica")
    )


def test_a_shift_over_midnight_is_still_this_nights(tmp_path, house):
    shift = {"date": "2026-11-23", "opens": "19:00:00", "closes": "02:00:00"}
    assert shown(one(tmp_path, house, datetime(2026, 11, 24, 1, 30), **shift), "now") == [
        "Farmacia"
    ]
    after = one(tmp_path, house, datetime(2026, 11, 24, 2, 0), **shift)
    assert not shown(after, "now") and not shown(after, "later")


def test_data_of_another_day_are_said_and_never_shown_as_todays(tmp_path, house):
    shift = {"date": "2026-11-20", "opens": "09:00:00", "closes": "21:00:00"}
    found = one(tmp_path, house, datetime(2026, 11, 23, 12), **shift)
    assert not shown(found, "now") and not shown(found, "later") and not found.points
    assert found.notices == ("other_day",)
    assert found.values["day"] == "20 de noviembre de 2026"
    [where] = [part for part in found.parts if part.heading == "published"]
    assert {c.document.id for c in where.lines} == {"cl-health-farmacia-de-turno"}


def test_shifts_that_are_over_are_said(tmp_path, house):
    shift = {"date": "2026-11-23", "opens": "09:00:00", "closes": "13:00:00"}
    assert one(tmp_path, house, datetime(2026, 11, 23, 14), **shift).notices == ("over",)


def test_a_comuna_without_any_is_said(tmp_path, house):
    shift = {"date": "2026-11-23", "municipality": "Temuco", "territory_code": "CL-09101"}
    assert one(tmp_path, house, datetime(2026, 11, 23, 14), **shift).notices == ("none",)


def test_a_table_of_another_country_never_answers(turns, house):
    tables, _ = turns
    found = pharmacies_on_duty.function(
        access(tables, house.searcher, "PE"), place("PE", "", "Arica", "district")
    )
    assert found.notices == ("no_data",) and not found.parts


def test_two_days_of_one_pharmacy_are_not_mixed_up(turns, house):
    tables, _ = turns
    for hour in (1, 10, 20):
        given = access(tables, house.searcher, "CL", now=datetime(2026, 11, 23, hour))
        found = pharmacies_on_duty.function(given, place("CL", "", "Arica"))
        for part in found.parts:
            for cited in part.lines:
                assert tables.document(cited.document.id) == cited.document
