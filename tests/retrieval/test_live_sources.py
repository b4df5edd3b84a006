"""A live source is read before its tool is called, for the place that is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from retrieval.live import Live
from retrieval.live_sources import LiveSources
from retrieval.tables import Tables
from sources.catalog import CatalogEntry

BY_PLACE = CatalogEntry(
    id="br-live",
    title="Por município",
    connector="tables",
    country="BR",
    options={
        "role": "health_facilities",
        "place_code": {"codigo_municipio": 6},
        "live": {"ttl_seconds": 60},
    },
)
WHOLE = CatalogEntry(
    id="cl-live",
    title="De una vez",
    connector="tables",
    country="CL",
    options={"role": "pharmacies_on_duty", "live": {"ttl_seconds": 60}},
)
STILL = CatalogEntry(
    id="cl-still", title="Fija", connector="tables", country="CL", options={"role": "schools"}
)
TABLES = Tables(None)


class Recorded(Live):
    """Notes what it is asked for, and fails where it is told to."""

    def __init__(self, works: bool = True) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.works = works

    def fresh(self, entry: CatalogEntry, tables: Tables, **parameters: str) -> bool:
        self.asked.append((entry.id, parameters))
        return self.works


@pytest.fixture
def live() -> Recorded:
    return Recorded()


@pytest.fixture
def sources(live: Recorded) -> LiveSources:
    return LiveSources([BY_PLACE, WHOLE, STILL], live)


@pytest.mark.parametrize(
    ("roles", "countries", "expected"),
    [
        (["health_facilities"], ["BR"], True),
        (["health_facilities"], ["CL"], False),
        (["schools", "pharmacies_on_duty"], ["PE", "CL"], True),
        (["schools"], ["CL"], False),  # read by `sources sync` alone
    ],
)
def test_what_stands_behind_a_role(
    sources: LiveSources, roles: list[str], countries: list[str], expected: bool
) -> None:
    assert sources.covers(roles, countries) is expected


@pytest.mark.parametrize(
    ("country", "roles", "places", "asked"),
    [
        ("CL", ["pharmacies_on_duty"], [], [("cl-live", {})]),
        ("BR", ["health_facilities"], [{"code": "3550308"}], [("br-live", {"codigo_municipio": "355030"})]),
        ("BR", ["health_facilities"], [{"code": "35"}, {"code": None}], []),
        ("BR", ["health_facilities"], [], []),
        ("PE", ["health_facilities"], [{"code": "150101"}], []),
    ],
)  # fmt: skip
def test_what_is_asked_of_it(
    sources: LiveSources, live: Recorded, country: str, roles: list[str], places: list[Any], asked: Any
) -> None:  # fmt: skip
    sources.bring(TABLES, roles, country, places)
    assert live.asked == asked


def test_a_source_that_fails_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    failing = Recorded(works=False)
    LiveSources([WHOLE], failing).bring(TABLES, ["pharmacies_on_duty"], "CL", [])
    assert failing.asked == [("cl-live", {})]
    assert "cl-live" in caplog.text


def test_an_agencys_own_source_is_asked_for_its_own_people_only(live: Recorded) -> None:
    own = WHOLE.model_copy(update={"id": "muni-live", "owner": "muni", "tenant": "muni"})
    sources, roles = LiveSources([own], live), ["pharmacies_on_duty"]
    assert not sources.covers(roles, ["CL"])
    assert not sources.covers(roles, ["CL"], ("public", "hospital"))
    assert sources.covers(roles, ["CL"], ("public", "muni"))
    sources.bring(TABLES, roles, "CL", [])
    sources.bring(TABLES, roles, "CL", [], ("public", "hospital"))
    assert live.asked == []
    sources.bring(TABLES, roles, "CL", [], ("public", "muni"))
    assert live.asked == [("muni-live", {})]
