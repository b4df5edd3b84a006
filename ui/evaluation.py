"""`ventanilla eval`: golden questions put to the assistant of this installation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from agents.evaluate import Report, run
from agents.golden import read_golden
from agents.state import Answer, Request
from sources.errors import UsageError
from ui.assemble import open_house
from ui.batch import prepared
from ui.local import Running
from ui.settings import Settings

AT_ONCE = 4


def evaluate(
    settings: Settings, paths: list[Path], split: str | None, note: Callable[[str], None]
) -> Report:
    """Runs the golden questions of `paths`, all or those of one `split`.

    Raises UsageError where a file is wrong or nothing is left to ask, and while `serve` holds the
    index: citations are proved against the documents themselves.
    """
    golden = [g for g in read_golden(paths) if split is None or g.split == split]
    if not golden:
        raise UsageError("there is no question to ask", "Check the files and --split.")
    if Running.find(settings):
        raise UsageError("`ventanilla serve` holds the index", "Stop it while the questions run.")

    async def work() -> Report:
        with open_house(settings) as house:
            prepared(house, note)
            async with house.assistant() as assistant:

                async def ask(request: Request) -> Answer:
                    return await assistant.ask(request)

                return await run(golden, ask, AT_ONCE, lookup=assistant.document)

    return asyncio.run(work())
