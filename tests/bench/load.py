"""Many people at once against a real `ventanilla serve`: errors, seconds to the full answer, memory.

    python tests/bench/load.py [--people 50] [--seconds 300] [--warm 60] [--every 10] [--home DIR]

Every second person sits at the citizen's page, spoken to as a browser does (Gradio's queue), and
opens it anew after three questions; the others ask by the API, whole and streamed in turn. Each asks
a golden question (of the part `tune`) every `--every` seconds and waits for the whole answer. They
begin spread over the first interval. The server is a process of its own with the seed corpus, the
usual limits on concurrency, and no limit on one address, from which all of them come. What happens in
the first `--warm` seconds is not counted. Memory is the resident set of that process, at the end of
those, at its highest and at the end. Ends with one JSON line.
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
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from agents.evaluate import read_golden

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "tests" / "evals" / "golden").glob("*.jsonl"))
START_S = 300.0
SAMPLE_S = 5.0
QUESTIONS_A_VISIT = 3
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
GOOD = frozenset({"answered", "clarification", "unanswerable", "refused", "crisis", "page"})


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers under load.")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--warm", type=float, default=60, help="seconds before anything is counted")
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


@dataclass
class Seen:
    """What was counted: seconds by door, how questions ended, and bytes over time."""

    took: dict[str, list[float]] = field(default_factory=dict)
    endings: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)


async def measure(url: str, pid: int, options: argparse.Namespace) -> dict[str, Any]:
    """Lets everybody ask until the time is over."""
    questions = [
        {"question": golden.question, "country": golden.country, "history": [
            turn.model_dump() for turn in golden.request().history]}
        for golden in read_golden(GOLDEN) if golden.split == "tune"
    ]  # fmt: skip
    seen, cold = Seen(), resident(pid)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=60, limits=limits
    ) as client:
        page = await Page.read(client)
        begin = time.monotonic() + options.warm
        end = begin + options.seconds

        async def person(number: int) -> None:
            chance = random.Random(number)
            door = "page" if number % 2 else ("api", "stream")[number // 2 % 2]
            session, asked_there = "", QUESTIONS_A_VISIT
            at = time.monotonic() + options.every * number / options.people
            while at < end:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                body = chance.choice(questions)
                if door == "page" and asked_there == QUESTIONS_A_VISIT:
                    session, asked_there = await page.open(), 0
                started = time.monotonic()
                if door == "page":
                    asked_there += 1
                    ending = await page.ask(session, body["question"], body["country"])
                else:
                    ending = await asked(client, body, stream=door == "stream")
                if started >= begin:
                    seen.took.setdefault(door, []).append(time.monotonic() - started)
                    seen.endings[ending] += 1
                at = max(at + options.every, time.monotonic())

        async def watch() -> None:
            await asyncio.sleep(max(0.0, begin - time.monotonic()))
            while time.monotonic() < end:
                seen.memory.append(resident(pid))
                await asyncio.sleep(SAMPLE_S)

        await asyncio.gather(watch(), *(person(number) for number in range(options.people)))
    seen.memory.append(resident(pid))
    return told(seen, cold, options)


def told(seen: Seen, cold: int, options: argparse.Namespace) -> dict[str, Any]:
    """The table, and what goes into the JSON line."""
    everything = [s for times in seen.took.values() for s in times]
    warm, last = seen.memory[0], seen.memory[-1]
    report = {
        "people": options.people,
        "seconds": options.seconds,
        "answers": len(everything),
        "errors": sum(n for ending, n in seen.endings.items() if ending not in GOOD),
        "endings": dict(seen.endings.most_common()),
        **cuts("all", everything),
        **{name: value for door in sorted(seen.took) for name, value in cuts(door, seen.took[door]).items()},
        "rss_cold_mib": mib(cold),
        "rss_warm_mib": mib(warm),
        "rss_highest_mib": mib(max(seen.memory)),
        "rss_end_mib": mib(last),
        "rss_growth_percent": round((last / warm - 1) * 100, 1),
    }  # fmt: skip
    for name, value in report.items():
        print(f"{name:>18}  {value}")
    return report


def cuts(door: str, took: list[float]) -> dict[str, float]:
    """Milliseconds to the full answer by one door."""
    found = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    named = {"p50": found[49], "p95": found[94], "max": max(took)}
    return {f"{door}_{name}_ms": round(value * 1000, 1) for name, value in named.items()}


@dataclass(frozen=True)
class Page:
    """The citizen's page as Gradio's script speaks to it: `begin` and `submit` are its events."""

    client: httpx.AsyncClient
    begin: int
    submit: int

    @classmethod
    async def read(cls, client: httpx.AsyncClient) -> Page:
        """The page's events, out of its configuration."""
        found = (await client.get("/config")).json()["dependencies"]
        named = {target[1]: each["id"] for each in reversed(found) for target in each["targets"]}
        return cls(client, named["load"], named["submit"])

    async def open(self) -> str:
        """A new visitor's session."""
        session = uuid.uuid4().hex[:11]
        await self.client.get("/", headers={"accept-language": "es-CL"})
        body = {"data": [None, ""], "fn_index": self.begin, "session_hash": session}
        await self.client.post("/gradio_api/run/predict", json=body)
        return session

    async def ask(self, session: str, question: str, country: str | None) -> str:
        """ "page" once the whole answer stands there, or what went wrong."""
        data = [question, None, country or ""]
        body = {"data": data, "fn_index": self.submit, "session_hash": session}
        try:
            joined = await self.client.post("/gradio_api/queue/join", json=body)
            if joined.status_code != 200:
                return str(joined.status_code)
            event = joined.json()["event_id"]
            params = {"session_hash": session}
            async with self.client.stream("GET", "/gradio_api/queue/data", params=params) as lines:
                async for line in lines.aiter_lines():
                    got = json.loads(line.removeprefix("data: ")) if line else {}
                    if got.get("event_id") == event and got["msg"] == "process_completed":
                        shown = got["output"]["data"][1][-1]["content"][0]["text"]
                        return (
                            "page"
                            if got["success"] and "v-answer" in shown and "v-error" not in shown
                            else "no answer"
                        )
            return "no end"
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            return type(error).__name__


async def asked(client: httpx.AsyncClient, body: dict[str, Any], *, stream: bool) -> str:
    """How a question ended: a status, or what went wrong."""
    try:
        if not stream:
            got = await client.post("/api/ask", json=body)
            return str(got.json()["status"])
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


def mib(size: int) -> float:
    return round(size / 2**20, 1)


if __name__ == "__main__":
    main()
