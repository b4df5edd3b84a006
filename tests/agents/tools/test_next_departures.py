"""Departures over small feeds: calendars, nights, frequencies, time zones, feeds that have expired."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agents.tools.next_departures import next_departures
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

LIMA = ZoneInfo("America/Lima")


def feed_files(times="t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:10:00,b,2\n", **more):
    files = {
        "agency": AGENCY.format(zone="America/Lima"),
        "calendar": DAILY,
        "stops": STOPS + "a,Plaza Mayor,-8.11,-79.03\nb,Avenida Grau,-8.12,-79.04\n",
        "routes": ROUTES + "r1,1,C-06,Centro – Playa,3\n",
        "trips": TRIPS + "r1,diario,t1,Playa,0\n",
        "stop_times": TIMES + times,
    }
    return files | more


@pytest.fixture
def ask(tmp_path):
    """Loads a feed and asks it."""
    opened = []

    def asked(files, now, stop="Plaza Mayor", country="PE", language="es", **arguments):
        tables = Tables(None)
        opened.append(tables)
        load(tables, "horarios", write_feed(tmp_path / "feed.zip", files), country)
        given = access(tables, country, now, language=language)
        return next_departures.run(given, {"stop": stop, **arguments})

    yield asked
    for tables in opened:
        tables.close()


def lines(result):
    return [c.document.text[c.start : c.end] for c in result.lines]


def at(hour, minute=0, day=2, month=3, zone=LIMA):
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def test_a_departure_is_a_line_that_stands_in_a_document_of_the_agency(ask):
    result = ask(feed_files(), at(7, 30))
    assert lines(result)[0] == "08:00: C-06 – Playa, desde Plaza Mayor."
    document = result.lines[0].document
    assert document.id.startswith("horarios.next_departures.plaza-mayor-20260302-0730-")
    assert (document.country, document.language, document.tenant) == ("PE", "es", "public")
    assert document.provenance.agency == "Buses" and document.provenance.as_of == "2026-03-01"
    assert document.provenance.url == "https://ejemplo.pe/gtfs"
    assert document.provenance.licence == "CC-BY-4.0"
    assert [(p.label, p.latitude) for p in result.points] == [("Plaza Mayor", -8.11)]
    assert result.notices == ()


def test_what_leaves_tomorrow_is_said_to_be_of_the_next_day(ask):
    assert lines(ask(feed_files(), at(9))) == [
        "08:00 del día siguiente: C-06 – Playa, desde Plaza Mayor."
    ]


def test_nobody_leaves_from_a_last_stop(ask):
    assert lines(ask(feed_files(), at(7), stop="Avenida Grau")) == []


def test_exceptions_add_and_remove_days(ask):
    dates = "service_id,date,exception_type\ndiario,20260302,2\ndiario,20260303,2\n"
    assert lines(ask(feed_files(calendar_dates=dates), at(7))) == []
    weekend = DAILY.replace("1,1,1,1,1,1,1", "0,0,0,0,0,1,1")
    added = "service_id,date,exception_type\ndiario,20260302,1\n"
    assert lines(ask(feed_files(calendar=weekend, calendar_dates=added), at(7))) != []
    assert lines(ask(feed_files(calendar=weekend), at(7))) == []


def test_a_feed_may_have_dates_alone(ask):
    files = feed_files(calendar_dates="service_id,date,exception_type\ndiario,20260302,1\n")
    del files["calendar"]
    assert len(lines(ask(files, at(7)))) == 1


def test_times_past_midnight_belong_to_yesterdays_service(ask):
    night = "t1,24:30:00,24:30:00,a,1\nt1,24:50:00,24:50:00,b,2\n"
    weekday = DAILY.replace("1,1,1,1,1,1,1", "1,0,0,0,0,0,0")  # Monday 2 March, into Tuesday
    found = lines(ask(feed_files(night, calendar=weekday), at(0, 10, day=3)))
    assert found == ["00:30: C-06 – Playa, desde Plaza Mayor."]
    found = lines(ask(feed_files(night, calendar=weekday), at(23, 0)))
    assert found == ["00:30 del día siguiente: C-06 – Playa, desde Plaza Mayor."]
    assert lines(ask(feed_files(night, calendar=weekday), at(0, 40, day=3))) == []


FREQUENT = "trip_id,start_time,end_time,headway_secs,exact_times\nt1,06:00:00,07:00:00,900,{}\n"


def test_exact_frequencies_are_departures(ask):
    later = "t1,00:00:00,00:00:00,b,1\nt1,00:05:00,00:05:00,a,2\nt1,00:09:00,00:09:00,b,3\n"
    found = lines(ask(feed_files(later, frequencies=FREQUENT.format(1)), at(6, 20)))
    assert [line[:5] for line in found] == ["06:20", "06:35", "06:50"]
    found = lines(ask(feed_files(later, frequencies=FREQUENT.format(1)), at(6, 36)))
    assert [line.partition(": ")[0] for line in found] == [
        "06:50", "06:05 del día siguiente", "06:20 del día siguiente",
    ]  # fmt: skip


@pytest.mark.parametrize("exact", ["0", ""])
def test_other_frequencies_are_told_as_every_so_many_minutes(ask, exact):
    found = lines(ask(feed_files(frequencies=FREQUENT.format(exact)), at(6, 20)))
    assert found[0] == (
        "C-06 – Playa, desde Plaza Mayor: cada 15 min entre las 06:00 y las 07:00, sin hora exacta."
    )
    # A trip with frequencies does not leave at the times that only shape it.
    assert not any(line.startswith("08:00") for line in found)


def test_times_are_the_agencys_whatever_the_readers_zone(ask):
    files = feed_files(agency=AGENCY.format(zone="America/Sao_Paulo"))
    lima_0530 = at(5, 30)  # 07:30 in São Paulo
    result = ask(files, lima_0530)
    assert result.values["at"] == "07:30"
    assert lines(result)[0].startswith("08:00:")


@pytest.mark.parametrize(
    ("day", "hour"), [(datetime(2026, 4, 5), "08:00"), (datetime(2026, 9, 6), "08:00")]
)
def test_the_day_when_clocks_change_keeps_its_hours(ask, day, hour):
    """Chile: on 5 April 2026 the clock goes back, on 6 September it goes forward, at midnight."""
    zone = ZoneInfo("America/Santiago")
    files = feed_files(
        "t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:10:00,b,2\n",
        agency=AGENCY.format(zone="America/Santiago"),
        stops=STOPS + "a,Plaza Mayor,-33.43,-70.65\nb,Avenida Grau,-33.44,-70.66\n",
    )
    result = ask(files, day.replace(hour=7, tzinfo=zone), country="CL")
    assert lines(result)[0].startswith(f"{hour}: ")


def test_an_expired_feed_shows_its_last_day_with_the_same_weekday(ask):
    old = DAILY.replace("20260101,20261231", "20250101,20251231")  # ends on a Wednesday
    result = ask(feed_files(calendar=old), at(7))  # a Monday
    assert result.notices == ("old",)
    assert result.values["served"] == "29 de diciembre de 2025"
    assert lines(result)[0].startswith("08:00: ")


def test_a_feed_that_begins_later_has_nothing_today(ask):
    later = DAILY.replace("20260101,20261231", "20260601,20261231")
    result = ask(feed_files(calendar=later), at(7))
    assert lines(result) == [] and result.notices == ()


def test_a_route_narrows_and_an_unknown_one_is_said(ask):
    files = feed_files(
        "t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:10:00,b,2\n"
        "t2,08:05:00,08:05:00,a,1\nt2,08:10:00,08:10:00,b,2\n",
        routes=ROUTES + "r1,1,C-06,Centro – Playa,3\nr2,1,8000-10,Lapa,3\n",
        trips=TRIPS + "r1,diario,t1,Playa,0\nr2,diario,t2,Lapa,0\n",
    )
    assert len(lines(ask(files, at(7)))) == 4
    assert lines(ask(files, at(7), route="c06"))[0] == "08:00: C-06 – Playa, desde Plaza Mayor."
    for line in lines(ask(files, at(7), route="la 8000 que va a Lapa")):
        assert "8000-10 – Lapa" in line
    assert ask(files, at(7), route="999").notices == ("unknown route",)


def test_a_stop_that_is_not_there_is_said(ask):
    result = ask(feed_files(), at(7), stop="Óvalo Papal")
    assert result.lines == () and result.unable == "unknown stop"


def test_stops_far_apart_of_one_name_are_asked_about(ask):
    files = feed_files(
        "t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:10:00,b,2\n",
        stops=STOPS + "a,Jirón Grau,-8.11,-79.03\nb,Calle Grau,-8.30,-79.20\n",
    )
    result = ask(files, at(7), stop="Grau")
    assert result.alternatives == ("stop", ("Calle Grau", "Jirón Grau"))
    again = ask(files, at(7), stop="Jirón Grau")
    assert again.alternatives is None and len(again.lines) == 2


def test_an_answer_keeps_its_words_when_another_is_made(ask):
    early, late = ask(feed_files(), at(7)), ask(feed_files(), at(9))
    assert early.lines[0].document.id != late.lines[0].document.id


def test_the_documents_language_is_the_data_sets(ask):
    result = ask(feed_files(), at(7), language="pt")
    assert "desde Plaza Mayor" in lines(result)[0]
