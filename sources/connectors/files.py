"""A folder of an agency's own documents: Markdown, HTML, PDF, DOCX, ODT, XLSX, CSV and plain text.

    id: mi-municipio
    title: Trámites de la Municipalidad de Ejemplo
    connector: files
    origin: ./documentos
    country: CL
    language: es
    agency: Municipalidad de Ejemplo

Every file is one document, whose id is the entry's id and the file's path. Front matter and <meta>
elements take precedence over the entry (`sources.parsers.metadata`). Hidden and temporary files
are passed over, links out of the folder are not followed. Formats that hostile files are made of are
read in a process of its own (`sources.parsers.apart`).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.document import Item, Rejected, Unchanged
from sources.errors import ConnectorError
from sources.parsers import EXTENSIONS, LARGEST, Unreadable, reader_of
from sources.parsers.apart import Reader
from sources.parsers.document import ids_of, make

_FORMATS = ", ".join(EXTENSIONS)
_TEMPORARY = re.compile(r"[.~]|#.*#$|.*~$|thumbs\.db$|desktop\.ini$|__macosx$", re.I)


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """One document per file below `origin`, which may be a single file too, sorted by path. A file
    whose bytes are those of the last reading is not parsed again.

    Raises ConnectorError where there is no such folder, or no file in it that could be read.
    """
    root = _root(origin)
    found, refused = _files(root)
    if not any(_may_be_read(path) for path in found.values()):
        kinds = sorted({path.suffix.lower() or "no extension" for path in found.values()})
        there = f" (there are: {', '.join(kinds)[:120]})" if kinds else ""
        raise ConnectorError(
            f"{root} holds no document that can be read{there}", f"Put files there: {_FORMATS}."
        )
    ids = ids_of(entry.id, list(found))
    yield from refused
    with Reader() as reader:
        for name, path in found.items():
            before = memory.before.get(name)
            try:
                data = _data(path)
                mark = {"document": ids[name], "sha256": hashlib.sha256(data).hexdigest()}
                if before == mark:
                    memory.now[name] = mark
                    yield Unchanged(document_id=ids[name])
                    continue
                parsed = reader.parse(data, name)
                document = make(entry, ids[name], parsed, _printable(path.stem) or path.name)
            except Unreadable as error:
                yield Rejected(name=name, reason=str(error))
                continue
            yield document
            for part, reason in parsed.unread:
                yield Rejected(name=f"{name}, {part}", reason=reason)
            if not parsed.unread:  # what could not be read is told anew at every reading
                memory.now[name] = mark


def _root(origin: str) -> Path:
    if not origin:
        raise ConnectorError("the entry names no folder", "Write `origin:` with the folder's path.")
    root = Path(origin)
    if not root.exists():
        raise ConnectorError(f"{root} does not exist", "Check `origin` in the catalogue entry.")
    return root


def _printable(path: str) -> str:
    """A path as it may be shown and stored: bytes that are no UTF-8 are written as escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _files(root: Path) -> tuple[dict[str, Path], list[Rejected]]:
    """(files by relative path, what is refused), both sorted by path."""
    if root.is_file():
        return {_printable(root.name): root}, []
    found: dict[str, Path] = {}
    refused: dict[str, str] = {}
    home = root.resolve()

    def unreadable_folder(error: OSError) -> None:
        name = _relative(Path(str(error.filename)), root)
        refused[name] = f"the folder cannot be opened ({error.strerror}). Grant access to it."

    for folder, folders, files in os.walk(root, onerror=unreadable_folder):
        folders[:] = sorted(name for name in folders if not _TEMPORARY.match(name))
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder) / name
            if _TEMPORARY.match(name):
                continue
            relative = _relative(path, root)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                refused[relative] = "it is a link out of the folder. Copy the file itself there."
            elif name not in links:
                found[relative] = path
    rejected = [Rejected(name=name, reason=reason) for name, reason in sorted(refused.items())]
    return dict(sorted(found.items())), rejected


def _relative(path: Path, root: Path) -> str:
    return _printable(path.relative_to(root).as_posix())


def _may_be_read(path: Path) -> bool:
    """Whether the extension or the content is of a kind that has a reader."""
    if path.suffix.lower() in EXTENSIONS:
        return True
    try:
        reader_of(_data(path), path.name)
    except Unreadable:
        return False
    return True


def _data(path: Path) -> bytes:
    """The file's bytes. Raises Unreadable for what is no file, too large or not permitted."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is no regular file", "Put the file itself there.")
        if status.st_size > LARGEST:
            raise Unreadable(
                f"it has {status.st_size / 1024**2:.0f} MB",
                f"Split it: {LARGEST // 1024**2} MB at most.",
            )
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be opened ({error.strerror})", "Grant access to it.") from None
