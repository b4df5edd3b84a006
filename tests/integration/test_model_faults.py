"""A thousand questions to a model server that fails in every way it can.

Every one ends with a named status within its deadline, in the sources' words where the model gave
none; and nothing is left behind: no thread, no open file, no task, no connection.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agents.assistant import Assistant
from agents.context import Context, Patience
from agents.llm.server import ServerModel
from agents.llm.server.breaker import Breaker
from agents.replies import reply
from agents.state import Request, Status
from tests.agents.llm.double import LOOPING, NEVER, Double, Plan
from ui.assemble import open_house
from ui.settings import Settings

QUESTIONS = 1000
AT_ONCE = 20
PATIENCE = Patience(decide=0.5, first=0.5, write=1.0)
SLACK_S = 10.0
"""A busy machine answers twenty at once slowly, model or not."""

GOOD = "La renovación de la licencia de conducir cuesta RD$ 1.900. [1]\n"
FAULTS: dict[str, dict[str, Any]] = {
    "well": {},
    "429": {"status": 429, "headers": {"retry-after": "0"}},
    "500": {"status": 500},
    "503": {"status": 503},
    "401": {"status": 401, "message": "Incorrect API key"},
    "404": {"status": 404, "message": "The model does not exist"},
    "no json": {"body": "<html>Bad Gateway</html>", "kind": "text/html"},
    "slow to begin": {"before": NEVER},
    "slow to speak": {"first": NEVER},
    "slow to go on": {"pause": NEVER, "pause_after": 3},
    "cut": {"cut": 4},
    "cut at once": {"cut": 0},
    "broken event": {"raw": "{not json"},
    "no end": {"finish": None, "done": False},
    "assistant": {"text": LOOPING},
    "empty": {"text": ""},
    "invented": {"text": "Cuesta 77 pesos en el Banco Central. [1]\n"},
    "no answer": {"text": "[0]"},
}
ENDINGS = ("written", "model_down", "model_slow", "model_broken", "model_unproved")
ASKED = [
    ("¿Cuánto cuesta renovar la licencia de conducir?", "DO"),
    ("mi viejo quedó sin carnet de manejar, ¿qué hace?", "CL"),
    ("¿Cómo me afilio a Fonasa?", "CL"),
]


@pytest.fixture
def context(tmp_path: Path) -> Any:
    with open_house(Settings(home=tmp_path)) as house:
        house.sync("seed")
        yield Context(searcher=house.searcher, today=lambda: date(2026, 11, 23), patience=PATIENCE)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
async def test_every_fault_has_an_end_and_leaves_nothing(context: Context) -> None:
    async with Double(text=GOOD, decision='{"service":"1","subject":""}') as double:
        model = ServerModel.open(
            double.url,
            connect=1.0, first_token=0.4, pause=0.3, answer=1.0, decision=0.4, retries=1,
            # Opened by so many faults in a row, it must close again for the next good answer.
            breaker=Breaker(failures=5, pause=0.05, longest_pause=0.2),
        )  # fmt: skip
        made = Assistant(replace(context, model=model), None)
        statuses: Counter[Status] = Counter()
        endings: Counter[str] = Counter()
        longest = 0.0
        limit = asyncio.Semaphore(AT_ONCE)
        faults = list(FAULTS.values())

        async def one(number: int) -> None:
            nonlocal longest
            question, country = ASKED[number % len(ASKED)]
            async with limit:
                double.always = Plan(**faults[(number // AT_ONCE) % len(faults)])
                started = time.monotonic()
                answer = await made.ask(Request(question=question, country=country))
                longest = max(longest, time.monotonic() - started)
            statuses[answer.status] += 1
            for ending in ENDINGS:
                if reply(answer.language, "notices", ending) in answer.notices:
                    endings[ending] += 1

        await asyncio.gather(*(one(number) for number in range(AT_ONCE)))  # what is made once
        await model.close()
        await double.idle()
        files, threads = open_files(), threading.active_count()
        await asyncio.gather(*(one(number) for number in range(QUESTIONS)))
        await model.close()
        await double.idle()
        gc.collect()
        assert statuses.total() == QUESTIONS + AT_ONCE
        assert set(statuses) <= {Status.ANSWERED, Status.UNANSWERABLE, Status.CLARIFICATION}
        assert set(endings) == set(ENDINGS), "each ending is met"
        assert longest <= PATIENCE.decide + PATIENCE.write + SLACK_S
        assert open_files() <= files
        assert threading.active_count() <= threads
        assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
