"""Document sets → a pack, whole or only what changed since an earlier one.

    exporter = Exporter(store, index, signer, home / "packs" / "exported")
    made = exporter.export([entry], folder, since="last")

What each pack of a series left a set with is kept as a record, so that the next one may bring only the
differences. The same content as in the last pack makes the same pack, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.dense_leg import Active
from retrieval.index import Index
from retrieval.pack import (
    DOCUMENTS,
    FIELDS,
    FORMAT,
    STATE,
    SUFFIX,
    VECTORS,
    Base,
    Made,
    Manifest,
    Member,
    PackedSet,
    canonical,
    digest_of,
    open_pack,
    write_pack,
)
from retrieval.pack_keys import Key, Signer
from retrieval.pack_vectors import of_index, packed
from retrieval.store import Store
from sources import connectors
from sources.catalog import CatalogEntry, one_line
from sources.document import PUBLIC, Document
from sources.errors import UsageError

LAST = "last"


class Record(BaseModel):
    """What a pack of ours held: of each set document id → content hash. `content` is a digest of all
    but sequence and time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str
    sequence: int
    made_at: str
    content: str
    states: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; `path` is None where nothing has changed since the base."""

    pack: str
    path: Path | None
    sets: tuple[PackedSet, ...]
    warnings: tuple[str, ...] = field(default=())


class Exporter:
    """See the module. `alone` keeps a set's documents as they are while it is open; `active` is the
    vector that answers, if any.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        signer: Signer,
        records: Path,
        *,
        active: Active | None = None,
        alone: Callable[[str], AbstractContextManager[None]] = lambda source_id: nullcontext(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._index, self._signer = store, index, signer
        self._records, self._active, self._alone, self._now = records, active, alone, now

    def export(
        self,
        entries: Sequence[CatalogEntry],
        out: Path,
        *,
        name: str | None = None,
        since: str | None = None,
        keys: Mapping[str, Key] | None = None,
    ) -> Exported:
        """Writes a pack of the sets into the folder or file `out`. `since` is "last", a sequence
        number, a pack's id or its file, signed by one of `keys`; the whole sets go without it.

        Raises UsageError for what is not public, not there, or not known.
        """
        series = name or "-".join(entry.id for entry in entries)[:63].rstrip("-")
        base = self._base(series, since, keys or {}) if since else None
        with ExitStack() as opened:
            for entry in entries:
                _may_go(entry)
                opened.enter_context(self._alone(entry.id))
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ventanilla-")))
            members: dict[str, Path] = {}
            states = {entry.id: self._state(entry) for entry in entries}
            sets = [self._set(e, states[e.id], base, folder, members) for e in entries]
            warnings = tuple(w for entry in sets if (w := _unlicensed(entry)))
            if base and not any(s.carried or s.removed for s in sets):
                return Exported(base.pack, None, tuple(sets), warnings)
            manifest, record = self._manifest(series, base, sets, members, states)
            path = _target(out, manifest.pack)
            try:
                write_pack(path, manifest, members, self._signer.sign)
            except OSError as error:
                raise UsageError(
                    f"{path} cannot be written ({error.strerror})", "Name another."
                ) from None
            self._keep(series, record)
        return Exported(manifest.pack, path, manifest.sets, warnings)

    def _state(self, entry: CatalogEntry) -> dict[str, str]:
        state = {document.id: document.content_hash for document in self._documents(entry.id)}
        if not state:
            raise UsageError(
                f"{entry.id} has no documents", f"Run `ventanilla sources sync {entry.id}` first."
            )
        return state

    def _documents(self, source_id: str) -> Iterator[Document]:
        """The documents of a set as they would be quoted, by id. Raises UsageError for one that is not
        public.
        """
        for document_id in sorted(self._store.ids(source_id)):
            document = self._store.get(document_id)
            if document is None:
                continue
            if document.tenant != PUBLIC:
                raise UsageError(
                    f"{document_id} is not public (tenant {document.tenant!r})",
                    "Only public documents leave this machine.",
                )
            yield document

    def _set(
        self,
        entry: CatalogEntry,
        state: dict[str, str],
        base: Record | None,
        folder: Path,
        members: dict[str, Path],
    ) -> PackedSet:
        before = base.states.get(entry.id, {}) if base else {}
        changed = {i for i, content in state.items() if before.get(i) != content}
        seen: dict[str, Counter[str]] = {"country": Counter(), "language": Counter()}
        licences: Counter[str] = Counter()
        inside = folder / entry.id
        inside.mkdir()
        with (inside / DOCUMENTS).open("w", encoding="utf-8") as file:
            for document in self._documents(entry.id):
                seen["country"][document.country] += 1
                seen["language"][document.language] += 1
                licences[document.provenance.licence or ""] += 1
                if document.id in changed:
                    file.write(document.model_dump_json(exclude_defaults=True) + "\n")
        (inside / STATE).write_bytes(canonical(state))
        vectors = self._vectors(inside, entry.id, changed)
        members |= {f"{entry.id}/{path.name}": path for path in inside.iterdir()}
        return PackedSet(
            **entry.model_dump(include=set(FIELDS)),
            countries=tuple(sorted(seen["country"])),
            languages=tuple(sorted(seen["language"])),
            licences=dict(sorted(licences.items())),
            documents=len(state),
            carried=len(changed),
            removed=tuple(sorted(before.keys() - state.keys())),
            base_state=digest_of(before) if base else None,
            vectors=vectors,
        )

    def _vectors(self, inside: Path, source_id: str, changed: set[str]) -> Made | None:
        active = self._active
        if active is None:
            return None
        documents = (d for d in self._documents(source_id) if d.id in changed)
        rows = of_index(self._index, active.vector, documents)
        if not rows:
            return None
        (inside / VECTORS).write_bytes(packed(rows))
        model = Path(active.model).name if Path(active.model).is_absolute() else active.model
        return Made(model=model, dimension=active.dimension, fingerprint=active.fingerprint)

    def _manifest(
        self,
        series: str,
        base: Record | None,
        sets: Sequence[PackedSet],
        members: Mapping[str, Path],
        states: dict[str, dict[str, str]],
    ) -> tuple[Manifest, Record]:
        last = self._latest(series)
        try:
            first = Manifest(
                format=FORMAT,
                name=series,
                sequence=last.sequence + 1 if last else 1,
                made_at=self._now().astimezone(UTC).isoformat(timespec="seconds"),
                agency=self._signer.key.name,
                key=self._signer.key.id,
                base=Base(pack=base.pack, sequence=base.sequence) if base else None,
                sets=tuple(sets),
                members={name: _member(path) for name, path in members.items()},
            )
        except ValidationError as error:
            raise UsageError(
                f"the pack cannot be made ({one_line(error)})", "Give --name."
            ) from None
        content = hashlib.sha256(
            canonical(first.model_dump(mode="json", exclude={"sequence", "made_at"}))
        ).hexdigest()
        if last and last.content == content:
            same = {"sequence": last.sequence, "made_at": last.made_at}
            return first.model_copy(update=same), last
        record = Record(
            pack=first.pack,
            sequence=first.sequence,
            made_at=first.made_at,
            content=content,
            states=states,
        )
        return first, record

    def _keep(self, series: str, record: Record) -> None:
        folder = self._records / series
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{record.sequence}.json"
        begun = path.with_suffix(".part")
        begun.write_text(record.model_dump_json(), encoding="utf-8")
        os.replace(begun, path)

    def _kept(self, series: str) -> list[Record]:
        """The records of a series, the newest first."""
        paths = (self._records / series).glob("*.json")
        newest = sorted(paths, key=lambda path: int(path.stem), reverse=True)
        return [Record.model_validate_json(path.read_bytes()) for path in newest]

    def _latest(self, series: str) -> Record | None:
        return next(iter(self._kept(series)), None)

    def _base(self, series: str, since: str, keys: Mapping[str, Key]) -> Record:
        path = Path(since)
        if path.is_file():
            with open_pack(path, keys) as pack:
                made = pack.manifest
                states = {packed.id: pack.state(packed) for packed in made.sets}
                return Record(
                    pack=made.pack,
                    sequence=made.sequence,
                    made_at=made.made_at,
                    content="",
                    states=states,
                )
        kept = self._kept(series)
        for record in kept:
            if since in (LAST, str(record.sequence), record.pack):
                return record
        known = ", ".join(record.pack for record in kept) or "none"
        raise UsageError(
            f"no pack {since!r} of {series} was made here (known: {known})",
            "Name one of those or its file, or leave out --since for the whole sets.",
        )


def _may_go(entry: CatalogEntry) -> None:
    if entry.tenant != PUBLIC:
        raise UsageError(
            f"{entry.id} is not public (tenant {entry.tenant!r})",
            "Only public sets leave this machine.",
        )
    if connectors.gives_tables(entry.connector):
        raise UsageError(f"{entry.id} is a set of tables", "Packs hold documents.")


def _unlicensed(packed: PackedSet) -> str:
    without = packed.licences.get("", 0)
    if not without:
        return ""
    return (
        f"{packed.id}: {without} of {packed.documents} documents name no licence; "
        "make sure that they may be handed on, and write `licence:` in the entry"
    )


def _member(path: Path) -> Member:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Member(sha256=digest, size=path.stat().st_size)


def _target(out: Path, pack: str) -> Path:
    return out / f"{pack}{SUFFIX}" if out.is_dir() else out
