"""Errors over HTTP, as ``application/problem+json`` (RFC 9457): one kind for each thing to do about it.

    explain(app)                                      # every error of `app` is a problem
    @app.post("/api/ours", responses=problems("forbidden", "too-many"))

`type` is a reference to the page that lists the kinds. Under `/v1` a problem carries OpenAI's `error`
beside its own members, because their clients read that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request as HttpRequest
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as Attribute
from starlette.exceptions import HTTPException

from sources.errors import Busy, Forbidden, NotLoggedIn, TooMany, VentanillaError

MEDIA_TYPE = "application/problem+json"
PAGE = "/api/docs"
OPENAI_PATHS = "/v1/"
MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status, its title, and when it is told."""

    name: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The reference by which a program tells it from others."""
        return f"{PAGE}#problem-{self.name}"


KINDS: Mapping[str, Kind] = {
    name: Kind(name, status, title, meaning)
    for name, status, title, meaning in (
        ("bad-request", 400, "The request cannot be read", "The body is no text in UTF-8."),
        ("not-logged-in", 401, "Who asks is not known",
         "A key or session was shown that is wrong, expired or revoked."),
        ("forbidden", 403, "Who asks may not do that", "The role of the key does not reach so far."),
        ("not-found", 404, "There is no such thing", "The path, the tool or the model does not exist."),
        ("wrong-method", 405, "That is asked with another method", "`Allow` names those that work."),
        ("too-slow", 408, "The body did not arrive in time", "Sending took too long."),
        ("too-large", 413, "The body is too large", "Bodies have a limit, which `detail` names."),
        ("wrong-input", 422, "Something in the request is wrong",
         "`detail` says what, `errors` says where."),
        ("too-many", 429, "Too many requests",
         "The minute's or the day's share is used up; `wait_s` and `Retry-After` say for how long."),
        ("internal", 500, "Something of ours broke", "The log of the server names the kind of fault."),
        ("busy", 503, "No room at the moment",
         "As many questions as may wait are waiting; `wait_s` and `Retry-After` say when to ask again."),
        ("not-ready", 503, "This service cannot answer yet", "`detail` says what is missing."),
        ("off", 503, "This service does not offer that", "It was not set up for it."),
    )
}  # fmt: skip
_BY_STATUS = {kind.status: kind for kind in reversed(list(KINDS.values()))} | {503: KINDS["off"]}


class FieldError(BaseModel):
    """What is wrong with one value of the request."""

    pointer: str = Attribute(description="where, as a JSON pointer", examples=["/body/question"])
    detail: str = Attribute(examples=["Field required"])


class Problem(BaseModel):
    """An error as RFC 9457 writes it; a member without a value is left out."""

    type: str = Attribute(examples=["/api/docs#problem-too-many"])
    title: str = Attribute(examples=["Too many requests"])
    status: int = Attribute(ge=400, le=599, examples=[429])
    detail: str = Attribute(
        description="one line: what is wrong, then what to do", examples=["Wait 7 seconds."]
    )
    wait_s: int | None = Attribute(default=None, description="seconds to wait", examples=[7])
    errors: list[FieldError] | None = Attribute(default=None, description="of wrong values")
    error: dict[str, Any] | None = Attribute(
        default=None, description="under /v1: as OpenAI has it"
    )


def response(
    kind: Kind,
    detail: str,
    path: str = "",
    *,
    wait_s: int | None = None,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as the answer to a request for `path`."""
    made = told(kind, detail, path, wait_s=wait_s, errors=errors)
    extra = dict(headers or {})
    if wait_s is not None:
        extra["Retry-After"] = str(wait_s)
    if kind.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    return JSONResponse(made, status_code=kind.status, headers=extra, media_type=MEDIA_TYPE)


def told(
    kind: Kind,
    detail: str,
    path: str = "",
    *,
    wait_s: int | None = None,
    errors: list[FieldError] | None = None,
) -> dict[str, Any]:
    """A problem as plain data."""
    problem = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        wait_s=wait_s,
        errors=errors,
    )
    if path.startswith(OPENAI_PATHS):
        ours = kind.status < 500
        sort = "invalid_request_error" if ours else "server_error"
        problem.error = {"message": detail, "type": sort, "code": kind.name, "param": None}
    return problem.model_dump(exclude_none=True)


def kind_of(error: VentanillaError) -> tuple[Kind, int | None]:
    """The kind of one of our own errors, and the seconds to wait."""
    if isinstance(error, NotLoggedIn):
        return KINDS["not-logged-in"], None
    if isinstance(error, Forbidden):
        return KINDS["forbidden"], None
    if isinstance(error, TooMany):
        return KINDS["too-many"], error.wait_s
    if isinstance(error, Busy):
        return KINDS["busy"], error.wait_s
    return KINDS["wrong-input"], None


def explain(app: FastAPI) -> None:
    """Makes a problem of every error that `app` raises, foreign ones excepted (`ui.api.intake`)."""

    @app.exception_handler(VentanillaError)
    async def ours(request: HttpRequest, error: Exception) -> JSONResponse:
        assert isinstance(error, VentanillaError)
        kind, wait_s = kind_of(error)
        return response(kind, str(error), request.url.path, wait_s=wait_s)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: HttpRequest, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [
            FieldError(pointer=_pointer(each["loc"]), detail=str(each["msg"]))
            for each in error.errors()[:MOST_ERRORS]
        ]
        first = errors[0]
        detail = f"{first.pointer}: {first.detail}"
        return response(KINDS["wrong-input"], detail, request.url.path, errors=errors)

    @app.exception_handler(HTTPException)
    async def plain(request: HttpRequest, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        kind = _BY_STATUS.get(error.status_code, KINDS["internal"])
        return response(kind, str(error.detail), request.url.path, headers=error.headers)


def _pointer(place: tuple[Any, ...] | list[Any]) -> str:
    """A place in a request as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


ALWAYS = ("bad-request", "too-slow", "too-large", "wrong-input", "internal")
"""What any endpoint that takes a body may tell."""


def problems(*names: str) -> dict[int | str, dict[str, Any]]:
    """The answers of these kinds, and of those that any endpoint may tell, as OpenAPI lists them."""
    found: dict[int | str, dict[str, Any]] = {}
    for name in sorted({*names, *ALWAYS}, key=lambda n: (KINDS[n].status, n)):
        kind = KINDS[name]
        entry = found.setdefault(
            kind.status,
            {
                "description": "",
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        entry["description"] = " ".join(filter(None, (entry["description"], kind.meaning)))
        wait_s = 7 if name in ("too-many", "busy") else None
        example = told(kind, kind.meaning, wait_s=wait_s)
        entry["content"][MEDIA_TYPE]["examples"][name] = {"value": example}
    return found
