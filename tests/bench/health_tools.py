"""Latency of the tools of health and education that read tables, over Chile's register of facilities.

    python tests/bench/health_tools.py [--calls N]

Each tool is called N times for random places and arguments, one call at a time, rows made into
documents included. Facilities are the 5,160 open ones of the register (DEIS), universities the 147
of SUNEDU; schools and pharmacies on duty are as many rows as facilities, made of the same
register, because no such file is beside the project. The last lines are the tools that
decide by documents, over the seed corpus. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agents.toolkit import Age
from agents.toolkit.loader import loaded
from retrieval.tables import Tables
from tests.agents.tools.data import (
    DEIS,
    NOON,
    SHARED,
    SUNEDU,
    access,
    catalogued,
    dataset,
    place,
    write,
)
from ui.assemble import open_house
from ui.settings import Settings

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
LIMIT_MS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency of the tools of health and education.")
    parser.add_argument("--calls", type=int, default=300, help="calls of each tool (default 300)")
    options = parser.parse_args()
    if not (DEIS.exists() and SUNEDU.exists()):
        parser.error(f"the registers are not in {SHARED}")
    with tempfile.TemporaryDirectory() as scratch:
        report = measured(Path(scratch), options.calls)
    print(f"{'tool':<26}{'calls':>6}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, row in report.items():
        print(f"{name:<26}{row['calls']:>6}{row['p50']:>9.1f}{row['p95']:>9.1f}{row['max']:>9.1f}")
    worst = max(row["p95"] for row in report.values())
    print(
        json.dumps(
            {"bench": "health_tools", "limit_ms": LIMIT_MS, "worst_p95_ms": worst, "tools": report}
        )
    )


def measured(folder: Path, calls: int) -> dict[str, dict[str, float]]:
    """Tool → its figures."""
    tables = Tables(folder / "tables.duckdb")
    rows = list(csv.DictReader(catalogued("cl-deis", DEIS, tables, folder).open(encoding="utf-8")))
    catalogued("pe-sunedu", SUNEDU, tables, folder)
    for role, source in (("schools", "cl-schools"), ("pharmacies_on_duty", "cl-turns")):
        made = [like(row, role) for row in rows]
        tables.replace(dataset(source, "CL"), {role: write(folder / f"{role}.csv", role, made)})
    names = [row["name"] for row in tables.query("SELECT name FROM universities")]
    codes = sorted({row["territory_code"].removeprefix("CL-") for row in rows})
    chance = random.Random(1)
    with open_house(Settings(home=folder / "home")) as house:
        house.sync("seed")
        here = {c: access(tables, house.searcher, c, now=NOON) for c in ("CL", "PE", "BR", "DO")}
        comuna = lambda: place("CL", chance.choice(codes), "x")  # noqa: E731
        runs: dict[str, Callable[[], object]] = {
            "health_facilities_near": lambda: run(
                "health_facilities_near",
                here["CL"],
                place=comuna(),
                kind=chance.choice(KINDS),
                emergency=chance.random() < 0.3,
            ),
            "schools_near": lambda: run(
                "schools_near",
                here["CL"],
                place=comuna(),
                ownership=chance.choice((None, "public", "private")),
            ),
            "pharmacies_on_duty": lambda: run("pharmacies_on_duty", here["CL"], place=comuna()),
            "university_licensed": lambda: run(
                "university_licensed", here["PE"], name=chance.choice(names).title()
            ),
            "insurance_branch": lambda: run(
                "insurance_branch", here[chance.choice(["CL", "PE", "BR", "DO"])]
            ),
            "eligibility": lambda: run(
                "eligibility", here["CL"], programme="gratuidad", percent="40"
            ),
            "process_dates": lambda: run("process_dates", here["CL"], process="fuas"),
            "vaccines_due": lambda: run("vaccines_due", here["BR"], age=Age(chance.randint(0, 60))),
        }
        report = {name: figures(name, each, calls) for name, each in runs.items()}
    tables.close()
    return report


def like(row: dict[str, str], role: str) -> dict[str, str]:
    """A row of another role in the place of a facility."""
    shared = (
        "id",
        "name",
        "address",
        "municipality",
        "region",
        "territory_code",
        "latitude",
        "longitude",
        "phone",
        "ownership",
        "active",
    )
    kept = {
        name: row[name]
        for name in shared
        if not (role != "schools" and name in ("ownership", "active"))
    }
    if role == "schools":
        return {name: value for name, value in kept.items() if name != "phone"}
    return kept | {"date": NOON.date().isoformat(), "opens": "09:00:00", "closes": "08:59:00"}


def run(tool: str, given: object, **arguments: object) -> object:
    return loaded()[tool].tool.function(given, **arguments)  # type: ignore[arg-type]


def figures(name: str, call: Callable[[], object], calls: int) -> dict[str, float]:
    call()
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken, n=20)
    return {
        "calls": calls,
        "p50": round(statistics.median(taken), 2),
        "p95": round(cuts[18], 2),
        "max": round(max(taken), 2),
    }


if __name__ == "__main__":
    main()
