"""How long the transport tools take over real timetables: Trujillo's whole feed, São Paulo's subset.

    python tests/bench/transport_tools.py [--calls N] [--fares]

Each tool is called with names, places and moments drawn from the feed itself (one fixed draw), one call
at a time, after one call that reads the names of the stops, which is measured apart. `cpu95` are the
milliseconds that all threads of this process worked: on a busy machine the steadier figure. `--fares`
adds the tools that search the seed corpus. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agents.toolkit import Access
from agents.tools.fares import fares
from agents.tools.licence_category import Vehicle, licence_category
from agents.tools.next_departures import next_departures
from agents.tools.routes_between import routes_between
from agents.tools.stops_near import stops_near
from retrieval.places import Place
from retrieval.tables import Tables
from tests.agents.tools.feeds import SAO_PAULO, TRUJILLO, access, load
from ui.assemble import open_house
from ui.settings import Settings

CITIES = {
    "Trujillo": ("pe-trujillo", TRUJILLO, "PE", "es", "America/Lima"),
    "São Paulo": ("br-sptrans", SAO_PAULO, "BR", "pt", "America/Sao_Paulo"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200, help="calls of each tool (default 200)")
    parser.add_argument("--fares", action="store_true", help="the tools that search, too")
    options = parser.parse_args()
    report: dict[str, dict[str, float]] = {}
    print(
        f"{'tool':<28}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'cpu95':>9}{'answered':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for city, (source_id, path, country, language, zone) in CITIES.items():
            tables = Tables(Path(folder) / f"{source_id}.duckdb")
            load(tables, source_id, path, country, language)
            now = datetime(2026, 11, 25, 8, 30, tzinfo=ZoneInfo(zone))
            for name, call in timetable_calls(tables, source_id, country, now):
                report[f"{city}: {name}"] = measure(f"{city}: {name}", call, options.calls)
            tables.close()
        if options.fares:
            with open_house(Settings(home=Path(folder) / "home")) as house:
                house.sync("seed")
                for name, call in document_calls(house.searcher):
                    report[name] = measure(name, call, options.calls)
    print(json.dumps({"bench": "transport_tools", "calls": options.calls, **report}))


def timetable_calls(tables: Tables, source_id: str, country: str, now: datetime):
    """The tools over one feed, each as a call with arguments drawn anew."""
    chance = random.Random(7)
    rows = tables.query(
        "SELECT stop_name, stop_lat, stop_lon FROM gtfs_stops WHERE source_id = ?", source_id
    )
    names = sorted({row["stop_name"] for row in rows})

    def near() -> bool:
        row = chance.choice(rows)
        place = Place(country, "x", "Lugar", chance.choice(["district", "municipality", "province"]),
                      (), row["stop_lat"], row["stop_lon"])  # fmt: skip
        return bool(stops_near.run(access(tables, country, now), {"place": place}).lines)

    def between() -> bool:
        ends = {"origin": chance.choice(names), "destination": chance.choice(names)}
        result = routes_between.run(access(tables, country, now), ends)
        return bool(result.lines or result.alternatives)

    def departures() -> bool:
        at = now + timedelta(minutes=chance.randrange(7 * 24 * 60))
        result = next_departures.run(access(tables, country, at), {"stop": chance.choice(names)})
        return bool(result.lines or result.alternatives)

    return [("stops_near", near), ("routes_between", between), ("next_departures", departures)]


def document_calls(searcher):
    """The tools over the seed corpus."""
    chance = random.Random(7)
    systems = ["red", "metro", "bus", "metropolitano", "linea1", "omsa", None]
    vehicles = Vehicle.__args__  # type: ignore[attr-defined]

    def given() -> Access:
        now = datetime(2026, 11, 25, 8, 30, tzinfo=ZoneInfo("America/Lima"))
        return access(None, chance.choice(["CL", "PE", "BR", "DO"]), now, searcher)

    def price() -> bool:
        arguments = {
            "system": chance.choice(systems),
            "passenger": chance.choice(["student", None]),
        }
        return bool(fares.run(given(), arguments).parts)

    def licence() -> bool:
        return bool(licence_category.run(given(), {"vehicle": chance.choice(vehicles)}).parts)

    return [("fares", price), ("licence_category", licence)]


def measure(name: str, call, calls: int) -> dict[str, float]:
    """Milliseconds of `calls` calls after a first one, and how many found something."""
    begun = time.perf_counter()
    call()
    first = (time.perf_counter() - begun) * 1000
    took, worked, answered = [], [], 0
    for _ in range(calls):
        begun, work = time.perf_counter(), time.process_time()
        answered += call()
        took.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - work) * 1000)
    took.sort()
    worked.sort()
    p50, p95 = (took[min(calls - 1, int(calls * share))] for share in (0.5, 0.95))
    told = {"first": first, "p50": p50, "p95": p95, "max": took[-1]}
    told["cpu95"] = worked[min(calls - 1, int(calls * 0.95))]
    figures = "".join(f"{value:>{10 if key == 'first' else 9}.1f}" for key, value in told.items())
    print(f"{name:<28}{figures}{answered:>10}")
    return {key: round(value, 1) for key, value in told.items()} | {"answered": answered}


if __name__ == "__main__":
    main()
