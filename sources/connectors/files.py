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
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line
from sources.connectors import Memory
from sources.document import Document, Item, Provenance, Rejected, Unchanged
from sources.errors import ConnectorError
from sources.parsers import EXTENSIONS, LARGEST, Parsed, Unreadable, reader_of
from sources.parsers.apart import Reader
from sources.parsers.blocks import Kind, clean, fold, slug
from sources.parsers.headings import exact_field
from sources.parsers.language import detect, subtag
from sources.parsers.metadata import Metadata, read_metadata
from sources.parsers.sections import write

_FORMATS = ", ".join(EXTENSIONS)
_TEMPORARY = re.compile(r"[.~]|#.*#$|.*~$|thumbs\.db$|desktop\.ini$|__macosx$", re.I)
_SLUG_LENGTH = 80
_TITLE_WITHIN = 40
_LANGUAGES = ("es", "pt", "en")


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
    ids = _ids(entry.id, list(found))
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
                document = _document(entry, ids[name], parsed, path)
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


def _ids(prefix: str, names: list[str]) -> dict[str, str]:
    """Path → document id: ASCII, and the same whatever other files there are, save a namesake."""
    slugs = {name: slug(str(Path(name).with_suffix(""))) for name in names}
    taken = Counter(slugs.values())
    ids: dict[str, str] = {}
    for name, own in slugs.items():
        if taken[own] > 1 or not own or len(own) > _SLUG_LENGTH:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            own = f"{own[:_SLUG_LENGTH].rstrip('-')}-{digest}".lstrip("-")
        ids[name] = f"{prefix}-{own}"
    return ids


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


def _document(entry: CatalogEntry, document_id: str, parsed: Parsed, path: Path) -> Document:
    metadata = read_metadata(parsed.metadata)
    title = _title(parsed, metadata, path)
    content = write(parsed.blocks, title)
    country = metadata.country or entry.country
    territory = metadata.territory or (entry.territory if country == entry.country else None)
    if territory and country and not territory.startswith(f"{country}-"):
        raise Unreadable(f"territory: {territory!r} is not in {country}", "Correct that field.")
    required = {
        "country": country,
        "language": _language(parsed, metadata, entry, content.text),
        "agency": metadata.agency or entry.agency,
    }
    for field, value in required.items():
        if value is None:
            raise Unreadable(
                f"{field} is not known", f"Write `{field}:` in the catalogue entry or in the file."
            )
    provenance: dict[str, Any] = {
        "source_id": entry.id,
        "url": metadata.url or entry.url,
        "agency": required["agency"],
        "licence": entry.licence,
        "retrieved_at": date.today().isoformat(),
        "as_of": metadata.as_of or entry.as_of,
        "valid_from": metadata.valid_from,
        "valid_to": metadata.valid_to,
        "verification": metadata.verification or entry.verification,
    }
    attributes: dict[str, Any] = {
        "id": document_id,
        "title": title,
        "names": _names(parsed, metadata, title),
        "keywords": metadata.keywords,
        "language": required["language"],
        "country": country,
        "territory": territory,
        "sectors": metadata.sectors or entry.sectors,
        "tenant": entry.tenant,
        "text": content.text,
        "sections": tuple(content.sections),
    }
    try:
        return Document(**attributes, provenance=Provenance(**provenance))
    except ValidationError as error:
        raise Unreadable(one_line(error), "Correct that field.") from None


def _first_heading(parsed: Parsed) -> str | None:
    """The first of the highest headings among the first ones of the file: "Costo" names none."""
    headings = [
        block
        for block in parsed.blocks[:_TITLE_WITHIN]
        if block.kind is Kind.HEADING and block.text and exact_field(block.text) is None
    ]
    return min(headings, key=lambda block: block.level).text if headings else None


def _title(parsed: Parsed, metadata: Metadata, path: Path) -> str:
    own = parsed.title if parsed.is_page else None
    by_name = re.sub(r"[\s_-]+", " ", clean(_printable(path.stem))).strip() or path.name
    return (
        metadata.title
        or own
        or _first_heading(parsed)
        or parsed.title
        or by_name[:1].upper() + by_name[1:]
    )


def _names(parsed: Parsed, metadata: Metadata, title: str) -> tuple[str, ...]:
    """The other titles: those the file lists, and its one main heading where it differs."""
    mains = [b.text for b in parsed.blocks if b.kind is Kind.HEADING and b.level == 1 and b.text]
    is_name = len(mains) == 1 and exact_field(mains[0]) is None
    names = (*metadata.names, *(mains if is_name else ()))
    unique = {fold(name): name for name in reversed(names) if fold(name) != fold(title)}
    return tuple(reversed(unique.values()))


def _language(parsed: Parsed, metadata: Metadata, entry: CatalogEntry, text: str) -> str | None:
    """What the file says, else its own words where a template's tag is wrong, else the entry."""
    if metadata.language:
        return metadata.language
    detected = detect(text)
    hint = subtag(parsed.language_hint) if parsed.language_hint else None
    if hint is None or hint in ("und", "x", "mul"):
        return entry.language or detected
    if detected and hint != detected:
        return detected
    if hint not in _LANGUAGES:
        raise Unreadable(f"language: {parsed.language_hint!r} is none of es, pt, en", "Correct it.")
    return hint
