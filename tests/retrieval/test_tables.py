"""Tables are loaded whole or not at all, asked in SQL, and cited row by row."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.tables import Dataset, Tables, _slug, _unslug
from sources.document import Field, Verification
from sources.errors import CatalogError, IndexUnavailable, SourceError
from sources.tables import ROW_COLUMNS, roles

ROOT = Path(__file__).resolve().parents[2]


def dataset(source_id: str = "cl-x", **fields: Any) -> Dataset:
    known = {
        "title": "Centros",
        "agency": "Ministerio de Salud",
        "licence": "CC-BY-4.0",
        "url": "https://salud.example",
        "country": "CL",
        "language": "es",
        "as_of": "2026-03-10",
        "retrieved_at": "2026-11-25",
        "verification": "official",
        "tenant": "public",
        "sectors": ("health",),
        "roles": (),
        "rows": 0,
    }
    return Dataset(source_id=source_id, **(known | fields))


def written(folder: Path, role: str, *rows: dict[str, object]) -> dict[str, Path]:
    """A normalised CSV, as connectors write it."""
    import csv

    path = folder / f"{role}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, roles()[role].names)
        writer.writeheader()
        writer.writerows(rows)
    return {role: path}


HOSPITAL: dict[str, object] = {
    "id": "126-704/Ñ",
    "name": 'Hospital "Cristina", Puerto Williams',
    "kind": "hospital",
    "kind_label": "Hospital",
    "ownership": "public",
    "emergency": "true",
    "address": "Calle O'Higgins 246",
    "municipality": "Cabo de Hornos",
    "territory_code": "CL-12201",
    "latitude": "-54.93521",
    "longitude": "-67.6",
    "phone": "61 245 3636",
}


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables(tmp_path / "home" / "tables.duckdb")
    yield opened
    opened.close()


def names(tables: Tables, source_id: str = "cl-x") -> list[str]:
    query = "SELECT name FROM health_facilities WHERE source_id = ? ORDER BY row_no"
    return [row["name"] for row in tables.query(query, source_id)]


def test_rows_come_back_typed_and_in_order(tables: Tables, tmp_path: Path) -> None:
    rows = [HOSPITAL, {"id": "2", "name": "Posta"}]
    tables.replace(dataset(), written(tmp_path, "health_facilities", *rows))
    first, second = tables.query("SELECT * FROM health_facilities ORDER BY row_no")
    assert tuple(first) == (*ROW_COLUMNS, *roles()["health_facilities"].names)
    assert (first["source_id"], first["country"], first["row_no"]) == ("cl-x", "CL", 1)
    assert (first["emergency"], first["latitude"]) == (True, -54.93521)
    assert first["name"] == 'Hospital "Cristina", Puerto Williams'
    assert second["emergency"] is None and second["phone"] is None
    (known,) = tables.datasets()
    assert (known.roles, known.rows) == (("health_facilities",), 2)
    assert known.verification is Verification.OFFICIAL


def test_dates_times_and_seconds_beyond_midnight(tables: Tables, tmp_path: Path) -> None:
    duty = {"id": "5", "name": "F", "date": "2026-11-25", "opens": "10:30:00", "closes": "00:00:00"}
    tables.replace(dataset("a"), written(tmp_path, "pharmacies_on_duty", duty))
    (row,) = tables.query("SELECT date, opens, closes FROM pharmacies_on_duty")
    assert row == {"date": date(2026, 11, 25), "opens": time(10, 30), "closes": time(0)}
    stop = {"trip_id": "t", "stop_id": "s", "stop_sequence": 1, "arrival_time": "25:10:05"}
    files = written(tmp_path, "gtfs_stop_times", stop | {"arrival_seconds": 90605}, stop)
    tables.replace(dataset("b"), files)
    rows = tables.query("SELECT arrival_time, arrival_seconds FROM gtfs_stop_times ORDER BY row_no")
    assert [row["arrival_seconds"] for row in rows] == [90605, None]


def test_a_set_is_replaced_whole(tables: Tables, tmp_path: Path) -> None:
    tables.replace(
        dataset(), written(tmp_path, "health_facilities", HOSPITAL, {"id": "2", "name": "P"})
    )
    tables.replace(
        dataset("cl-y"), written(tmp_path, "health_facilities", {"id": "1", "name": "Y"})
    )
    tables.replace(dataset(), written(tmp_path, "schools", {"id": "1", "name": "Liceo"}))
    assert names(tables) == []
    assert names(tables, "cl-y") == ["Y"]
    assert [d.roles for d in tables.datasets()] == [("schools",), ("health_facilities",)]


def test_what_fails_leaves_yesterdays_rows(tables: Tables, tmp_path: Path) -> None:
    tables.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    broken = written(tmp_path, "health_facilities", {"id": "9", "name": "New"})
    broken |= written(tmp_path, "schools", {"id": "1", "name": "L", "students": "many"})
    with pytest.raises(SourceError, match="cl-x could not be stored") as caught:
        tables.replace(dataset(title="New"), broken)
    assert "\n" not in str(caught.value)
    missing = {"health_facilities": tmp_path / "gone.csv"}
    with pytest.raises(SourceError):
        tables.replace(dataset(title="New"), missing)
    with pytest.raises(CatalogError, match="no role 'hospitals'"):
        tables.replace(dataset(), {"hospitals": tmp_path / "x.csv"})
    assert names(tables) == ['Hospital "Cristina", Puerto Williams']
    assert [d.title for d in tables.datasets()] == ["Centros"]


def test_readers_see_one_state_or_the_other(tables: Tables, tmp_path: Path) -> None:
    old = written(tmp_path, "health_facilities", *({"id": i, "name": "old"} for i in range(500)))
    (tmp_path / "new").mkdir()
    new = written(
        tmp_path / "new", "health_facilities", *({"id": i, "name": "new"} for i in range(700))
    )
    tables.replace(dataset(), old)
    seen: set[tuple[str, int]] = set()
    done = threading.Event()
    query = "SELECT min(name) || max(name) AS names, count(*) AS n FROM health_facilities"

    def watch() -> None:
        while not done.is_set():
            (row,) = tables.query(query)
            seen.add((row["names"], row["n"]))

    watchers = [threading.Thread(target=watch) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    for files in (new, old) * 4:
        tables.replace(dataset(), files)
    done.set()
    for watcher in watchers:
        watcher.join()
    assert seen <= {("oldold", 500), ("newnew", 700)}


def test_data_sets_are_chosen_by_role_country_and_tenant(tables: Tables, tmp_path: Path) -> None:
    files = written(tmp_path, "schools", {"id": "1", "name": "L"})
    tables.replace(dataset("cl-a"), files)
    tables.replace(dataset("pe-b", country="PE"), files)
    tables.replace(dataset("cl-c", tenant="muni"), files)

    def ids(*arguments: Any, **more: Any) -> list[str]:
        return [d.source_id for d in tables.datasets(*arguments, **more)]

    assert ids() == ids("schools") == ["cl-a", "pe-b"]
    assert ids("schools", ["PE"]) == ["pe-b"]
    assert ids("schools", ["CL"], tenants=("public", "muni")) == ["cl-a", "cl-c"]
    assert ids("universities") == ids(countries=["BR"]) == []
    assert tables.dataset("cl-c") is not None


def test_only_one_select_is_answered(tables: Tables) -> None:
    for statement in ("DELETE FROM schools", "SELECT 1; SELECT 2", "", "COPY schools TO 'x'"):
        with pytest.raises(ValueError, match="one SELECT"):
            tables.query(statement)
    assert tables.query("SELECT ?::INT + ?::INT AS sum", 1, 2) == [{"sum": 3}]


def test_a_row_becomes_a_document(tables: Tables, tmp_path: Path) -> None:
    tables.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    document_id = tables.document_id("cl-x", "health_facilities", "126-704/Ñ")
    document = tables.document(document_id)
    assert document is not None and document.id == document_id
    first, *others = document.sections
    assert document.quote(first) == (
        'Hospital "Cristina", Puerto Williams · Hospital · Calle O\'Higgins 246 · Cabo de Hornos'
        " · 61 245 3636"
    )
    quoted = {document.quote(section) for section in others}
    assert {"Teléfono: 61 245 3636", "Dependencia: Público", "Latitud: -54.93521"} <= quoted
    assert "Tiene servicio de urgencia: Sí" in quoted
    assert sum(q.startswith("Tipo: ") for q in quoted) == 1
    assert not any("CL-12201" in q for q in quoted)
    phone = next(s for s in others if s.field is Field.CONTACT_POINT)
    assert document.quote(phone) == "Teléfono: 61 245 3636"
    assert document.territory == "CL-12201"
    assert document.provenance.model_dump(exclude_none=True) == {
        "source_id": "cl-x",
        "url": "https://salud.example",
        "agency": "Ministerio de Salud",
        "licence": "CC-BY-4.0",
        "retrieved_at": "2026-11-25",
        "as_of": "2026-03-10",
        "verification": "official",
    }
    assert tables.document(document_id) is document


def test_a_portuguese_set_speaks_portuguese(tables: Tables, tmp_path: Path) -> None:
    ubs = {"id": "7", "name": "UBS", "kind": "primary_care", "emergency": "false"}
    own = dataset("br-x", country="BR", language="pt")
    tables.replace(own, written(tmp_path, "health_facilities", ubs))
    document = tables.document("br-x.health_facilities.7")
    assert document is not None and document.language == "pt"
    assert "Tipo: Atenção primária" in document.text
    assert "Tem atendimento de urgência: Não" in document.text


def test_a_changed_row_is_a_changed_document(tables: Tables, tmp_path: Path) -> None:
    tables.replace(dataset(), written(tmp_path, "schools", {"id": "1", "name": "Liceo Viejo"}))
    before = tables.document("cl-x.schools.1")
    tables.replace(dataset(), written(tmp_path, "schools", {"id": "1", "name": "Liceo Nuevo"}))
    after = tables.document("cl-x.schools.1")
    assert before and after and (before.title, after.title) == ("Liceo Viejo", "Liceo Nuevo")
    assert tables.remove("cl-x") == 1
    assert tables.document("cl-x.schools.1") is None


def test_rows_that_no_column_tells_apart_are_cited_by_their_place(
    tables: Tables, tmp_path: Path
) -> None:
    stop = {"trip_id": "t", "stop_id": "s", "stop_sequence": 1, "arrival_time": "25:10:05"}
    tables.replace(dataset(), written(tmp_path, "gtfs_stop_times", stop))
    (row,) = tables.query("SELECT * FROM gtfs_stop_times")
    row_id = tables.row_id("gtfs_stop_times", row)
    assert tables.row("cl-x", "gtfs_stop_times", row_id) == row
    document = tables.document(tables.document_id("cl-x", "gtfs_stop_times", row_id))
    assert document is not None and "Llegada: 25:10:05" in document.text


@pytest.mark.parametrize(
    "unknown",
    [
        *("", "x", "cl-x.schools", "cl-x.schools.2", "cl-x.hospitals.1", "cl-y.schools.1"),
        *("cl-x.schools._zz", "cl-x.schools._ff", "cl-x.schools.", "'; DROP.schools.1"),
    ],
)
def test_an_unknown_document_is_none(tables: Tables, tmp_path: Path, unknown: str) -> None:
    tables.replace(dataset(), written(tmp_path, "schools", {"id": "1", "name": "L"}))
    assert tables.document(unknown) is None


@given(st.text(min_size=1))
def test_a_rows_id_survives_as_part_of_a_documents(row_id: str) -> None:
    try:
        row_id.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate stands in no UTF-8 file
    slug = _slug(row_id)
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert _unslug(slug) == row_id


def test_parts_of_a_live_source_go_with_it(tables: Tables, tmp_path: Path) -> None:
    files = written(tmp_path, "schools", {"id": "1", "name": "L"})
    for source_id in ("pe-escale.150101", "pe-escale.150102", "pe-escale-otro"):
        tables.replace(dataset(source_id), files)
    assert tables.document("pe-escale.150101.schools.1") is not None
    assert tables.remove("pe-escale.150102") == 1
    assert tables.remove("pe-escale") == 1
    assert [d.source_id for d in tables.datasets()] == ["pe-escale-otro"]


def test_the_file_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    first = Tables(path)
    first.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    first.close()
    second = Tables(path)
    assert names(second) == ['Hospital "Cristina", Puerto Williams']
    second.close()


def test_a_file_of_another_form_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    first = Tables(path)
    first.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    with first._transaction("x") as cursor:
        cursor.execute("UPDATE _form SET form = 'old'")
    first.close()
    second = Tables(path)
    assert second.datasets() == [] and names(second) == []
    second.close()


def test_a_file_that_another_process_holds_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    held = Tables(path)
    held.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    program = (
        "import sys; from pathlib import Path; from retrieval.tables import Tables\n"
        "from sources.errors import IndexUnavailable\n"
        "try: Tables(Path(sys.argv[1]))\n"
        "except IndexUnavailable as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "held by another process" in told.stdout and told.stdout.count("\n") == 1
    held.close()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    path.write_text("this is no database, " * 50)
    with pytest.raises(IndexUnavailable, match="cannot be opened") as caught:
        Tables(path)
    assert "\n" not in str(caught.value)


def test_who_has_no_tables_pays_for_none(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import ui.assemble, ui.catalogue\n"
        "from retrieval.tables import Tables\n"
        "for tables in (Tables(Path(sys.argv[1])), Tables(None)):\n"
        "    assert tables.datasets('schools') == [] and tables.document('a.schools.1') is None\n"
        "    assert tables.row('a', 'schools', '1') is None and tables.remove('a') == 0\n"
        "    tables.close()\n"
        "print({'duckdb', 'openpyxl'} & set(sys.modules), Path(sys.argv[1]).exists())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "t.duckdb")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.stdout.split() == ["set()", "False"], told.stderr


def test_tables_in_memory(tmp_path: Path) -> None:
    tables = Tables(None)
    assert tables.datasets() == []
    tables.replace(dataset(), written(tmp_path, "health_facilities", HOSPITAL))
    assert names(tables) == ['Hospital "Cristina", Puerto Williams']
    tables.close()
