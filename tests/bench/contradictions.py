"""Contradictions over the seed corpus and the real Brazilian service cards, and planted ones.

    python tests/bench/contradictions.py [--show N] [--planted N]

Prints the first findings, to be judged by eye. Then one figure is changed in a copy of each of
`planted` cards, as if another agency had copied it: how many are found, and how many of the findings
are the planted ones. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from retrieval.concepts import Matcher
from retrieval.profile import Profiler
from sources import connectors
from sources.catalog import read_catalog
from sources.document import Document
from sources.vocabulary import concepts
from ui.reports.claims import claims
from ui.reports.contradictions import find
from ui.reports.viewer import Viewer

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"


def main() -> None:
    parser = argparse.ArgumentParser(description="Contradictions over real documents.")
    parser.add_argument("--show", type=int, default=40, help="findings to print")
    parser.add_argument("--planted", type=int, default=300, help="cards to plant one in")
    options = parser.parse_args()
    if not CARDS.is_dir():
        sys.exit("contradictions: the shared service cards are not beside this project.")
    catalog = read_catalog()
    documents = [
        item
        for source, origin in (("seed", catalog["seed"].origin or ""), ("br-servicos", str(CARDS)))
        for item in connectors.read(catalog[source], origin)
        if isinstance(item, Document)
    ]
    profiler = Profiler(Matcher(concepts()))
    read = [(d, profiler.make(d)) for d in documents]
    started = time.perf_counter()
    found = find(read, Viewer())
    seconds = time.perf_counter() - started
    for each in found[: options.show]:
        print(f"{each.field} {each.kind} {each.one.document_id} · {each.other.document_id}")
        print(f"    {each.one.quote}\n    {each.other.quote}")
    hits = missed = wrong = 0
    for one, other, at in planted(documents, options.planted):
        told = [
            c
            for c in find([(one, profiler.make(one)), (other, profiler.make(other))], Viewer())
            if c.one.document_id != c.other.document_id
        ]
        right = [c for c in told if c.one.start <= at < c.one.end]
        hits, missed, wrong = (
            hits + bool(right),
            missed + (not right),
            wrong + len(told) - len(right),
        )
    report = {
        "bench": "contradictions",
        "documents": len(documents),
        "findings": len(found),
        "declared": sum(c.declared for c in found),
        "seconds": round(seconds, 1),
        "planted": hits + missed,
        "planted_found": round(hits / max(1, hits + missed), 3),
        "others_told": wrong,
    }
    print(json.dumps(report))


def planted(documents: list[Document], most: int) -> Iterator[tuple[Document, Document, int]]:
    """A document, another agency's copy with one figure changed, and where."""
    chance = random.Random(7)
    able = [d for d in documents if d.provenance.source_id == "br-servicos"]
    chance.shuffle(able)
    for document in able:
        places = [
            (claim.start + match.start(), match.group())
            for claim in claims(document, frozenset())
            for match in re.finditer(r"\d+", document.text[claim.start : claim.end])
            for value in claim.values
            if match.group() in re.findall(r"\d+", str(getattr(value, "shown", value)))
        ]
        if not places or not most:
            continue
        most -= 1
        at, number = chance.choice(places)
        changed = str((int(number[0]) % 9) + 1) + number[1:]
        text = document.text[:at] + changed + document.text[at + len(number) :]
        provenance = document.provenance.model_copy(update={"source_id": "copies", "agency": "X"})
        copied = {"id": f"copy-{document.id}", "text": text, "provenance": provenance}
        yield document, document.model_copy(update=copied), at


if __name__ == "__main__":
    main()
