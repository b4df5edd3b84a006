"""What goes into a pack: public documents alone, the same bytes for the same, and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.pack import open_pack
from retrieval.pack_import import look
from sources.errors import UsageError
from tests.retrieval.packing import Home, document, entry


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.keys.new("Agencia")
    made.have([document(n) for n in range(6)])
    yield made
    made.close()


def later() -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC)


def test_the_same_content_is_the_same_file(home: Home, tmp_path: Path) -> None:
    first = home.export(tmp_path / "a.zip")
    second = home.export(tmp_path / "b.zip", now=later)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert first.pack == second.pack
    home.have([document(n, price=200) for n in range(6)])
    third = home.export(tmp_path / "c.zip", now=later)
    assert look(tmp_path / "c.zip", home.keys.known()).sequence == 2
    assert third.pack != first.pack


def test_the_manifest_tells_of_the_set_and_nothing_private(home: Home, tmp_path: Path) -> None:
    home.export(tmp_path / "a.zip", entry(options={"password": "hunter2"}, schedule="0 3 * * *"))
    manifest = look(tmp_path / "a.zip", home.keys.known())
    (told,) = manifest.sets
    assert (manifest.agency, manifest.key) == ("Agencia", home.keys.own().key.id)
    assert (told.agency, told.country, told.languages) == ("Municipalidad de Prueba", "PE", ("es",))
    assert (told.documents, told.carried, told.licences) == (6, 6, {"CC-BY-4.0": 6})
    text = manifest.model_dump_json()
    assert not any(word in text for word in ("secreto", "hunter2", "0 3 *", "files"))


@pytest.mark.parametrize("since", ["last", "1", "id", "file"])
def test_only_the_differences_go(home: Home, tmp_path: Path, since: str) -> None:
    first = home.export(tmp_path / "a.zip")
    home.have([document(n, price=900 if n == 2 else 100) for n in (0, 1, 2, 3, 5, 7)])
    asked = {"id": first.pack, "file": str(tmp_path / "a.zip")}.get(since, since)
    home.export(tmp_path / "b.zip", since=asked)
    with open_pack(tmp_path / "b.zip", home.keys.known()) as pack:
        (told,) = pack.manifest.sets
        assert [d.id for d in pack.documents(told)] == ["pe-muni-c002", "pe-muni-c007"]
        assert told.removed == ("pe-muni-c004",)
        assert pack.manifest.base is not None and pack.manifest.base.pack == first.pack
        assert (pack.manifest.sequence, told.documents) == (2, 6)


def test_no_differences_make_no_pack(home: Home, tmp_path: Path) -> None:
    home.export(tmp_path / "a.zip")
    again = [
        d.model_copy(update={"provenance": d.provenance.model_copy(update={"retrieved_at": day})})
        for d, day in ((document(n), "2026-11-24") for n in range(6))
    ]
    home.have(again)  # read again on another day, and the same
    assert home.export(tmp_path / "b.zip", since="last").path is None
    assert not (tmp_path / "b.zip").exists()


def test_an_unknown_base_is_told_with_those_that_are_known(home: Home, tmp_path: Path) -> None:
    made = home.export(tmp_path / "a.zip")
    with pytest.raises(UsageError, match=f"no pack '7' of pe-muni was made here.*{made.pack}"):
        home.export(tmp_path / "b.zip", since="7")


def test_what_is_not_public_stays(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pe-muni is not public"):
        home.export(tmp_path / "a.zip", entry(owner="intern", tenant="intern"))
    home.have([document(0), document(1, tenant="intern")])
    with pytest.raises(UsageError, match="pe-muni-c001 is not public"):
        home.export(tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_tables_and_empty_sets_are_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set of tables"):
        home.export(tmp_path / "a.zip", entry(connector="tables"))
    with pytest.raises(UsageError, match=r"has no documents\. Run `ventanilla sources sync other`"):
        home.export(tmp_path / "a.zip", entry("other"))


def test_documents_without_a_licence_are_told(home: Home, tmp_path: Path) -> None:
    assert home.export(tmp_path / "a.zip").warnings == ()
    bare = document(0).provenance.model_copy(update={"licence": None})
    home.have([document(0, provenance=bare), document(1)])
    (line,) = home.export(tmp_path / "a.zip").warnings
    assert "1 of 2 documents name no licence" in line


def test_a_folder_that_cannot_be_written_is_one_line(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        home.export(tmp_path / "none" / "a.zip")
