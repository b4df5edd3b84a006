"""Files → rows of text, whatever they are: CSV, XLSX, JSON, an SQL dump's INSERTs, or one of these in
a ZIP archive. What a file is, its first bytes tell.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sources.errors import ConnectorError, reason_of
from sources.fetch import LARGEST

_SEPARATORS = ";,\t|"
_LOOKED_AT = 64 * 1024
_CELL = 1_000_000
_UNPACKED = 4 * LARGEST
_PARENT = "_parent"
"""The header of the key below which a JSON list stood: {"l1": {"estaciones": [...]}} → l1."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as it stands in a file; every row as long as it is there."""

    headers: list[str]
    rows: Iterable[list[str]]


def read_sheet(path: Path, name: str, folder: Path) -> Sheet:
    """The table in the file at `path`, called `name` in errors; `folder` is for what is unpacked.

    Raises ConnectorError where it holds none.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
        if start.startswith(b"PK\x03\x04"):
            return _from_zip(path, name, folder)
        text = _decode_start(start).lstrip("\ufeff \t\r\n")
        if text.startswith(("{", "[")):
            return from_records(_json(path, name), name)
        if path.suffix.lower() == ".sql" or re.search(r"^\s*INSERT\s+INTO\s", text, re.M | re.I):
            return _from_sql(path.read_text(encoding=encoding_of(path)), name)
        if text.startswith("<"):
            raise ConnectorError(
                f"{name} is a web page and no table", "Give the file's own address."
            )
        if b"\0" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ConnectorError(f"{name} is no table that can be read", "Save it as CSV or XLSX.")
        return _from_csv(path, text, name)
    except OSError as error:
        raise ConnectorError(f"{name} cannot be opened ({error.strerror})") from None


def _decode_start(start: bytes) -> str:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            return start.decode(encoding, "replace")
    return start.decode("utf-8", "replace")


def encoding_of(path: Path) -> str:
    """UTF-8 where all of it is, UTF-16 by its mark, else the Windows code page of Western Europe."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            file.seek(0)
            # 0x81 and four others are nothing in cp1252: such a file is latin-1.
            return "latin-1" if re.search(rb"[\x81\x8d\x8f\x90\x9d]", file.read()) else "cp1252"
    return "utf-8-sig"


def _from_csv(path: Path, start: str, name: str) -> Sheet:
    csv.field_size_limit(_CELL)
    separator = separator_of(start)
    encoding = encoding_of(path)
    quoted = not swallows_lines(_csv_rows(path, encoding, separator, name), separator)
    return _headed(_csv_rows(path, encoding, separator, name, quoted), name)


def swallows_lines(rows: Iterator[list[str]], separator: str) -> bool:
    """Whether a quotation mark that nobody closed has taken whole lines into one cell."""
    width = 0
    for row in rows:
        width = max(width, len(row))
        for cell in row:
            if "\n" in cell and cell.count(separator) >= max(2, width - 1):
                return True
    return False


def separator_of(start: str) -> str:
    """The sign that cuts the first lines into most cells, and each into as many."""
    if found := re.match(r'"?sep=(.)"?\r?\n', start):
        return found[1]
    lines = [line for line in start.splitlines()[:10] if line.strip()]
    best, most = ",", 1
    for separator in _SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        width, often = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width > 1 and width * often > most:
            best, most = separator, width * often
    return best


def _csv_rows(
    path: Path, encoding: str, separator: str, name: str, quoted: bool = True
) -> Iterator[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        try:
            lines = (line.replace("\0", "") for line in file)
            for row in csv.reader(
                lines, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            ):
                if len(row) != 1 or not row[0].lower().startswith("sep="):
                    yield row if quoted else [cell.strip('" ') for cell in row]
        except csv.Error as error:
            raise ConnectorError(f"{name} is no sound CSV ({error})", "Save it anew.") from None


def _headed(rows: Iterator[list[str]], name: str) -> Sheet:
    """The first row with several cells is the header: titles above a table have one."""
    for row in rows:
        headers = [" ".join(cell.split()) for cell in row]
        if sum(1 for header in headers if header) > 1:
            return Sheet(headers, (r for r in rows if any(cell.strip() for cell in r)))
    raise ConnectorError(f"{name} holds no table", "Its first line must name the columns.")


def _from_zip(path: Path, name: str, folder: Path) -> Sheet:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if sum(m.file_size for m in members) > _UNPACKED:
                raise ConnectorError(f"{name} unpacks to more than {_UNPACKED >> 20} MB")
            if any(m.filename == "xl/workbook.xml" for m in members):
                return _from_xlsx(path, name)
            kinds = (".csv", ".txt", ".xlsx", ".json", ".sql")
            tables = [m for m in members if m.filename.lower().endswith(kinds)]
            if len(tables) != 1:
                raise ConnectorError(
                    f"{name} is an archive with {len(tables)} tables",
                    "Unpack the one that is meant.",
                )
            inner = folder / f"unpacked{Path(tables[0].filename).suffix.lower()}"
            with archive.open(tables[0]) as source, inner.open("wb") as target:
                size = 0
                while piece := source.read(1 << 20):
                    size += len(piece)
                    if size > LARGEST:
                        raise ConnectorError(f"{name} unpacks to more than {LARGEST >> 20} MB")
                    target.write(piece)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise ConnectorError(f"{name} is no sound archive ({error})", "Fetch it anew.") from None
    return read_sheet(inner, name, folder)


def _from_xlsx(path: Path, name: str) -> Sheet:
    from openpyxl import load_workbook  # heavy, and most tables are CSV

    try:
        with path.open("rb") as file:  # a path would have to end in .xlsx
            book = load_workbook(file, read_only=True, data_only=True)
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            for sheet in sheets:
                # Some programs write a wrong size of the sheet, and openpyxl would stop there.
                sheet.reset_dimensions()
            rows = [
                [cell_text(value) for value in row]
                for sheet in sheets[:1]
                for row in sheet.iter_rows(values_only=True)
            ]
            book.close()
    except Exception as error:  # noqa: BLE001 – openpyxl raises whatever its parsers do
        detail = reason_of(error, 120)
        raise ConnectorError(f"{name} is no sound workbook ({detail})", "Save it anew.") from None
    return _headed(iter(rows), name)


def cell_text(value: Any) -> str:
    """A workbook's value as text: whole numbers without a point, dates in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _json(path: Path, name: str) -> Any:
    try:
        return json.loads(path.read_text(encoding=encoding_of(path)))
    except (ValueError, RecursionError):
        raise ConnectorError(f"{name} is no sound JSON", "Check the address or the file.") from None


def records(data: Any) -> list[dict[str, Any]]:
    """The rows in a JSON answer: its largest list of objects, together with its namesakes.

    Each object is told the key above the list, where that is a name of its own (`_parent`).
    """
    found: dict[str, list[dict[str, Any]]] = {}

    def walk(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, list):
            rows = [row for row in value if isinstance(row, dict)]
            if rows:
                above = {_PARENT: path[-2]} if len(path) > 1 else {}
                found.setdefault(path[-1] if path else "", []).extend(above | r for r in rows)
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, str(key)))

    walk(data, ())
    return max(found.values(), key=len, default=[])


def from_records(data: Any, name: str) -> Sheet:
    """A JSON answer as a table; {"a": {"b": 1}} becomes the column a.b."""
    flat = [dict(_flat(row)) for row in records(data)]
    if not flat:
        if data in ([], {}) or (isinstance(data, dict) and any(v == [] for v in data.values())):
            raise ConnectorError(f"{name} holds an empty list", "Try again later.")
        raise ConnectorError(f"{name} holds no list of rows", "Check the address or the file.")
    headers = list(dict.fromkeys(key for row in flat for key in row))
    return Sheet(headers, ([row.get(header, "") for header in headers] for row in flat))


def _flat(row: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        if key == "$":  # some services write {"$": value} in place of the value
            yield above.rstrip("."), cell_text(value)
        elif isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif not isinstance(value, list):
            yield f"{above}{key}", cell_text(value)


_INSERT = re.compile(r"INSERT\s+INTO\s+[`\"\[]?(\w+)[`\"\]]?\s*\(([^)]*)\)\s*VALUES\s*", re.I)
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,()'\s][^,()']*?))\s*([,)])")


def _from_sql(text: str, name: str) -> Sheet:
    """The rows of all INSERTs; a row that names another table's first column knows that row's name.

    Headers: `_table`, `_id` (table's letter and number, as numbers of two tables may be the same),
    `_parent_id`, `_parent`, and the columns themselves.
    """
    tables: dict[str, list[dict[str, str]]] = {}
    for found in _INSERT.finditer(text):
        columns = [column.strip(' `"[]') for column in found[2].split(",")]
        rows = tables.setdefault(found[1], [])
        rows += (dict(zip(columns, v, strict=False)) for v in _tuples(text, found.end()))
    keys = {next(iter(rows[0])): table for table, rows in tables.items() if rows}
    flat: list[dict[str, Any]] = []
    for table, rows in tables.items():
        for row in rows:
            own, *others = row
            made = {"_table": table, "_id": f"{table[0]}{row[own]}"} | row
            for column in others:
                if above := keys.get(column):
                    parent = next((p for p in tables[above] if p[column] == row[column]), {})
                    made["_parent_id"] = f"{above[0]}{row[column]}"
                    made[_PARENT] = parent.get("nombre") or parent.get("name", "")
            flat.append(made)
    return from_records(flat, name)


def _tuples(text: str, place: int) -> Iterator[list[str]]:
    opening = re.compile(r"\s*,?\s*\(")
    while start := opening.match(text, place):
        place, values, closed = start.end(), [], False
        while not closed:
            found = _VALUE.match(text, place)
            if not found:
                return
            values.append(found[2] or (found[1] or "").replace("''", "'"))
            place, closed = found.end(), found[3] == ")"
        yield values
