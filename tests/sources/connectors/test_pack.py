"""The connector of sets that came in a pack: it reads what was signed, or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sources import connectors
from sources.catalog import CatalogEntry
from sources.connectors.pack import DOCUMENTS, STATE, Installed
from sources.document import Document, PublicService
from sources.errors import ConnectorError


def made(number: int) -> Document:
    return PublicService(
        id=f"pe-muni-{number}",
        title="Permiso",
        country="PE",
        language="es",
        sector=("general",),
        competent_authority={"name": "Muni"},
        cost=({"text": f"Cuesta S/ {number}."},),
    ).to_document(source_id="pe-muni", licence=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "".join(made(n).model_dump_json(exclude_defaults=True) + "\n" for n in (1, 2)).encode()
    (tmp_path / DOCUMENTS).write_bytes(lines)
    installed = Installed(
        pack="pe-muni-1-abcdef01",
        name="pe-muni",
        sequence=1,
        made_at="2026-11-25T12:00:00+00:00",
        agency="Muni",
        key="0" * 16,
        origin="pe-muni",
        sha256=hashlib.sha256(lines).hexdigest(),
        state={made(n).id: made(n).content_hash for n in (1, 2)},
    )
    (tmp_path / STATE).write_text(installed.model_dump_json(), encoding="utf-8")
    return tmp_path


def entry(folder: Path | str, **fields: object) -> CatalogEntry:
    given = {"id": "pe-muni", "title": "T", "connector": "pack", "origin": str(folder), **fields}
    return CatalogEntry.model_validate(given)


def test_documents_are_read_as_they_were_signed(folder: Path) -> None:
    assert list(connectors.read(entry(folder))) == [made(1), made(2)]


def test_under_another_name_only_ids_and_the_set_are_others(folder: Path) -> None:
    first, _ = connectors.read(entry(folder, id="mine"))
    assert isinstance(first, Document)
    assert (first.id, first.provenance.source_id) == ("mine-pe-muni-1", "mine")
    back = {"id": "pe-muni-1", "provenance": made(1).provenance}
    assert first.model_copy(update=back) == made(1)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda f: (f / DOCUMENTS).write_bytes(b"{}\n"), "is not what the pack brought"),
        (lambda f: (f / DOCUMENTS).unlink(), "documents.jsonl cannot be read"),
        (lambda f: (f / STATE).unlink(), "state.json cannot be read"),
        (lambda f: (f / STATE).write_text("{}"), "state.json is spoilt"),
    ],
)
def test_what_was_spoilt_is_not_read(folder: Path, spoil, why: str) -> None:
    spoil(folder)
    with pytest.raises(ConnectorError, match=f"{why}.* Import the pack again"):
        list(connectors.read(entry(folder)))


def test_a_folder_must_be_named_and_documents_stay_public(folder: Path) -> None:
    with pytest.raises(ConnectorError, match="names no folder"):
        list(connectors.read(entry("")))
    with pytest.raises(ConnectorError, match="documents of a pack are public"):
        list(connectors.read(entry(folder, owner="intern", tenant="intern")))
