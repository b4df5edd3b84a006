"""Many people at once against a real `ventanilla serve`: errors, seconds to the full answer, memory.

    python tests/bench/load.py [--people 50] [--seconds 300] [--every 10] [--home DIR]

Each simulated person asks a golden question (of the part `tune`) every `--every` seconds, every second
one as a stream, and waits for the whole answer. They begin spread over the first interval. The server
is a process of its own with the seed corpus, the usual limits on concurrency, and no limit on one
address, from which all of them come. Memory is the resident set of that process. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from agents.evaluate import read_golden

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "tests" / "evals" / "golden").glob("*.jsonl"))
START_S = 300.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers under load.")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--every", type=float, default=10, help="seconds between questions")
    parser.add_argument("--home", type=Path, help="keep the index in this folder between runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = (options.home or Path(scratch)).absolute()
        server, url = serve(home)
        try:
            report = asyncio.run(measure(url, server.pid, options))
        finally:
            server.terminate()
            server.wait(30)
    print(json.dumps({"bench": "load", **report}))
    if report["errors"]:
        sys.exit(1)


def serve(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A `serve` that answers, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "VENTANILLA_HOME": str(home),
        "VENTANILLA_PORT": str(port),
        "VENTANILLA_RATE_ADDRESS": "0",
        "VENTANILLA_DAY_ADDRESS": "0",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "ui.cli", "serve"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{url}/api/ready", trust_env=False, timeout=2).status_code == 200:
                return server, url
        except httpx.HTTPError:
            time.sleep(0.5)
    server.terminate()
    sys.exit("load: `ventanilla serve` did not start")


async def measure(url: str, pid: int, options: argparse.Namespace) -> dict[str, Any]:
    """Lets everybody ask until the time is over."""
    questions = [
        {"question": golden.question, "country": golden.country, "history": [
            turn.model_dump() for turn in golden.request().history]}
        for golden in read_golden(GOLDEN) if golden.split == "tune"
    ]  # fmt: skip
    chance = random.Random(20261125)
    took: list[float] = []
    endings: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=None)
    before = resident(pid)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=60, limits=limits
    ) as client:
        end = time.monotonic() + options.seconds

        async def person(number: int) -> None:
            at = time.monotonic() + options.every * number / options.people
            while at < end:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                started = time.monotonic()
                ending = await asked(client, chance.choice(questions), stream=bool(number % 2))
                took.append(time.monotonic() - started)
                endings[ending] += 1
                at = max(at + options.every, time.monotonic())

        await asyncio.gather(*(person(number) for number in range(options.people)))
    cuts = statistics.quantiles(took, n=100)
    after = resident(pid)
    good = {"answered", "clarification", "unanswerable", "refused", "crisis"}
    report = {
        "people": options.people,
        "seconds": options.seconds,
        "answers": len(took),
        "errors": sum(count for ending, count in endings.items() if ending not in good),
        "endings": dict(endings.most_common()),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p95_ms": round(cuts[94] * 1000, 1),
        "max_ms": round(max(took) * 1000, 1),
        "rss_start_mib": round(before / 2**20, 1),
        "rss_end_mib": round(after / 2**20, 1),
    }
    for name, value in report.items():
        print(f"{name:>14}  {value}")
    return report


async def asked(client: httpx.AsyncClient, body: dict[str, Any], *, stream: bool) -> str:
    """How a question ended: a status, or what went wrong."""
    try:
        if not stream:
            told = await client.post("/api/ask", json=body)
            return str(told.json()["status"])
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", "/api/ask", json=body, headers=headers) as pieces:
            if pieces.status_code != 200:
                return str(pieces.status_code)
            name = ""
            async for line in pieces.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name in ("answer", "error"):
                    return str(json.loads(line.removeprefix("data: "))["status"])
        return "no end"
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return type(error).__name__


def resident(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


if __name__ == "__main__":
    main()
