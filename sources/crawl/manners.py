"""How the crawler behaves: where it may go, how patiently it asks again, what it need not fetch anew.

Scrapy's own parts do the work (robots.txt, redirects, retries, names of hosts); these hold them to
the rules of the job. All find the job and what is known so far in their spider.
"""

from __future__ import annotations

import asyncio
import ipaddress
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from sources.crawl.addresses import key, normal

if TYPE_CHECKING:
    from sources.crawl.spider import SiteSpider

LONGEST_WAIT = 300.0
"""Seconds that a site may have us wait before we ask again; longer, the page is given up."""

PRIVATE = "it leads into a private network"

private_hosts: set[str] = set()
"""Hosts that were refused because they lie on a private network."""

_TOO_MANY = 429
_SLOWEST = 30.0
"""Seconds between two requests that a robots.txt may ask for."""


class Refused(IgnoreRequest):
    """A request that we do not make; without a reason where there is nothing to tell."""

    def __init__(self, reason: str = "", remedy: str = "") -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(reason)


def retry_after(response: Response) -> float | None:
    """The seconds that a site asks us to wait (RFC 9110, Retry-After), or None."""
    told = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if told.isdigit():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time())
    except ValueError:
        return None


class _Ours:
    """A part of Scrapy that knows its crawler."""

    crawler: Crawler

    @property
    def spider(self) -> SiteSpider:
        """The running spider."""
        spider: Any = self.crawler.spider
        return spider  # type: ignore[no-any-return]


class Gate(_Ours):
    """Lets a request out: within the site, not before a pause has ended, with what we know of it.
    Where a host lies is looked at when it is resolved (`PublicOnly`).
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._until: dict[str, float] = {}
        crawler.signals.connect(self._robots, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Gate:
        """Scrapy's way to make one."""
        return cls(crawler)

    def pause(self, url: str, seconds: float) -> None:
        """Nothing is asked of the host of `url` for so long."""
        host = urlsplit(url).netloc
        self._until[host] = max(self._until.get(host, 0.0), monotonic() + seconds)

    async def process_request(self, request: Request) -> None:
        """Raises Refused for an address outside the site."""
        spider = self.spider
        parts = urlsplit(request.url)
        is_robots = request.meta.get("dont_obey_robotstxt")
        if not is_robots and not spider.scope.holds(request.url):
            raise Refused("it leads to another site")
        # Asked anew after each sleep: another answer may have prolonged the pause.
        while (left := self._until.get(parts.netloc, 0.0) - monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        for name in ("If-None-Match", "If-Modified-Since", "Referer"):
            request.headers.pop(name, None)  # a redirect took them along from another address
        mark = spider.job.marks.get(normal(request.url), {})
        if mark.get("etag"):
            request.headers["If-None-Match"] = mark["etag"]
        if mark.get("last_modified"):
            request.headers["If-Modified-Since"] = mark["last_modified"]

    def process_response(self, request: Request, response: Response) -> Response:
        """A robots.txt that is broken forbids everything, one that is missing nothing (RFC 9309)."""
        if not request.meta.get("dont_obey_robotstxt"):
            return response
        if response.status >= 500 or response.status == _TOO_MANY:
            self.spider.silent[urlsplit(request.url).netloc] = response.status
            return response.replace(body=b"User-agent: *\nDisallow: /\n")
        return response if response.status == 200 else response.replace(body=b"")

    def _robots(self, robotparser: Any, request: Request) -> None:
        """Keeps the pace that a robots.txt asks for, where it is slower than ours."""
        asked = robotparser.rp.crawl_delay(self.spider.job.robots_name)
        engine = self.crawler.engine
        if asked and engine is not None:
            slot = engine.downloader.slots.get(urlsplit(request.url).hostname or "")
            if slot is not None:
                slot.delay = max(slot.delay, min(float(asked), _SLOWEST))


class PatientRetry(RetryMiddleware, _Ours):
    """Asks again what failed for now: after the pause that the site asks for, else ever later."""

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response, spider: Any = None
    ) -> Request | Response:
        """The request to make again, or the response where it is to be taken as it is."""
        if response.status not in self.retry_http_codes:
            return response
        asked = retry_after(response)
        wait = self._backoff(request) if asked is None else asked
        again = self._retry(request, str(response.status)) if wait <= LONGEST_WAIT else None
        if again is None:
            return response
        if asked is not None or response.status == _TOO_MANY:
            self.spider.gate.pause(request.url, wait)
        else:
            await asyncio.sleep(wait)
        return again

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception, spider: Any = None
    ) -> Request | Response | None:
        """The request to make again, or None where the exception is to be told."""
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        if urlsplit(request.url).hostname in private_hosts:
            return None
        wait = self._backoff(request)
        if again := self._retry(request, exception):
            await asyncio.sleep(wait)
        return again

    def _backoff(self, request: Request) -> float:
        times: int = request.meta.get("retry_times", 0)
        return self.spider.job.backoff_s * float(2**times)


class SameSiteRedirects(RedirectMiddleware, _Ours):
    """Follows redirects within the site, once to each page."""

    def process_response(
        self, request: Request, response: Response, spider: Any = None
    ) -> Request | Response:
        """The request to the new address, or the response. Raises Refused with the reason."""
        target = super().process_response(request, response)
        if isinstance(target, Response):
            if target.status in (301, 302, 303, 307, 308):
                raise Refused("it is redirected to no web address")
            return target
        if request.meta.get("dont_obey_robotstxt"):
            return target
        if normal(target.url) in map(normal, target.meta.get("redirect_urls", ())):
            raise Refused("it is redirected in a circle")
        if not self.spider.scope.holds(target.url):
            problem = f"it is redirected to another site ({target.url[:80]})"
            raise Refused(problem, "Name its host in `hosts`, or correct the link.")
        found = key(target.url)
        if found != key(request.url) and found in self.spider.seen:
            raise Refused  # read by its own address
        self.spider.seen.add(found)
        return target


class PublicOnly(CachingThreadedResolver):
    """Looks hosts up, addresses in figures too; one that lies on a private network is refused unless
    the site itself does.
    """

    allows_private = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> PublicOnly:
        """Scrapy's way to make one."""
        made = super().from_crawler(crawler, reactor)
        made.allows_private = crawler.settings.getbool("PRIVATE_ALLOWED")
        return made

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:
        """A Deferred of the address; it fails with DNSLookupError where we may not go there."""
        found = super().getHostByName(name, timeout)
        return found if self.allows_private else found.addCallback(_checked, name)


def _checked(address: str, name: str) -> str:
    if not ipaddress.ip_address(address).is_global:
        private_hosts.add(name)  # Twisted keeps no more of the error than that there was one
        raise DNSLookupError(PRIVATE)
    return address
