"""Packs: signed files of document sets, for another machine to take in.

    with open_pack(path, keys) as pack:          # signature, hashes and limits hold, or PackRefused
        for document in pack.documents(pack.manifest.sets[0]): ...

A pack is a ZIP archive: ``manifest.json``; of each set ``<id>/documents.jsonl`` (the documents that the
pack brings, by id), ``<id>/state.json`` (id → content hash of all that the set then has) and, where a
model made some, ``<id>/vectors.bin`` (`retrieval.pack_vectors`). The archive's comment holds the Ed25519
signature (RFC 8032) of every byte before it, so nothing is parsed that no known key has signed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from retrieval.pack_keys import Key
from sources.catalog import one_line
from sources.country import countries
from sources.document import PUBLIC, Document, PartialDate, Sector, TerritoryCode, Verification
from sources.errors import PackRefused, reason_of

FORMAT = 1
"""Raise it when an older Ventanilla could not read a pack rightly."""

MANIFEST, DOCUMENTS, STATE, VECTORS = (
    "manifest.json",
    "documents.jsonl",
    "state.json",
    "vectors.bin",
)
SUFFIX = ".ventanilla.zip"

MIB = 1024**2
MOST_PACKED, MOST_UNPACKED, MOST_MANIFEST, MOST_LINE = 2048 * MIB, 8192 * MIB, 16 * MIB, 64 * MIB
MOST_SETS = 500
MOST_RATIO = 250
"""Unpacked bytes for one packed: text of documents has 3 to 20."""

_HEAD = "ventanilla-pack {format} {key} "
_COMMENT = re.compile(rb"ventanilla-pack (\d{1,4}) ([0-9a-f]{16}) ([0-9a-f]{128})")
_SIGNED = b"ventanilla pack\0"
"""Before what is signed, so that no signature of the same key can be taken for one of a pack."""

SET_ID = r"^[a-z0-9][a-z0-9-]{1,62}$"
SetId = Annotated[str, Attribute(pattern=SET_ID)]
FIELDS = (
    *("id", "title", "description", "country", "territory", "language", "sectors", "agency"),
    *("url", "licence", "as_of", "verification"),
)
"""What is told of a catalogue entry: nothing of where its origin lies and how it is read."""

Digest = Annotated[str, Attribute(pattern=r"^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Model):
    """A file of the archive: its SHA-256 and its bytes, unpacked."""

    sha256: Digest
    size: int = Attribute(ge=0)


class Made(_Model):
    """What the vectors of a set were made with; see `retrieval.dense.Encoder.fingerprint`."""

    model: str
    dimension: int = Attribute(ge=1, le=8192)
    fingerprint: Annotated[str, Attribute(pattern=r"^[0-9a-f]{1,64}$")]


class PackedSet(_Model):
    """One document set: the public fields of its catalogue entry (`FIELDS`), and what the pack has of it.

    `documents` counts all that the set then has, `carried` those that the pack brings; `removed` are
    ids. `licences` counts documents, "" for those without. `base_state` is the digest of the state that
    the differences are to be applied to (`digest_of`); None where the pack brings the whole set.
    """

    id: SetId
    title: str
    description: str = ""
    country: str | None = None
    territory: TerritoryCode | None = None
    language: Literal["es", "pt", "en"] | None = None
    sectors: tuple[Sector, ...] = ()
    agency: str | None = None
    url: str | None = None
    licence: str | None = None
    as_of: PartialDate | None = None
    verification: Verification = Verification.OFFICIAL
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    licences: dict[str, int] = {}
    documents: int = Attribute(ge=0)
    carried: int = Attribute(ge=0)
    removed: tuple[str, ...] = ()
    base_state: Digest | None = None
    vectors: Made | None = None


class Base(_Model):
    """The pack that the differences count from."""

    pack: str
    sequence: int


class Manifest(_Model):
    """What a pack holds, who made it and when (ISO 8601, UTC). Packs of one `name` and key are a
    series, numbered by `sequence`.
    """

    format: int
    name: SetId
    sequence: int = Attribute(ge=1)
    made_at: str
    agency: str
    key: str
    base: Base | None = None
    sets: tuple[PackedSet, ...] = Attribute(min_length=1, max_length=MOST_SETS)
    members: dict[str, Member]

    @property
    def pack(self) -> str:
        """The pack's id: series, sequence, and the beginning of a digest over all the rest."""
        digest = hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()
        return f"{self.name}-{self.sequence}-{digest[:8]}"


def canonical(data: Any) -> bytes:
    """The one JSON text of `data`."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def digest_of(state: Mapping[str, str]) -> str:
    """The digest of a set's state (document id → content hash)."""
    return hashlib.sha256(canonical(dict(state))).hexdigest()


def write_pack(
    path: Path, manifest: Manifest, members: Mapping[str, Path], sign: Callable[[bytes], bytes]
) -> None:
    """Writes the archive at `path`, whole or not at all: the same bytes for the same content. `members`
    are files by their names in it; `sign` makes the 64 bytes of a signature.
    """
    write_signed(path, manifest.model_dump(mode="json"), members, sign)


def write_signed(
    path: Path,
    manifest: Mapping[str, Any],
    members: Mapping[str, Path],
    sign: Callable[[bytes], bytes],
) -> None:
    """`write_pack`, of a manifest that nobody has looked at: for trying what is refused."""
    begun = path.with_name(f".{path.name}.part")
    head = _HEAD.format(format=manifest["format"], key=manifest["key"]).encode()
    try:
        with begun.open("w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                _add(archive, MANIFEST, io.BytesIO(canonical(dict(manifest))))
                for name in sorted(members):
                    with members[name].open("rb") as content:
                        _add(archive, name, content)
                archive.comment = head + b"0" * 128
            size = file.seek(-128, os.SEEK_END)
            file.seek(0)
            signature = sign(_SIGNED + _hash(file, size))
            file.seek(size)
            file.write(signature.hex().encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(begun, path)
    finally:
        begun.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, content: IO[bytes]) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980-01-01: the same content is the same bytes
    info.compress_type, info.external_attr, info.create_system = (
        zipfile.ZIP_DEFLATED,
        0o644 << 16,
        3,
    )
    with archive.open(info, "w", force_zip64=True) as target:
        while block := content.read(MIB):
            target.write(block)


def _hash(file: IO[bytes], size: int) -> bytes:
    """SHA-256 of the next `size` bytes."""
    digest = hashlib.sha256()
    while size and (block := file.read(min(size, MIB))):
        digest.update(block)
        size -= len(block)
    return digest.digest()


class Pack:
    """A pack whose signature, members and hashes hold. See `open_pack`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self._archive = archive

    def state(self, packed: PackedSet) -> dict[str, str]:
        """Document id → content hash of all that the set has after this pack."""
        try:
            state: dict[str, str] = json.loads(self._archive.read(f"{packed.id}/{STATE}"))
        except ValueError:
            raise _broken(self.path, f"{packed.id}/{STATE} is no JSON") from None
        if not isinstance(state, dict) or not all(isinstance(v, str) for v in state.values()):
            raise _broken(self.path, f"{packed.id}/{STATE} is no state of documents")
        if len(state) != packed.documents:
            raise _broken(self.path, f"{packed.id} has not as many documents as it says")
        return state

    def documents(self, packed: PackedSet) -> Iterator[Document]:
        """The documents that the pack brings, by id. Raises PackRefused at the first that claims what
        it may not: another set, a tenant, a country that is not described, another content.
        """
        state, last, count = self.state(packed), "", 0
        for document in self._parsed(packed):
            reason = _wrong(document, packed, last, state)
            if reason:
                raise _broken(self.path, f"{packed.id}: the document {document.id} {reason}")
            last, count = document.id, count + 1
            yield document
        if count != packed.carried:
            raise _broken(self.path, f"{packed.id} brings not as many documents as it says")
        if packed.base_state is None and count != len(state):
            raise _broken(self.path, f"{packed.id} lacks documents of its own state")

    def _parsed(self, packed: PackedSet) -> Iterator[Document]:
        with self._archive.open(f"{packed.id}/{DOCUMENTS}") as file:
            while line := file.readline(MOST_LINE):
                try:
                    yield Document.model_validate_json(line)
                except ValidationError as error:
                    what = f"{packed.id}: a document is wrong ({one_line(error)})"
                    raise _broken(self.path, what) from None

    def vectors(self, packed: PackedSet) -> bytes:
        """The bytes of the set's vectors; empty where it has none."""
        return self._archive.read(f"{packed.id}/{VECTORS}") if packed.vectors else b""


def _wrong(document: Document, packed: PackedSet, last: str, state: Mapping[str, str]) -> str:
    """What is wrong with a document, or ""."""
    if document.provenance.source_id != packed.id:
        return f"claims to be of the set {document.provenance.source_id!r}"
    if document.tenant != PUBLIC:
        return f"is not public (tenant {document.tenant!r})"
    if document.country not in countries():
        return f"is of {document.country}, which is not described here"
    if document.id <= last:
        return "stands twice, or out of order"
    if state.get(document.id) != document.content_hash:
        return "has another content than its state says"
    return ""


@contextmanager
def open_pack(path: Path, keys: Mapping[str, Key]) -> Iterator[Pack]:
    """Opens a pack that one of `keys` (by id) has signed, after looking at every byte of it.

    Raises PackRefused, in one line, for whatever is not as it must be.
    """
    with ExitStack() as opened:
        try:
            file = opened.enter_context(path.open("rb"))
            key = _signed_by(path, file, keys)
            file.seek(0)
            archive = opened.enter_context(zipfile.ZipFile(file))
            manifest = _manifest(path, archive, key)
            _look(path, archive, manifest)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PackRefused(f"{path} cannot be read ({reason})", "Check the path.") from None
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            zlib.error,
        ) as error:
            raise _broken(path, reason_of(error)) from None
        yield Pack(path, archive, manifest)


def _broken(path: Path, what: str) -> PackRefused:
    return PackRefused(f"{path.name}: {what}", "Nothing was taken. Ask for the pack again.")


def _signed_by(path: Path, file: IO[bytes], keys: Mapping[str, Key]) -> Key:
    length = len(_HEAD.format(format=FORMAT, key="0" * 16)) + 128
    size = file.seek(0, os.SEEK_END)
    if size > MOST_PACKED:
        raise _broken(path, f"it has {size // MIB} MB, more than {MOST_PACKED // MIB}")
    file.seek(max(0, size - length - 3))  # the number of a newer format may be longer
    found = re.search(_COMMENT.pattern + rb"\Z", file.read())
    if found is None:
        raise _broken(path, "it is no signed pack")
    if int(found[1]) != FORMAT:
        raise PackRefused(
            f"{path.name} has format {int(found[1])}, and this Ventanilla reads {FORMAT}",
            "Use a newer Ventanilla.",
        )
    key = keys.get(found[2].decode())
    if key is None:
        raise PackRefused(
            f"{path.name} is signed by the key {found[2].decode()}, which is not trusted here",
            "Get the agency's public key, compare its id by telephone, and run "
            "`ventanilla pack keys trust FILE`.",
        )
    file.seek(0)
    message = _SIGNED + _hash(file, size - 128)
    if not key.signed(message, bytes.fromhex(found[3].decode())):
        raise _broken(path, f"it is not what {key.name} signed")
    return key


def _manifest(path: Path, archive: zipfile.ZipFile, key: Key) -> Manifest:
    infos = {info.filename: info for info in archive.infolist()}
    if MANIFEST not in infos or infos[MANIFEST].file_size > MOST_MANIFEST:
        raise _broken(path, f"{MANIFEST} is missing or too large")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except ValidationError as error:
        raise _broken(path, f"{MANIFEST}: {one_line(error)}") from None
    if manifest.format != FORMAT or manifest.key != key.id:
        raise _broken(path, f"{MANIFEST} names another format or key than the signature")
    return manifest


def _look(path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Holds the members against the manifest and the limits."""
    ids = [packed.id for packed in manifest.sets]
    if len(set(ids)) != len(ids):
        raise _broken(path, "it names a set twice")
    wanted = {f"{p.id}/{name}" for p in manifest.sets for name in (DOCUMENTS, STATE)}
    wanted |= {f"{p.id}/{VECTORS}" for p in manifest.sets if p.vectors}
    names = [info.filename for info in archive.infolist()]
    expected = {MANIFEST, *wanted}
    if extra := sorted(set(names) - expected):
        raise _broken(path, f"it holds {extra[0]!r}, which does not belong in it")
    if missing := sorted(expected - set(names)):
        raise _broken(path, f"it lacks {missing[0]!r}")
    if len(names) != len(expected) or manifest.members.keys() != wanted:
        raise _broken(path, "its members are not those that it names")
    if sum(member.size for member in manifest.members.values()) > MOST_UNPACKED:
        raise _broken(path, f"unpacked it has more than {MOST_UNPACKED // MIB} MB")
    for name, member in manifest.members.items():
        info = archive.getinfo(name)
        if info.file_size != member.size:
            raise _broken(path, f"{name} has not the size that the manifest says")
        if info.file_size > MOST_RATIO * max(info.compress_size, 4096):
            raise _broken(path, f"{name} is packed too tightly to be documents")
        with archive.open(name) as file:
            if _hash(file, member.size).hex() != member.sha256:
                raise _broken(path, f"{name} has another hash than the manifest says")
