"""The doctor examines, never raises, and names what to mend."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from retrieval.index import EMBEDDED_PASSAGES
from ui import assemble, doctor
from ui.access.permissions import By
from ui.access.store import AccessStore
from ui.assemble import open_house
from ui.doctor import Finding, examine, outgrown
from ui.settings import Settings


def by_subject(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings)}


def test_a_fresh_home_is_well_and_says_what_to_do_next(tmp_path: Path) -> None:
    found = by_subject(Settings(home=tmp_path / "home"))
    assert all(finding.ok for finding in found.values())
    assert "ventanilla sources sync" in found["index"].text


def test_it_says_whether_anybody_can_log_in(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    remedy = "ventanilla access users add NAME --role administrator"
    assert remedy in next(doctor._login(settings)).text
    assert not (tmp_path / "access.sqlite").exists()
    with AccessStore.open(settings.access) as store:
        password = "cuatro palabras bien largas"
        store.users.add("edu", password, agency=None, role="editor", by=By("t", "cli"))
        assert remedy in next(doctor._login(settings)).text
        store.users.add("ana", password, agency=None, role="administrator", by=By("t", "cli"))
    assert next(doctor._login(settings)).text == "1 administrators can log in at /consola"


def test_a_held_index_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "LOCK_PATIENCE_S", 0.1)
    settings = Settings(home=tmp_path)
    with open_house(settings):
        found = by_subject(settings)
    assert [s for s, finding in found.items() if not finding.ok] == ["index"]


def test_a_broken_entry_of_the_catalogue_is_named(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.catalog.mkdir()
    (settings.catalog / "broken.yaml").write_text("id: [", encoding="utf-8")
    found = by_subject(settings)["catalogue"]
    assert not found.ok
    assert "broken.yaml" in found.text


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(10, 9, 1))
    found = by_subject(Settings(home=tmp_path))["disk"]
    assert not found.ok
    assert "make room" in found.text


def test_a_server_out_of_reach_is_one_finding(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, qdrant_url="http://127.0.0.1:9")
    found = by_subject(settings)["index"]
    assert not found.ok
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("packs", "said"),
    [
        (set(), "no Tesseract: scanned pages are not read"),
        ({"eng", "osd"}, "install tesseract-ocr-spa and tesseract-ocr-por"),
        ({"eng", "spa"}, "scanned pages in es, en; install tesseract-ocr-por"),
        ({"spa", "por"}, "Tesseract reads scanned pages in es, pt"),
    ],
)
def test_it_says_whether_scans_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packs: set[str], said: str
) -> None:
    monkeypatch.setattr(doctor.ocr, "packs", lambda: frozenset(packs))
    found = by_subject(Settings(home=tmp_path))["scans"]
    assert found.ok
    assert said in found.text


def test_an_index_too_large_to_be_embedded_is_told_of() -> None:
    assert outgrown("embedded", EMBEDDED_PASSAGES, embedded=True).ok
    finding = outgrown("embedded", EMBEDDED_PASSAGES + 1, embedded=True)
    assert not finding.ok
    assert "VENTANILLA_QDRANT_URL" in finding.text
    assert outgrown("server", 10 * EMBEDDED_PASSAGES, embedded=False).ok
