"""Files → blocks. `parse` finds the parser by what a file holds, then by its extension.

One module per format, each with ``parse(data: bytes) -> Parsed``; `sources.parsers.sections` makes
a text with sections of the blocks.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import PurePath

from sources.parsers.blocks import Block, Kind, Parsed, Unreadable
from sources.parsers.package import kind

__all__ = [
    "EXTENSIONS",
    "LARGEST",
    "Block",
    "Kind",
    "Parsed",
    "Unreadable",
    "parse",
    "reader_of",
    "sniff",
]

LARGEST = 50 * 1024 * 1024
"""Bytes of the largest file that is read."""

EXTENSIONS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".odt": "odt",
    ".xlsx": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
    ".text": "text",
}
"""Extension → the module that reads it."""

_PACKAGES = ("docx", "odt", "xlsx")
_SAVE_AS = "Save it as Markdown, HTML, PDF, DOCX, ODT, XLSX, CSV or plain text."
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])",
    re.I | re.DOTALL,
)
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office file, or one with a password"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "an archive"),
)


def sniff(data: bytes) -> str | None:
    """The module that reads what `data` shows itself to be, or None where it shows nothing."""
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return kind(data)
    return "html" if _HTML.match(data[:4096]) else None


def reader_of(data: bytes, name: str) -> str:
    """The module that reads the file called `name`.

    Raises Unreadable where none fits, and for a file that is empty or too large.
    """
    if not data.strip():
        raise Unreadable("it is empty", "Put the text in it, or take it away.")
    if len(data) > LARGEST:
        raise Unreadable(
            f"it has {len(data) / 1024**2:.0f} MB", f"Split it: {LARGEST // 1024**2} MB at most."
        )
    extension = PurePath(name).suffix.lower()
    if found := sniff(data):
        return found
    other = next((what for magic, what in _MAGIC if data.startswith(magic)), None)
    by_name = EXTENSIONS.get(extension)
    if by_name is None:
        named = f"{extension} files" if extension else "files without an extension"
        raise Unreadable(f"there is no reader for {named} yet", _SAVE_AS)
    if by_name in _PACKAGES and data.startswith(b"PK"):
        return by_name
    if other:
        raise Unreadable(f"it is named {extension}, but it is {other}", _SAVE_AS)
    if by_name in (*_PACKAGES, "pdf"):
        raise Unreadable(f"it is named {extension}, but it is no such file", _SAVE_AS)
    return by_name


def parse(data: bytes, name: str) -> Parsed:
    """Reads the file called `name`. Raises Unreadable, whatever the library underneath raised."""
    parser = reader_of(data, name)
    try:
        parsed: Parsed = import_module(f"{__name__}.{parser}").parse(data)
    except Unreadable:
        raise
    except MemoryError as error:
        problem = "reading it needs too much memory (MemoryError)"
        raise Unreadable(problem, "Split it.") from error
    except Exception as error:
        # The one boundary to seven libraries: whatever a broken file makes them raise, the rest of
        # the document set goes on.
        problem = f"its {parser} cannot be read ({type(error).__name__})"
        raise Unreadable(problem, "Open it and save it again.") from error
    if not any(block.kind is not Kind.HEADING for block in parsed.blocks):
        raise Unreadable("there is no text in it", "Put the text in it, or take it away.")
    return parsed
