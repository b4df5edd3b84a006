"""GTFS feeds for tests: small ones written on the spot, and the real ones beside the project."""

from __future__ import annotations

import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agents.toolkit import Access
from retrieval.tables import Dataset, Tables
from sources.catalog import CatalogEntry
from sources.connectors import gtfs
from sources.document import PUBLIC, Sector, Verification

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "gtfs"
TRUJILLO = SHARED / "pe-trujillo" / "gtfs.zip"
SAO_PAULO = SHARED / "br-saopaulo-subset" / "saopaulo.zip"
REAL = [
    pytest.param(("pe-trujillo", TRUJILLO, "PE", "es"), id="Trujillo"),
    pytest.param(("br-sptrans", SAO_PAULO, "BR", "pt"), id="São Paulo"),
]
needs_feeds = pytest.mark.skipif(
    not (TRUJILLO.is_file() and SAO_PAULO.is_file()), reason="../shared/data/gtfs is not here"
)

AGENCY = "agency_id,agency_name,agency_url,agency_timezone\n1,Buses,https://ejemplo.pe,{zone}\n"
DAILY = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "diario,1,1,1,1,1,1,1,20260101,20261231\n"
)
STOPS = "stop_id,stop_name,stop_lat,stop_lon\n"
ROUTES = "route_id,agency_id,route_short_name,route_long_name,route_type\n"
TRIPS = "route_id,service_id,trip_id,trip_headsign,direction_id\n"
TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"


def write_feed(path: Path, files: dict[str, str]) -> Path:
    """A zip with `files` (names without .txt)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.txt", text)
    return path


def load(
    tables: Tables, source_id: str, path: Path, country: str = "PE", language: str = "es",
    tenant: str = PUBLIC,
) -> Dataset:  # fmt: skip
    """Loads a feed as the product does."""
    entry = CatalogEntry(
        id=source_id, title=f"Horarios {source_id}", connector="gtfs", country=country,
        language=language, agency="Buses",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        read = gtfs.tables(entry, str(path), Path(folder))
        dataset = Dataset(
            source_id=source_id,
            title=entry.title,
            agency="Buses",
            licence="CC-BY-4.0",
            url="https://ejemplo.pe/gtfs",
            country=country,
            language=language,
            as_of="2026-03-01",
            retrieved_at="2026-03-02",
            verification=Verification.OFFICIAL,
            tenant=tenant,
            sectors=(Sector.TRANSPORT,),
            roles=(),
            rows=0,
            content_hash=read.content_hash,
        )
        tables.replace(dataset, read.tables)
    found = tables.dataset(source_id)
    assert found is not None
    return found


def access(
    tables: Tables | None, country: str, now: datetime, searcher: Any = None, **more: Any
) -> Access:
    """What a tool is given."""
    language = more.pop("language", "pt" if country == "BR" else "es")
    return Access(
        tables=tables or Tables(None),
        searcher=searcher,
        country=country,
        language=language,
        now=now,
        **more,
    )
