"""Downloads a file over HTTP, within limits: time, size, redirects, and no way into private networks.

    fetched = fetch("https://www.example.org/datos.csv", folder / "datos.csv")

A server that says that nothing is newer than what we have (ETag, Last-Modified) sends no file again.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic
from typing import IO
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import httpx

from sources.errors import ConnectorError, StatusError, Unavailable, reason_of

AGENT = "Ventanilla/0.1 (reads open data for a public service window)"
LARGEST = 300 * 1024 * 1024
"""Bytes that a file may have."""
SECONDS = 600.0
"""Seconds that a download may take."""
_STEP_S = 30.0
_REDIRECTS = 5
_REMEDY = "Try again later, or read a downloaded copy with --from."


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a portal knows us by: parts of the query and headers. They go to the host that was asked and
    to no other, and stand in no error and no log.
    """

    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def hidden(self, text: str) -> str:
        """`text` without any of them, as written or as an address writes them."""
        for value in (*self.query.values(), *self.headers.values()):
            for form in (value, quote(value), quote_plus(value), quote(value, safe="")):
                text = text.replace(form, "…") if form else text
        return text


class _WithoutQueries(logging.Filter):
    """httpx logs every address that it asks for, and a key may stand in the query of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                part.copy_with(query=None) if isinstance(part, httpx.URL) else part
                for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutQueries())


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `known` is to be shown at the next fetch; `day` is the server's date of the file."""

    unchanged: bool = False
    known: Mapping[str, str] = field(default_factory=dict)
    day: str | None = None


def is_address(origin: str) -> bool:
    """Whether an origin is to be fetched."""
    return origin.lower().startswith(("http://", "https://"))


def is_private(url: str) -> bool:
    """Whether a host is this machine or one of a private network. Raises ConnectorError where the
    host cannot be found.
    """
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise ConnectorError(f"the host of {url} is not known", _REMEDY) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return any(not address.is_global for address in addresses)


def fetch(
    url: str,
    into: Path,
    *,
    known: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST,
    secrets: Secrets | None = None,
) -> Fetched:
    """Downloads `url` into the file `into`. Raises ConnectorError, in one line, whatever goes wrong;
    StatusError where the server answered, but with no file.
    """
    secrets = secrets or Secrets()
    deadline = monotonic() + seconds
    asked = {"User-Agent": AGENT, **(headers or {})}
    for given, name in (("etag", "If-None-Match"), ("last_modified", "If-Modified-Since")):
        if known and known.get(given):
            asked[name] = known[given]
    late = Unavailable(f"{url} did not answer within {seconds:g} s", _REMEDY)
    try:
        with httpx.Client(timeout=min(seconds, _STEP_S), headers=asked) as client:
            return _follow(client, url, into, deadline, largest, late, secrets)
    except ConnectorError as error:
        error.problem = secrets.hidden(error.problem)
        error.args = (secrets.hidden(str(error)),)
        raise
    except httpx.TimeoutException:
        raise late from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        detail = secrets.hidden(reason_of(error, 400))[:120]
        raise Unavailable(f"{url} cannot be read ({detail})", _REMEDY) from None
    except OSError as error:
        raise ConnectorError(f"{into.name} cannot be written ({error.strerror})") from None


def _follow(
    client: httpx.Client,
    url: str,
    into: Path,
    deadline: float,
    largest: int,
    late: ConnectorError,
    secrets: Secrets,
) -> Fetched:
    here = _with(url, secrets.query)
    home = _host(url)
    for _ in range(_REDIRECTS + 1):
        left = deadline - monotonic()
        if left <= 0:
            raise late
        keys = secrets.headers if _host(here) == home else {}
        with client.stream("GET", here, headers=keys, timeout=min(left, _STEP_S)) as answer:
            if answer.has_redirect_location:
                target = urljoin(here, answer.headers.get("location", ""))
                may_lead_to(url, target)
                here = target
                continue
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(unchanged=True)
            if answer.is_error or answer.status_code != httpx.codes.OK:
                raise StatusError(url, answer.status_code, _REMEDY)
            with into.open("wb") as file:
                _copy(answer, file, url, deadline, largest, late)
            return _fetched(answer)
    raise ConnectorError(f"{url} leads from one address to the next", "Write the last one.")


def _with(url: str, query: Mapping[str, str]) -> str:
    if not query:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def may_lead_to(url: str, target: str) -> None:
    """Raises ConnectorError where a portal would send us to a file of ours or to a machine behind our
    own door; a portal that stands behind it may.
    """
    if not is_address(target):
        raise ConnectorError(f"{url} leads to {target[:80]!r}, which is no web address", _REMEDY)
    if is_private(target) and not is_private(url):
        raise ConnectorError(f"{url} leads into a private network", "Ask its agency.")


def _copy(
    answer: httpx.Response,
    file: IO[bytes],
    url: str,
    deadline: float,
    largest: int,
    late: ConnectorError,
) -> None:
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if monotonic() > deadline:
            raise late
        if size > largest:
            raise ConnectorError(f"{url} sends more than {largest // 1024**2} MB", _REMEDY)
        file.write(piece)


def _fetched(answer: httpx.Response) -> Fetched:
    known = {
        name: answer.headers[header]
        for name, header in (("etag", "etag"), ("last_modified", "last-modified"))
        if header in answer.headers
    }
    day = None
    if "last_modified" in known:
        try:
            day = parsedate_to_datetime(known["last_modified"]).date().isoformat()
        except ValueError:
            known.pop("last_modified")  # a date that is none would be refused when sent back
    return Fetched(known=known, day=day)
