"""Live sources are read anew when they have grown old, and their old copy stays when that fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from retrieval.live import RETRY, Live
from retrieval.tables import Tables
from sources.catalog import CatalogEntry
from sources.errors import CatalogError
from tests.sources.portal import Portal, portal

STATION = {"nombre": "Baquedano", "codigo": "BA", "estado": "0"}


@pytest.fixture
def web() -> Iterator[Portal]:
    with portal() as running:
        yield running


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables(tmp_path / "tables.duckdb")
    yield opened
    opened.close()


def metro(web: Portal, **live: Any) -> CatalogEntry:
    options = {
        "role": "station_status",
        "values": {"estado": {"0": "Abierta", "1": "Cerrada"}},
        "live": {"ttl_seconds": 120, "deadline_seconds": 5} | live,
    }
    return CatalogEntry(
        id="cl-metro",
        title="Metro",
        connector="tables",
        country="CL",
        origin=f"{web.url}/red",
        options=options,
    )


def put(web: Portal, state: str) -> None:
    web.put("/red", json.dumps({"l1": {"estaciones": [STATION | {"estado": state}]}}))


def status(tables: Tables) -> list[str]:
    return [row["status"] for row in tables.query("SELECT status FROM station_status")]


class Clock:
    """The time, moved on by the test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def test_a_young_copy_is_used_and_an_old_one_replaced(web: Portal, tables: Tables) -> None:
    clock = Clock()
    live, entry = Live(clock), metro(web)
    put(web, "0")
    assert live.fresh(entry, tables) and live.fresh(entry, tables)
    assert (len(web.asked), status(tables)) == (1, ["open"])
    put(web, "1")
    clock.ahead = timedelta(seconds=121)
    assert live.fresh(entry, tables)
    assert (len(web.asked), status(tables)) == (2, ["closed"])
    (known,) = tables.datasets("station_status")
    assert known.as_of == known.retrieved_at == date.today().isoformat()


def test_an_old_copy_stays_when_the_source_fails_and_says_of_when_it_is(
    web: Portal, tables: Tables
) -> None:
    clock = Clock()
    live, entry = Live(clock), metro(web)
    put(web, "0")
    assert live.fresh(entry, tables)
    (before,) = tables.datasets()
    web.down = True
    clock.ahead = timedelta(hours=1)
    assert not live.fresh(entry, tables)
    assert status(tables) == ["open"]
    assert tables.datasets() == [before]
    assert "HTTP status 503" in str(live.why(entry))
    assert not live.fresh(entry, tables)
    assert len(web.asked) == 2  # left alone for a while after a failure
    web.down = False
    clock.ahead += RETRY
    assert live.fresh(entry, tables)
    assert live.why(entry) is None


def test_a_slow_source_is_given_up_at_its_deadline(web: Portal, tables: Tables) -> None:
    put(web, "0")
    web.slow_s = 8
    began = monotonic()
    assert not Live().fresh(metro(web, deadline_seconds=0.3), tables)
    assert monotonic() - began < web.slow_s - 1
    assert tables.datasets() == []


def test_many_who_ask_at_once_cause_one_reading(web: Portal, tables: Tables) -> None:
    put(web, "0")
    web.slow_s = 0.2
    live, entry, told = Live(), metro(web), []
    askers = [
        threading.Thread(target=lambda: told.append(live.fresh(entry, tables))) for _ in range(6)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert told == [True] * 6 and len(web.asked) == 1


def test_what_is_asked_by_parameters_is_a_set_of_its_own(web: Portal, tables: Tables) -> None:
    def page(query: dict[str, str]) -> Any:
        if query["offset"] != "0":
            return {"estabelecimentos": []}
        return [{"codigo_cnes": 7, "nome_fantasia": f"UBS de {query['codigo_municipio']}"}]

    web.pages["/cnes"] = page
    entry = CatalogEntry(
        id="br-cnes",
        title="CNES",
        connector="tables",
        country="BR",
        language="pt",
        origin=f"{web.url}/cnes?codigo_municipio={{codigo_municipio}}",
        options={
            "live": {"ttl_seconds": 60},
            "pages": {"parameter": "offset", "size": 20, "pause_seconds": 0},
        },
    )
    live = Live()
    for town in ("355030", "330455"):
        assert live.fresh(entry, tables, codigo_municipio=town)
    assert [d.source_id for d in tables.datasets()] == ["br-cnes.330455", "br-cnes.355030"]
    document = tables.document("br-cnes.355030.health_facilities.7")
    assert document is not None and document.title == "UBS de 355030"
    assert not live.fresh(entry, tables)
    assert "codigo_municipio at a time" in str(live.why(entry))
    assert tables.remove("br-cnes") == 2


def test_a_source_that_is_not_live_is_never_fetched(web: Portal, tables: Tables) -> None:
    entry = metro(web).model_copy(update={"options": {}})
    assert not Live().fresh(entry, tables)
    assert web.asked == []


def test_wrong_options_are_named(web: Portal, tables: Tables) -> None:
    with pytest.raises(CatalogError, match=r"cl-metro: options.live.ttl_seconds"):
        Live().fresh(metro(web, ttl_seconds=0), tables)
