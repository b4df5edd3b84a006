"""Speed of a document set's syncs as jobs: a folder of many files, from the first to the last.

    python tests/bench/jobs.py [--documents 10000] [--home DIR]

The Brazilian service cards, multiplied as in `tests/bench/search.py`, are written as Markdown files
into a folder, which is then read and indexed as `ventanilla sources sync` does it: for the first
time, again with nothing changed, again with one file in a hundred changed, and removed. Ends with
one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from search import CARDS, Multiplier, resident_mb

from retrieval.concepts import Matcher
from retrieval.index import open_index
from retrieval.jobs import Jobs
from retrieval.store import Store
from sources.catalog import CatalogEntry
from sources.document import Document
from sources.vocabulary import concepts

EVERY = 100
"""One file in so many changes: 1 %."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of a document set's syncs.")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--home", type=Path, help="an empty folder to leave files and index in")
    options = parser.parse_args()
    if not CARDS.is_dir():
        sys.exit("jobs: the shared service cards are not beside this project.")
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(options.home or Path(scratch), options.documents)))


def measure(home: Path, count: int) -> dict[str, Any]:
    """Writes the files, runs the steps, prints them, and returns the figures."""
    folder = home / "documents"
    folder.mkdir(parents=True)
    files = [write(folder, card) for card in islice(cards(), count)]
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    jobs = Jobs(home / "jobs", index, store, Matcher(concepts()))
    entry = CatalogEntry(
        id="bench",
        title="Bench",
        connector="files",
        origin=str(folder),
        country="BR",
        language="pt",
        agency="Prefeitura",
    )
    figures: dict[str, Any] = {"bench": "jobs", "documents": len(files)}
    print(f"{'step':<12}{'documents':>10}{'changed':>9}{'seconds':>9}{'documents/s':>13}")

    def step(name: str, work: Callable[[], int]) -> None:
        began = time.perf_counter()
        changed = work()
        seconds = time.perf_counter() - began
        print(f"{name:<12}{len(files):>10}{changed:>9}{seconds:>9.1f}{len(files) / seconds:>13.0f}")
        figures[name] = {"changed": changed, "seconds": round(seconds, 2)}

    step("first", lambda: jobs.run(entry).indexed)
    figures["passages"] = index.count()
    step("unchanged", lambda: jobs.run(entry).indexed)
    for path in files[::EVERY]:
        path.write_text(path.read_text(encoding="utf-8") + "\nRevisto em novembro.\n", "utf-8")
    step("one_percent", lambda: jobs.run(entry).indexed)
    figures["share_of_first"] = round(
        figures["one_percent"]["seconds"] / figures["first"]["seconds"], 4
    )
    step("removal", lambda: jobs.remove("bench"))
    figures["resident_mb"] = resident_mb()
    store.close()
    index.close()
    return figures


def cards() -> Any:
    """The cards and their copies without end."""
    return Multiplier()._all()


def write(folder: Path, card: Document) -> Path:
    """A card as an agency would have it in a file."""
    lines = [f"# {card.title}", ""]
    for section in card.sections:
        lines += [f"## {section.heading}" if section.heading else "", "", card.quote(section), ""]
    path = folder / f"{card.id}.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
