"""How the connectors of portals ask: politely, within limits, and with a key that nobody gets to see.

    with Portal(options, pause_s=0.5) as portal:
        answer = portal.get("https://api.example.org/items?page=1", memory.before.get("page 1"))

At most two requests a second go to one host, whatever number of connectors' items lie there; a server
that is busy is asked again twice, as late as it says. Every answer is kept in memory, so its size has
a limit.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import CatalogEntry, one_line
from sources.closing import Closing
from sources.connectors import Memory
from sources.document import Item, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError, StatusError, Unavailable
from sources.fetch import AGENT, Secrets, fetch

PAUSE_S = 0.5
"""Seconds between two requests to one host."""
LARGEST = 32 * 1024 * 1024
"""Bytes that one answer of an API may have."""
SECONDS = 180.0
"""Seconds that one answer may take; a whole constitution has five megabytes."""
_BUSY = (429, 502, 503, 504)
_AGAIN_AFTER_S = (2.0, 8.0)
_TRANSIENT = (408, 425, *_BUSY, 500)
_UNKNOWN_AGENT = 418
_LONGEST_KEY = 4096
_ANSWERS = (".json", ".xml")


class PortalOptions(BaseModel):
    """What every portal's `options` may hold.

    `token_file` names a file that holds the key and nothing else, so that the key stands in no entry;
    `user_agent` is who we say we are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_file: str | None = None
    user_agent: str = Attribute(default=AGENT, min_length=3, max_length=200, pattern=r"^[ -~]+$")


Options = TypeVar("Options", bound=PortalOptions)


def options_of(entry: CatalogEntry, model: type[Options]) -> Options:
    """`entry.options` as `model`. Raises CatalogError naming the field that is wrong."""
    try:
        return model.model_validate(entry.options)
    except ValidationError as error:
        raise CatalogError(
            f"{entry.id}: options.{one_line(error)}", "Correct that field."
        ) from None


def token_of(entry: CatalogEntry, options: PortalOptions) -> str | None:
    """The key in `options.token_file`, or None. Raises CatalogError, which never shows the key."""
    if options.token_file is None:
        return None
    path = Path(options.token_file)
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "it is no plain text"
        raise CatalogError(
            f"{entry.id}: options.token_file: {path} cannot be read ({detail})",
            "Put the key in it, in one line.",
        ) from None
    if not re.fullmatch(r"[!-~]+", text) or len(text) > _LONGEST_KEY:
        raise CatalogError(
            f"{entry.id}: options.token_file: {path} does not hold one line with a key",
            "Put the key in it and nothing else.",
        )
    return text


@dataclass(frozen=True, slots=True)
class Answer:
    """What a portal said. `mark` is what to note of it; `unchanged` means that it is as it was."""

    data: bytes = b""
    unchanged: bool = False
    mark: Mapping[str, str] = field(default_factory=dict)
    day: str | None = None


class Portal(Closing):
    """One reading of a portal, with the pauses that its hosts are owed."""

    def __init__(
        self,
        options: PortalOptions,
        *,
        secrets: Secrets | None = None,
        accept: str = "*/*",
        remedy: str = "Try again later.",
        pause_s: float = PAUSE_S,
    ) -> None:
        """`secrets` go along only where `get` is told so; `remedy` ends the lines about failures."""
        self._headers = {"User-Agent": options.user_agent, "Accept": accept}
        self._secrets = secrets
        self._remedy = remedy
        self._pause_s = pause_s
        self._asked: dict[str, float] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="ventanilla-")

    def close(self) -> None:
        """Removes what was downloaded."""
        self._folder.cleanup()

    def get(
        self,
        url: str,
        known: Mapping[str, str] | None = None,
        *,
        with_key: bool = True,
        accept: str | None = None,
        largest: int = LARGEST,
    ) -> Answer:
        """What stands at `url`. `known` is the mark of the last time, if any.

        Raises ConnectorError in one line; StatusError where the server answered that there is nothing.
        """
        into = Path(self._folder.name) / "answer"
        headers = self._headers | ({"Accept": accept} if accept else {})
        for wait in (*_AGAIN_AFTER_S, None):
            self._pause(url)
            try:
                fetched = fetch(
                    url, into, known=known, headers=headers, seconds=SECONDS, largest=largest,
                    secrets=self._secrets if with_key else None,
                )  # fmt: skip
                break
            except StatusError as error:
                if error.status in _BUSY and wait is not None:
                    sleep(wait)
                    continue
                raise StatusError(error.url, error.status, self._advice(error.status)) from None
            except ConnectorError as error:
                raise type(error)(error.problem, self._remedy) from None
        if fetched.unchanged:
            return Answer(unchanged=True, mark=dict(known or {}))
        data = into.read_bytes()
        mark = {**fetched.known, "sha256": hashlib.sha256(data).hexdigest()}
        return Answer(data, mark=mark, day=fetched.day)

    def _pause(self, url: str) -> None:
        host = urlsplit(url).netloc.lower()
        left = self._asked.get(host, 0.0) + self._pause_s - monotonic()
        if host in self._asked and left > 0:
            sleep(left)
        self._asked[host] = monotonic()

    def _advice(self, status: int) -> str:
        if status == _UNKNOWN_AGENT:
            return (
                "It refuses programs that it does not know: name yours in `options.user_agent`, "
                "or ask the portal to let it in."
            )
        if status in (401, 403):
            return "Check the key in `options.token_file`; without one, ask the portal for one."
        return self._remedy


def is_transient(error: ConnectorError) -> bool:
    """Whether an item may well be there at the next reading: a busy server, a line that broke."""
    if isinstance(error, StatusError):
        return error.status in _TRANSIENT
    return isinstance(error, Unavailable)


@dataclass(slots=True)
class Failures:
    """The items of a reading that failed for now. What a busy server does not give today is no reason
    to take from citizens what it gave before.
    """

    memory: Memory
    last: ConnectorError | None = None

    def of(self, key: str, name: str, error: ConnectorError) -> Iterator[Rejected | Unchanged]:
        """What is told of the item whose marks stand under `key`: why it failed, and that its document of
        the last reading stays where the fault will pass.
        """
        yield Rejected(name=name, reason=str(error))
        if not is_transient(error):
            return
        self.last = error
        if mark := self.memory.before.get(key):
            self.memory.now[key] = mark
            yield Unchanged(document_id=mark["document"])

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """`items`. Raises the last fault where nothing but faults came: that is the portal's, and no
        reason to retire its documents.
        """
        came = False
        for item in items:
            came = came or not isinstance(item, Rejected)
            yield item
        if self.last and not came:
            raise self.last


def downloaded(origin: str, missing: str, empty: tuple[str, str]) -> list[Path]:
    """The files of answers (JSON or XML) at `origin`, itself one or a folder of them, sorted.

    Raises ConnectorError where there is nothing, with the remedy `missing`, or nothing of the kind, with
    `empty`: what is not there, and the remedy.
    """
    root = Path(origin)
    if not origin or not root.exists():
        raise ConnectorError(f"{origin or 'the origin'} does not exist", missing)
    paths = sorted(root.rglob("*")) if root.is_dir() else [root]
    found = [path for path in paths if path.suffix.lower() in _ANSWERS and path.is_file()]
    if not found:
        what, remedy = empty
        raise ConnectorError(f"{root} holds {what}", remedy)
    return found


def as_json(data: bytes, url: str) -> Any:
    """Raises Unavailable saying what came in place of JSON."""
    try:
        return json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        if data.lstrip()[:1] == b"<":
            raise Unavailable(f"{url} answered with a page, not with data") from None
        detail = str(error)[:80] if data.strip() else "nothing came"
        raise Unavailable(f"{url} answered with broken JSON ({detail})") from None


def as_xml(data: bytes, url: str) -> Any:
    """The root element. Raises Unavailable, or ConnectorError where it may be an attack, in one line."""
    try:
        return ElementTree.fromstring(data)
    except DefusedXmlException:
        raise ConnectorError(f"{url} declares XML entities, which may be an attack") from None
    except (ParseError, LookupError, ValueError) as error:
        raise Unavailable(f"{url} answered with broken XML ({str(error)[:80]})") from None


def text_of(value: object) -> str:
    """A scalar of an API as one line of text; "" for what is missing or no scalar."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())


def web_address(value: object) -> str | None:
    """The value where it is a web address, else None."""
    text = text_of(value)
    return text if re.fullmatch(r"https?://[^\s\"'<>]+", text) else None
