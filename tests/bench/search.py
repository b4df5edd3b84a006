"""The search at scale: the Brazilian service cards multiplied to many passages, beside its peers.

    python tests/bench/search.py [--sizes 10000,100000,1000000] [--peers bm25s] [--home DIR]
                                 [--url http://qdrant:6333] [--questions N] [--peer-limit N]

A copy of a card is of another town and agency: every number is anew and one word in six is another
of the cards' words, drawn as often as it stands there, so that how rare words are stays as it is.
One passage in ten belongs to another tenant, one in ten is no longer valid, one in five is of
another country. Per size and side, in processes of their own: passages built in a second, megabytes
on disk, seconds to reopen, milliseconds of a search with tenant, country and day as filters, and
megabytes in memory after it. Documents are written as a sync writes them, without its comparison
with what was there. `index` is the index's part of the search, and `cpu` the processor's time for
the whole of it, which a busy machine changes less. Ventanilla is embedded, and with ``--url`` on
that server too (in a collection of its own, which is removed afterwards). The peer is bm25s with
Portuguese stems and a mask of the same filters. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from agents.evaluate import read_golden
from agents.understanding.language import detect
from retrieval.chunk import passages
from retrieval.concepts import Matcher
from retrieval.embed import PassageEncoder
from retrieval.index import Index, Scope, open_index
from retrieval.ingest import revision_of
from retrieval.places import Places
from retrieval.profile import Profiler
from retrieval.search import CANDIDATES, Searcher
from retrieval.store import Store
from sources import connectors
from sources.catalog import read_catalog
from sources.document import PUBLIC, Document, TextBuilder
from sources.vocabulary import concepts

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"
GOLDEN = ROOT / "tests" / "evals" / "golden" / "cards.jsonl"
SOURCE = "br-servicos"
BATCH = 256
TODAY = date(2026, 11, 1)
SCOPE = Scope(tenants=(PUBLIC,), countries=("BR",), on=TODAY)
SHARES = (0.5, 0.95, 0.99)
OTHER_WORD = 1 / 6
_WORD = re.compile(r"\w+")
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="The search at scale, beside its peers.")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="passages, with commas")
    parser.add_argument("--peers", default="bm25s", help="bm25s, or nothing")
    parser.add_argument("--peer-limit", type=int, default=10**9, help="no peers beyond that size")
    parser.add_argument("--home", type=Path, help="where to build; kept")
    parser.add_argument("--url", help="a Qdrant server to measure too")
    parser.add_argument("--questions", type=int, help="ask only so many")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:  # one process of the parent's
        print(json.dumps(STEPS[options.step](options)))
        return
    if not CARDS.is_dir():
        sys.exit("search: the shared service cards are not beside this project.")
    for package in ("llama_index.retrievers.bm25", "llama_index.vector_stores.qdrant"):
        if not _installed(package):
            print(f"{package} is not installed: not measured")
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [
            measure(int(size), options, (options.home or Path(scratch)).absolute())
            for size in options.sizes.split(",")
        ]
    print(json.dumps({"bench": "search", "cores": os.cpu_count(), "sizes": sizes}))


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # its parent is not there
        return False


def measure(size: int, options: argparse.Namespace, home: Path) -> Figures:
    """All sides at one size, shown as they come."""
    peers = [p for p in options.peers.split(",") if p and size <= options.peer_limit]
    sides = ["embedded", *(["server"] if options.url else []), *peers]
    report: Figures = {"passages": size}
    for side in sides:
        folder = home / f"{side}-{size}"
        folder.mkdir(parents=True, exist_ok=True)
        report[side] = {}
        for step in ("build", "ask"):
            report[side] |= _process(f"{side}-{step}", size, folder, options)
        show(size, side, report[side])
        if options.home is None:
            shutil.rmtree(folder)
    return report


def _process(step: str, size: int, folder: Path, options: argparse.Namespace) -> Figures:
    """Runs one step in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--step", step, "--sizes", str(size), "--home", folder]
    command += ["--url", options.url] if options.url else []
    command += ["--questions", str(options.questions)] if options.questions else []
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"search: {step} failed: {done.stderr.strip()[-500:]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


# ---------------------------------------------------------------------------- passages


class Multiplier:
    """The cards, then copies of them without end, no two alike; the same at every run."""

    def __init__(self) -> None:
        self._cards = [
            card
            for card in connectors.read(read_catalog()[SOURCE], str(CARDS))
            if isinstance(card, Document) and card.sections
        ]
        self._words = [w for card in self._cards for w in _WORD.findall(card.text) if len(w) > 3]
        self._towns = [p.name for p in Places.built_in().places if p.country == "BR"]

    def documents(self, size: int) -> Iterator[tuple[Document, int]]:
        """Documents with how many passages of each count, until there are `size` passages."""
        left = size
        for document in self._all():
            pieces = min(len(passages(document)), left)
            yield document, pieces
            left -= pieces
            if not left:
                return

    def _all(self) -> Iterator[Document]:
        yield from self._cards
        for copy in count(1):
            for number, card in enumerate(self._cards):
                yield self._copy(card, copy, random.Random(copy * 100_003 + number))

    def _copy(self, card: Document, copy: int, dice: random.Random) -> Document:
        town, code = dice.choice(self._towns), "".join(dice.choices("bcdfgaeiourstlmnp", k=6))

        def other(match: re.Match[str]) -> str:
            word = match.group()
            if word.isdigit():
                return str(dice.randrange(10 ** len(word)))
            if len(word) > 3 and dice.random() < OTHER_WORD:
                return dice.choice(self._words)
            return word

        def vary(text: str) -> str:
            return _WORD.sub(other, text)

        writer = TextBuilder()
        for section in card.sections:
            kept = section.model_dump(include={"field", "heading", "page"})
            writer.section(vary(card.quote(section)), **kept)
        lot = dice.random()
        agency = f"Prefeitura de {town} ({code})"
        valid_to = TODAY - timedelta(days=30) if 0.1 <= lot < 0.2 else None
        provenance = card.provenance.model_copy(update={"agency": agency, "valid_to": valid_to})
        return card.model_copy(
            update={
                "id": f"{card.id}-{copy}",
                "title": f"{vary(card.title)} em {town}",
                "names": tuple(map(vary, card.names)),
                "asked": tuple(map(vary, card.asked)),
                "tenant": "agency" if lot < 0.1 else card.tenant,
                "country": "PE" if lot >= 0.8 else card.country,
                "text": writer.text,
                "sections": tuple(writer.sections),
                "provenance": provenance,
            }
        )


def questions(options: argparse.Namespace) -> list[str]:
    """The golden questions on the cards."""
    return [golden.question for golden in read_golden([GOLDEN])][: options.questions]


# -------------------------------------------------------------------------- ventanilla


def build_ours(options: argparse.Namespace, index: Index) -> Figures:
    """Writes index, texts and counts of words."""
    from retrieval.pipeline import make_point

    store, matcher = Store(options.home / "documents.sqlite"), Matcher(concepts())
    documents = Multiplier().documents(int(options.sizes))
    profiler = Profiler(matcher)
    vocabulary, written, spent, made = matcher.fingerprint, 0, 0.0, time.perf_counter()
    while batch := list(islice(documents, BATCH)):
        began = time.perf_counter()  # what it takes to make the copies is not ours
        points, revisions, profiles = [], {}, {}
        for document, pieces in batch:
            profile = profiles[document.id] = profiler.make(document)
            encoder = PassageEncoder(document, profile.concepts)
            revisions[document.id] = revision_of(document, vocabulary)
            points += [
                make_point(document, passage, revisions[document.id], encoder.encode(passage))
                for passage in passages(document)[:pieces]
            ]
        index.upsert(points)
        profiler.keep(profiles, revisions, store)
        store.put([document for document, _ in batch], revisions)
        written += len(points)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    index.compact()
    index.flush()
    ended = time.perf_counter()
    store.close()
    index.close()
    return {
        "passages_s": round(written / spent),
        "compact_s": round(ended - began, 1),
        "whole_build_s": round(ended - made, 1),
        "disk_mb": disk_mb(options.home),
    }


def ask_ours(options: argparse.Namespace, opened: Callable[[], Index]) -> Figures:
    """Opens anew, asks every question once to warm up and once to be measured."""
    began = time.perf_counter()
    index = opened()
    reopened = time.perf_counter() - began
    store = Store(options.home / "documents.sqlite")
    searcher = Searcher(index, store, Matcher(concepts()))
    asked = [(question, detect(question)) for question in questions(options)]
    began = time.perf_counter()
    searcher.lexicon(SCOPE)
    lexicon = time.perf_counter() - began
    whole, part, work = [], [], []
    for warm in (True, False):
        for question, language in asked:
            began, worked = time.perf_counter(), time.process_time()
            reading = searcher.search(question, SCOPE, language=language).reading
            between, ended = time.perf_counter(), time.process_time()
            index.query(searcher._legs(reading), SCOPE, CANDIDATES)
            if not warm:
                whole.append(1000 * (between - began))
                work.append(1000 * (ended - worked))
                part.append(1000 * (time.perf_counter() - between))
    figures = {
        "reopen_s": round(reopened, 2),
        "lexicon_s": round(lexicon, 2),
        "search_ms": quantiles(whole),
        "search_cpu_ms": quantiles(work),
        "index_ms": quantiles(part),
        "rss_mb": resident_mb(),
    }
    store.close()
    index.close()
    return figures


def _server(options: argparse.Namespace) -> Index:
    return open_index(url=options.url, collection=f"bench_search_{options.sizes}")


def ask_server(options: argparse.Namespace) -> Figures:
    """As embedded; the collection is then removed."""
    from qdrant_client import QdrantClient

    figures = ask_ours(options, lambda: _server(options))
    client = QdrantClient(url=options.url)
    client.delete_collection(f"bench_search_{options.sizes}")
    client.close()
    return figures


# ------------------------------------------------------------------------------ bm25s


def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("portuguese")


def build_bm25s(options: argparse.Namespace) -> Figures:
    """BM25 as a developer would set it up for Portuguese, with the filters as a mask."""
    import bm25s
    import numpy as np

    texts, mask = [], []
    for document, pieces in Multiplier().documents(int(options.sizes)):
        label = f"{document.title}\n{' '.join(document.names)}\n"
        until = document.provenance.valid_to
        mask += [
            (document.tenant, document.country, until is None) == (PUBLIC, "BR", True)
        ] * pieces
        texts += [label + document.text[p.start : p.end] for p in passages(document)[:pieces]]
    began = time.perf_counter()
    tokens = bm25s.tokenize(texts, stopwords="pt", stemmer=_stemmer(), show_progress=False)
    model = bm25s.BM25()
    model.index(tokens, show_progress=False)
    spent = time.perf_counter() - began
    model.save(options.home / "bm25s")
    np.save(options.home / "mask.npy", np.array(mask, np.float32))
    return {"passages_s": round(len(texts) / spent), "disk_mb": disk_mb(options.home)}


def ask_bm25s(options: argparse.Namespace) -> Figures:
    """Opens anew and asks; it has no texts, so memory is that of the index alone."""
    import bm25s
    import numpy as np

    began = time.perf_counter()
    model = bm25s.BM25.load(options.home / "bm25s", mmap=True)
    reopened = time.perf_counter() - began
    mask, stemmer, times = np.load(options.home / "mask.npy"), _stemmer(), []
    for warm in (True, False):
        for question in questions(options):
            began = time.perf_counter()
            asked = bm25s.tokenize(question, stopwords="pt", stemmer=stemmer, show_progress=False)
            model.retrieve(asked, k=CANDIDATES, weight_mask=mask, show_progress=False)
            if not warm:
                times.append(1000 * (time.perf_counter() - began))
    found = quantiles(times)
    return {"reopen_s": round(reopened, 2), "search_ms": found, "rss_mb": resident_mb()}


# ---------------------------------------------------------------------------- figures


def quantiles(values: Iterable[float]) -> dict[str, float]:
    """Nearest-rank quantiles."""
    ordered = sorted(values)
    ranks = {share: max(0, -int(-share * len(ordered) // 1) - 1) for share in SHARES}
    return {f"p{100 * share:.0f}": round(ordered[rank], 2) for share, rank in ranks.items()}


def disk_mb(folder: Path) -> int:
    """Megabytes that the files take on disk, holes not counted."""
    return round(sum(p.stat().st_blocks for p in folder.rglob("*") if p.is_file()) * 512 / 1e6)


def resident_mb() -> int:
    """Megabytes of this process in memory now, mapped files included, as Linux tells it."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return round(int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20)


def show(size: int, side: str, figures: Figures) -> None:
    """One side's row."""
    words = "  ".join(
        f"{name} {' / '.join(map(str, value.values())) if isinstance(value, dict) else value}"
        for name, value in figures.items()
    )
    print(f"{size:>9,} {side:<9} {words}", flush=True)


STEPS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "embedded-build": lambda o: build_ours(o, open_index(o.home / "index")),
    "embedded-ask": lambda o: ask_ours(o, lambda: open_index(o.home / "index")),
    "server-build": lambda o: build_ours(o, _server(o)),
    "server-ask": ask_server,
    "bm25s-build": build_bm25s,
    "bm25s-ask": ask_bm25s,
}

if __name__ == "__main__":
    main()
