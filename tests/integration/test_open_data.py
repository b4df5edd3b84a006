"""The real open data, from the catalogue's entries to rows, documents and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.tables import Tables
from sources import connectors
from sources.catalog import read_catalog
from sources.tables import roles
from ui.assemble import House, open_house
from ui.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
FILES = {
    "cl-deis": "cl-deis-establecimientos/establecimientos_20260310.csv",
    "pe-sunedu": "pe-sunedu/sunedu-licenciamiento-20210114.csv",
    "pe-atu-paraderos": "pe-atu-paraderos/2021-05-24-lima-atu-paraderos.csv",
    "pe-ubigeo": "pe-ubigeo/ubigeo_distrito.csv",
    "br-municipios": "br-municipios/municipios.csv",
    "do-provincias": "do-provincias/provincias_rd_postgres.sql",
    "pe-trujillo-gtfs": "gtfs/pe-trujillo/gtfs.zip",
    "br-saopaulo-gtfs": "gtfs/br-saopaulo-subset/saopaulo.zip",
}


def test_the_catalogues_tables_are_off_and_sound() -> None:
    entries = [e for e in read_catalog().values() if connectors.gives_tables(e.connector)]
    assert len(entries) == 16
    for entry in entries:
        assert not entry.enabled and entry.country and entry.agency and entry.url
        assert entry.options.get("role", "gtfs_stops") in roles()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if not DATA.is_dir():
        pytest.skip("the shared open data are not beside this project")
    home = tmp_path_factory.mktemp("home")
    with open_house(Settings(home=home)) as opened:
        for source_id, path in FILES.items():
            opened.sync(source_id, str(DATA / path))
        yield opened


@pytest.fixture(scope="module")
def tables(house: House) -> Tables:
    return house.tables


def count(tables: Tables, table: str, where: str = "true") -> int:
    return int(tables.query(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])


def test_every_set_is_there_with_its_day(tables: Tables) -> None:
    days = {d.source_id: (d.as_of, d.rows) for d in tables.datasets()}
    assert days == {
        "br-municipios": ("2025-12-10", 5598),
        "br-saopaulo-gtfs": ("2020-11-25", 8031),
        "cl-deis": ("2026-03-10", 5160),
        "do-provincias": ("2024-06-13", 415),
        "pe-atu-paraderos": ("2021-05-24", 3123),
        "pe-sunedu": ("2021-01-14", 147),
        "pe-trujillo-gtfs": ("2024-11-12", 24805),
        "pe-ubigeo": ("2022-01-24", 2113),
    }


def test_health_facilities_of_chile(tables: Tables) -> None:
    statuses = tables.query("SELECT DISTINCT status, active FROM health_facilities ORDER BY 1")
    assert [tuple(row.values()) for row in statuses] == [
        ("Operación Transitoria", True),
        ("Vigente en Operación Habitual", True),
    ]
    assert count(tables, "health_facilities", "kind IS NULL") == 0
    assert count(tables, "health_facilities", "kind = 'other'") < 300
    assert count(tables, "health_facilities", "emergency") > 700
    assert count(tables, "health_facilities", "latitude IS NULL") < 100
    assert count(tables, "health_facilities", "territory_code NOT LIKE 'CL-_____'") == 0
    document = tables.document("cl-deis.health_facilities.126704")
    assert document is not None and document.territory == "CL-12201"
    assert document.title == "Hospital Comunitario Cristina Calderón de Puerto Williams"


def test_universities_of_peru(tables: Tables) -> None:
    found = tables.query("SELECT status, count(*) AS n FROM universities GROUP BY 1 ORDER BY 1")
    assert {row["status"]: row["n"] for row in found} == {
        "licensed": 94,
        "denied": 50,
        "other": 1,
        None: 2,
    }


def test_territories_stand_in_one_another(tables: Tables) -> None:
    orphans = (
        "parent_code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM territories p "
        "WHERE p.code = territories.parent_code AND p.source_id = territories.source_id)"
    )
    assert count(tables, "territories", orphans) == 0
    assert count(tables, "territories", "kind = 'department'") == 25
    assert count(tables, "territories", "kind = 'province' AND country = 'PE'") == 196
    assert count(tables, "territories", "kind = 'province' AND country = 'DO'") == 32
    assert count(tables, "territories", "kind = 'province' AND code NOT SIMILAR TO 'DO-[0-9]+'"
                 " AND country = 'DO'") == 0  # fmt: skip
    assert count(tables, "territories", "kind = 'state'") == 27
    assert count(tables, "territories", "iso_3166_2 IS NULL") == 0
    trujillo = tables.row("pe-ubigeo", "territories", "PE-130101")
    assert trujillo is not None and trujillo["parent_code"] == "PE-1301"


def test_timetables_hang_together(tables: Tables) -> None:
    for table, column, target in (
        ("gtfs_stop_times", "trip_id", "gtfs_trips"),
        ("gtfs_stop_times", "stop_id", "gtfs_stops"),
        ("gtfs_trips", "route_id", "gtfs_routes"),
        ("gtfs_frequencies", "trip_id", "gtfs_trips"),
    ):
        lost = (
            f"NOT EXISTS (SELECT 1 FROM {target} t WHERE t.{column} = {table}.{column} "
            f"AND t.source_id = {table}.source_id)"
        )
        assert count(tables, table, lost) == 0, (table, column)
    assert count(tables, "gtfs_stop_times", "source_id = 'pe-trujillo-gtfs'") == 20170
    assert count(tables, "gtfs_stop_times", "arrival_seconds IS NULL") == 0


def test_every_row_of_a_set_can_be_cited(tables: Tables) -> None:
    for role in ("universities", "gtfs_routes", "gtfs_agency", "gtfs_frequencies"):
        for row in tables.query(f"SELECT * FROM {role}"):
            row_id = tables.row_id(role, row)
            assert tables.row(row["source_id"], role, row_id) == row
            document = tables.document(tables.document_id(row["source_id"], role, row_id))
            assert document is not None and document.sections


def test_a_second_reading_changes_nothing(house: House) -> None:
    report = house.sync("cl-deis", str(DATA / FILES["cl-deis"]))
    assert (report.indexed, report.unchanged) == (0, 5160)


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        cwd=home,
        env=os.environ | {"VENTANILLA_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_agencys_table_from_the_command_line(tmp_path: Path) -> None:
    header = "Nombre;Dirección;Comuna;Tipo de establecimiento;Teléfono;Urgencia\n"
    rows = "Posta Uno;Calle 1;Ejemplo;Posta;22 1;NO\n;Calle 2;Ejemplo;Posta;22 2;NO\n"
    (tmp_path / "centros.csv").write_text(header + rows, encoding="latin-1")
    (tmp_path / "mi.yaml").write_text(
        "id: mi-centros\ntitle: Centros\nconnector: tables\norigin: centros.csv\ncountry: CL\n"
    )
    checked = run(tmp_path, "sources", "check", "mi.yaml")
    assert checked.stdout == "1 rows can be read, 1 cannot\n"
    added = run(tmp_path, "sources", "add", "mi.yaml")
    assert "mi-centros: 1 indexed, 0 unchanged, 0 removed, 1 not read" in added.stdout, added.stderr
    assert "not read: 1 row: no name" in added.stderr
    again = run(tmp_path, "sources", "sync", "mi-centros")
    assert "mi-centros: 0 indexed, 1 unchanged" in again.stdout
    (tmp_path / "centros.csv").unlink()
    failed = run(tmp_path, "sources", "sync", "mi-centros")
    assert failed.returncode == 1 and "What was read before stays (1 row, " in failed.stderr
    listed = json.loads(run(tmp_path, "sources", "list", "--json").stdout)
    mine: dict[str, Any] = next(row for row in listed if row["id"] == "mi-centros")
    assert mine["rows"] == 1 and mine["state"].startswith("failed: ")
    assert "1 rows" in run(tmp_path, "sources", "list").stdout
    assert run(tmp_path, "sources", "remove", "mi-centros").stdout == "mi-centros: 1 rows removed\n"
    assert "mi-centros" not in run(tmp_path, "sources", "list").stdout


def test_asking_without_tables_makes_no_file(tmp_path: Path) -> None:
    with open_house(Settings(home=tmp_path)) as house:
        assert house.tables.datasets() == []
    assert not (tmp_path / "tables.duckdb").exists()
