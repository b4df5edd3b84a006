"""Why a page could not be read, in one line that names the remedy where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import exceptions
from twisted.python.failure import Failure

from sources.crawl import Found
from sources.crawl.manners import PRIVATE, Refused, private_hosts

if TYPE_CHECKING:
    from sources.crawl.spider import SiteSpider

BLOCKED = "Ask its agency to admit our User-Agent, or set another with `user_agent`."
LATER = "Try again later."
FAILURES = (
    exceptions.CannotResolveHostError,
    exceptions.DownloadCancelledError,
    exceptions.DownloadConnectionRefusedError,
    exceptions.DownloadFailedError,
    exceptions.DownloadTimeoutError,
    exceptions.IgnoreRequest,
    exceptions.ResponseDataLossError,
    exceptions.UnsupportedURLSchemeError,
    OSError,
)
"""What Scrapy raises where no answer came."""
_BLOCKING = frozenset({401, 403, 406, 418, 451})
_GONE = frozenset({404, 410})
_MEGABYTE = 1024**2


def status_failure(url: str, status: int, *, is_block_page: bool = False) -> Found:
    """What a status that is no page means, or a firewall's page that came as one."""
    if is_block_page or status in _BLOCKING:
        how = "a block page" if is_block_page else f"HTTP status {status}"
        reason = f"the site turns us away ({how})"
        return Found("failed", url, reason=reason, remedy=BLOCKED, transient=True)
    if status in _GONE:
        return Found("failed", url, reason=f"it is not there (HTTP status {status})")
    if status == 429:
        reason = "the site asks us to slow down (HTTP status 429)"
        return Found("failed", url, reason=reason, remedy="Lower `per_second`.", transient=True)
    return Found(
        "failed",
        url,
        reason=f"it answered with HTTP status {status}",
        remedy=LATER if status >= 500 else "",
        transient=status >= 500,
    )


def failure_of(failure: Failure, spider: SiteSpider, is_start: bool) -> Found | None:
    """What an exception means; None where there is nothing to tell: a page that robots.txt keeps
    from us and that nobody named, one that is read by another address.
    """
    error: Any = failure.value
    request: Any = failure.request  # type: ignore[attr-defined]
    url = str(request.url)
    first = str((request.meta.get("redirect_urls") or [url])[0])
    job = spider.job
    if isinstance(error, Refused):
        told = Found("failed", first, reason=error.reason, remedy=error.remedy)
        return told if error.reason else None
    if isinstance(error, exceptions.IgnoreRequest):
        return _ignored(str(error), spider, url, first, is_start)
    largest = request.meta["download_maxsize"]
    known: tuple[tuple[type[Exception], str, bool], ...] = (
        (exceptions.DownloadTimeoutError, f"it did not come within {job.timeout_s:g} s", True),
        (exceptions.DownloadCancelledError, _too_large(largest), False),
        (exceptions.CannotResolveHostError, "its host is not known", True),
        (exceptions.DownloadConnectionRefusedError, "its server refuses the connection", True),
        (exceptions.UnsupportedURLSchemeError, "it is no web address", False),
    )
    text = str(error)
    if urlsplit(url).hostname in private_hosts:
        return Found("failed", first, reason=PRIVATE)
    if "certificate" in text:
        reason = "the server's certificate is not valid"
        return Found(
            "failed", first, reason=reason, remedy="Ask its agency to renew it.", transient=True
        )
    for kind, reason, transient in known:
        if isinstance(error, kind):
            remedy = LATER if transient else ""
            return Found("failed", first, reason=reason, remedy=remedy, transient=transient)
    detail = type(error).__name__
    return Found(
        "failed",
        first,
        reason=f"the connection breaks off ({detail})",
        remedy=LATER,
        transient=True,
    )


def _too_large(largest: int) -> str:
    return f"it sends more than {max(1, round(largest / _MEGABYTE))} MB"


def _ignored(text: str, spider: SiteSpider, url: str, first: str, is_start: bool) -> Found | None:
    if "robots.txt" in text:
        status = spider.silent.get(urlsplit(url).netloc)
        if status is not None:
            reason = f"the site's robots.txt cannot be read (HTTP status {status})"
            return Found("failed", first, reason=reason, remedy=LATER, transient=True)
        reason = "the site's robots.txt asks not to read it"
        return Found("failed", first, reason=reason, remedy="Ask its agency.") if is_start else None
    if "redirection" in text:
        return Found("failed", first, reason="it is redirected from one address to the next")
    return Found("failed", first, reason=_too_large(spider.job.page_largest))
