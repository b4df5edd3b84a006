"""A set of tables is read like any other set: counted, unchanged, failed with yesterday's rows kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.store import Store
from retrieval.table_sync import remove_tables, sync_tables
from retrieval.tables import Tables
from sources.catalog import CatalogEntry
from sources.errors import CatalogError, ConnectorError
from tests.sources.portal import Portal, portal

CSV = "RBD;NOM_RBD;MATRICULA;TELEFONO DIRECTOR\n1;Liceo A;120;987654321\n2;Escuela B;80;987654322\n"


@pytest.fixture
def web() -> Iterator[Portal]:
    with portal() as running:
        yield running


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables(tmp_path / "home" / "tables.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "home" / "documents.sqlite")
    yield opened
    opened.close()


def entry(origin: str, **fields: Any) -> CatalogEntry:
    known: dict[str, Any] = {"title": "Escuelas", "country": "CL"} | fields
    return CatalogEntry(id="escuelas", connector="tables", origin=origin, **known)


def run(store: Store) -> tuple[str, dict[str, Any]]:
    ((state, report),) = store.rows("SELECT state, report FROM syncs")
    return state, json.loads(report)


def test_rows_and_what_was_wrong_are_reported(tables: Tables, store: Store, web: Portal) -> None:
    url = web.put("/e_20260401.csv", CSV + "3;;9;\n1;Liceo A;120;\n4;D;x;\n")
    report = sync_tables(entry(url), None, tables, store)
    assert (report.read, report.indexed, report.rows, report.rows_rejected) == (5, 3, 3, 2)
    assert report.rejected == ["1 row: no name", "1 row: the same row twice"]
    assert report.notes == ["1 row: students that is none, left empty"]
    assert run(store)[0] == "done"
    (known,) = tables.datasets("schools")
    assert (known.as_of, known.agency, known.language) == ("2026-04-01", "Escuelas", "es")


def test_what_did_not_change_is_not_loaded_again(
    tables: Tables, store: Store, web: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = web.put("/e.csv", CSV, etag='"1"')
    sync_tables(entry(url), None, tables, store)
    monkeypatch.setattr(Tables, "replace", lambda *_: pytest.fail("it was loaded again"))
    report = sync_tables(entry(url), None, tables, store)  # the server says: not modified
    assert (report.indexed, report.unchanged, report.rows) == (0, 2, 2)
    web.put("/e.csv", CSV.replace("\n", "\r\n"), etag='"2"')  # new bytes, the same rows
    assert sync_tables(entry(url), None, tables, store).unchanged == 2
    renamed = entry(url, agency="Mineduc", licence="CC0-1.0")
    assert sync_tables(renamed, None, tables, store).unchanged == 2
    (known,) = tables.datasets()
    assert (known.agency, known.licence, known.rows) == ("Mineduc", "CC0-1.0", 2)


def test_other_options_read_the_same_file_anew(tables: Tables, store: Store, web: Portal) -> None:
    url = web.put("/e.csv", CSV, etag='"1"')
    sync_tables(entry(url), None, tables, store)
    fewer = entry(url, options={"where": {"NOM_RBD": ["liceo a"]}})
    report = sync_tables(fewer, None, tables, store)
    assert (report.indexed, report.removed) == (1, 1)
    assert report.notes == ["1 row: not among those that the entry wants"]


def test_a_failure_keeps_yesterdays_rows_and_says_so(
    tables: Tables, store: Store, web: Portal
) -> None:
    url = web.put("/e_20260401.csv", CSV)
    sync_tables(entry(url), None, tables, store)
    web.down = True
    with pytest.raises(
        ConnectorError, match=r"status 503.*read before stays \(2 rows, 2026-04-01\)"
    ):
        sync_tables(entry(url), None, tables, store)
    state, report = run(store)
    assert "What was read before stays (2 rows, 2026-04-01)" in state and report["rows"] == 2
    assert len(tables.query("SELECT 1 FROM schools")) == 2
    web.down = False
    web.put("/e_20260401.csv", "<html>Mantención</html>")
    with pytest.raises(ConnectorError, match="is a web page"):
        sync_tables(entry(url), None, tables, store)
    assert len(tables.query("SELECT 1 FROM schools")) == 2


def test_a_first_failure_is_recorded(tables: Tables, store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="does not exist"):
        sync_tables(entry(str(tmp_path / "none.csv")), None, tables, store)
    assert run(store)[0].startswith("failed: ")
    (tmp_path / "e.csv").write_text(CSV)
    wrong = entry(str(tmp_path / "e.csv"), options={"role": "liceos"})
    with pytest.raises(CatalogError, match="no role 'liceos'"):
        sync_tables(wrong, None, tables, store)


def test_a_copy_is_read_in_place_of_the_origin(
    tables: Tables, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "e.csv").write_text(CSV)
    far = entry("https://portal.invalid/e.csv")
    assert sync_tables(far, str(tmp_path / "e.csv"), tables, store).indexed == 2


def test_removal_leaves_nothing(tables: Tables, store: Store, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(CSV)
    sync_tables(entry(str(tmp_path / "e.csv")), None, tables, store)
    assert remove_tables("escuelas", tables, store) == 2
    assert tables.datasets() == [] and store.rows("SELECT * FROM syncs") == []


def test_a_directors_telephone_is_stored_nowhere(
    tables: Tables, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "e.csv").write_text(CSV)
    sync_tables(entry(str(tmp_path / "e.csv")), None, tables, store)
    for role in ("schools", "_datasets"):
        for row in tables.query(f"SELECT * FROM {role}"):
            assert "98765432" not in str(row)
    tables.close()
    for path in (tmp_path / "home").iterdir():
        assert b"98765432" not in path.read_bytes(), path.name
