"""Questions and queries by the file, here or through a running `serve`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.replies import reply, spoken_date
from agents.state import Request
from sources.catalog import one_line
from sources.document import Document
from sources.errors import UsageError
from ui.access.permissions import tenants_of
from ui.assemble import House, open_house
from ui.local import Running
from ui.settings import Settings
from ui.usage.recorded import Recorded
from ui.usage.recorder import recording

Work = Callable[[list[Request]], list[dict[str, Any]]]
AT_ONCE = 16


def checked(fields: dict[str, Any]) -> Request:
    """A request from loose fields. Raises UsageError naming the one that is wrong."""
    try:
        return Request.model_validate(fields)
    except ValidationError as error:
        raise UsageError(one_line(error), "Correct that field.") from None


def prepared(house: House, note: Callable[[str], None]) -> House:
    """The house with every set that is on read at least once."""
    for source_id in house.unread():
        note(f"reading {source_id} for the first time …")
        house.sync(source_id)
    return house


def readable_by(house: House, agency: str | None) -> tuple[str, ...]:
    """What a command on this machine reads. Raises UsageError where there is no such agency."""
    return tenants_of(None if agency is None else house.access.agencies.get(agency).id)


@contextmanager
def answers(
    settings: Settings, note: Callable[[str], None], agency: str | None = None
) -> Iterator[Work]:
    """A function from requests to answers in the contract's form, from what is public; with `agency`
    from its internal sets, too. Raises UsageError where there is no such agency.
    """
    if running := Running.find(settings):
        with closing(running):
            yield lambda requests: [
                running.post("/api/ask", r.model_dump(mode="json"), agency=agency) for r in requests
            ]
        return
    with open_house(settings, note) as house:
        tenants = readable_by(house, agency)
        prepared(house, note)
        with _assisted(house, tenants, note) as work:
            yield work


@contextmanager
def _assisted(
    house: House, tenants: tuple[str, ...], note: Callable[[str], None]
) -> Iterator[Work]:
    """Answers by one assistant, opened at the first requests and kept for the whole run: a model
    is loaded once, however many there are.
    """
    limit = asyncio.Semaphore(AT_ONCE)
    opened = AsyncExitStack()
    assistant: Recorded | None = None
    noting = ExitStack()

    async def work(requests: list[Request]) -> list[dict[str, Any]]:
        nonlocal assistant
        if assistant is None:
            plain = await opened.enter_async_context(house.assistant())

            def look_up(document_id: str, readers: tuple[str, ...]) -> Document | None:
                return plain.document(document_id, tenants=readers)

            usage = noting.enter_context(recording(house.settings, note, look_up))
            assistant = Recorded(plain, usage, door="cli")
        ask = assistant.ask

        async def one(request: Request) -> dict[str, Any]:
            async with limit:
                return (await ask(request, tenants=tenants)).model_dump(mode="json")

        return list(await asyncio.gather(*map(one, requests)))

    def end() -> None:
        with runner, noting:
            runner.run(opened.aclose())

    # A thread of its own has no event loop yet, whatever the caller's thread runs.
    with ThreadPoolExecutor(1) as thread:
        runner = asyncio.Runner()
        try:
            yield lambda requests: thread.submit(lambda: runner.run(work(requests))).result()
        finally:
            thread.submit(end).result()


NARROWED = {"question", "id", "country", "territory", "language"}


@contextmanager
def searches(
    settings: Settings, note: Callable[[str], None], top_k: int, agency: str | None = None
) -> Iterator[Work]:
    """A function from requests to passages in the contract's form; of `agency` as in `answers`."""
    from ui.passages import SearchRequest, search

    def each(find: Callable[[SearchRequest], dict[str, Any]]) -> Work:
        def one(request: Request) -> dict[str, Any]:
            fields = request.model_dump(include=NARROWED)
            try:
                return find(SearchRequest(**fields, top_k=top_k))
            except ValidationError as error:
                text = f"{one_line(error)}. Correct that field."
                return {"id": request.id, "status": "error_input", "answer": text, "passages": []}

        return lambda requests: [one(request) for request in requests]

    if running := Running.find(settings):
        with closing(running):
            yield each(
                lambda wanted: running.post(
                    "/api/search", wanted.model_dump(mode="json"), agency=agency
                )
            )
        return
    with open_house(settings, note) as house:
        tenants = readable_by(house, agency)
        prepared(house, note)
        yield each(
            lambda wanted: search(house.searcher, house.places, wanted, tenants).model_dump(
                mode="json"
            )
        )


def run(source: Path, target: Path, work: Work) -> None:
    """Answers every line of `source` into `target`, in order.

    Lines are written as they are done, so a run that is stopped keeps what it has. A line that is
    no question is answered by `{"id": …, "status": "error_input", "answer": …}` in its place.
    """
    try:
        # Split at line feeds only: JSON may hold U+2028, at which `splitlines` would cut.
        lines = source.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{source} cannot be read ({error})", "Give a UTF-8 file.") from None
    try:
        with target.open("w", encoding="utf-8") as file:
            for first in range(0, len(lines), 64):
                for result in _chunk(lines[first : first + 64], first, work):
                    file.write(json.dumps(result, ensure_ascii=False) + "\n")
                file.flush()
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error})", "Choose another --out.") from None


def _chunk(lines: list[str], first: int, work: Work) -> list[dict[str, Any]]:
    results: list[dict[str, Any] | Request] = []
    for number, line in enumerate(lines, first + 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise UsageError("it is no JSON object", 'Write {"question": …}.')
            fields["id"] = str(fields["id"]) if "id" in fields else str(number)
            results.append(checked(fields))
        except (ValueError, UsageError) as error:
            text = f"line {number}: {error}"
            results.append({"id": str(number), "status": "error_input", "answer": text})
    answered = iter(work([r for r in results if isinstance(r, Request)]))
    return [next(answered) if isinstance(r, Request) else r for r in results]


def readable(answer: dict[str, Any]) -> str:
    """An answer for a terminal: text, notices, sources."""
    lines = [answer["answer"], ""]
    lines += [f"· {notice}" for notice in answer["notices"]]
    if answer["clarification"]:
        lines += [f"  {o['value']}  {o['label']}" for o in answer["clarification"]["options"]]
    lines += _sources(answer["citations"], answer["language"])
    return "\n".join(lines).rstrip()


def _sources(citations: list[dict[str, Any]], language: str) -> list[str]:
    """One line for each document, date and standing, with the markers that cite it."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for c in citations:
        standing = reply(language, "labels", c["verification"])
        date = spoken_date(c["as_of"], language) if c["as_of"] else "–"
        key = (c["title"], c["agency"], c["country"], date, standing, c["url"] or "")
        groups.setdefault(key, []).append(c["marker"])
    lines = []
    for (title, agency, country, date, standing, url), markers in groups.items():
        shown = "".join(f"[{marker}]" for marker in markers)
        lines.append(f"{shown} {title} — {agency} ({country}), {date}, {standing}")
        if url:
            lines.append(f"    {url}")
    return lines


def listed(result: dict[str, Any]) -> str:
    """Passages for a terminal."""
    lines = []
    for number, p in enumerate(result["passages"], 1):
        place = f"{p['heading'] or p['field']} [{p['country']}]"
        lines.append(f"{number:>2}. {p['title']} — {place} {p['document_id']}")
        lines.append(f"    {' '.join(p['quote'].split())[:160]}")
    return "\n".join(lines) or "nothing found"
