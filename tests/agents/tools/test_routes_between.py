"""Journeys over small feeds: names as people write them, direct rides, changes, ambiguous ends."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agents.toolkit.finding import finding_of
from agents.toolkit.loader import loaded
from agents.toolkit.reading import Call
from agents.toolkit.rows import Rows
from agents.tools.routes_between import routes_between
from agents.transit.stops import find_stops, spoken
from retrieval.tables import Tables
from tests.agents.tools.feeds import (
    AGENCY,
    DAILY,
    ROUTES,
    STOPS,
    TIMES,
    TRIPS,
    access,
    load,
    write_feed,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("America/Lima"))
FILES = {
    "agency": AGENCY.format(zone="America/Lima"),
    "calendar": DAILY,
    "stops": STOPS
    + "plaza,Plaza de Armas,-8.1110,-79.0290\n"
    + "grau,Av. Miguel Grau,-8.1150,-79.0330\n"
    + "mall,Mall Aventura,-8.1030,-79.0480\n"
    + "near,Óvalo Mansiche,-8.1031,-79.0460\n"  # 220 m from the mall
    + "beach,Huanchaco,-8.0800,-79.1200\n"
    + "esp,Avenida España,-8.1120,-79.0250\n"
    + "lar,Avenida Larco,-8.1130,-79.0255\n",
    "routes": ROUTES + "r1,1,C-06,Centro – Mall,3\nr2,1,M-02,Mansiche – Playa,3\n"
    "r3,1,C-09,Centro – Mall por fuera,3\n",
    "trips": TRIPS + "r1,diario,t1,Mall,0\nr2,diario,t2,Huanchaco,0\nr3,diario,t3,Mall,0\n",
    "stop_times": TIMES
    + "t1,08:00:00,08:00:00,plaza,1\nt1,08:05:00,08:05:00,grau,2\nt1,08:20:00,08:20:00,mall,3\n"
    + "t2,08:00:00,08:00:00,near,1\nt2,08:25:00,08:25:00,beach,2\n"
    + "t3,08:00:00,08:00:00,plaza,1\nt3,08:12:00,08:12:00,mall,2\n",
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\n"
    "t1,06:00:00,09:00:00,300,0\nt1,09:00:00,20:00:00,600,0\n",
}


@pytest.fixture
def tables(tmp_path):
    opened = Tables(None)
    load(opened, "trujillo", write_feed(tmp_path / "feed.zip", FILES))
    yield opened
    opened.close()


def go(tables, origin, destination):
    return routes_between.run(
        access(tables, "PE", NOW), {"origin": origin, "destination": destination}
    )


def lines(result):
    return [c.document.text[c.start : c.end] for c in result.lines]


def test_direct_rides_the_shortest_first_with_ride_and_headway(tables):
    assert lines(go(tables, "plaza de armas", "mall aventura")) == [
        "C-09 – Mall: de Plaza de Armas a Mall Aventura, unos 12 min de viaje.",
        "C-06 – Mall: de Plaza de Armas a Mall Aventura, unos 20 min de viaje, cada 5–10 min.",
    ]


def test_no_ride_goes_backwards(tables):
    result = go(tables, "mall aventura", "plaza de armas")
    assert result.lines == () and result.notices == ()


def test_a_change_on_foot_is_told(tables):
    result = go(tables, "Plaza de Armas", "Huanchaco")
    assert lines(result)[0] == (
        "C-09 – Mall: de Plaza de Armas a Mall Aventura, unos 12 min de viaje; camina 220 m y toma "
        "M-02 – Huanchaco: de Óvalo Mansiche a Huanchaco, unos 25 min de viaje."
    )
    assert result.notices == ("change",)
    assert [p.label for p in result.points] == [
        "Plaza de Armas", "Mall Aventura", "Óvalo Mansiche", "Huanchaco",
    ]  # fmt: skip


def test_an_end_that_is_no_stop_is_said(tables):
    assert go(tables, "Chan Chan", "Huanchaco").unable == "unknown origin"
    assert go(tables, "Plaza de Armas", "Chan Chan").unable == "unknown destination"


def test_it_is_said_in_place_of_there_being_no_route(tables):
    given = {"origin": "Chan Chan", "destination": "Chan"}
    house = access(tables, "PE", NOW)
    result = routes_between.run(house, given)
    call = Call("routes_between", "PE", given)
    found = finding_of(loaded()["routes_between"], call, result, house, Rows())
    assert found["text"].endswith("no hay un paradero que se llame «Chan Chan».")
    assert [n for n in found["notices"] if "«Chan»" in n] == found["notices"][-1:]
    assert "recorrido" not in found["text"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("la plaza de armas", {"plaza"}),
        ("PZA. ARMAS", {"plaza"}),
        ("avenida miguel grau", {"grau"}),
        ("grau", {"grau"}),
        ("ovalo mansice", {"near"}),
        ("Huanchako", {"beach"}),
        ("Av. España con Av. Larco", {"esp", "lar"}),
        ("españa y larco", {"esp", "lar"}),
        ("Av. España con Av. Grau", set()),
        ("la", set()),
        ("", set()),
    ],
)
def test_stops_are_found_by_the_names_that_people_give(tables, said, meant):
    assert {s.id for s in find_stops(tables, said, [tables.dataset("trujillo")])} == meant


def test_what_only_a_sign_names_is_where_the_vehicle_ends(tmp_path):
    trips = TRIPS + "r1,diario,t1,Mall,0\nr2,diario,t2,Villa del Mar,0\nr3,diario,t3,Mall,0\n"
    signed = Tables(None)
    load(signed, "trujillo", write_feed(tmp_path / "feed.zip", FILES | {"trips": trips}))
    feed = signed.dataset("trujillo")
    assert [s.id for s in find_stops(signed, "villa del mar", [feed])] == ["beach"]
    assert [s.id for s in find_stops(signed, "mall", [feed])] == ["mall"]
    assert len(go(signed, "Óvalo Mansiche", "Villa del Mar").lines) == 1
    signed.close()


def test_words_that_say_nothing_count_where_nothing_else_is_said():
    assert spoken("la calle") == ("calle",)
    assert spoken("Av. de la Marina") == ("marina",)


def test_far_apart_meanings_are_asked_about_and_their_names_settle_it(tmp_path):
    files = FILES | {"stops": FILES["stops"] + "j,Jirón Grau,-8.3,-79.3\nc,Calle Grau,-8.5,-79.5\n"}
    with_homonyms = Tables(None)
    load(with_homonyms, "trujillo", write_feed(tmp_path / "more.zip", files))
    argument, labels = go(with_homonyms, "Plaza de Armas", "Grau").alternatives
    assert argument == "destination" and set(labels) == {"Jirón Grau", "Calle Grau"}
    for label in labels:
        assert go(with_homonyms, "Plaza de Armas", label).alternatives is None
    with_homonyms.close()


def test_another_tenants_feed_is_not_seen(tmp_path):
    hidden = Tables(None)
    load(hidden, "reserva", write_feed(tmp_path / "feed.zip", FILES), tenant="elsewhere")
    assert go(hidden, "Plaza de Armas", "Mall Aventura").lines == ()
    hidden.close()


def test_where_one_may_not_board_or_alight_no_ride_begins_or_ends(tmp_path):
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
        "t1,08:00:00,08:00:00,plaza,1,1,0\nt1,08:05:00,08:05:00,grau,2,0,0\n"
        "t1,08:20:00,08:20:00,mall,3,0,1\nt1,08:30:00,08:30:00,beach,4,0,0\n"
    )
    closed = Tables(None)
    load(closed, "trujillo", write_feed(tmp_path / "feed.zip", FILES | {"stop_times": times}))
    assert go(closed, "Plaza de Armas", "Huanchaco").lines == ()
    assert go(closed, "Grau", "Mall Aventura").lines == ()
    assert len(go(closed, "Grau", "Huanchaco").lines) == 1
    closed.close()


def test_a_ride_without_times_is_told_without_minutes(tmp_path):
    times = TIMES + "t1,08:00:00,08:00:00,plaza,1\nt1,,,grau,2\nt1,08:20:00,08:20:00,mall,3\n"
    timeless = Tables(None)
    load(timeless, "trujillo", write_feed(tmp_path / "feed.zip", FILES | {"stop_times": times}))
    assert lines(go(timeless, "Plaza de Armas", "Av. Miguel Grau")) == [
        "C-06 – Mall: de Plaza de Armas a Av. Miguel Grau, cada 5–10 min."
    ]
    timeless.close()
