"""Which territories everybody's questions are read by."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.table_places import territories
from retrieval.tables import Dataset, Tables
from sources.document import Sector, Verification
from sources.tables import roles

PLACES = {"Arica": "public", "Zuquimapo": "muni"}


def _dataset(source_id: str, tenant: str) -> Dataset:
    return Dataset(
        source_id=source_id, title=source_id, agency="Agencia", licence=None, url=None, country="CL",
        language="es", as_of=None, retrieved_at=None, verification=Verification.OFFICIAL,
        tenant=tenant, sectors=(Sector.HEALTH,), roles=(), rows=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "column"), [("health_facilities", "municipality"), ("territories", "name")]
)
def test_they_are_those_of_public_tables(tmp_path: Path, role: str, column: str) -> None:
    tables = Tables(None)
    for name, tenant in PLACES.items():
        path = tmp_path / f"{name}.csv"
        header = roles()[role].names
        row = [name if each == column else "" for each in header]
        path.write_bytes((",".join(header) + "\r\n" + ",".join(row) + "\r\n").encode())
        tables.replace(_dataset(f"set-{tenant}", tenant), {role: path})
    assert [row[column] for row in territories(tables)] == ["Arica"]
    tables.close()
