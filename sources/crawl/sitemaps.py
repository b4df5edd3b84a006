"""Sitemaps (sitemaps.org) → the addresses that they name; an index of sitemaps is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap

from sources.crawl import Found
from sources.crawl.addresses import normal
from sources.crawl.failures import FAILURES
from sources.errors import reason_of
from sources.parsers import LARGEST

if TYPE_CHECKING:
    from sources.crawl.spider import SiteSpider

MOST = 100
"""Sitemaps that are read: 50,000 addresses each, by the standard."""

BROKEN = (*FAILURES, SyntaxError, StopIteration, ValueError, EOFError)
"""No answer, no XML (lxml's own error is a SyntaxError), an empty one, a broken archive."""


async def pages_of(spider: SiteSpider, sitemaps: dict[str, bool]) -> list[str]:
    """The addresses in `sitemaps`, in order; one that should be there and is not is written down."""
    waiting = dict(sitemaps)
    done: set[str] = set()
    pages: dict[str, None] = {}
    while waiting and len(done) < MOST:
        url = next(iter(waiting))
        is_named = waiting.pop(url)
        done.add(url)
        try:
            body = await _body(spider, url)
            found = Sitemap(body)
            entries = [entry["loc"] for entry in found if entry.get("loc")]
        except BROKEN as error:  # the site has other ways in
            if is_named or _may_pass(error):
                # What it would have named was not asked for: that is no reason to take it away.
                reason = f"the sitemap cannot be read ({_why(error)})"
                remedy = "Try again later, or correct `sitemap`."
                spider.write(Found("note", url, reason=reason, remedy=remedy, transient=True))
            continue
        inside = [normal(loc) for loc in entries if spider.scope.holds(loc)]
        if found.type == "sitemapindex":
            waiting.update({each: True for each in inside if each not in done})
        elif found.type == "urlset":
            pages.update(dict.fromkeys(inside))
        # Beyond what is read, a few more tell that there is more.
        if len(pages) > spider.job.most_pages * 2:
            break
    return list(pages)


async def _body(spider: SiteSpider, url: str) -> bytes:
    engine = spider.crawler.engine
    assert engine is not None
    response = await engine.download_async(
        Request(url, meta={"download_maxsize": LARGEST}, dont_filter=True)
    )
    if response.status != 200:
        raise IgnoreRequest(f"HTTP status {response.status}")
    return gunzip(response.body, max_size=LARGEST) if gzip_magic_number(response) else response.body


def _may_pass(error: Exception) -> bool:
    """Whether a sitemap that nobody named may yet be there."""
    if isinstance(error, IgnoreRequest):
        return str(error).startswith("HTTP status 5")
    return isinstance(error, FAILURES)


def _why(error: Exception) -> str:
    if isinstance(error, SyntaxError | StopIteration):
        return "it is no XML"
    return reason_of(error, 100)
