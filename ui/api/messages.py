"""What a messaging channel brings, read and checked; and the small client that sends replies.

The forms are those of WhatsApp's Cloud API: signatures of
https://developers.facebook.com/docs/graph-api/webhooks/getting-started, messages of
https://developers.facebook.com/docs/whatsapp/cloud-api.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sources.errors import UsageError
from ui.settings import ChannelSettings

log = logging.getLogger("ventanilla.channel")

OLDEST_S = 24 * 3600
"""Seconds in which a reply is allowed by the channel; an older message is a replay."""

REMEMBERED_S = 8 * 24 * 3600
"""Seconds for which a message is known; the channel delivers again for at most seven days."""

SEND_S = 10.0
TRIES = 3
PAUSE_S = 1.0
LONGEST_ID = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `text` is None where it is a picture, a voice or the like."""

    id: str
    sender: str = field(repr=False)
    sent_at: float
    text: str | None = field(repr=False)


def signed(secret: str, body: bytes, signature: str | None) -> bool:
    """Whether `signature` (``sha256=…``) is that of `body`; compared in constant time."""
    expected = "sha256=" + _keyed(secret, body)
    return hmac.compare_digest(expected.encode(), (signature or "").encode("utf-8", "replace"))


def hashed(secret: str, sender: str) -> str:
    """A sender as we know them: nobody reads a telephone number out of it without the secret."""
    return _keyed(secret, f"sender:{sender}".encode())


def _keyed(secret: str, words: bytes) -> str:
    return hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()


def messages(body: bytes, phone: str) -> Iterator[Message]:
    """The messages to our number in a delivery; states of our own messages are none.

    Raises UsageError for what is no delivery.
    """
    try:
        told = json.loads(body)
        for entry in told["entry"]:
            for change in entry["changes"]:
                value = change["value"]
                if value.get("metadata", {}).get("phone_number_id") == phone:
                    for each in value.get("messages", ()):
                        yield _message(each)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(
            "the body is no delivery of messages", "See the channel's guide."
        ) from None


def _message(given: dict[str, Any]) -> Message:
    text = given["text"]["body"] if given.get("type") == "text" else None
    if not isinstance(given["id"], str) or not isinstance(given["from"], str):
        raise TypeError
    if text is not None and not isinstance(text, str):
        raise TypeError
    return Message(given["id"][:LONGEST_ID], given["from"], float(given["timestamp"]), text)


class Seen:
    """Which messages were taken, as hashes in an SQLite file: the channel delivers some twice, and
    goes on doing so after a restart.
    """

    def __init__(self, path: Path, secret: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._secret = secret
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, check_same_thread=False)
        with self._file:
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at REAL NOT NULL)"
            )

    def first(self, message_id: str) -> bool:
        """Whether a message is a new one; from now on it is none."""
        now = time.time()
        key = _keyed(self._secret, f"id:{message_id}".encode())
        with self._lock, self._file:
            self._file.execute("DELETE FROM seen WHERE at < ?", (now - REMEMBERED_S,))
            added = self._file.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, now))
            return added.rowcount == 1

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Sender:
    """Sends text through the channel, with another try where it is busy for the moment."""

    def __init__(self, settings: ChannelSettings, *, pause_s: float = PAUSE_S) -> None:
        self._path = f"{settings.url.rstrip('/')}/{settings.phone}/messages"
        self._pause_s = pause_s
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.token}"}, timeout=SEND_S
        )

    async def send(self, to: str, text: str) -> bool:
        """Whether the channel took `text`; the log says why not, and neither to whom nor what."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": to,
            "type": "text",
            "text": {"preview_url": False, "body": text},
        }
        for attempt in range(1, TRIES + 1):
            try:
                told = await self._client.post(self._path, json=body)
            except httpx.HTTPError as error:
                reason, again = type(error).__name__, True
            else:
                if told.is_success:
                    return True
                reason = f"HTTP status {told.status_code}"
                again = told.status_code == 429 or told.status_code >= 500
            if not again or attempt == TRIES:
                log.error("a reply was not sent: %s", reason)
                return False
            await asyncio.sleep(self._pause_s * 2 ** (attempt - 1))
        return False

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()
