"""No quote of any document set at hand whose offsets do not reproduce it exactly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources import connectors
from sources.catalog import read_catalog
from sources.document import Document

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
COPIES = {"br-servicos": SHARED / "br-cartas-de-servico"}
"""Sets that are read live, and where a copy of them may lie."""

AT_HAND = ("corpus", "files")
"""Connectors that read what lies on this machine."""


def read(name: str) -> Iterator[Document]:
    items = connectors.read(read_catalog()[name], str(COPIES[name]) if name in COPIES else None)
    return (item for item in items if isinstance(item, Document))


def sets() -> list[str]:
    catalog = read_catalog().values()
    return [entry.id for entry in catalog if entry.connector in AT_HAND or entry.id in COPIES]


@pytest.mark.parametrize("name", sets())
def test_every_section_is_where_it_says(name: str) -> None:
    if name in COPIES and not COPIES[name].is_dir():
        pytest.skip(f"no copy of {name} lies beside the project")
    count = 0
    for document in read(name):
        end = 0
        for section in document.sections:
            quote = document.quote(section)
            assert section.start >= end, document.id
            assert quote == document.text[section.start : section.end] == quote.strip() != ""
            assert unicodedata.is_normalized("NFC", quote), document.id
            end = section.end
            count += 1
    assert count > 100
