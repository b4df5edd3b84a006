"""Questions that an agency tries: the answer with the trace of every step, and golden ones."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from agents.golden import Golden, read_golden
from agents.state import Answer, Request, Status
from agents.trace import Trace, Watcher
from sources.catalog import CatalogEntry, built_in, read_yaml
from sources.document import PUBLIC
from ui.access.permissions import Principal, require
from ui.console import Refused
from ui.console.desk import Desk

_writing = threading.Lock()
"""Two people who add a question at the same moment would write over each other."""


@dataclass(frozen=True)
class Tried:
    """The answer to a question, and how it came about."""

    answer: Answer
    trace: Trace


async def ask(
    desk: Desk, who: Principal, question: object, country: object, *, inside: bool, language: str
) -> Tried:
    """Asks as a citizen of `country` (ISO 3166-1) would, or `inside` as the agency's own people."""
    require(who, "test")
    tenants = who.tenants if inside else (PUBLIC,)
    request = Request(
        question=str(question or "").strip(),
        country=str(country) if country else None,
        language="pt-BR" if language == "pt" else language,
    )
    watcher = Watcher()
    answer = await desk.assistant.ask(request, tenants=tenants, watch=watcher)
    return Tried(answer, watcher.trace(replace(desk.assistant.context, tenants=tenants)))


def add_golden(
    desk: Desk,
    who: Principal,
    set_id: object,
    question: object,
    country: object,
    documents: Sequence[str],
    figures: object,
) -> Path:
    """Adds a question to the golden file of a set, which is made where there is none. `documents` are
    those that a right answer cites, `figures` (with semicolons) what it says.

    Raises Refused for a set that comes with Ventanilla or a document that is not of the set,
    UsageError where the file cannot be read.
    """
    entry = desk.entry(who, "upload", set_id)
    if entry.id in {each.id for each in built_in()}:
        raise Refused("remove_built_in")
    wanted = [each.strip() for each in str(figures or "").split(";") if each.strip()]
    asked = str(question or "").strip()
    if not asked or not (documents or wanted):
        raise Refused("golden_empty")
    if not set(documents) <= desk.house.store.ids(entry.id).keys():
        raise Refused("golden_foreign")
    golden = Golden.model_validate(
        {
            "id": f"{entry.id}-{uuid.uuid4().hex[:8]}",
            "question": asked,
            "country": str(country) if country else None,
            "expect": {
                "status": [Status.ANSWERED], "documents": list(documents), "figures": wanted,
            },
        }
    )  # fmt: skip
    with _writing:
        path = Path(entry.golden) if entry.golden else _new_file(desk, entry)
        _append(path, golden)
        if not entry.golden:
            _name(desk, entry, path)
    desk.note(who, "golden", entry, asked[:200])
    return path


def _new_file(desk: Desk, entry: CatalogEntry) -> Path:
    folder = desk.uploads_of(entry.owner)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{entry.id}.golden.jsonl"


def _append(path: Path, golden: Golden) -> None:
    """Adds a line in one step; a file that would not be read afterwards stays as it was."""
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    line = json.dumps(golden.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.stem}-", suffix=".jsonl", encoding="utf-8",
        delete=False,
    ) as new:  # fmt: skip
        new.write(f"{before}{line}\n")
    try:
        read_golden([Path(new.name)])
        os.replace(new.name, path)
    finally:
        Path(new.name).unlink(missing_ok=True)


def _name(desk: Desk, entry: CatalogEntry, path: Path) -> None:
    """Has the set's entry name its golden file."""
    place = desk.house.settings.catalog / f"{entry.id}.yaml"
    fields = read_yaml(place) | {"golden": str(path.resolve())}
    new = place.with_suffix(".new")
    new.write_text(yaml.safe_dump(fields, allow_unicode=True, sort_keys=False), encoding="utf-8")
    new.replace(place)
