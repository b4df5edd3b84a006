"""What the `server` backend adds to a model server: time to first token, throughput, processor time.

    python tests/bench/llm_overhead.py [--tokens N] [--rate R] [--rounds N] [--streams N]

A double of the server, a process of its own on this machine, streams every answer at a known rate.
The same stream is read by ServerModel.write and by plain httpx2, on which the former is built and
which here finds the lines and parses nothing, in turns; each figure is the median over the rounds.
One stream, then many at once. The processor time is that of the reading process. Ends with one JSON
line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2

from agents.llm.server import ServerModel

ROOT = Path(__file__).resolve().parents[2]
DOUBLE = ROOT / "tests" / "agents" / "llm" / "double.py"
ASKED = [{"role": "user", "content": "¿Cuánto cuesta renovar la licencia?"}]
TARGETS = {"first_token_ms": 15.0, "throughput_percent": 2.0}

Read = Callable[[], AsyncIterator[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Overhead of the server backend.")
    parser.add_argument("--tokens", type=int, default=200, help="tokens in an answer")
    parser.add_argument("--rate", type=float, default=50.0, help="tokens per second and stream")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each kind")
    parser.add_argument("--streams", type=int, default=32, help="answers at once")
    options = parser.parse_args()
    command = [sys.executable, str(DOUBLE), "--tokens", str(options.tokens), "--rate",
               str(options.rate)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as double:
        try:
            url = double.stdout.readline().strip()
            report = asyncio.run(measure(url, options))
        finally:
            double.terminate()
    show(report)
    print(json.dumps({"bench": "llm_overhead", **vars(options), "targets": TARGETS, **report}))


async def measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Figures of one stream and of many, each way of reading in turn."""
    model = ServerModel.open(url, first_token=60, pause=60, answer=600)
    body = {"model": model.name, "messages": ASKED, "max_tokens": options.tokens, "stream": True,
            "stream_options": {"include_usage": True}}  # fmt: skip
    report = {}
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None)) as client:

        async def plain() -> AsyncIterator[str]:
            address = f"{url}/v1/chat/completions"
            async with client.stream("POST", address, json=body) as response:
                async for line in response.aiter_lines():
                    if '"delta": {"content": "' in line:
                        yield line

        def ours() -> AsyncIterator[str]:
            return model.write(ASKED, max_tokens=options.tokens)

        for streams in dict.fromkeys((1, options.streams)):
            await once(plain, streams)  # opens the connections of both
            await once(ours, streams)
            rounds = [
                (await once(plain, streams), await once(ours, streams))
                for _ in range(options.rounds)
            ]
            report[f"streams_{streams}"] = compared(*zip(*rounds, strict=True))
    await model.close()
    return report


async def once(read: Read, streams: int) -> dict[str, float]:
    """Reads so many answers at once to their ends."""
    firsts: list[float] = []
    tokens = 0

    async def one() -> None:
        nonlocal tokens
        began, first = time.perf_counter(), None
        async with aclosing(read()) as pieces:
            async for _ in pieces:
                first = first or time.perf_counter()
                tokens += 1
        firsts.append(1000 * (first - began))

    began, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(streams)))
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return {
        "first_token_ms": statistics.median(firsts),
        "tokens_s": tokens / seconds,
        "cpu_us_token": 1e6 * busy / tokens,
    }


def compared(plain: list[dict[str, float]], ours: list[dict[str, float]]) -> dict[str, Any]:
    """Medians of both, and what ours adds."""
    median = {
        name: {key: round(statistics.median(each[key] for each in side), 2) for key in side[0]}
        for name, side in (("httpx2", plain), ("server", ours))
    }
    fewer = 1 - median["server"]["tokens_s"] / median["httpx2"]["tokens_s"]
    more = median["server"]["first_token_ms"] - median["httpx2"]["first_token_ms"]
    return {
        **median,
        "added_first_token_ms": round(more, 2),
        "lost_throughput_percent": round(100 * fewer, 2),
        "reached": more <= TARGETS["first_token_ms"]
        and 100 * fewer <= TARGETS["throughput_percent"],
    }


def show(report: dict[str, Any]) -> None:
    """Prints the table."""
    print(f"{'':<12}{'':<8}{'first token ms':>16}{'tokens/s':>12}{'CPU µs/token':>14}")
    for streams, figures in report.items():
        for name in ("httpx2", "server"):
            first, rate, busy = figures[name].values()
            print(f"{streams:<12}{name:<8}{first:>16.2f}{rate:>12.1f}{busy:>14.1f}")
        print(
            f"{'':<12}adds {figures['added_first_token_ms']} ms to the first token, loses "
            f"{figures['lost_throughput_percent']} % of the throughput\n"
        )


if __name__ == "__main__":
    main()
