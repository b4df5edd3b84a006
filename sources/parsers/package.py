"""DOCX, ODT and XLSX files are ZIP archives: what is refused before any part of one is opened.

    check(data)          # returns, or raises Unreadable

Nothing is ever unpacked to a disk, so a path in an archive leads nowhere; odd ones are refused all
the same, since no office program writes them.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from sources.parsers.blocks import Unreadable

LARGEST = 200 * 1024 * 1024
"""Bytes that a file may hold once unpacked."""

HIGHEST_RATIO = 100
"""How many times its size a file may grow when unpacked."""

MOST_PARTS = 10_000
"""Parts that a file may have."""

ODT_TYPE = b"application/vnd.oasis.opendocument.text"

_RATIO_COUNTS_FROM = 1024 * 1024
"""Bytes unpacked below which the ratio says nothing: a short text is mostly the format's own."""
_PROLOGUE = 4096
_ENTRY = b"PK\x01\x02"
"""What every entry of an archive's list begins with."""
_OUTSIDE = re.compile(r"/|\\|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)")
_DAMAGED = (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError)


def kind(data: bytes) -> str | None:
    """The module that reads this archive: docx, odt or xlsx; None for any other, sound or not."""
    if _parts(data) > MOST_PARTS:
        return None
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            names = set(package.namelist())
            if "word/document.xml" in names:
                return "docx"
            if "xl/workbook.xml" in names:
                return "xlsx"
            if "mimetype" in names and "content.xml" in names:
                with package.open("mimetype") as part:
                    return "odt" if part.read(100).strip() == ODT_TYPE else None
    except (*_DAMAGED, RuntimeError):
        return None
    return None


def check(data: bytes) -> None:
    """Raises Unreadable for bombs, passwords, macros, entities and damage."""
    if (parts := _parts(data)) > MOST_PARTS:
        raise Unreadable(f"it has {parts} parts", "Save its text in a new file.")
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            _check_entries(package.infolist())
            _refuse_declarations(package)
    except _DAMAGED as error:
        raise Unreadable(
            f"it is cut short or damaged ({type(error).__name__})", "Put a sound copy there."
        ) from error


def _parts(data: bytes) -> int:
    """How many parts a package lists at most. A million would fill the memory before any check."""
    return data.count(_ENTRY)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    # Sizes that lie are no way round this: zipfile stops reading at the size declared.
    size = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    grows = size > packed * HIGHEST_RATIO and size > _RATIO_COUNTS_FROM
    if size > LARGEST or grows:
        raise Unreadable(
            f"it unpacks to {size / 1024**2:.0f} MB, {size // packed} times its size",
            "Leave large or odd attachments out of it.",
        )
    for entry in entries:
        name = entry.filename
        if _OUTSIDE.match(name):
            raise Unreadable(f"it has a part that leads out of it ({name[:60]!r})", "Save it anew.")
        if name.lower().endswith("vbaproject.bin"):
            raise Unreadable("it holds macros", "Save it without them, as .docx or .xlsx.")
        if entry.flag_bits & 1:
            raise Unreadable("it is protected with a password", "Save it without one.")


def _refuse_declarations(package: zipfile.ZipFile) -> None:
    """No office program writes a document type; one may define entities that grow without end."""
    for name in package.namelist():
        if name.lower().endswith((".xml", ".rels")):
            with package.open(name) as part:
                if b"<!DOCTYPE" in part.read(_PROLOGUE).replace(b"\0", b""):
                    raise Unreadable("its XML declares entities", "Save it anew.")
    if "META-INF/manifest.xml" in package.namelist():
        with package.open("META-INF/manifest.xml") as part:
            if b"encryption-data" in part.read():
                raise Unreadable("it is protected with a password", "Save it without one.")
