"""What one reading of a source gave, kept in a folder until it is indexed.

    spool = Spool(folder, fingerprint)
    memory = spool.begin({})
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
_MARK, _ATTEMPT = "M", "A"


class Spool:
    """The folder of one source's reading. `fingerprint` tells how it is read: what was written with
    another one is thrown away. Without it the folder is taken as it is.
    """

    def __init__(self, folder: Path, fingerprint: str | None = None) -> None:
        self._folder = folder
        self._under_way, self._whole = folder / "reading.jsonl", folder / "read.jsonl"
        self._cut_off = folder / "cut_off.jsonl"
        self._accepted = folder / "accepted"
        self._had: dict[str, int] = {}
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

    def begin(self, before: Mapping[str, Mark]) -> Memory:
        """What the connector is to remember in a new reading: `before`, overlaid by what one that was
        cut off had read.
        """
        if self._under_way.is_file():
            # A second cut must not lose what the first had left. The last line may be half of one.
            with self._cut_off.open("ab") as kept:
                whole, newline, _ = self._under_way.read_bytes().rpartition(b"\n")
                kept.write(_ATTEMPT.encode() + b"\n" + whole + newline)
            self._under_way.unlink()
        marks, self._had = _taken_up(self._cut_off)
        return Memory(before={**before, **marks})

    def fill(self, items: Iterable[Item], memory: Memory) -> Iterator[Item]:
        """Writes `items` and the marks that `memory` takes meanwhile, handing each item on; whole
        once the last was taken. An error of the connector passes through and leaves what was read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._accepted.unlink(missing_ok=True)
        self._made.write_text(self.fingerprint, encoding="utf-8")
        with self._under_way.open("w", encoding="utf-8") as file:
            marked = 0
            for item in items:
                if isinstance(item, Unchanged) and item.document_id in self._had:
                    item = _document_at(self._cut_off, self._had[item.document_id])
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
        with self._whole.open(encoding="utf-8") as file:
            return dict(json.loads(line[1:]) for line in file if line[0] == _MARK)

    def clear(self) -> None:
        """Throws the reading away."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _write(file: IO[str], item: Item) -> None:
    kind = next(letter for letter, model in _KINDS.items() if isinstance(item, model))
    file.write(f"{kind}{item.model_dump_json(exclude_defaults=True)}\n")


def _taken_up(path: Path) -> tuple[dict[str, Mark], dict[str, int]]:
    """Of readings that were cut off: the marks that hold, and where the document of each stands.

    A mark tells which document it is of. It holds where the newest reading of that document is the
    one that wrote the mark: a document without its mark may be another text than an older mark means.
    """
    attempt, at = 0, 0
    read: dict[str, tuple[int, int]] = {}
    marked: dict[str, tuple[int, Mark]] = {}
    if path.is_file():
        with path.open("rb") as file:
            for line in file:
                kind = line[:1].decode()
                if kind == _ATTEMPT:
                    attempt += 1
                elif kind == _MARK:
                    name, mark = json.loads(line[1:])
                    marked[name] = (attempt, mark)
                elif kind == "D":
                    read[json.loads(line[1:])["id"]] = (attempt, at)
                at += len(line)
    marks, places = {}, {}
    for name, (when, mark) in marked.items():
        document = mark.get("document", "")
        if document in read and read[document][0] == when:
            marks[name] = mark
            places[document] = read[document][1]
    return marks, places


def _document_at(path: Path, place: int) -> Document:
    with path.open("rb") as file:
        file.seek(place)
        return Document.model_validate_json(file.readline()[1:])
