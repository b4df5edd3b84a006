"""The dense vectors of a pack: found by the text that they were made of, not by where it stands.

    known = PackVectors(home / "packs" / "sets").known     # for `retrieval.dense_leg.DenseLeg`

``vectors.bin`` has one row per passage: the first 16 bytes of the SHA-256 of its text, then its numbers
in half precision (IEEE 754 binary16, little-endian), as the index keeps them; rows are sorted by their
keys. A machine that cuts or names passages otherwise finds no row, and embeds that passage itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.chunk import passages
from retrieval.dense import manner_of
from retrieval.dense_leg import passage_text
from retrieval.embed import Dense
from retrieval.index import Index
from retrieval.pack import VECTORS, Made
from sources.connectors.pack import STATE, Installed
from sources.document import Document

KEY = 16
_LENGTHS = (0.97, 1.03)
"""Half precision shortens or lengthens a vector of length 1 by less than this."""


def key_of(text: str) -> bytes:
    """The key of a passage's text."""
    return hashlib.sha256(text.encode()).digest()[:KEY]


def texts_of(document: Document) -> dict[str, str]:
    """What is embedded of a document: passage id → text."""
    return {p.id: passage_text(document, p.heading, p.start, p.end) for p in passages(document)}


def of_index(index: Index, name: str, documents: Iterable[Document]) -> dict[bytes, bytes]:
    """Rows (key → numbers) of the documents' passages that have the vector `name`."""
    rows: dict[bytes, bytes] = {}
    for document in documents:
        texts = texts_of(document)
        for passage_id, vector in index.dense_of(name, list(texts)).items():
            rows[key_of(texts[passage_id])] = vector.astype("<f2").tobytes()
    return rows


def packed(rows: Mapping[bytes, bytes]) -> bytes:
    """The bytes of the file."""
    return b"".join(key + rows[key] for key in sorted(rows))


def unpacked(data: bytes, dimension: int) -> dict[bytes, bytes]:
    """The rows of a file. Raises ValueError where it is not one of vectors of `dimension` numbers."""
    width = KEY + 2 * dimension
    if len(data) % width:
        raise ValueError("it is cut off")
    rows = {data[n : n + KEY]: data[n + KEY : n + width] for n in range(0, len(data), width)}
    if len(rows) * width != len(data):
        raise ValueError("it has a passage twice")
    return rows


def fault(data: bytes, made: Made) -> str:
    """What is wrong with the vectors of a pack, or "". One that is longer than its model makes them
    would come first whatever is asked.
    """
    try:
        rows = unpacked(data, made.dimension)
    except ValueError as error:
        return str(error)
    numbers = _matrix(rows, made.dimension)
    if not np.isfinite(numbers).all():
        return "it has vectors that are no numbers"
    lengths = np.linalg.norm(numbers, axis=1)
    wrong = (lengths < _LENGTHS[0]) | (lengths > _LENGTHS[1])
    if manner_of(made.model).normalize and wrong.any():
        return "it has vectors of another length than the model's"
    return ""


def _matrix(rows: Mapping[bytes, bytes], dimension: int) -> NDArray[np.float32]:
    numbers = np.frombuffer(b"".join(rows.values()), "<f2")
    return numbers.reshape(len(rows), dimension).astype(np.float32)


class PackVectors:
    """The vectors that came with the packs in `folder` (one folder per set, of which each holds one
    per pack). Safe to share between threads: what is read is never changed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[Made, dict[bytes, bytes]] | None] = {}

    def known(
        self, fingerprint: str, passages: Sequence[tuple[str, str]]
    ) -> Sequence[Dense | None]:
        """See `retrieval.dense_leg.Known`: a set's passages find vectors of its own packs alone."""
        if not self._folder.is_dir():
            return [None] * len(passages)
        by_set = {source_id: self._of(source_id, fingerprint) for source_id, _ in passages}
        found = [by_set[source_id].get(key_of(text)) for source_id, text in passages]
        return [
            None if row is None else np.frombuffer(row, "<f2").astype(np.float32) for row in found
        ]

    def _of(self, source_id: str, fingerprint: str) -> dict[bytes, bytes]:
        for path in sorted((self._folder / source_id).glob(f"*/{VECTORS}")):
            if path not in self._read:
                self._read[path] = _read(path)
            read = self._read[path]
            if read and read[0].fingerprint == fingerprint:
                return read[1]
        return {}


def _read(path: Path) -> tuple[Made, dict[bytes, bytes]] | None:
    state = Installed.read(path.with_name(STATE))
    if state.vectors is None:
        return None
    made = Made.model_validate(state.vectors)
    return made, unpacked(path.read_bytes(), made.dimension)
