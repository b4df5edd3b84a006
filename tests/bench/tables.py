"""Speed of open data as tables, over the real files: DEIS, Trujillo and São Paulo.

    python tests/bench/tables.py

Measures reading into standard columns, loading into DuckDB, a second sync of what did not change, and
what a tool waits for: three queries and a row's document, cached and not. Ends with one JSON line.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from retrieval.table_sync import load
from retrieval.tables import Tables
from sources import connectors
from sources.catalog import read_catalog

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FILES = {
    "cl-deis": "cl-deis-establecimientos/establecimientos_20260310.csv",
    "pe-trujillo-gtfs": "gtfs/pe-trujillo/gtfs.zip",
    "br-saopaulo-gtfs": "gtfs/br-saopaulo-subset/saopaulo.zip",
}
ROUNDS = 100
NEAREST = """SELECT name, address FROM health_facilities
WHERE source_id = 'cl-deis' AND emergency
ORDER BY (latitude + 33.45) * (latitude + 33.45) + (longitude + 70.66) * (longitude + 70.66) LIMIT 5"""
AT_STOP = """SELECT DISTINCT r.route_short_name FROM gtfs_stop_times st
JOIN gtfs_trips t USING (source_id, trip_id) JOIN gtfs_routes r USING (source_id, route_id)
WHERE st.source_id = 'pe-trujillo-gtfs' AND st.stop_id = '1286991513'"""
BY_NAME = """SELECT id FROM health_facilities
WHERE source_id = 'cl-deis' AND strip_accents(lower(name)) LIKE '%cesfam%' LIMIT 5"""


def main() -> None:
    if not DATA.is_dir():
        sys.exit("tables: the shared open data are not beside this project.")
    with tempfile.TemporaryDirectory() as scratch:
        tables = Tables(Path(scratch) / "tables.duckdb")
        try:
            report = {"bench": "tables", **loading(tables), **asking(tables)}
        finally:
            tables.close()
        megabytes = (Path(scratch) / "tables.duckdb").stat().st_size / 1e6
    print(f"{megabytes:.1f} MB on disk\n")
    print(json.dumps(report | {"megabytes": round(megabytes, 1)}))


def loading(tables: Tables) -> dict[str, object]:
    """Seconds per data set, printed and returned."""
    catalog = read_catalog()
    result: dict[str, object] = {}
    total = 0.0
    print(f"{'data set':<20}{'rows':>8}{'read s':>9}{'read+load s':>13}{'unchanged s':>13}")
    for source_id, path in FILES.items():
        entry, origin = catalog[source_id], str(DATA / path)
        reader = connectors.load_tables(entry.connector)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            rows = reader(entry, origin, Path(folder), None).rows
            read = time.perf_counter() - began
        first = timed(lambda e=entry, o=origin: load(e, o, tables))  # type: ignore[misc]
        again = timed(lambda e=entry, o=origin: load(e, o, tables))  # type: ignore[misc]
        total += first
        print(f"{source_id:<20}{rows:>8}{read:>9.2f}{first:>13.2f}{again:>13.2f}")
        result[source_id] = {
            "rows": rows,
            "read_s": round(read, 3),
            "load_s": round(first, 3),
            "unchanged_s": round(again, 3),
        }
    print(f"{'together':<20}{'':>17}{total:>13.2f}\n")
    return result | {"together_s": round(total, 3)}


def asking(tables: Tables) -> dict[str, object]:
    """Milliseconds that a tool waits, median of many, printed and returned."""
    document_id = tables.document_id("cl-deis", "health_facilities", "126704")
    asked: dict[str, Callable[[], object]] = {
        "nearest emergency room": lambda: tables.query(NEAREST),
        "routes at a stop": lambda: tables.query(AT_STOP),
        "facilities by name": lambda: tables.query(BY_NAME),
        "data sets of a role": lambda: tables.datasets("health_facilities", ["CL"]),
        "a row's document, first": lambda: tables._read_document(document_id, 0),
        "a row's document, again": lambda: tables.document(document_id),
    }
    result = {}
    for name, ask in asked.items():
        median = 1000 * statistics.median(timed(ask) for _ in range(ROUNDS))
        print(f"{name:<26}{median:>8.2f} ms")
        result[name] = round(median, 3)
    return {"median_ms": result}


def timed(do: Callable[[], object]) -> float:
    """Seconds that `do` takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
