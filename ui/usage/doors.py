"""`POST /api/feedback`: whether an answer helped, and why not."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from pydantic import Field as Attribute

from sources.errors import UsageError, VentanillaError
from ui.access.limits import Caller
from ui.problems import problems
from ui.usage.reasons import reasons
from ui.usage.recorder import Recorder

OFF = "this service keeps no feedback"


class FeedbackRequest(BaseModel):
    """What a reader thinks of an answer; `reason` is a key of `/api/feedback/reasons`."""

    answer_id: str = Attribute(min_length=1, max_length=200)
    useful: bool
    reason: str | None = Attribute(default=None, max_length=40)
    comment: str | None = Attribute(default=None, max_length=4000)


class FeedbackKept(BaseModel):
    """That it was kept."""

    status: str = "kept"


def add_feedback(app: FastAPI, recorder: Recorder | None) -> None:
    """Adds the endpoints to `app`; 404 for an answer that is not known, 503 where nothing is kept."""

    @app.get("/api/feedback/reasons", tags=["answers"], responses=problems("too-many"))
    def known(who: Caller) -> dict[str, dict[str, str]]:
        """The reasons that may be given, with their words in each language."""
        return {key: dict(words) for key, words in reasons().items()}

    @app.post(
        "/api/feedback",
        tags=["answers"],
        responses=problems("not-found", "not-logged-in", "too-many", "off"),
    )
    async def give(request: FeedbackRequest, who: Caller) -> FeedbackKept:
        """Keeps feedback, in place of what was said of that answer before."""
        if recorder is None:
            raise HTTPException(503, OFF)
        given = (request.answer_id, request.useful, request.reason, request.comment)
        try:
            bound = await asyncio.to_thread(recorder.give_feedback, *given)
        except UsageError:
            raise
        except VentanillaError as error:
            raise HTTPException(503, str(error)) from None
        if not bound:
            raise HTTPException(404, "no answer of that id is kept")
        return FeedbackKept()
