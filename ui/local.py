"""How a command reaches a `serve` that holds the index: over its own loopback API, by a token.

The embedded index belongs to one process. `serve` writes where it listens and a random token into
VENTANILLA_HOME, readable by its owner only; commands of the same owner find it there.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import httpx

from sources.errors import UsageError, VentanillaError
from ui.settings import Settings

_CONNECT_S, _ANSWER_S = 1.0, 60.0
SYNC_S = 3600.0
AGENCY_HEADER = "ventanilla-agency"
"""Names an agency whose internal sets a command on this machine reads, too."""


def announce(settings: Settings, url: str) -> str:
    """Writes the file that commands look for; returns the token they will show."""
    token = secrets.token_urlsafe(32)
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.door.unlink(missing_ok=True)
    descriptor = os.open(settings.door, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
    return token


def withdraw(settings: Settings) -> None:
    """Removes the file, if it is this process's."""
    if (known := _read(settings.door)) and known.get("pid") == os.getpid():
        settings.door.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # no file, or one that is being written: nobody serves yet
    return data


class Running:
    """A `serve` that answers."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            trust_env=False,  # a proxy has no business between two processes of one machine
        )

    @classmethod
    def find(cls, settings: Settings) -> Running | None:
        """The `serve` over this VENTANILLA_HOME, or None."""
        known = _read(settings.door)
        if not known:
            return None
        running = cls(str(known["url"]), str(known["token"]))
        try:
            response = running._client.get("/api/local/hello", timeout=_CONNECT_S)
        except httpx.HTTPError:
            running.close()
            return None  # the file outlived its process
        if response.status_code != 200:
            running.close()
            return None
        return running

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def post(
        self,
        path: str,
        body: dict[str, Any],
        timeout_s: float = _ANSWER_S,
        *,
        agency: str | None = None,
    ) -> Any:
        """The JSON answer of the server; with `agency` from its internal sets, too.

        Raises VentanillaError with the server's own words.
        """
        headers = {AGENCY_HEADER: agency} if agency else {}
        try:
            response = self._client.post(path, json=body, timeout=timeout_s, headers=headers)
        except httpx.HTTPError as error:
            raise VentanillaError(
                f"the running `ventanilla serve` did not answer ({type(error).__name__})",
                "Try again, or restart it.",
            ) from None
        if response.status_code >= 400:
            detail = _detail(response)
            kind = UsageError if response.status_code < 500 else VentanillaError
            raise kind(detail)
        return response.json()


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json().get("detail", response.text))
    except ValueError:
        return f"the server answered {response.status_code}"
