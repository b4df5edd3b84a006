"""What is uploaded lands in its folder and nowhere else, or not at all."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from ui.console import Refused, uploads
from ui.console.uploads import unpack


def zipped(folder: Path, members: dict[str, bytes], name: str = "a.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for member, data in members.items():
            made.writestr(member, data)
    return path


def everything(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_is_unpacked_with_its_paths(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"uno.md": b"1", "más/dos.md": b"2", "__MACOSX/._uno.md": b"x"})
    assert unpack([path], tmp_path / "to") == ["uno.md", "más/dos.md"]
    assert everything(tmp_path / "to") == {"uno.md", "más/dos.md"}


def test_files_and_archives_come_together(tmp_path: Path) -> None:
    (tmp_path / "tres.md").write_text("3", encoding="utf-8")
    path = zipped(tmp_path, {"uno.md": b"1"})
    assert unpack([path, tmp_path / "tres.md"], tmp_path / "to") == ["uno.md", "tres.md"]


@pytest.mark.parametrize(
    "name",
    ["../fuera.md", "a/../../fuera.md", "/etc/fuera.md", "..\\fuera.md", "C:\\fuera.md",
     "a/b\x01.md", "a /b.md", "x" * 200 + ".md", "/".join("a" * 20) + "/b.md"],
)  # fmt: skip
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path, {name: b"x"})
    with pytest.raises(Refused) as refused:
        unpack([path], tmp_path / "deep" / "to")
    assert refused.value.name == "upload_name"
    assert everything(tmp_path) == {"a.zip"}


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("enlace.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(Refused) as refused:
        unpack([path], tmp_path / "to")
    assert refused.value.name == "upload_link"


def test_an_archive_within_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path, {"uno.md": b"1"}, "inner.zip").read_bytes()
    with pytest.raises(Refused) as refused:
        unpack([zipped(tmp_path, {"inner.zip": inner})], tmp_path / "to")
    assert refused.value.name == "upload_archive"


def test_what_is_written_counts_not_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000_000)
    bomb = zipped(tmp_path, {f"{n}.md": b"\0" * 600_000 for n in range(2)})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(Refused) as refused:
        unpack([bomb], tmp_path / "to")
    assert refused.value.name == "upload_large"


def test_there_is_a_most_of_files_and_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    many = zipped(tmp_path, {f"{n}.md": b"x" for n in range(3)})
    with pytest.raises(Refused) as refused:
        unpack([many], tmp_path / "to")
    assert refused.value.name == "upload_many"
    monkeypatch.setattr(uploads, "LARGEST", 10)
    large = zipped(tmp_path, {"grande.md": b"x" * 11})
    with pytest.raises(Refused) as refused:
        unpack([large], tmp_path / "too")
    assert refused.value.name == "upload_file_large"


def test_two_names_that_a_disk_would_make_one_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"Uno.md": b"1", "uno.md": b"2"})
    with pytest.raises(Refused) as refused:
        unpack([path], tmp_path / "to")
    assert refused.value.name == "upload_twice"


def test_a_broken_or_empty_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roto.zip").write_bytes(b"PK\x03\x04 nothing")
    for path, name in (
        (tmp_path / "roto.zip", "upload_broken"),
        (zipped(tmp_path, {".oculto": b"x"}), "upload_nothing"),
    ):
        with pytest.raises(Refused) as refused:
            unpack([path], tmp_path / "to")
        assert refused.value.name == name
