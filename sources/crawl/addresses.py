"""Addresses of a site: written in one way, told apart by what they lead to, in scope or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from w3lib.url import safe_url_string

from sources.catalog import read_yaml
from sources.parsers import EXTENSIONS

DOCUMENTS = {name for name, kind in EXTENSIONS.items() if kind in ("pdf", "docx", "odt", "xlsx")}
"""Extensions of the documents that are read."""

_PORTS = {"http": 80, "https": 443}
_DEFAULT_PAGE = re.compile(r"/(?:index|default)\.(?:x?html?|php|aspx?|jsp)$", re.I)
_PAGE_SUFFIX = re.compile(r"\.(?:x?html?|php|aspx?|jsp|do)$", re.I)
_SESSION = re.compile(r";jsessionid=[^/?#]*", re.I)


@cache
def known() -> dict[str, Any]:
    """What ``crawl.yaml`` says of every site."""
    return read_yaml(Path(__file__).with_name("crawl.yaml"))


def normal(url: str) -> str:
    """`url` in the way in which we write it: host in lower case, no fragment, no default port, no
    tracking parameters. Raises ValueError where it is no address.
    """
    parts = urlsplit(safe_url_string(url.strip()))
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS.get(scheme)) else f":{parts.port}"
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not any(fnmatchcase(name.lower(), each) for each in known()["tracking"])
    ]
    path = _SESSION.sub("", parts.path) or "/"
    return urlunsplit((scheme, shown + port, path, urlencode(query), ""))


def site_of(url: str) -> str:
    """The host and port of an address, the same with "www." and without."""
    return urlsplit(normal(url)).netloc.removeprefix("www.")


def key(url: str) -> str:
    """The same for all addresses of one page: scheme, "www.", the last slash, index.html and the
    order of parameters make no difference.
    """
    parts = urlsplit(normal(url))
    path = _DEFAULT_PAGE.sub("/", parts.path).rstrip("/")
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{parts.netloc.removeprefix('www.')}{path}?{query}"


def name_of(url: str, origin: str, anchor: str | None = None) -> str:
    """A page's path as a name of which an id is made: stable, never empty."""
    parts = urlsplit(normal(url))
    path = _DEFAULT_PAGE.sub("/", unquote(parts.path)).strip("/")
    path = _PAGE_SUFFIX.sub("", path) or "index"
    if parts.query:
        path = f"{PurePosixPath(path).with_suffix('')}/{unquote(parts.query)}/"
    if site_of(url) != site_of(origin):
        path = f"{site_of(url)}/{path}"
    return f"{path}/{anchor}" if anchor else path


def suffix_of(url: str) -> str:
    """The extension of an address's path, in lower case: ".pdf", or nothing."""
    return PurePosixPath(urlsplit(url).path).suffix.lower()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which addresses belong to a reading. Patterns are matched against path and query."""

    sites: frozenset[str]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def holds(self, url: str) -> bool:
        """Whether an address is http(s), of a listed host and not left out."""
        try:
            parts = urlsplit(url)
            ours = site_of(url) in self.sites
        except ValueError:
            return False
        if parts.scheme not in _PORTS or parts.username or not ours:
            return False
        left_out = (*self.exclude, *known()["passed_over"])
        return not any(fnmatchcase(_path(url), pattern) for pattern in left_out)

    def wants(self, url: str) -> bool:
        """Whether a page in scope becomes a document; links that lead to others are not followed."""
        return not self.include or any(fnmatchcase(_path(url), each) for each in self.include)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
