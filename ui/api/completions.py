"""`/v1/chat/completions` and `/v1/models`, as OpenAI's clients speak them.

Fields are those of https://platform.openai.com/docs/api-reference/chat. The country is part of the
model's name (`ventanilla-cl`) or stands in the body; citations are in the extension field `ventanilla` of the
message, or of the last piece of a stream. What a caller writes as the system's words is nobody's
order here: it is left out. There is no `usage`, because nothing here is counted in tokens.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute
from sse_starlette import EventSourceResponse, ServerSentEvent

from agents.state import MAX_TURN, Request, Turn
from sources.country import countries
from sources.errors import UsageError
from ui.access.limits import Caller
from ui.access.permissions import require
from ui.api.asking import Asking, Event, while_there
from ui.api.public import EVENT_STREAM, LIMITS, stream_of
from ui.problems import KINDS, problems, response, told

MODEL = "ventanilla"
MADE = 1_767_225_600
"""When the models were made, as the protocol wants one: the first second of 2026."""

EXAMPLE = {
    "model": "ventanilla-do",
    "messages": [{"role": "user", "content": "¿Cuánto cuesta renovar la licencia de conducir?"}],
}
GIVEN = Body(openapi_examples={"plain": {"value": EXAMPLE}})


class Part(BaseModel):
    """A piece of a message; only text is read."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Its words."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or ())


class CompletionRequest(BaseModel):
    """What is read of a request; settings of a model, such as `temperature`, change nothing."""

    model_config = ConfigDict(extra="ignore")

    model: str = Attribute(examples=["ventanilla-cl"])
    messages: list[Message] = Attribute(min_length=1)
    stream: bool = False
    country: str | None = Attribute(default=None, description="ISO 3166-1 alpha-2")
    territory: str | None = Attribute(
        default=None, max_length=20, description="where the reader is, as in `/api/ask`"
    )
    language: str | None = Attribute(default=None, description="es or pt (BCP 47)")


class Told(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    ventanilla: dict[str, Any] = Attribute(
        description="all of `/api/ask` but the text: citations …"
    )


class Choice(BaseModel):
    """The one answer that there is."""

    index: int = 0
    message: Told
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]


class ModelDescription(BaseModel):
    """A name under which Ventanilla answers."""

    id: str
    object: Literal["model"] = "model"
    created: int = MADE
    owned_by: str = MODEL


class Models(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[ModelDescription]


def names() -> dict[str, str | None]:
    """The models' names, each with the country that it stands for."""
    return {MODEL: None} | {f"{MODEL}-{code.lower()}": code for code in countries()}


def add_completions(app: FastAPI, asking: Asking) -> None:
    """Adds the endpoints to `app`."""

    @app.get("/v1/models", tags=["openai"], responses=problems(*LIMITS))
    def models(who: Caller) -> Models:
        """The names under which Ventanilla answers: one for each country, and one for all."""
        require(who, "ask")
        return Models(data=[ModelDescription(id=name) for name in names()])

    @app.get(
        "/v1/models/{name}", tags=["openai"], response_model=ModelDescription,
        responses=problems("not-found", *LIMITS),
    )  # fmt: skip
    def model(name: str, who: Caller) -> ModelDescription | Response:
        """One of them."""
        require(who, "ask")
        return ModelDescription(id=name) if name in names() else _unknown()

    stream = {
        EVENT_STREAM: {"schema": {"type": "string"}, "example": 'data: {"choices": […]}\n\n'},
    }
    answered: dict[int | str, dict[str, Any]] = {
        200: {"description": "The answer, or its pieces.", "content": stream}
    }

    @app.post(
        "/v1/chat/completions", tags=["openai"], response_model=Completion,
        responses={**problems("not-found", *LIMITS), **answered},
    )  # fmt: skip
    async def complete(
        given: Annotated[CompletionRequest, GIVEN], who: Caller, http: HttpRequest
    ) -> Completion | Response:
        """Answers the last message of a conversation. Refusals are answers like others."""
        require(who, "ask")
        if given.model.lower() not in names():
            return _unknown()
        request = request_of(given)
        if given.stream:
            return _streamed(asking.events(request, who.tenants), given.model)
        answer = await while_there(http, asking.answer(request, who.tenants))
        message = Told(content=answer.answer, ventanilla=extension(answer.model_dump(mode="json")))
        return Completion(
            id=f"chatcmpl-{answer.id}",
            created=int(time.time()),
            model=given.model,
            choices=[Choice(message=message)],
        )


def _unknown() -> Response:
    detail = f"There is no such model. Use one of: {', '.join(names())}."
    return response(KINDS["not-found"], detail, "/v1/")


def request_of(given: CompletionRequest) -> Request:
    """The question and the history of a conversation. Raises UsageError where its end is no question."""
    *before, last = given.messages
    if last.role != "user":
        raise UsageError("the last message is nobody's question", "End with a message of `user`.")
    history = [
        Turn(role=m.role, content=m.text[:MAX_TURN])
        for m in before
        if m.role in ("user", "assistant")
    ]
    return Request(
        question=last.text,
        country=given.country or names()[given.model.lower()],
        territory=given.territory,
        language=given.language,
        history=history,
    )


def extension(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer, as plain data, has beside its text."""
    return {name: value for name, value in answer.items() if name != "answer"}


def _streamed(events: AsyncGenerator[Event, None], model: str) -> EventSourceResponse:
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, Any], end: str | None = None) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        text = json.dumps({**head, "choices": [choice]}, ensure_ascii=False)
        return ServerSentEvent(data=text, sep="\n")

    async def lines() -> AsyncIterator[ServerSentEvent]:
        yield chunk({"role": "assistant", "content": ""})
        sent = ""
        try:
            async for name, data in events:
                if name == "sentence" and data["text"].startswith(sent):
                    if added := data["text"][len(sent) :]:
                        sent = data["text"]
                        yield chunk({"content": added})
                elif name == "answer":
                    if added := remainder(sent, data["answer"]):
                        yield chunk({"content": added})
                    yield chunk({"ventanilla": extension(data)}, "stop")
                elif name == "error":
                    yield ServerSentEvent(data=json.dumps(_as_error(data)), sep="\n")
                    return
            yield ServerSentEvent(data="[DONE]", sep="\n")
        finally:
            await events.aclose()

    return stream_of(lines())


def remainder(sent: str, whole: str) -> str:
    """What is missing of an answer after what was sent of it. Where it goes on otherwise, the whole
    stands below: what was sent cannot be taken back.
    """
    return whole[len(sent) :] if whole.startswith(sent) else f"\n\n---\n\n{whole}"


def _as_error(problem: dict[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind in KINDS.values() if kind.type == problem["type"])
    return told(kind, problem["detail"], "/v1/")
