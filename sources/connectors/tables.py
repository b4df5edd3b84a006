"""A table of an agency: CSV in any encoding, XLSX or JSON, from a file, a folder or an address.

    id: mi-municipio-centros
    title: Centros de salud de Ejemplo
    connector: tables
    origin: ./centros.csv
    country: CL

What the table holds is told by its headers (`sources.tables.headers`), or by `options.role`. Only
the standard columns of that role are taken; see `sources.tables.normalise` for the other options.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sources.catalog import CatalogEntry
from sources.errors import CatalogError, ConnectorError
from sources.fetch import is_address
from sources.tables import Reading, TableSet
from sources.tables.normalise import Normaliser
from sources.tables.pages import BLANK, download, filled, parameters_of
from sources.tables.sheets import read_sheet
from sources.tables.values import day

_SUFFIXES = {".csv", ".txt", ".tsv", ".xlsx", ".json", ".sql", ".zip"}
_DATED = re.compile(r"(?<!\d)(20\d\d)[-_]?([01]\d)[-_]?([0-3]\d)(?!\d)")
_TURNED = re.compile(r"(?<!\d)([0-3]\d)[-_]([01]\d)[-_](20\d\d)(?!\d)")


def tables(
    entry: CatalogEntry, origin: str, folder: Path, reading: Reading | None = None
) -> TableSet:
    """The tables at `origin` as normalised CSV files in `folder`, one per role.

    Raises ConnectorError where nothing can be read, CatalogError where an option is wrong.
    """
    reading = reading or Reading()
    if not entry.country:
        raise CatalogError(f"{entry.id}: country is not known", "Write `country:`.")
    repairs: Counter[str] = Counter()
    rejects: Counter[str] = Counter()
    known: Mapping[str, Mapping[str, str]] = {}
    told: str | None = None
    partial = False
    if is_address(origin):
        got = download(entry, filled(entry, origin, reading), folder, reading, repairs)
        if got.fetched.unchanged:
            return TableSet({}, unchanged=True, known=reading.known)
        partial = got.partial
        files, told = {got.url: got.path}, dated(got.url) or got.fetched.day
        known = {got.url: got.fetched.known} if got.fetched.known else {}
    else:
        files = _files(origin)
        told = max(filter(None, map(dated, files)), default=None)
    made: dict[str, Path] = {}
    rows = filtered = 0
    for name, path in files.items():
        sheet = read_sheet(path, name, folder)
        normaliser = Normaliser(entry, sheet, parameters_of(entry, reading))
        role = normaliser.role.name
        target = folder / f"{role}.csv"
        rows += normaliser.write(target, append=role in made)
        made[role] = target
        rejects += normaliser.rejects
        repairs += normaliser.repairs
        filtered += normaliser.filtered
    if not rows:
        raise ConnectorError(*_empty(entry, rejects, filtered))
    digest = content_hash(made)
    return TableSet(made, rows, rejects, repairs, filtered, told, digest, known, partial=partial)


def _empty(entry: CatalogEntry, rejects: Counter[str], filtered: int) -> tuple[str, str]:
    reasons = [f"{count} rows: {reason}" for reason, count in rejects.most_common(3)]
    if filtered:
        reasons.append(f"{filtered} rows that `options.where` does not want")
    return f"{entry.id}: no row can be taken ({'; '.join(reasons) or 'the table is empty'})", ""


def _files(origin: str) -> dict[str, Path]:
    """The table files at `origin` by name. Raises ConnectorError where there is none."""
    if not origin:
        raise ConnectorError(
            "the entry names no file", "Give one: `ventanilla sources sync ID --from FILE`."
        )
    if BLANK.search(origin) or "://" in origin:
        raise ConnectorError(f"{origin} is neither a file nor a web address", "Correct `origin`.")
    root = Path(origin)
    if not root.exists():
        raise ConnectorError(f"{root} does not exist", "Check `origin` in the catalogue entry.")
    if root.is_file():
        return {root.name: root}
    found = {path.name: path for path in sorted(_below(root))}
    if not found:
        kinds = ", ".join(sorted(_SUFFIXES))
        raise ConnectorError(f"{root} holds no table", f"Put a file there: {kinds}.")
    return found


def _below(root: Path) -> Iterator[Path]:
    for path in root.iterdir():
        hidden = path.name.startswith((".", "~"))
        if path.is_file() and not hidden and path.suffix.lower() in _SUFFIXES:
            yield path


def dated(name: str) -> str | None:
    """The day in a file's name or address, as in establecimientos_20260310.csv, or None."""
    found = _DATED.findall(name) or _TURNED.findall(name)
    return day("-".join(found[-1])) if found else None


def content_hash(files: Mapping[str, Path]) -> str:
    """SHA-256 over the normalised tables, so that a file that only looks new changes nothing."""
    digest = hashlib.sha256()
    for role, path in sorted(files.items()):
        digest.update(role.encode())
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
