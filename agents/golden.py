"""Golden questions: what is asked, and what a right answer shows.

``tests/evals/golden/README.md`` gives the format of a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from agents.state import Request, Status, Turn
from sources.catalog import one_line
from sources.errors import UsageError


class _Strict(BaseModel):
    # A misspelt expectation would never be checked, so unknown keys are refused.
    model_config = ConfigDict(extra="forbid")


class Expectation(_Strict):
    """What a right answer shows; any one of `status` is right."""

    status: list[Status] = Attribute(default=[Status.ANSWERED], min_length=1)
    country: str | None = None
    documents: list[str] = []
    figures: list[str] = []
    forbidden: list[str] = []
    labels: list[Literal["stale", "unverified"]] = []
    planted: list[str] = []

    @property
    def must_answer(self) -> bool:
        """Whether no other ending than an answer (or a question back) would do."""
        silent = {Status.UNANSWERABLE, Status.REFUSED, Status.CRISIS}
        return Status.ANSWERED in self.status and not silent & set(self.status)

    @property
    def must_abstain(self) -> bool:
        """Whether nothing is known, so that an answer would be false."""
        return Status.UNANSWERABLE in self.status and Status.ANSWERED not in self.status


class Golden(_Strict):
    """One golden question."""

    id: str
    split: Literal["tune", "report"] = "tune"
    kind: str = "own"
    question: str = Attribute(min_length=1)
    country: str | None = None
    language: str | None = None
    history: list[Turn] = []
    expect: Expectation

    def request(self) -> Request:
        """The question as it is asked."""
        return Request.model_validate(self.model_dump(include=set(Request.model_fields)))


def read_golden(paths: Iterable[Path]) -> list[Golden]:
    """All questions of JSON Lines files; a line needs no more than `question` and `expect`.

    Raises UsageError naming file and line where one cannot be read or an id stands twice.
    """
    found: dict[str, Golden] = {}
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise UsageError(f"{path} cannot be read ({reason})", "Check the file.") from None
        for number, line in enumerate(lines, start=1):
            if line.strip():
                golden = _read_line(line, f"{path}:{number}", f"{path.stem}-{number:04}")
                if golden.id in found:
                    problem = f"{path}:{number}: the id {golden.id!r} stands twice"
                    raise UsageError(problem, "Give each question an id of its own.")
                found[golden.id] = golden
    if not found:
        raise UsageError("the golden files hold no question", "Write one JSON object a line.")
    return list(found.values())


def _read_line(line: str, place: str, default_id: str) -> Golden:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise ValueError("it is no object")
        return Golden.model_validate({"id": default_id, **fields})
    except ValidationError as error:
        raise UsageError(f"{place}: {one_line(error)}", "Correct that field.") from None
    except ValueError as error:
        remedy = 'Write {"question": "…", "expect": {"documents": ["…"]}} on one line.'
        raise UsageError(f"{place}: no JSON object ({error})", remedy) from None
