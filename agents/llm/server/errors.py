"""What went wrong at a model server, in one line of our own, and whether to try again.

    failure = understand(error, address)
    failure.error        # ModelUnavailable, ModelTimeout, ModelBroken or ModelError
    failure.retry        # another attempt may go better

Nothing of the client's own exceptions is passed on: they hold the request, and with it the key.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from sources.errors import ModelBroken, ModelError, ModelTimeout, ModelUnavailable

CAUGHT = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, ImportError,
          OSError, ValueError, TypeError, AttributeError, LookupError)  # fmt: skip
"""What the client raises; the last four when the server's JSON is none, or another's."""
LONGEST_QUOTE = 160
RETRIED = {408, 429, 500, 502, 503, 504}
TOO_LONG = re.compile(r"context length|context window|max_model_len|prompt is too long", re.I)
COUNTED = re.compile(r"(\d+) (?:input tokens|in the messages|tokens from the input)")
LOOK = "Look at the server's log"


@dataclass(frozen=True)
class Address:
    """Where the server is and what is asked of it; the key is in no text made from this."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)

    def quote(self, said: object) -> str:
        """The server's own words in one short line, the key blotted out."""
        text = " ".join(str(said).split())
        if self.key:
            text = text.replace(self.key, "•••")
        return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


@dataclass(frozen=True)
class Failure:
    """One failed request: the error to show, and what may be done about it."""

    error: ModelError
    retry: bool = False
    server: bool = True
    """The server's fault and not the request's: the circuit breaker counts it."""
    after: float = 0.0
    """Seconds that the server asks to wait."""
    status: int = 0
    said: str = ""
    """All that the server said, to find the field in it that it rejected."""
    prompt_tokens: int = 0
    """The prompt's tokens where it was too long."""

    @property
    def rejected(self) -> bool:
        """The server did not like the request's fields."""
        return self.status in (400, 422) and type(self.error) is not ModelError


class Failed(Exception):
    """Carries a Failure inside the backend; never leaves it."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(str(failure.error))


def understand(error: Exception, address: Address) -> Failure:
    """What `error`, one of CAUGHT, means for the caller."""
    if isinstance(error, openai.APIStatusError):
        return _status(error, address)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Failure(
            ModelUnavailable(
                f"No language model server answers at {address.url} ({address.quote(cause)})",
                "Start the server or correct its address",
            ),
            retry=True,
        )
    if isinstance(cause, httpx2.TimeoutException):
        return Failure(
            ModelTimeout(f"The language model server at {address.url} stopped answering", LOOK),
            retry=True,
        )
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | OSError):
        return Failure(
            ModelUnavailable(
                f"The language model server at {address.url} closed the connection",
                f"{LOOK}: it may have run out of memory",
            ),
            retry=True,
        )
    if isinstance(error, httpx2.InvalidURL | ImportError):  # a proxy of an unknown kind
        return Failure(
            ModelUnavailable(
                "The proxy to the language model server cannot be used",
                "Correct the environment's HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY",
            ),
            server=False,
        )
    if isinstance(error, openai.APIError):  # an error inside a stream
        said = address.quote(error.message)
        return Failure(
            ModelBroken(f"The language model server failed while answering: {said}", LOOK)
        )
    return Failure(
        ModelBroken(
            f"What the server at {address.url} sends cannot be read",
            "Check that the address is that of an OpenAI-compatible server, /v1 included",
        )
    )


def late(problem: str, seconds: float) -> Failure:
    """A limit of ours was reached."""
    return Failure(
        ModelTimeout(
            f"The language model {problem} within {seconds:g} s",
            "Check how busy the server is, or raise the limit",
        )
    )


def cut_off() -> Failure:
    """The stream ended before the answer did."""
    return Failure(ModelBroken("The language model's answer was cut off", LOOK), retry=True)


def empty() -> Failure:
    """An answer without a word."""
    return Failure(ModelBroken("The language model's answer is empty", LOOK), server=False)


def no_template() -> Failure:
    """The known fault of Llama models that are not given their own chat template."""
    return Failure(
        ModelBroken(
            "The server does not apply the model's own chat template: it repeats “assistant”",
            "Start it with the repository's tokenizer and chat template (vLLM: --chat-template)",
        ),
        server=False,
    )


def _status(error: openai.APIStatusError, address: Address) -> Failure:
    status = error.status_code
    said = str(error.message)
    quoted = address.quote(_message(error.body) or said)
    made: ModelError
    counted = 0
    if status in (401, 403):
        what = "needs a key" if address.key is None else "refuses the key"
        made = ModelUnavailable(
            f"The language model server at {address.url} {what} ({status})", "Set the right key"
        )
    elif status == 404:
        made = ModelUnavailable(
            f"The server at {address.url} has no model {address.model}, or no chat: {quoted}",
            "Correct the model's name or the server's address",
        )
    elif status == 429:
        made = ModelUnavailable("The language model server is too busy (429)", "Try again later")
    elif status >= 500 or status == 408:
        made = ModelUnavailable(f"The language model server fails ({status}): {quoted}", LOOK)
    elif status == 413 or TOO_LONG.search(said):
        made = ModelError(
            f"The prompt is too long for the model: {quoted}", "Shorten the evidence or the history"
        )
        found = COUNTED.search(said)
        counted = int(found[1]) if found else 0
    else:
        made = ModelBroken(f"The server rejects the request ({status}): {quoted}", LOOK)
    return Failure(
        made,
        retry=status in RETRIED,
        server=status in RETRIED or status >= 500,
        after=_asked_to_wait(error.response.headers),
        status=status,
        said=said,
        prompt_tokens=counted,
    )


def _message(body: Any) -> str:
    """The sentence inside an error's body, where it has OpenAI's shape."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            return str(inner.get("message") or inner.get("detail") or "")
    return ""


def _asked_to_wait(headers: Mapping[str, str]) -> float:
    """Seconds of Retry-After, which is a number or a date; 0 where there is none."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass  # then it is a date
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0
