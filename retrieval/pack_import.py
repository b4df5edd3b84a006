"""A pack → document sets of this home: looked at as a whole, then put in place in one step.

    sets = stage(path, home / "packs", keys, catalog, store)   # PackRefused: nothing has changed
    take_up(home / "packs", home / "catalog", store)           # entries and documents stand
    for source_id in sets: jobs.run(...)                       # and are indexed like any other set

All is written into ``staging/`` first; its renaming to ``pending/`` is the step. `take_up` moves what lies
there to its place and may be repeated: a process that died before the step has changed nothing, and
what one left after it is taken up by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from retrieval.ingest import SyncReport, record
from retrieval.pack import FIELDS, SET_ID, VECTORS, Made, Manifest, Pack, PackedSet, digest_of
from retrieval.pack import open_pack as open_signed
from retrieval.pack_keys import Key
from retrieval.pack_vectors import fault, packed, texts_of, unpacked
from retrieval.pack_vectors import key_of as key_of_text
from retrieval.store import Store
from sources.catalog import CatalogEntry, read_entry
from sources.connectors.pack import DOCUMENTS, STATE, Installed, local_id
from sources.document import Document
from sources.errors import CatalogError, PackRefused

CONNECTOR, SETS, STAGING, PENDING = "pack", "sets", "staging", "pending"
IMPORTED = "imported"
"""State of a set whose documents stand in its folder and are not indexed yet."""

_AS = "Give it another id: --as {id}=NEW-ID."


def look(path: Path, keys: Mapping[str, Key]) -> Manifest:
    """Reads all of a pack and keeps nothing. Raises PackRefused where an import would be refused
    whatever is here.
    """
    with open_signed(path, keys) as pack:
        for each in pack.manifest.sets:
            for _ in pack.documents(each):
                pass
            _sound(pack, each)
        return pack.manifest


def stage(
    path: Path,
    packs: Path,
    keys: Mapping[str, Key],
    catalog: Mapping[str, CatalogEntry],
    store: Store,
    renamed: Mapping[str, str] | None = None,
) -> list[str]:
    """Looks at a pack and makes it ready to be taken up; returns the ids that its sets have here.
    `renamed` maps a set's id in the pack to the one here.

    Raises PackRefused where anything is wrong: nothing has changed then.
    """
    with _lock(packs):
        staging = packs / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        (staging / "catalog").mkdir(parents=True)
        try:
            copy = staging / path.name  # what is looked at is what is taken
            _copy(path, copy)
            with open_signed(copy, keys) as pack:
                _known(pack.manifest, renamed or {})
                staged = [
                    _Staged(pack, each, staging, packs, catalog, store, renamed or {})
                    for each in pack.manifest.sets
                ]
                _apart(staged)
                for each in staged:
                    each.write()
            copy.unlink()
            _keep_safe(staging)
            os.rename(staging, packs / PENDING)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return [each.id for each in staged]


def take_up(packs: Path, catalog: Path, store: Store) -> list[str]:
    """Puts in place what an import has made ready; returns the sets concerned, none where nothing waits.
    They are marked as `IMPORTED` until they are indexed.
    """
    pending = packs / PENDING
    if not pending.is_dir():
        return []
    with _lock(packs):
        taken = []
        catalog.mkdir(parents=True, exist_ok=True)
        for entry in sorted((pending / "catalog").glob("*.yaml")):
            for made in sorted((pending / SETS / entry.stem).glob("*")):
                target = packs / SETS / entry.stem / made.name
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(made, target)
            record(store, SyncReport(source_id=entry.stem), IMPORTED)
            os.replace(entry, catalog / entry.name)
            taken.append(entry.stem)
        shutil.rmtree(pending)
        for source_id in taken:
            _tidy(packs / SETS / source_id, catalog / f"{source_id}.yaml")
    return taken


def forget(packs: Path, source_id: str) -> None:
    """Removes what packs brought of a set."""
    shutil.rmtree(packs / SETS / source_id, ignore_errors=True)


class _Staged:
    """One set of a pack on its way into this home."""

    def __init__(
        self,
        pack: Pack,
        each: PackedSet,
        staging: Path,
        packs: Path,
        catalog: Mapping[str, CatalogEntry],
        store: Store,
        renamed: Mapping[str, str],
    ) -> None:
        self._pack, self._set, self._manifest = pack, each, pack.manifest
        self._store, self._packs = store, packs
        here = next((e.id for e in catalog.values() if self._is_ours(e)), None)
        self.id = renamed.get(each.id) or here or each.id
        if here and here != self.id:
            raise PackRefused(f"{each.id} is here already as {here!r}", "Leave out --as.")
        self._here = catalog.get(self.id)
        self._before, self._folder = self._found(self._here)
        self._made = staging / SETS / self.id / pack.manifest.pack
        self._entry = staging / "catalog" / f"{self.id}.yaml"

    def _is_ours(self, entry: CatalogEntry) -> bool:
        """Whether an entry came with an earlier pack of the same series."""
        told = entry.options
        return entry.connector == CONNECTOR and (
            (told.get("key"), told.get("name"), told.get("set"))
            == (self._manifest.key, self._manifest.name, self._set.id)
        )

    def _found(self, entry: CatalogEntry | None) -> tuple[Installed | None, Path | None]:
        """What is here of the set. Raises PackRefused where the pack does not fit it."""
        if entry is None:
            before, folder = None, None
        elif not self._is_ours(entry):
            raise PackRefused(
                f"there is a set {self.id!r} here that is not of this series of packs",
                _AS.format(id=self._set.id),
            )
        else:
            folder = Path(entry.origin or "")
            before = Installed.read(folder / STATE)
            if before.sequence > self._manifest.sequence:
                raise PackRefused(
                    f"{self._manifest.pack} is older than {before.pack}, which is here",
                    f"To go back all the same, run `ventanilla sources remove {self.id}` first.",
                )
        base = self._set.base_state
        if base is None or (before and before.pack == self._manifest.pack):
            return before, folder
        if digest_of(before.state if before else {}) != base:
            wanted = self._manifest.base.pack if self._manifest.base else "a whole pack"
            raise PackRefused(
                f"{self._manifest.pack} holds only what changed since {wanted}, and of "
                f"{self._set.id} there is {before.pack if before else 'nothing'} here",
                f"Import {wanted} first, or ask for a whole pack.",
            )
        return before, folder

    @property
    def _again(self) -> bool:
        return self._before is not None and self._before.pack == self._manifest.pack

    def write(self) -> None:
        """Writes documents, vectors, state and entry into the staging folder."""
        self._made.mkdir(parents=True)
        if self._again and self._folder:  # its documents are here already
            shutil.copytree(self._folder, self._made, dirs_exist_ok=True)
            self._write_entry()
            return
        state, keys = dict[str, str](), set[bytes]()
        digest = hashlib.sha256()
        with (self._made / DOCUMENTS).open("wb") as file:
            for document in self._merged():
                line = document.model_dump_json(exclude_defaults=True).encode() + b"\n"
                digest.update(line)
                file.write(line)
                state[document.id] = document.content_hash
                keys |= {key_of_text(text) for text in texts_of(document).values()}
        if state != self._pack.state(self._set):
            raise self._wrong("what it would leave is not what it says")
        self._not_anothers(state)
        made = self._write_vectors(keys)
        installed = Installed(
            pack=self._manifest.pack,
            origin=self._set.id,
            sha256=digest.hexdigest(),
            state=state,
            vectors=made.model_dump() if made else None,
            **self._manifest.model_dump(include={"name", "sequence", "made_at", "agency", "key"}),
        )
        (self._made / STATE).write_text(installed.model_dump_json(), encoding="utf-8")
        self._write_entry()

    def _merged(self) -> Iterator[Document]:
        """What the set has after the pack: both files are sorted by id."""
        brought = self._pack.documents(self._set)
        if self._set.base_state is None or self._folder is None:
            yield from brought
            return
        gone, coming = set(self._set.removed), next(brought, None)
        with (self._folder / DOCUMENTS).open("rb") as file:
            for line in file:
                document = Document.model_validate_json(line)
                while coming and coming.id < document.id:
                    yield coming
                    coming = next(brought, None)
                if coming and coming.id == document.id:
                    yield coming
                    coming = next(brought, None)
                elif document.id not in gone:
                    yield document
        while coming:
            yield coming
            coming = next(brought, None)

    def _not_anothers(self, state: Mapping[str, str]) -> None:
        """Raises PackRefused where a document's id belongs to another set here."""
        for document_id in state:
            own = local_id(document_id, self._set.id, self.id)
            query = "SELECT source_id FROM documents WHERE id = ?"
            owner = self._store.rows(query, own)
            if owner and owner[0][0] != self.id:
                raise PackRefused(
                    f"the document {own} of {self._set.id} is one of {owner[0][0]!r} here",
                    _AS.format(id=self._set.id),
                )

    def _write_vectors(self, keys: set[bytes]) -> Made | None:
        brought = _sound(self._pack, self._set)
        made, before = self._set.vectors, self._before.vectors if self._before else None
        rows: dict[bytes, bytes] = {}
        if before and self._folder and (made is None or before == made.model_dump()):
            made = Made.model_validate(before)
            rows = unpacked((self._folder / VECTORS).read_bytes(), made.dimension)
        if made is None:
            return None
        rows |= unpacked(brought, made.dimension)
        kept = {key: row for key, row in rows.items() if key in keys}
        (self._made / VECTORS).write_bytes(packed(kept))
        return made

    def _write_entry(self) -> None:
        told = self._set.model_dump(mode="json", include=set(FIELDS), exclude_none=True)
        manifest = self._manifest
        fields: dict[str, Any] = {
            **told,
            "id": self.id,
            "connector": CONNECTOR,
            "origin": f"../packs/{SETS}/{self.id}/{manifest.pack}",
            "options": {
                "pack": manifest.pack,
                "made_at": manifest.made_at,
                "made_by": manifest.agency,
                "key": manifest.key,
                "name": manifest.name,
                "set": self._set.id,
            },
        }
        if self._here:  # what was decided here stays
            fields |= self._here.model_dump(include={"enabled", "owner"}, exclude_defaults=True)
        text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
        self._entry.write_text(text, encoding="utf-8")
        try:
            read_entry(self._entry)  # a wrong one in the catalogue would stop every command
        except CatalogError as error:
            raise PackRefused(f"{self._set.id}: {error.problem}", error.remedy) from None

    def _wrong(self, what: str) -> PackRefused:
        return PackRefused(
            f"{self._pack.path.name}: {self._set.id}: {what}", "Ask for a whole pack."
        )

    @property
    def ids(self) -> set[str]:
        """The ids that the set's documents have here."""
        state = self._pack.state(self._set)
        return {local_id(document_id, self._set.id, self.id) for document_id in state}


def _sound(pack: Pack, each: PackedSet) -> bytes:
    """The vectors of a set. Raises PackRefused for such as no model makes."""
    data = pack.vectors(each)
    if each.vectors and (what := fault(data, each.vectors)):
        raise PackRefused(f"{pack.path.name}: {each.id}: {what}", "Ask for the pack again.")
    return data


def _known(manifest: Manifest, renamed: Mapping[str, str]) -> None:
    ids = {each.id for each in manifest.sets}
    for given in renamed:
        if given not in ids:
            raise PackRefused(
                f"the pack has no set {given!r}", f"It has: {', '.join(sorted(ids))}."
            )
    for own in renamed.values():
        if not re.fullmatch(SET_ID, own):
            raise PackRefused(
                f"{own!r} is no id of a set", "Use small letters, digits and hyphens."
            )


def _apart(staged: list[_Staged]) -> None:
    """Raises PackRefused where two sets of a pack would meet here."""
    taken: dict[str, str] = {}
    names = [each.id for each in staged]
    if len(set(names)) != len(names):
        raise PackRefused("two sets of the pack would have one id here", "Give each its own --as.")
    for each in staged:
        for document_id in each.ids:
            other = taken.setdefault(document_id, each.id)
            if other != each.id:
                raise PackRefused(
                    f"the document {document_id} stands in {other} and in {each.id}",
                    "Ask for the pack again.",
                )


@contextmanager
def _lock(packs: Path) -> Iterator[None]:
    packs.mkdir(parents=True, exist_ok=True)
    with (packs / "lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _copy(path: Path, copy: Path) -> None:
    try:
        shutil.copyfile(path, copy)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PackRefused(f"{path} cannot be read ({reason})", "Check the path.") from None


def _keep_safe(folder: Path) -> None:
    """Returns once all files below `folder` would survive a power cut."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _tidy(folder: Path, entry: Path) -> None:
    """Removes the documents of earlier packs of a set."""
    current = Path(yaml.safe_load(entry.read_text(encoding="utf-8"))["origin"]).name
    for made in folder.iterdir():
        if made.name != current:
            shutil.rmtree(made)
