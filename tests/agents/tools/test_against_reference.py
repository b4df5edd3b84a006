"""The transport tools over real feeds, against what pandas finds in the zip's own files."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from agents.tools.next_departures import next_departures
from agents.tools.routes_between import routes_between
from agents.tools.stops_near import RADIUS_M, WIDEST_M, stops_near
from agents.transit.departures import board
from agents.transit.journeys import journeys
from agents.transit.stops import find_stops, meanings
from retrieval.places import Place
from retrieval.tables import Tables
from tests.agents.tools.feeds import REAL, access, load, needs_feeds
from tests.agents.tools.reference import JOURNEYS, Feed

pytestmark = [needs_feeds, pytest.mark.slow]
CASES = 200


@pytest.fixture(scope="module", params=REAL)
def city(request):
    """One feed in the tables, and the reference over the same file."""
    source_id, path, country, language = request.param
    tables = Tables(None)
    feed = load(tables, source_id, path, country, language)
    reference = Feed(path)
    yield SimpleNamespace(
        tables=tables,
        feed=feed,
        reference=reference,
        country=country,
        chance=random.Random(2026),  # a fixed draw: a red run can be repeated
        names=sorted(set(reference.stops["stop_name"])),
        trips=sorted(set(reference.stop_times["trip_id"])),
        access=lambda now: access(tables, country, now),
        now=datetime(2026, 11, 25, 8, 30, tzinfo=reference.zone),
    )
    tables.close()


def two_names(city):
    """Any two stops or, as often, two of one trip or of trips that meet: a thin feed has few."""
    if city.chance.random() < 0.3:
        return city.chance.sample(city.names, 2)
    times, walks = city.reference.stop_times, city.reference.walks
    trip = city.chance.choice(city.trips)
    stops = list(times.loc[times["trip_id"] == trip, "stop_id"])
    origin, change = city.chance.choice(stops), city.chance.choice(stops)
    if city.chance.random() < 0.6:
        near = set(walks.loc[walks["off"] == change, "on"])
        trip = city.chance.choice(sorted(set(times.loc[times["stop_id"].isin(near), "trip_id"])))
        stops = list(times.loc[times["trip_id"] == trip, "stop_id"])
    names = city.reference.stops.set_index("stop_id")["stop_name"]
    return names[origin], names[city.chance.choice(stops)]


def test_stops_near_a_place_are_the_same_in_the_same_order(city):
    stops = city.reference.stops
    kinds = ["comuna", "district", "city", "municipality", "province", "region"]
    for case in range(CASES):
        row = stops.iloc[city.chance.randrange(len(stops))]
        lat = row["lat"] + city.chance.gauss(0, 0.02)
        lon = row["lon"] + city.chance.gauss(0, 0.02)
        kind, limit = city.chance.choice(kinds), city.chance.randint(1, 12)
        place = Place(city.country, str(case), f"Lugar {case}", kind, (), lat, lon)
        result = stops_near.run(city.access(city.now), {"place": place, "limit": limit})
        expected, total = city.reference.near(lat, lon, RADIUS_M.get(kind, WIDEST_M), limit)
        assert [p.label for p in result.points] == list(expected["stop_name"])
        assert result.values["total"] == str(total)
        assert result.values["shown"] == str(len(expected))
        for line, (_, stop) in zip(result.lines, expected.iterrows(), strict=True):
            text = line.document.text[line.start : line.end]
            assert text.startswith(f"{stop['stop_name']}: a ")
            for route in city.reference.routes_at.get(stop["stop_id"], [])[:12]:
                assert route in text


def test_names_find_the_same_stops(city):
    for name in city.chance.sample(city.names, CASES):
        found = {stop.id for stop in find_stops(city.tables, name, [city.feed])}
        assert found == city.reference.named(name), name


def test_the_best_journeys_are_the_same(city):
    direct = changed = 0
    for _ in range(CASES // 2):
        ends = []
        for name in two_names(city):
            ids = city.reference.named(name)
            if city.chance.random() < 0.5:  # a single stop, as on a short street
                ids = {city.chance.choice(sorted(ids))}
            ends.append(sorted(ids))
        found = journeys(city.tables, city.feed, *ends)
        expected = city.reference.direct(*ends)
        if expected:
            direct += 1
            assert all(len(journey.legs) == 1 for journey in found)
            assert {j.legs[0].route_id for j in found} <= {key[0] for key in expected}
        else:
            expected = city.reference.changes(*ends)
            changed += bool(expected)
            routes = city.reference.trips.set_index("trip_id")["route_id"]
            pairs = {(routes[a], routes[b], total) for (a, b), total in expected.items()}
            assert {(*(leg.route_id for leg in j.legs), j.total_s) for j in found} <= pairs
        assert [j.total_s for j in found] == sorted(expected.values())[:JOURNEYS]
        ranked = sorted(expected.values())
        if expected and len(found[0].legs) == 1 and len(ranked) <= JOURNEYS:
            assert sorted(j.legs[0].route_id for j in found) == sorted(k[0] for k in expected)
    assert direct > 5 and changed > 5


def test_next_departures_are_the_same(city):
    shown = 0
    for _ in range(CASES):
        name = city.chance.choice(city.names)
        now = city.now + timedelta(minutes=city.chance.randrange(14 * 24 * 60))
        stops = find_stops(city.tables, name, [city.feed])
        found = board(city.tables, city.feed.source_id, stops, now)
        expected = city.reference.departures({stop.id for stop in stops}, now)
        told = [
            (round(d.at.timestamp()), d.route_id, d.stop_id, d.until and round(d.until.timestamp()))
            for d in found.departures
        ]
        assert told == expected, (name, now)
        shown += len(told)
        if len(meanings(stops)) <= 1:
            result = next_departures.run(city.access(now), {"stop": name})
            assert len(result.lines) == len(expected)
    assert shown > CASES


def test_a_journey_is_told_in_lines_that_stand_in_their_document(city):
    told = 0
    for _ in range(60):
        origin, destination = two_names(city)
        result = routes_between.run(
            city.access(city.now), {"origin": origin, "destination": destination}
        )
        if result.alternatives is not None:
            argument, labels = result.alternatives
            assert argument in ("origin", "destination") and len(set(labels)) > 1
            continue
        for line in result.lines:
            text = line.document.text[line.start : line.end]
            assert text and text.endswith(".") and "\n" not in text
            told += 1
    assert told > 20
