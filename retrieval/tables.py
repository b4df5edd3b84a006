"""Open data as tables, in one DuckDB file: loaded per data set, asked in SQL, cited row by row.

    tables = Tables(home / "tables.duckdb")
    tables.replace(dataset, {"health_facilities": folder / "health_facilities.csv"})
    tables.query("SELECT name FROM health_facilities WHERE source_id = ? AND emergency", "cl-deis")

There is one table per role (`sources.tables`), in which the rows of all data sets stand. DuckDB is
imported and a file made when the first is needed: who has no tables pays for neither.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from retrieval.table_text import to_document
from sources.document import PUBLIC, Document, Provenance, Sector, Verification
from sources.errors import IndexUnavailable, SourceError, reason_of
from sources.tables import Role, role_named, roles

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    "text": "VARCHAR",
    "double": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
}
_MEMORY = "1GB"
_BY_NUMBER = "#"
"""Before the number of a row that no column tells apart: "#17"."""


class Dataset(BaseModel):
    """One data set whose rows are loaded. Dates are ISO 8601; `rows` counts those of all roles.

    `checked_at` is the moment (UTC) at which the origin was last read with success.
    `content_hash` and `recipe` tell whether it must be loaded anew, `known` is what the server said
    of it.
    """

    model_config = ConfigDict(frozen=True)

    source_id: str
    title: str
    agency: str
    licence: str | None
    url: str | None
    country: str
    language: str
    as_of: str | None
    retrieved_at: str | None
    verification: Verification
    tenant: str
    sectors: tuple[Sector, ...]
    roles: tuple[str, ...]
    rows: int
    checked_at: str | None = None
    content_hash: str = ""
    recipe: str = ""
    known: dict[str, dict[str, str]] = {}

    @property
    def written_in(self) -> Literal["es", "pt"]:
        """The language of the documents made of its rows."""
        return "pt" if self.language == "pt" else "es"

    @property
    def provenance(self) -> Provenance:
        """Where those documents come from."""
        return Provenance(
            source_id=self.source_id,
            url=self.url,
            agency=self.agency,
            licence=self.licence,
            retrieved_at=self.retrieved_at,
            as_of=self.as_of,
            verification=self.verification,
        )


class Tables:
    """The tables of one VENTANILLA_HOME, shared by the threads of this process."""

    def __init__(self, path: Path | None) -> None:
        """Opens the file, if there is one; None keeps everything in memory.

        Raises IndexUnavailable where another process holds it or it is no such file.
        """
        self._path = path
        self._lock = threading.RLock()
        self._writing = threading.RLock()  # of its own: who reads does not wait for a long load
        self._connection: duckdb.DuckDBPyConnection | None = None
        # What was read before a change must not be remembered after it: each change counts on.
        self._changes = 0
        self._listed: tuple[int, list[Dataset]] = (-1, [])
        self._document = lru_cache(maxsize=2048)(self._read_document)
        if path is not None and path.exists():
            self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = _connect(self._path)
            return self._connection

    @property
    def _nothing(self) -> bool:
        """Whether nothing was ever loaded, so that there is no file to ask."""
        return self._connection is None and not (self._path and self._path.exists())

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of this call alone, so that threads do not take each other's results."""
        with self._lock:
            cursor = self._open().cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self, what: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One writer at a time; all that it did is kept, or nothing of it."""
        import duckdb

        with self._writing, self._cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as error:
                with suppress(duckdb.Error):  # a failed COMMIT has undone everything itself
                    cursor.execute("ROLLBACK")
                if isinstance(error, duckdb.Error):
                    raise SourceError(f"{what} could not be stored ({reason_of(error)})") from error
                raise
            finally:
                self._changes += 1
                self._document.cache_clear()

    def replace(self, dataset: Dataset, tables: Mapping[str, Path]) -> None:
        """Makes `tables` (normalised CSV by role) all that there is of this data set, at once.

        Raises CatalogError for an unknown role, SourceError where a file cannot be loaded; then what
        was there before stays as it was.
        """
        chosen = [(role_named(name), path) for name, path in tables.items()]
        with self._transaction(dataset.source_id) as cursor:
            for role in roles().values():
                statement = f"DELETE FROM {role.name} WHERE source_id = ?"  # noqa: S608 – our names
                cursor.execute(statement, [dataset.source_id])
            rows = 0
            for role, path in chosen:
                values = [dataset.source_id, dataset.country, str(path)]
                found = cursor.execute(_loading(role), values).fetchone()
                rows += int(found[0]) if found else 0
            complete = dataset.model_copy(update={"roles": tuple(tables), "rows": rows})
            _record(cursor, complete)

    def update(self, dataset: Dataset) -> None:
        """Changes what is said of a data set (that it was read again, say), not its rows."""
        with self._transaction(dataset.source_id) as cursor:
            _record(cursor, dataset)

    def remove(self, source_id: str) -> int:
        """Removes a data set with its parts (``source_id.…``); returns how many rows it had."""
        if self._nothing:
            return 0
        gone = [d for d in self._datasets() if d.source_id.partition(".")[0] == source_id]
        gone = gone or [d for d in self._datasets() if d.source_id == source_id]
        with self._transaction(source_id) as cursor:
            for dataset in gone:
                for role in (*dataset.roles, "_datasets"):
                    statement = f"DELETE FROM {role} WHERE source_id = ?"  # noqa: S608 – our names
                    cursor.execute(statement, [dataset.source_id])
        return sum(dataset.rows for dataset in gone)

    def query(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """The rows of a SELECT, as dictionaries. Raises ValueError for anything but one SELECT."""
        import duckdb

        with self._cursor() as cursor:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
                raise ValueError("tables are asked with one SELECT")
            cursor.execute(statements[0], list(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def datasets(
        self,
        role: str | None = None,
        countries: Sequence[str] = (),
        tenants: Sequence[str] = (PUBLIC,),
    ) -> list[Dataset]:
        """The data sets that a role and `tenants` may use, by id; no `countries` means all."""
        return [
            dataset
            for dataset in self._datasets()
            if dataset.tenant in tenants
            and (role is None or role in dataset.roles)
            and (not countries or dataset.country in countries)
        ]

    def dataset(self, source_id: str) -> Dataset | None:
        """The data set called `source_id`, whoever may use it."""
        return next((d for d in self._datasets() if d.source_id == source_id), None)

    def _datasets(self) -> list[Dataset]:
        if self._nothing:
            return []
        as_of, listed = self._listed
        if as_of != (now := self._changes):  # asked several times for every question
            rows = self.query("SELECT body FROM _datasets ORDER BY source_id")
            listed = [Dataset.model_validate_json(row["body"]) for row in rows]
            self._listed = (now, listed)
        return listed

    def row(self, source_id: str, role: str, row_id: str) -> dict[str, Any] | None:
        """One row by its key, or by "#" and its number; None where there is none.

        Raises CatalogError for an unknown role.
        """
        known = role_named(role)
        if self._nothing:
            return None
        key, value = known.key, row_id
        if row_id.startswith(_BY_NUMBER) and row_id[1:].isdecimal():
            key, value = "row_no", row_id[1:]
        if key is None:
            return None
        found = self.query(
            f"SELECT * FROM {known.name} WHERE source_id = ? AND {key}::VARCHAR = ? "  # noqa: S608
            "ORDER BY row_no LIMIT 1",
            source_id,
            value,
        )
        return found[0] if found else None

    def row_id(self, role: str, row: Mapping[str, Any]) -> str:
        """What `row`, `document` and `document_id` call a row of `query`."""
        key = role_named(role).key
        value = row.get(key) if key else None
        return str(value) if value is not None else f"{_BY_NUMBER}{row['row_no']}"

    def document_id(self, source_id: str, role: str, row_id: str) -> str:
        """The id under which a row is cited, e.g. ``cl-deis.health_facilities.126704``."""
        return f"{source_id}.{role_named(role).name}.{_slug(row_id)}"

    def document(self, document_id: str) -> Document | None:
        """The row as a document: one readable line, then a sentence per value. None if unknown."""
        return None if self._nothing else self._document(document_id, self._changes)

    def _read_document(self, document_id: str, as_of: int) -> Document | None:
        source_id, _, rest = document_id.rpartition(".")
        source_id, _, role = source_id.rpartition(".")
        row_id = _unslug(rest)
        if not source_id or role not in roles() or row_id is None:
            return None
        dataset = self.dataset(source_id)
        row = self.row(source_id, role, row_id) if dataset else None
        return to_document(dataset, roles()[role], row, document_id) if dataset and row else None

    def close(self) -> None:
        """Closes the file, after a load that is going on."""
        with self._writing, self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._changes += 1
            self._document.cache_clear()


def _connect(path: Path | None) -> duckdb.DuckDBPyConnection:
    import duckdb

    # Nothing is fetched from outside, whatever a query names.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": _MEMORY,
    }
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path) if path else ":memory:", config=config)
        _prepare(connection)
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise IndexUnavailable(
                f"{path} is held by another process", "Stop it, or ask through `ventanilla serve`."
            ) from None
        raise IndexUnavailable(
            f"{path} cannot be opened ({reason_of(error)})",
            "Move it away and run `ventanilla sources sync`.",
        ) from None
    except OSError as error:
        raise IndexUnavailable(f"{path} cannot be made ({error.strerror})") from None
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables. Where they were made for other columns, all is read anew from its origin."""
    wanted = {role.name: _columns(role) for role in roles().values()}
    form = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    connection.execute("CREATE TABLE IF NOT EXISTS _form (form VARCHAR)")
    found = connection.execute("SELECT form FROM _form").fetchone()
    if found and found[0] == form:
        return
    connection.execute("BEGIN")
    connection.execute("CREATE OR REPLACE TABLE _datasets (source_id VARCHAR, body VARCHAR)")
    for name, columns in wanted.items():
        connection.execute(
            f"CREATE OR REPLACE TABLE {name} "
            f"(source_id VARCHAR, country VARCHAR, row_no BIGINT, {', '.join(columns)})"
        )
    connection.execute("DELETE FROM _form")
    connection.execute("INSERT INTO _form VALUES (?)", [form])
    connection.execute("COMMIT")


def _columns(role: Role) -> list[str]:
    return [f'"{column.name}" {_TYPES[column.type]}' for column in role.columns]


def _loading(role: Role) -> str:
    """The statement by which DuckDB reads a normalised CSV: types are given, nothing is guessed."""
    types = ", ".join(f"'{column.name}': '{_TYPES[column.type]}'" for column in role.columns)
    names = ", ".join(f'"{name}"' for name in role.names)
    return (
        f"INSERT INTO {role.name} SELECT ?, ?, row_number() OVER (), {names} "  # noqa: S608
        f"FROM read_csv(?, header=true, auto_detect=false, delim=',', quote='\"', escape='\"', "
        f"new_line='\\r\\n', columns={{{types}}})"
    )


def _record(cursor: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    cursor.execute("DELETE FROM _datasets WHERE source_id = ?", [dataset.source_id])
    row = [dataset.source_id, dataset.model_dump_json()]
    cursor.execute("INSERT INTO _datasets VALUES (?, ?)", row)


def _slug(row_id: str) -> str:
    """A row's id in the letters that a document's id may have; `_unslug` turns it back."""
    return "".join(
        c if re.fullmatch(r"[a-z0-9-]", c) else "".join(f"_{b:02x}" for b in c.encode("utf-8"))
        for c in row_id
    )


def _unslug(slug: str) -> str | None:
    if not slug or re.sub(r"_[0-9a-f]{2}|[a-z0-9-]", "", slug):
        return None
    parts = re.findall(r"_([0-9a-f]{2})|([a-z0-9-])", slug)
    data = b"".join(bytes.fromhex(code) if code else sign.encode() for code, sign in parts)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
