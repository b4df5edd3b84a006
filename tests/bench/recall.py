"""Recall of the search over the real Brazilian service cards, beside bm25s on the same passages.

    python tests/bench/recall.py [--home DIR] [--limit N]

Measures, for the answerable questions of ``tests/evals/golden/cards.jsonl``, how often a right card
is among the first 1, 5 and 10 documents; embedded index, no model. The peer is BM25 over the
passages' text with title and other names in front, Portuguese stems and stopwords. Ends with one
JSON line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from agents.evaluate import Golden, read_golden
from agents.understanding.language import detect
from retrieval.chunk import passages
from retrieval.concepts import Matcher
from retrieval.index import Scope, open_index
from retrieval.ingest import sync
from retrieval.search import Searcher
from retrieval.store import Store
from sources import connectors
from sources.catalog import read_catalog
from sources.document import Document, Rejected
from sources.vocabulary import concepts

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"
GOLDEN = ROOT / "tests" / "evals" / "golden" / "cards.jsonl"
SOURCE = "br-servicos"
DEPTHS = (1, 5, 10)
PASSAGES = 200
"""Passages asked of each side: enough for ten documents, even where cards are long."""

Find = Callable[[str], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall over the real service cards.")
    parser.add_argument("--home", type=Path, help="keep the index in this folder between runs")
    parser.add_argument("--limit", type=int, help="read only so many cards: a smoke test")
    options = parser.parse_args()
    if not CARDS.is_dir():
        sys.exit("recall: the shared service cards are not beside this project.")
    with tempfile.TemporaryDirectory() as scratch:
        report = measure(options.home or Path(scratch), options.limit)
    print(json.dumps(report, ensure_ascii=False))


def measure(home: Path, limit: int | None) -> dict[str, object]:
    """Indexes, asks both sides, prints the table, and returns the figures."""
    home.mkdir(parents=True, exist_ok=True)
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    try:
        matcher = Matcher(concepts())
        sync(islice(cards(), limit), SOURCE, index, store, matcher)
        documents = [d for i in sorted(store.ids(SOURCE)) if (d := store.get(i))]
        asked = questions({document.id for document in documents})
        if not asked:
            sys.exit("recall: no question expects one of these cards; raise --limit.")
        searcher = Searcher(index, store, matcher)
        scope = Scope(tenants=("public",), countries=("BR",), on=date.today())

        def ours(question: str) -> list[str]:
            found = searcher.search(question, scope, limit=PASSAGES, language=detect(question))
            return [hit.document.id for hit in found.documents]

        sides = {"ventanilla": ours, "bm25s": peer(documents)}
        ranks = {name: ranks_of(find, asked) for name, find in sides.items()}
    finally:
        store.close()
        index.close()
    tables = {name: recalls(asked, *found) for name, found in ranks.items()}
    show(tables, f"{len(documents)} cards, {len(asked)} answerable questions")
    return {"bench": "recall", "cards": len(documents), "questions": len(asked), **tables}


def cards() -> Iterator[Document | Rejected]:
    """The cards as the catalogue's entry reads them."""
    return connectors.read(read_catalog()[SOURCE], str(CARDS))


def questions(known: set[str]) -> list[Golden]:
    """Those that can be answered, and from the cards at hand."""
    return [
        golden
        for golden in read_golden([GOLDEN])
        if golden.expect.must_answer and known & set(golden.expect.documents)
    ]


def peer(documents: list[Document]) -> Find:
    """BM25 as a developer would set it up for Portuguese with bm25s."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("portuguese")
    pieces = [(d, p) for d in documents for p in passages(d)]
    texts = [f"{d.title}\n{' '.join(d.names)}\n{d.text[p.start : p.end]}" for d, p in pieces]
    model = bm25s.BM25()
    tokens = bm25s.tokenize(texts, stopwords="pt", stemmer=stemmer, show_progress=False)
    model.index(tokens, show_progress=False)

    def find(question: str) -> list[str]:
        asked = bm25s.tokenize(question, stopwords="pt", stemmer=stemmer, show_progress=False)
        depth = min(PASSAGES, len(pieces))
        found, scores = model.retrieve(asked, k=depth, show_progress=False)
        hits = zip(found[0], scores[0], strict=True)
        # A passage that shares no word with the question is no result.
        return list(dict.fromkeys(pieces[number][0].id for number, score in hits if score > 0))

    return find


def ranks_of(find: Find, asked: list[Golden]) -> tuple[list[int | None], float]:
    """Where the first right document stands, from 1; and the median search in milliseconds."""
    ranks: list[int | None] = []
    times = []
    for golden in asked:
        began = time.perf_counter()
        found = find(golden.question)
        times.append(1000 * (time.perf_counter() - began))
        right = [n for n, i in enumerate(found, start=1) if i in golden.expect.documents]
        ranks.append(right[0] if right else None)
    return ranks, statistics.median(times)


def recalls(
    asked: list[Golden], ranks: list[int | None], p50_ms: float
) -> dict[str, dict[str, float] | float]:
    """Recall at each depth by group: all, each split, each kind, each kind within a split."""
    groups: dict[str, list[int | None]] = {}
    for golden, rank in zip(asked, ranks, strict=True):
        for name in ("all", golden.split, golden.kind, f"{golden.split}/{golden.kind}"):
            groups.setdefault(name, []).append(rank)
    result: dict[str, dict[str, float] | float] = {"p50_ms": round(p50_ms, 2)}
    for name, found in sorted(groups.items()):
        shares = {
            f"@{depth}": round(sum(r is not None and r <= depth for r in found) / len(found), 3)
            for depth in DEPTHS
        }
        result[name] = {"n": len(found), **shares}
    return result


def show(tables: dict[str, dict[str, dict[str, float] | float]], title: str) -> None:
    """One row per group, both sides in columns."""
    print(title)
    sides = "".join(f"{name:>24}" for name in tables)
    print(f"{'':<22}{'':>5}{sides}")
    print(f"{'':<22}{'n':>5}" + "".join(f"{f'@{d}':>8}" for _ in tables for d in DEPTHS))
    for group, ours in next(iter(tables.values())).items():
        if not isinstance(ours, dict):
            continue
        cells = "".join(
            f"{table[group][f'@{d}']:>8.3f}" for table in tables.values() for d in DEPTHS
        )
        print(f"{group:<22}{ours['n']:>5}{cells}")
    speeds = "".join(f"{table['p50_ms']:>21.1f} ms" for table in tables.values())
    print(f"{'median search':<27}{speeds}\n")


if __name__ == "__main__":
    main()
