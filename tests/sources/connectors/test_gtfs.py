"""Timetables: what the reference allows is read, what would lie or harm is refused."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sources.catalog import CatalogEntry
from sources.connectors.gtfs import tables
from sources.errors import ConnectorError
from sources.tables import Reading, TableSet
from tests.sources.portal import portal

FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\n1,Red,http://r.cl,America/Santiago\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nA,Plaza Ñuñoa,-33.45,-70.6\nB,Fin,0,0\n",
    "routes.txt": "route_id,route_short_name,route_type\n506,506,3\n",
    "trips.txt": "route_id,service_id,trip_id\n506,L,506-1\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "506-1,23:59:30,24:00:00,A,1\n506-1,,,B,2\n506-1,25:10:05, 25:10:05,A,3\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\nL,1,1,1,1,1,0,0,20260101,20261231\n",
    "shapes.txt": "shape_id\n1\n",
}


def entry(country: str = "CL", **options: Any) -> CatalogEntry:
    return CatalogEntry(id="bus", title="B", connector="gtfs", country=country, options=options)


def zipped(path: Path, files: dict[str, str | bytes]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, date_time=(2026, 1, 3, 0, 0, 0))
            archive.writestr(info, content)
    return str(path)


def read(
    folder: Path, files: dict[str, str | bytes]
) -> tuple[TableSet, dict[str, list[dict[str, str]]]]:
    made = tables(entry(), zipped(folder / "feed.zip", files), folder)
    return made, {role: rows(path) for role, path in made.tables.items()}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_feed_becomes_its_tables(tmp_path: Path) -> None:
    made, found = read(tmp_path, FEED)
    assert set(found) == {
        *("gtfs_agency", "gtfs_stops", "gtfs_routes", "gtfs_trips", "gtfs_stop_times"),
        "gtfs_calendar",
    }
    assert made.as_of == "2026-01-03"
    assert made.rows == 9
    assert found["gtfs_calendar"][0]["start_date"] == "2026-01-01"
    assert found["gtfs_stops"][0]["stop_name"] == "Plaza Ñuñoa"
    assert found["gtfs_stops"][1]["stop_lat"] == ""
    assert made.repairs == {"stops: coordinates outside the country, left empty": 1}


def test_times_beyond_midnight_and_missing_ones_stay_what_they_are(tmp_path: Path) -> None:
    _, found = read(tmp_path, FEED)
    times = found["gtfs_stop_times"]
    assert [t["arrival_time"] for t in times] == ["23:59:30", "", "25:10:05"]
    assert [t["arrival_seconds"] for t in times] == ["86370", "", "90605"]
    assert [t["departure_seconds"] for t in times] == ["86400", "", "90605"]


def test_a_time_that_is_none_is_emptied_and_counted(tmp_path: Path) -> None:
    broken = FEED["stop_times.txt"].replace("23:59:30", "23:99:30")
    made, found = read(tmp_path, FEED | {"stop_times.txt": broken})
    assert found["gtfs_stop_times"][0]["arrival_seconds"] == ""
    assert made.repairs["stop_times: arrival_seconds that is none, left empty"] == 1


@pytest.mark.parametrize("prefix", ["", "GTFS_2026/"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_folders_in_the_archive_and_encodings(tmp_path: Path, prefix: str, encoding: str) -> None:
    files = {prefix + name: content.encode(encoding) for name, content in FEED.items()}
    _, found = read(tmp_path, files)
    assert found["gtfs_stops"][0]["stop_name"] == "Plaza Ñuñoa"
    assert len(found["gtfs_stop_times"]) == 3


def test_a_folder_is_read_like_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    for name, content in FEED.items():
        (folder / name).write_text(content, encoding="utf-8")
    made = tables(entry(), str(folder), tmp_path)
    assert made.rows == 9 and made.as_of is None


def test_a_folder_with_one_archive_is_that_archive(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    zipped(folder / "a.zip", FEED)
    assert tables(entry(), str(folder), tmp_path).rows == 9
    zipped(folder / "b.zip", FEED)
    with pytest.raises(ConnectorError, match="holds 2 archives"):
        tables(entry(), str(folder), tmp_path)


def test_rows_that_lack_their_number_or_repeat_it_are_counted(tmp_path: Path) -> None:
    stops = FEED["stops.txt"] + "A,Otra,-33,-70\n,Sin número,-33,-70\n"
    made, found = read(tmp_path, FEED | {"stops.txt": stops})
    assert made.rejects == {"stops: the same stop_id twice": 1, "stops: no stop_id": 1}
    assert len(found["gtfs_stops"]) == 2


@pytest.mark.parametrize(
    "name", ["../stops.txt", "/etc/stops.txt", "a/../../b.txt", "C:\\stops.txt"]
)
def test_an_archive_that_reaches_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConnectorError, match="a file outside itself"):
        read(tmp_path, FEED | {name: "x"})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"PK\x03\x04 half a feed", "no sound archive"), (b"<html>", "no sound archive")],
)
def test_a_broken_archive_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ConnectorError, match=said):
        tables(entry(), str(tmp_path / "a.zip"), tmp_path)


def test_a_damaged_file_in_the_archive_is_one_line(tmp_path: Path) -> None:
    path = Path(zipped(tmp_path / "a.zip", FEED))
    path.write_bytes(path.read_bytes().replace(b"506-1,25:10:05", b"506-1,26:10:05"))
    with pytest.raises(ConnectorError, match="no sound archive"):
        tables(entry(), str(path), tmp_path)


@pytest.mark.parametrize("lacking", ["stops", "routes", "trips", "stop_times"])
def test_a_feed_without_what_it_needs_is_refused(tmp_path: Path, lacking: str) -> None:
    files = {name: content for name, content in FEED.items() if name != f"{lacking}.txt"}
    with pytest.raises(ConnectorError, match=f"it has no {lacking}.txt"):
        read(tmp_path, files)
    header = FEED[f"{lacking}.txt"].splitlines()[0] + "\n"
    with pytest.raises(ConnectorError, match=f"{lacking}.txt has no row"):
        read(tmp_path, FEED | {f"{lacking}.txt": header})


def test_nothing_there_is_one_line(tmp_path: Path) -> None:
    for origin in ("", str(tmp_path / "none.zip")):
        with pytest.raises(ConnectorError, match="does not exist"):
            tables(entry(), origin, tmp_path)


def test_an_address_with_its_day(tmp_path: Path) -> None:
    with portal() as web:
        data = Path(zipped(tmp_path / "feed.zip", FEED)).read_bytes()
        web.put("/GTFS_20260718.zip", data, etag='"x"')
        origin = f"{web.url}/GTFS_YYYYMMDD.zip"
        with pytest.raises(ConnectorError, match=r"holds the day .*options: \{date"):
            tables(entry(), origin, tmp_path)
        dated = entry(date="2026-07-18")
        made = tables(dated, origin, tmp_path)
        assert (made.rows, made.as_of) == (9, "2026-07-18")
        assert tables(dated, origin, tmp_path, Reading(known=made.known)).unchanged
