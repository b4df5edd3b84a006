"""Latency of warm answers, memory, and the cold start of `ventanilla ask`; no model, one machine.

    python tests/bench/latency.py [--home DIR] [--limit N] [--cold N]

The seed corpus and, where they are beside the project, the Brazilian service cards are indexed.
Every golden question is asked once to warm up and once to be measured, one at a time. Memory is
that of this process with the assistant in it. A cold start is a process of its own for one
question, from its start to its end. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agents.evaluate import read_golden
from agents.state import Status

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"
GOLDEN = sorted((ROOT / "tests" / "evals" / "golden").glob("*.jsonl"))
SHARES = (0.5, 0.95, 0.99)
COLD = ("ask", "¿Cuánto cuesta renovar la licencia de conducir?", "--country", "DO", "--json")


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency, memory and cold start.")
    parser.add_argument("--home", type=Path, help="keep the index in this folder between runs")
    parser.add_argument("--limit", type=int, help="ask only so many questions: a smoke test")
    parser.add_argument("--cold", type=int, default=5, help="cold starts (default 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = (options.home or Path(scratch)).absolute()
        prepare(home)
        report = warm_answers(home, options.limit)
        report["cold_ask_s"] = cold_starts(home, options.cold)
    show(report)
    print(json.dumps({"bench": "latency", **report}))


def ventanilla(home: Path, *arguments: str) -> None:
    """Runs a command as a process of its own; ends this one with its complaint where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "VENTANILLA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"latency: `ventanilla {arguments[0]}` failed: {done.stderr.strip()[-300:]}")


def prepare(home: Path) -> None:
    """Indexes in other processes, so that what ingestion needs is not counted as our memory."""
    ventanilla(home, "sources", "sync", "seed")
    if CARDS.is_dir():
        ventanilla(home, "sources", "sync", "br-servicos", "--from", str(CARDS))
    else:
        print("latency: the shared service cards are not beside this project; seed corpus only.")


def warm_answers(home: Path, limit: int | None) -> dict[str, Any]:
    """Asks every question twice and measures the second time, in milliseconds."""
    from ui.assemble import open_house
    from ui.settings import Settings

    requests = [golden.request() for golden in read_golden(GOLDEN)[:limit]]

    async def ask_all() -> list[tuple[Status, float]]:
        measured = []
        async with house.assistant() as assistant:
            for request in requests:
                await assistant.ask(request)
            for request in requests:
                began = time.perf_counter()
                answer = await assistant.ask(request)
                measured.append((answer.status, 1000 * (time.perf_counter() - began)))
        return measured

    with open_house(Settings(home=home)) as house:
        documents = len(house.store.rows("SELECT id FROM documents"))
        measured = asyncio.run(ask_all())
        memory = resident_mb()
    return {
        "documents": documents,
        "all_ms": quantiles([ms for _, ms in measured]),
        "answered_ms": quantiles([ms for status, ms in measured if status is Status.ANSWERED]),
        "errors": sum(status.startswith("error") for status, _ in measured),
        "rss_mb": memory,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def quantiles(values: list[float]) -> dict[str, float]:
    """Nearest-rank quantiles, and how many values there are."""
    ordered = sorted(values)
    ranks = {share: max(0, -int(-share * len(ordered) // 1) - 1) for share in SHARES}
    found = {
        f"p{100 * share:.0f}": round(ordered[rank], 1) for share, rank in ranks.items() if ordered
    }
    return {"n": len(ordered), **found}


def resident_mb() -> int:
    """Megabytes of this process in memory now, as Linux tells it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def cold_starts(home: Path, times: int) -> list[float]:
    """Seconds that one question takes in a new process, sorted."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        ventanilla(home, *COLD)
        seconds.append(round(time.perf_counter() - began, 2))
    return sorted(seconds)


def show(report: dict[str, Any]) -> None:
    """Prints the table."""
    print(f"{report['documents']} documents indexed, {report['errors']} errors")
    for group in ("all_ms", "answered_ms"):
        values = "".join(f"{name:>6} {value:>7}" for name, value in report[group].items())
        print(f"{group:<14}{values}")
    print(f"memory {report['rss_mb']} MB now, {report['peak_rss_mb']} MB at most")
    if cold := report["cold_ask_s"]:
        print(f"cold ask: {cold[len(cold) // 2]} s median, {cold[-1]} s at most\n")


if __name__ == "__main__":
    main()
