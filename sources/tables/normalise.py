"""Rows of an official file → rows of a role, counted by what was wrong with them.

    made = Normaliser(entry, sheet)
    made.write(folder / "health_facilities.csv")

The options of an entry that are read here: `role`, `columns`, `where`, `values` (what the official
codes of a header mean), `parents` (territories above those that a file lists) and `fill` (columns that
an answer leaves empty because the call's parameter says them).
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sources.catalog import CatalogEntry
from sources.errors import CatalogError
from sources.parsers.blocks import fold
from sources.tables import values
from sources.tables.headers import Match, Take, match, squash
from sources.tables.sheets import Sheet

Row = dict[str, Any]

_COORDINATES = ("latitude", "longitude")
_MEANT = {
    ("health_facilities", "kind"): ("kind_label", "kind"),
    ("universities", "status"): ("status_label", "university_status"),
    ("station_status", "status"): ("status_label", "station_status"),
}
"""(role, column) → the column whose words say it, and the list in ``values.yaml``."""

_READ: dict[str, Callable[[str], Any]] = {
    "double": values.number,
    "int": values.whole,
    "bool": values.flag,
    "date": values.day,
    "time": values.moment,
}


class Normaliser:
    """One sheet on its way into a role's columns."""

    def __init__(
        self, entry: CatalogEntry, sheet: Sheet, parameters: Mapping[str, str] | None = None
    ) -> None:
        """`parameters` are those of the call.

        Raises CatalogError for a wrong option, ConnectorError where no role fits.
        """
        options = entry.options
        self.country = entry.country
        self.match: Match = match(
            sheet.headers, options.get("role"), _mapping(options.get("columns"), "columns")
        )
        self.role = self.match.role
        self.rejects: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.filtered = 0
        self._sheet = sheet
        self._places = {squash(h): i for i, h in reversed(list(enumerate(sheet.headers))) if h}
        self._codes = {
            self._header(header, "values"): {str(code): str(words) for code, words in codes.items()}
            for header, codes in _mapping(options.get("values"), "values").items()
            if squash(header) in self._places
        }
        self._where = {
            self._header(header, "where"): {fold(str(value)) for value in _several(wanted)}
            for header, wanted in _mapping(options.get("where"), "where").items()
        }
        self._fill = self._filled(options.get("fill"), parameters or {})
        self._parents = tuple(options.get("parents") or ())
        self._seen: dict[str, set[int]] = {}
        self._iso: dict[str, str] = {}

    def _header(self, header: str, option: str) -> int:
        if squash(header) not in self._places:
            raise CatalogError(
                f"options.{option}: there is no header like {header!r}",
                f"The file has: {', '.join(h for h in self._sheet.headers if h)[:200]}.",
            )
        return self._places[squash(header)]

    def _filled(self, wanted: Any, parameters: Mapping[str, str]) -> dict[str, str]:
        named = _mapping(wanted, "fill")
        if unknown := [name for name in named if name not in self.role.names]:
            raise CatalogError(
                f"options.fill: {self.role.name} has no column {unknown[0]!r}",
                f"Use one of: {', '.join(self.role.names)}.",
            )
        return {name: parameters[str(p)] for name, p in named.items() if str(p) in parameters}

    def rows(self) -> Iterator[Row]:
        """The rows that are taken; territories above them come before their own."""
        width = len(self._sheet.headers)
        above: set[str] = set()
        for cells in self._sheet.rows:
            if len(cells) > width and any(cell.strip() for cell in cells[width:]):
                self.rejects["the row has more cells than the header"] += 1
                continue
            cells += [""] * (width - len(cells))
            if any(fold(cells[i].strip()) not in wanted for i, wanted in self._where.items()):
                self.filtered += 1
                continue
            row = self._row(cells)
            if missing := [name for name in self.role.required if row.get(name) is None]:
                self.rejects[f"no {missing[0]}"] += 1
                continue
            if self._parents:
                yield from self._above(row, cells, above)
            if self._first_time(row):
                yield row

    def _row(self, cells: list[str]) -> Row:
        row: Row = {
            name: next(filter(None, (self._take(cells, take) for take in takes)), None)
            for name, takes in self.match.takes.items()
        }
        for name, value in self._fill.items():
            row[name] = row.get(name) or value
        for column in self.role.columns:
            given = row.get(column.name)
            if column.type != "text" and column.name not in _COORDINATES and given is not None:
                row[column.name] = _READ[column.type](given)
                if row[column.name] is None:
                    self.repairs[f"{column.name} that is none, left empty"] += 1
        self._coordinates(row)
        self._meanings(row)
        if self.role.name == "territories":
            self._territory(row)
        elif "territory_code" in self.role.names and row.get("territory_code"):
            row["territory_code"] = values.territory(self.country, row["territory_code"]) or None
        return row

    def _take(self, cells: list[str], take: Take) -> str | None:
        parts = []
        for header in take.headers:
            place = self._places[header]
            value = cells[place]
            if place in self._codes:
                value = self._codes[place].get(value.strip(), value)
            if take.pattern:
                found = take.pattern.search(value)
                value = (found[1] if found.groups() else found[0]) if found else ""
            if tidy := values.text(value):
                parts.append(tidy)
        return take.joined.join(parts) or None

    def _coordinates(self, row: Row) -> None:
        if "latitude" not in self.role.names:
            return
        given = [row.get(name) for name in _COORDINATES]
        row.update(dict.fromkeys(_COORDINATES))
        if given == [None, None]:
            return
        latitude, longitude = (values.number(v) if v else None for v in given)
        if latitude is None or longitude is None:
            self.repairs["coordinates that are no numbers, left empty"] += 1
        elif values.inside(self.country, latitude, longitude):
            row["latitude"], row["longitude"] = latitude, longitude
        elif values.inside(self.country, longitude, latitude):
            row["latitude"], row["longitude"] = longitude, latitude
            self.repairs["coordinates the wrong way round, turned"] += 1
        else:
            self.repairs["coordinates outside the country, left empty"] += 1

    def _meanings(self, row: Row) -> None:
        for (role, column), (words, scheme) in _MEANT.items():
            if role == self.role.name:
                said = row.get(column) or row.get(words)
                known = self.role.column(column).values
                row[column] = (
                    said if said in known else said and (values.meaning(scheme, said) or "other")
                )
                if row[column] not in known:
                    row[column] = None  # a closed list without "other": nothing is claimed
                if (row.get(words) or "").isdecimal():
                    row[words] = None  # a number that nobody explained tells citizens nothing
        if row.get("ownership"):
            row["ownership"] = values.meaning("ownership", row["ownership"]) or "other"
        if row.get("status") and "active" in self.role.names:
            row["status"] = values.spelling(row["status"])
            meant = values.meaning("active", row["status"])
            row["active"] = None if meant is None else meant == "yes"

    def _territory(self, row: Row) -> None:
        """Codes with their country. Regions, provinces and states get their ISO code by name, and so
        does what lies in one; a district lies in something smaller, which may be a namesake.
        """
        first = values.first_level(self.country)
        kind = row.get("kind") or values.territory_kind(self.country)
        row["kind"] = kind if kind in self.role.column("kind").values else None
        own = parent = None
        if kind in ("region", "province", "state"):
            own = first.get(fold(row.get("name") or ""))
        if kind != "district":
            parent = first.get(fold(row.get("parent_name") or ""))
        row["code"] = own or values.territory(self.country, row.get("code") or "") or None
        row["parent_code"] = parent or (
            values.territory(self.country, row["parent_code"]) if row.get("parent_code") else None
        )
        known = self._iso.get(row["parent_code"] or "")
        row["iso_3166_2"] = row.get("iso_3166_2") or own or parent or known
        if row["code"] and row["iso_3166_2"]:
            self._iso[row["code"]] = row["iso_3166_2"]

    def _above(self, row: Row, cells: list[str], done: set[str]) -> Iterator[Row]:
        """The territories above a row, nearest first in `options.parents`; each only once."""
        first = values.first_level(self.country)
        digits = row["code"].partition("-")[2]
        chain: list[Row] = []
        for above in self._parents:
            name = self._take(cells, Take((squash(above["name"]),)))
            code = first.get(fold(name or "")) if above is self._parents[-1] else None
            code = code or f"{self.country}-{digits[: above['digits']]}"
            chain.append({"code": code, "name": name, "kind": above["kind"]})
        iso = chain[-1]["code"] if chain[-1]["code"] in first.values() else None
        row["iso_3166_2"] = row.get("iso_3166_2") or iso
        for lower, upper in zip([row, *chain], chain, strict=False):
            lower["parent_code"], lower["parent_name"] = upper["code"], upper["name"]
        for territory in reversed(chain):
            if territory["name"] and territory["code"] not in done:
                done.add(territory["code"])
                yield territory | {"iso_3166_2": row["iso_3166_2"]}

    def _first_time(self, row: Row) -> bool:
        """Whether the row is new. Rows without a number get one that stays while they do; further
        rows of one number get it with -2, -3 …, so that each can be cited by itself.
        """
        key = str(self.role.key)
        content = hash(tuple(row.get(name) for name in self.role.names if name != key))
        if row.get(key) is None:
            told = "|".join(str(row.get(name) or "") for name in self.role.names if name != key)
            row[key] = hashlib.sha256(told.encode()).hexdigest()[:12]
        seen = self._seen.setdefault(row[key], set())
        if content in seen:
            self.rejects["the same row twice"] += 1
            return False
        seen.add(content)
        if len(seen) > 1:
            if key == "code":
                self.rejects["the same code twice"] += 1
                return False
            row[key] = f"{row[key]}-{len(seen)}"
            self.repairs[f"the same {key} for several rows, numbered"] += 1
        return True

    def write(self, path: Path, append: bool = False) -> int:
        """Writes the normalised CSV; returns how many rows it got."""
        count = 0
        with path.open("a" if append else "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if not append:
                writer.writerow(self.role.names)
            for row in self.rows():
                writer.writerow([_written(row.get(name)) for name in self.role.names])
                count += 1
        return count


def _written(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CatalogError(f"options.{name} is {value!r:.60}", "Write it as `NAME: value` lines.")
    return value


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
