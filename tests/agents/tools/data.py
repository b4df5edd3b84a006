"""What the tests of the tools read: small tables of our own, and the real ones where they are there."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from agents.toolkit import Access
from retrieval.places import Place
from retrieval.search import Searcher
from retrieval.tables import Dataset, Tables
from sources.catalog import read_entry
from sources.connectors.tables import tables as read_tables
from sources.document import Sector, Verification
from sources.tables import roles

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
DEIS = SHARED / "cl-deis-establecimientos" / "establecimientos_20260310.csv"
SUNEDU = SHARED / "pe-sunedu" / "sunedu-licenciamiento-20210114.csv"

NOON = datetime(2026, 11, 23, 12)


def dataset(source_id: str, country: str, **fields: object) -> Dataset:
    """A data set of the tests."""
    given = {
        "source_id": source_id, "title": source_id, "agency": "Agencia", "licence": None, "url": None,
        "country": country, "language": "pt" if country == "BR" else "es", "as_of": "2026-11-23",
        "retrieved_at": None, "verification": Verification.OFFICIAL, "tenant": "public",
        "sectors": (Sector.HEALTH,), "roles": (), "rows": 0,
    }  # fmt: skip
    return Dataset(**(given | fields))


def write(path: Path, role: str, rows: Iterable[Mapping[str, object]]) -> Path:
    """A normalised CSV of a role: what a row does not name is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, roles()[role].names, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def catalogued(entry_id: str, path: Path, tables: Tables, folder: Path) -> Path:
    """Loads a real file by its catalogue entry; returns the normalised CSV."""
    entry = read_entry(ROOT / "sources" / "catalog" / f"{entry_id}.yaml")
    made = read_tables(entry, str(path), folder)
    [(role, normalised)] = made.tables.items()
    as_of = made.as_of or entry.as_of
    tables.replace(
        dataset(entry_id, entry.country or "", as_of=as_of, sectors=entry.sectors),
        {role: normalised},
    )
    return normalised


def access(
    tables: Tables | None,
    searcher: Searcher | None,
    country: str,
    language: str = "es",
    now: datetime = NOON,
) -> Access:
    """What a tool is given."""
    return Access(
        tables=tables,
        searcher=searcher,
        country=country,
        language=language,
        now=now,  # type: ignore[arg-type]
    )


def place(country: str, code: str, name: str, kind: str = "comuna", **fields: object) -> Place:
    """A place without coordinates, unless they are given."""
    given = {"parents": (), "latitude": None, "longitude": None} | fields
    return Place(country, code, name, kind, **given)
