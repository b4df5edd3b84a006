"""Timetables in GTFS (https://gtfs.org/documentation/schedule/reference/): a zip archive or a folder.

    id: cl-dtpm-gtfs
    title: Horarios de Red Movilidad
    connector: gtfs
    origin: ./GTFS_20260103.zip
    country: CL

Files that a feed lacks are passed over, save stops, routes, trips and stop_times. ``YYYYMMDD`` in an
address is filled from `options.date`. Times stay as they are and also become seconds after the
service day's midnight, which may go beyond 24:00:00.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sources.catalog import CatalogEntry
from sources.connectors.tables import content_hash, dated
from sources.errors import CatalogError, ConnectorError
from sources.fetch import is_address
from sources.tables import Column, Reading, Role, TableSet, roles, values
from sources.tables.pages import download, filled

NEEDED = ("stops", "routes", "trips", "stop_times")
LARGEST = 4 * 1024**3
"""Bytes that a feed may unpack to; São Paulo's has 0.2 GB."""

_READ: dict[str, Callable[[str], Any]] = {
    "double": values.number,
    "int": values.whole,
    "date": values.day,
}

Members = dict[str, Callable[[], IO[bytes]]]


def tables(
    entry: CatalogEntry, origin: str, folder: Path, reading: Reading | None = None
) -> TableSet:
    """The files of a feed as normalised CSV files in `folder`, one per role.

    Raises ConnectorError where it is no feed or a file that it must have lacks.
    """
    reading = reading or Reading()
    if not entry.country:
        raise CatalogError(f"{entry.id}: country is not known", "Write `country:`.")
    repairs: Counter[str] = Counter()
    known, told, path, name = {}, dated(origin), Path(origin), Path(origin).name
    if is_address(origin):
        url = filled(entry, _with_date(entry, origin), reading)
        got = download(entry, url, folder, reading, repairs)
        if got.fetched.unchanged:
            return TableSet({}, unchanged=True, known=reading.known)
        known = {url: got.fetched.known} if got.fetched.known else {}
        told, path, name = dated(url), got.path, url
    with _members(path, name) as (members, written):
        lacking = [needed for needed in NEEDED if needed not in members]
        if lacking:
            raise ConnectorError(f"{name} is no GTFS feed: it has no {lacking[0]}.txt")
        return _read(entry, name, members, folder, repairs, told or written, known)


def _read(
    entry: CatalogEntry,
    name: str,
    members: Members,
    folder: Path,
    repairs: Counter[str],
    told: str | None,
    known: dict[str, Any],
) -> TableSet:
    rejects: Counter[str] = Counter()
    made: dict[str, Path] = {}
    count = 0
    for role in roles().values():
        file = role.name.removeprefix("gtfs_")
        if not role.name.startswith("gtfs_") or file not in members:
            continue
        target = folder / f"{role.name}.csv"
        reader = _File(role, entry.country, rejects, repairs)
        written = reader.convert(members[file], target, f"{name}: {file}.txt")
        if written or file in NEEDED:
            made[role.name] = target
        count += written
        if not written and file in NEEDED:
            raise ConnectorError(f"{name}: {file}.txt has no row that can be taken")
    return TableSet(made, count, rejects, repairs, 0, told, content_hash(made), known)


def _with_date(entry: CatalogEntry, origin: str) -> str:
    if "YYYYMMDD" not in origin:
        return origin
    given = re.sub(r"\D", "", str(entry.options.get("date") or ""))
    if len(given) != 8:
        raise ConnectorError(
            f"the address of {entry.id} holds the day of its feed, which changes",
            "Write `options: {date: …}`, or read a downloaded feed with --from.",
        )
    return origin.replace("YYYYMMDD", given)


@contextmanager
def _members(path: Path, name: str) -> Iterator[tuple[Members, str | None]]:
    """The feed's files by name without .txt, and the day on which the newest was written."""
    if not str(name) or not path.exists():
        raise ConnectorError(f"{name or 'the origin'} does not exist", "Check `origin`.")
    if path.is_dir():
        found = {p.stem.lower(): p for p in path.glob("*.txt")}
        zips = sorted(path.glob("*.zip"))
        if found or len(zips) != 1:
            if not found:
                raise ConnectorError(f"{path} holds {len(zips)} archives", "Name the one meant.")
            yield {stem: _opener(p) for stem, p in found.items()}, None
            return
        path = zips[0]
    try:
        with zipfile.ZipFile(path) as archive:
            yield _in_archive(archive, name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise ConnectorError(f"{name} is no sound archive ({error})", "Fetch it anew.") from None
    except OSError as error:
        raise ConnectorError(f"{name} cannot be opened ({error.strerror or error})") from None


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _in_archive(archive: zipfile.ZipFile, name: str) -> tuple[Members, str | None]:
    found: Members = {}
    written: list[str] = []
    for info in archive.infolist():
        # zipfile hides the rest of a name after a zero byte, and turns no backslash on POSIX.
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or re.match(r"[A-Za-z]:", info.filename):
            raise ConnectorError(
                f"{name} holds a file outside itself ({info.filename[:60]!r})", "Do not use it."
            )
        hidden = place.name.startswith(".") or "__MACOSX" in place.parts
        if info.is_dir() or hidden or place.suffix.lower() != ".txt":
            continue
        found[place.stem.lower()] = lambda info=info: archive.open(info)  # type: ignore[misc]
        if info.date_time[0] > 1990:
            written.append(date(*info.date_time[:3]).isoformat())
    if sum(info.file_size for info in archive.infolist()) > LARGEST:
        raise ConnectorError(f"{name} unpacks to more than {LARGEST >> 30} GB", "Check the feed.")
    return found, max(written, default=None)


class _File:
    """One file of a feed on its way into a role's columns."""

    def __init__(
        self, role: Role, country: str | None, rejects: Counter[str], repairs: Counter[str]
    ) -> None:
        self._role, self._country = role, country
        self._rejects, self._repairs = rejects, repairs
        self._file = role.name.removeprefix("gtfs_")

    def convert(self, opener: Callable[[], IO[bytes]], target: Path, name: str) -> int:
        """Writes the normalised CSV; returns how many rows it got."""
        for encoding in ("utf-8-sig", "cp1252", "latin-1"):
            rejects, repairs = Counter(self._rejects), Counter(self._repairs)
            try:
                with opener() as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
                    return self._convert(text, target)
            except UnicodeDecodeError:
                self._rejects.clear()
                self._repairs.clear()
                self._rejects.update(rejects)
                self._repairs.update(repairs)
            except csv.Error as error:
                raise ConnectorError(f"{name} is no sound CSV ({error})") from None
        raise ConnectorError(f"{name} is no text")

    def _convert(self, text: IO[str], target: Path) -> int:
        rows = csv.reader(line.replace("\0", "") for line in text)
        header = [cell.strip().lower() for cell in next(rows, [])]
        places = {name: place for place, name in reversed(list(enumerate(header)))}
        columns = [(column, self._reader(column, places)) for column in self._role.columns]
        needed = [i for i, (c, _) in enumerate(columns) if c.name in self._role.required]
        key = next((i for i, (c, _) in enumerate(columns) if c.name == self._role.key), None)
        keyed = key is not None and self._role.key in self._role.required
        seen: set[Any] = set()
        count = 0
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self._role.names)
            for cells in rows:
                if not any(cells):
                    continue
                made = [read(cells) for _, read in columns]
                if missing := [i for i in needed if made[i] is None]:
                    self._rejects[f"{self._file}: no {columns[missing[0]][0].name}"] += 1
                    continue
                told = made[key] if keyed and key is not None else tuple(made)
                if key is not None and told in seen:
                    self._rejects[f"{self._file}: the same {self._role.key} twice"] += 1
                    continue
                if key is not None:
                    seen.add(told)
                if self._file == "stops":
                    self._place(made)
                writer.writerow(made)
                count += 1
        return count

    def _reader(self, column: Column, places: dict[str, int]) -> Callable[[list[str]], Any]:
        """What takes one column's value out of a row; None where there is none."""
        place = places.get(column.seconds_of or column.name)
        if place is None:
            return lambda cells: None
        parse = values.seconds if column.seconds_of else _READ.get(column.type)
        what = f"{self._file}: {column.name} that is none, left empty"

        def read(cells: list[str]) -> Any:
            value = cells[place].strip() if place < len(cells) else ""
            if not value or parse is None:
                return " ".join(value.split()) or None
            found = parse(value)
            if found is None:
                self._repairs[what] += 1
            return found

        return read

    def _place(self, made: list[Any]) -> None:
        latitude, longitude = (self._role.names.index(n) for n in ("stop_lat", "stop_lon"))
        if made[latitude] is None and made[longitude] is None:
            return
        if None in (made[latitude], made[longitude]) or not values.inside(
            self._country, made[latitude], made[longitude]
        ):
            made[latitude] = made[longitude] = None
            self._repairs["stops: coordinates outside the country, left empty"] += 1
