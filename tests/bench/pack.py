"""How large a pack is and how long it takes, and which vectors are worth packing.

    python tests/bench/pack.py [--documents N] [--dimension D]

Makes N documents of about 2,500 characters, exports them, looks at the pack, takes it in and indexes it
in a second home; then 1 % changed, as differences. Dense vectors are made up, of D numbers and length 1:
their bytes are those of a real model's, their making is not timed. Sparse vectors are timed as they are
made at an import, and weighed as they would be packed (4 bytes and half precision a number, deflated).
Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from retrieval.chunk import passages
from retrieval.concepts import Matcher
from retrieval.dense_leg import DenseLeg
from retrieval.embed import PassageEncoder
from retrieval.index import open_index
from retrieval.ingest import sync
from retrieval.jobs import Jobs
from retrieval.pack_export import Exporter
from retrieval.pack_import import SETS, look, stage, take_up
from retrieval.pack_keys import Keyring
from retrieval.pack_vectors import PackVectors
from retrieval.profile import Profiler
from retrieval.store import Store
from sources.catalog import CatalogEntry, read_catalog
from sources.document import Document, PublicService
from sources.vocabulary import concepts

ENTRY = CatalogEntry(id="bench", title="Bench", connector="files", country="PE", licence="CC0-1.0")


class MadeUp:
    """An encoder whose vectors follow from the text."""

    model, fingerprint = "made-up", "abc"

    def __init__(self, dimension: int) -> None:
        self.dimension, self.texts = dimension, 0

    def encode(self, texts: list[str], *, query: bool) -> np.ndarray:
        self.texts += len(texts)
        seeds = [int.from_bytes(hashlib.sha256(t.encode()).digest()[:4], "big") for t in texts]
        rows = np.stack([np.random.default_rng(s).normal(size=self.dimension) for s in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def document(number: int, words: list[str], price: int = 10) -> Document:
    dice = random.Random(f"{number}:{price}")

    def text(length: int) -> str:
        return " ".join(dice.choices(words, k=length)).capitalize() + "."

    return PublicService(
        id=f"bench-{number:05}",
        title=text(5)[:-1],
        country="PE",
        language="es",
        sector=("general",),
        competent_authority={"name": "Agencia"},
        cost=({"text": f"Cuesta S/ {price}.{number:02}."},),
        requirement=tuple({"text": text(40)} for _ in range(4)),
        steps=tuple({"text": text(40)} for _ in range(5)),
    ).to_document(source_id="bench", licence="CC0-1.0")


def vocabulary() -> list[str]:
    """Words of the concepts' labels: Spanish as agencies write it."""
    labels = {w for c in concepts().values() for w in c.prefLabel.get("es", "").split()}
    return sorted(labels)


class Home:
    """What a pack needs of a home."""

    def __init__(self, folder: Path, matcher: Matcher, dimension: int) -> None:
        self.folder, self.encoder = folder, MadeUp(dimension)
        self.index, self.store = open_index(folder / "index"), Store(folder / "documents.sqlite")
        known = PackVectors(folder / "packs" / SETS).known
        self.dense = DenseLeg(
            self.index, self.store, "made-up", opener=lambda _: self.encoder, known=known
        )
        self.jobs = Jobs(folder / "jobs", self.index, self.store, matcher, self.dense)
        self.keys = Keyring(folder / "keys")

    def export(self, out: Path, since: str | None = None, *, vectors: bool = True) -> None:
        Exporter(
            self.store,
            self.index,
            self.keys.own(),
            self.folder / "exported",
            active=self.dense.active if vectors else None,
            now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
        ).export([ENTRY], out, name="bench" if vectors else "bare", since=since)

    def take(self, path: Path) -> dict[str, float]:
        packs, catalog = self.folder / "packs", self.folder / "catalog"
        begin = time.perf_counter()
        stage(path, packs, self.keys.trusted(), read_catalog(catalog), self.store)
        take_up(packs, catalog, self.store)
        staged = time.perf_counter()
        self.jobs.run(read_catalog(catalog)["bench"])
        return {"take_s": staged - begin, "index_s": time.perf_counter() - staged}


def sparse(documents: list[Document], matcher: Matcher) -> dict[str, float]:
    """Seconds to make the sparse vectors, and bytes to carry them."""
    profiler, rows, begin = Profiler(matcher), [], time.perf_counter()
    for each in documents:
        encoder = PassageEncoder(each, profiler.make(each).concepts)
        rows += [encoder.encode(p) for p in passages(each)]
    took = time.perf_counter() - begin
    data = b"".join(
        np.array(v.indices, "<u4").tobytes() + np.array(v.values, "<f2").tobytes()
        for row in rows
        for v in row.values()
    )
    return {"passages": len(rows), "sparse_s": took, "sparse_bytes": len(zlib.compress(data))}


def timed(work, *given, **named) -> float:
    begin = time.perf_counter()
    work(*given, **named)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--dimension", type=int, default=384)
    given = parser.parse_args()
    words, matcher = vocabulary(), Matcher(concepts())
    documents = [document(n, words) for n in range(given.documents)]
    told = sparse(documents, matcher)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = Home(folder / "there", matcher, given.dimension)
        here = Home(folder / "here", matcher, given.dimension)
        there.keys.new("Agencia")
        here.keys.trust(there.keys.public_file)
        sync(documents, "bench", there.index, there.store, matcher, dense=there.dense)
        told["export_s"] = timed(there.export, folder / "whole.zip")
        there.export(folder / "bare.zip", vectors=False)
        told["bytes"] = (folder / "whole.zip").stat().st_size
        told["bytes_without_vectors"] = (folder / "bare.zip").stat().st_size
        told["verify_s"] = timed(look, folder / "whole.zip", here.keys.trusted())
        told |= here.take(folder / "whole.zip")
        changed = [document(n, words, price=10 + (n % 100 == 0)) for n in range(given.documents)]
        sync(changed, "bench", there.index, there.store, matcher, dense=there.dense)
        told["export_differences_s"] = timed(there.export, folder / "part.zip", "last")
        told["bytes_of_differences"] = (folder / "part.zip").stat().st_size
        told |= {f"{k[:-2]}_differences_s": v for k, v in here.take(folder / "part.zip").items()}
        told["embedded_here"] = here.encoder.texts
    figures = {key: round(value, 3) for key, value in told.items()}
    for key, value in figures.items():
        print(f"{key:<28}{value:>14,}")
    print(json.dumps({"bench": "pack", **vars(given), **figures}))


if __name__ == "__main__":
    main()
