"""Speed of ingestion over the real Brazilian service cards, reading of the files included.

    python tests/bench/ingest.py [--home DIR] [--limit N]

Measures a first sync, a sync of what did not change, a sync after 1 % of the cards changed and the
removal of the whole set, in the embedded index; then passages and megabytes on disk. DIR, where
given, must be empty or absent, so that the first sync is one. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from retrieval.concepts import Matcher
from retrieval.index import Index, open_index
from retrieval.ingest import SyncReport, remove, sync
from retrieval.store import Store
from sources import connectors
from sources.catalog import read_catalog
from sources.document import Document, Rejected
from sources.vocabulary import concepts

CARDS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "br-cartas-de-servico"
SOURCE = "br-servicos"
EVERY = 100
"""One card in so many changes: 1 %."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of ingestion over the service cards.")
    parser.add_argument("--home", type=Path, help="an empty folder to leave the index in")
    parser.add_argument("--limit", type=int, help="read only so many cards: a smoke test")
    options = parser.parse_args()
    if not CARDS.is_dir():
        sys.exit("ingest: the shared service cards are not beside this project.")
    if options.home and options.home.exists() and any(options.home.iterdir()):
        sys.exit(f"ingest: {options.home} is not empty; name an empty folder.")
    with tempfile.TemporaryDirectory() as scratch:
        report = measure(options.home or Path(scratch), options.limit)
    print(json.dumps(report))


def measure(home: Path, limit: int | None) -> dict[str, object]:
    """Runs the four steps, prints them, and returns the figures."""
    home.mkdir(parents=True, exist_ok=True)
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    matcher = Matcher(concepts())
    try:
        steps = {
            name: sync(items, SOURCE, index, store, matcher)
            for name, items in (
                ("first", islice(cards(), limit)),
                ("unchanged", islice(cards(), limit)),
                ("one_percent", changed(islice(cards(), limit))),
            )
        }
        points = index.count()
        index.flush()
        megabytes = size_of(home) / 1e6
        removed, seconds = timed_removal(index, store)
        left = index.count()
    finally:
        store.close()
        index.close()
    return show(steps, points, megabytes, removed, seconds, left)


def cards() -> Iterator[Document | Rejected]:
    """The cards as the catalogue's entry reads them; one generator per sync, read anew."""
    return connectors.read(read_catalog()[SOURCE], str(CARDS))


def changed(items: Iterator[Document | Rejected]) -> Iterator[Document | Rejected]:
    """Every hundredth card under a new title, the others as they are."""
    count = 0
    for item in items:
        if isinstance(item, Document):
            count += 1
            if count % EVERY == 1:
                item = item.model_copy(update={"title": f"{item.title} (revisto)"})
        yield item


def size_of(folder: Path) -> int:
    """Bytes that the files below `folder` take on disk: the index preallocates sparse files."""
    return sum(512 * f.stat().st_blocks for f in folder.rglob("*") if f.is_file())


def timed_removal(index: Index, store: Store) -> tuple[int, float]:
    """How many cards were removed, and in how many seconds."""
    began = time.perf_counter()
    removed = remove(SOURCE, index, store)
    return removed, time.perf_counter() - began


def show(
    steps: dict[str, SyncReport],
    points: int,
    megabytes: float,
    removed: int,
    seconds: float,
    left: int,
) -> dict[str, object]:
    """Prints the table; returns it as figures."""
    result: dict[str, object] = {"bench": "ingest"}
    print(f"{'step':<14}{'cards':>8}{'indexed':>9}{'unchanged':>11}{'seconds':>9}{'cards/s':>9}")
    for name, report in steps.items():
        taken = report.indexed + report.unchanged
        speed = taken / report.seconds
        counts = f"{taken:>8}{report.indexed:>9}{report.unchanged:>11}"
        print(f"{name:<14}{counts}{report.seconds:>9.2f}{speed:>9.0f}")
        result[name] = {
            "cards": taken,
            "indexed": report.indexed,
            "seconds": round(report.seconds, 2),
            "cards_per_s": round(speed),
        }
    print(f"{'removal':<14}{removed:>8}{'':>20}{seconds:>9.2f}{removed / seconds:>9.0f}")
    print(f"{points} passages, {megabytes:.0f} MB on disk; {left} passages after the removal\n")
    result["removal"] = {"cards": removed, "seconds": round(seconds, 2), "passages_left": left}
    return result | {"passages": points, "megabytes": round(megabytes, 1)}


if __name__ == "__main__":
    main()
