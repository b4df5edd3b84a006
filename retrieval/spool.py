"""What one reading of a source gave, kept in a folder until it is indexed.

    spool = Spool(folder, fingerprint)
    memory = spool.memory({})
    spool.fill(read(entry, origin, memory), memory)
    for item in spool.items(): ...

A reading is written down before anything of it is indexed: so it can be looked at first, a run that
dies while indexing goes on from here, and one that dies while reading does not fetch again what it
had fetched. One JSON object a line, the first character of which says what it is.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO

from sources.connectors import Mark, Memory
from sources.document import Document, Item, Rejected, Unchanged
from sources.errors import SourceError

_KINDS: dict[str, type[Document | Rejected | Unchanged]] = {
    "D": Document,
    "R": Rejected,
    "U": Unchanged,
}
_MARK = "M"


class Spool:
    """The folder of one source's reading. `fingerprint` tells how it is read: what was written with
    another one is thrown away. Without it the folder is taken as it is.
    """

    def __init__(self, folder: Path, fingerprint: str | None = None) -> None:
        self._folder = folder
        self._under_way, self._whole = folder / "reading.jsonl", folder / "read.jsonl"
        self._cut_off = folder / "cut_off.jsonl"
        self._accepted = folder / "accepted"
        self._made = folder / "fingerprint"
        told = self._made.read_text(encoding="utf-8") if self._made.is_file() else ""
        self.fingerprint = told if fingerprint is None else fingerprint
        if told != self.fingerprint:
            self.clear()

    @property
    def whole(self) -> bool:
        """Whether a reading came to its end and waits to be indexed."""
        return self._whole.is_file()

    @property
    def accepted(self) -> bool:
        """Whether what was read may be indexed: a job that died since goes on without asking again."""
        return self.whole and self._accepted.is_file()

    def accept(self) -> None:
        """Lets what was read be indexed."""
        self._accepted.touch()

    def memory(self, before: Mapping[str, Mark]) -> Memory:
        """What the connector is to remember: `before`, overlaid by a reading that was cut off."""
        return Memory(
            before={
                **before,
                **dict(self._marks(self._cut_off)),
                **dict(self._marks(self._under_way)),
            }
        )

    def fill(self, items: Iterable[Item], memory: Memory) -> Iterator[Item]:
        """Writes `items` and the marks that `memory` takes meanwhile, handing each item on; whole
        once the last was taken. An error of the connector passes through and leaves what was read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._accepted.unlink(missing_ok=True)
        self._made.write_text(self.fingerprint, encoding="utf-8")
        if self._under_way.is_file():
            # A second cut must not lose what the first had left.
            with self._cut_off.open("ab") as kept:
                kept.write(self._under_way.read_bytes().rpartition(b"\n")[0] + b"\n")
        had = _Places(self._cut_off)
        with self._under_way.open("w", encoding="utf-8") as file:
            marked = 0
            for item in items:
                if isinstance(item, Unchanged) and (document := had.find(item.document_id)):
                    item = document
                _write(file, item)
                marked = self._mark(file, memory, marked)
                yield item
            self._mark(file, memory, marked)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._under_way, self._whole)
        self._cut_off.unlink(missing_ok=True)

    def _mark(self, file: IO[str], memory: Memory, marked: int) -> int:
        """Writes the marks since the last item, before the file may be cut."""
        for name, mark in islice(memory.now.items(), marked, None):
            file.write(f"{_MARK}{json.dumps([name, dict(mark)], ensure_ascii=False)}\n")
        file.flush()
        return len(memory.now)

    def items(self) -> Iterator[Item]:
        """What was read. Raises SourceError where the file was spoilt."""
        try:
            with self._whole.open(encoding="utf-8") as file:
                for line in file:
                    if line[0] != _MARK:
                        yield _KINDS[line[0]].model_validate_json(line[1:])
        except (OSError, ValueError, KeyError) as error:
            raise SourceError(
                f"{self._whole} cannot be read ({type(error).__name__})",
                "Run `ventanilla sources discard` and read the set again.",
            ) from None

    def marks(self) -> dict[str, Mark]:
        """The marks of the whole reading."""
        return dict(self._marks(self._whole))

    @staticmethod
    def _marks(path: Path) -> Iterator[tuple[str, Mark]]:
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.startswith(_MARK) and line.endswith("\n"):  # the last may be cut off
                    name, mark = json.loads(line[1:])
                    yield name, mark

    def clear(self) -> None:
        """Throws the reading away."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _write(file: IO[str], item: Item) -> None:
    kind = next(letter for letter, model in _KINDS.items() if isinstance(item, model))
    file.write(f"{kind}{item.model_dump_json(exclude_defaults=True)}\n")


class _Places:
    """Where in the file of a reading that was cut off each document stands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        if not path.is_file():
            return
        with path.open("rb") as file:
            at = 0
            for line in file:
                if line.startswith(b"D") and line.endswith(b"\n"):
                    self._places[json.loads(line[1:])["id"]] = at
                at += len(line)

    def find(self, document_id: str) -> Document | None:
        """The document as it was read then."""
        if document_id not in self._places:
            return None
        with self._path.open("rb") as file:
            file.seek(self._places[document_id])
            return Document.model_validate_json(file.readline()[1:])
