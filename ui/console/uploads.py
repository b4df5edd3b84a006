"""Files that people upload: copied, and archives unpacked, into one folder and nowhere else.

    names = unpack([Path("/tmp/x/tramites.zip")], folder)

An archive is not believed: no member leaves the folder, sizes are counted while they are written, and
links, passwords, archives within archives and names that are no names are refused with the archive.
"""

from __future__ import annotations

import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from sources.parsers import LARGEST
from ui.console import Refused

MOST_FILES = 5000
MOST_BYTES = 500_000_000
"""Of all files of one upload together, unpacked."""

MOST_NAME = 120
"""Characters of one part of a path."""

DEEPEST = 12

_PASSED_OVER = re.compile(r"(^|/)(\.(?!\.)|~\$|__macosx/|thumbs\.db$|desktop\.ini$)", re.I)
_BAD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_CHUNK = 1 << 20


class _Room:
    """What may still be written."""

    def __init__(self) -> None:
        self.files, self.bytes = MOST_FILES, MOST_BYTES
        self.names: set[str] = set()

    def file(self, name: str) -> None:
        """Takes the place of one file. Raises Refused where there is none left."""
        self.files -= 1
        if self.files < 0:
            raise Refused("upload_many", most=MOST_FILES)
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in self.names:
            raise Refused("upload_twice", name=name)
        self.names.add(folded)

    def write(self, count: int) -> None:
        """Takes the place of bytes."""
        self.bytes -= count
        if self.bytes < 0:
            raise Refused("upload_large", most=MOST_BYTES // 1_000_000)


def unpack(paths: Iterable[Path], folder: Path) -> list[str]:
    """Puts the files at `paths` into `folder`, which is made; returns their names there.

    Raises Refused naming what is wrong; what was written until then is the caller's to remove.
    """
    folder.mkdir(parents=True, exist_ok=True)
    room, written = _Room(), []
    for path in paths:
        if path.suffix.lower() == ".zip":
            written += list(_archive(path, folder, room))
        elif path.suffix.lower() in _ARCHIVES:
            raise Refused("upload_archive", name=path.name)
        else:
            name = safe_name(path.name)
            room.file(name)
            size = path.stat().st_size
            if size > LARGEST:
                raise Refused("upload_file_large", name=name, most=LARGEST // 1024**2)
            room.write(size)
            shutil.copyfile(path, folder / name)
            written.append(name)
    if not written:
        raise Refused("upload_nothing")
    return written


def safe_name(name: str) -> str:
    """A path inside the folder, as POSIX writes it. Raises Refused for one that would leave it, or that
    is no name.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or len(parts) > DEEPEST or _BAD.search(name):
        raise Refused("upload_name", name=name[:MOST_NAME])
    for part in parts:
        if part in (".", "..") or len(part) > MOST_NAME or part != part.strip(" ."):
            raise Refused("upload_name", name=name[:MOST_NAME])
    return "/".join(parts)


def _archive(path: Path, folder: Path, room: _Room) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not _PASSED_OVER.search(m.filename)]
            if len(members) > MOST_FILES:
                raise Refused("upload_many", most=MOST_FILES)
            for member in members:
                if member.is_dir():
                    safe_name(member.filename.rstrip("/"))
                    continue
                yield _member(archive, member, folder, room)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Refused("upload_broken", name=path.name) from error


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, room: _Room) -> str:
    name = safe_name(member.filename)
    mode = member.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise Refused("upload_link", name=name)
    if member.flag_bits & 0x1:
        raise Refused("upload_password", name=name)
    if name.lower().endswith(_ARCHIVES):
        raise Refused("upload_archive", name=name)
    room.file(name)
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(member) as source, target.open("xb") as out:
        while piece := source.read(_CHUNK):
            size += len(piece)
            room.write(len(piece))
            if size > LARGEST:
                raise Refused("upload_file_large", name=name, most=LARGEST // 1024**2)
            out.write(piece)
    return name
