"""The spider: goes from page to page within a `Job`, and writes down what it finds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, Spider, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import CloseSpider
from scrapy.http import HtmlResponse, Response
from scrapy.linkextractors import IGNORED_EXTENSIONS, LinkExtractor
from scrapy.utils.response import get_meta_refresh
from twisted.python.failure import Failure

from sources.crawl import DEPTH, FOUND, Found, Job, Part
from sources.crawl.addresses import DOCUMENTS, Scope, key, normal, suffix_of
from sources.crawl.failures import BLOCKED, failure_of, status_failure
from sources.crawl.links import noted
from sources.crawl.manners import Gate
from sources.crawl.page import Page, server_day
from sources.crawl.sitemaps import pages_of
from sources.parsers import LARGEST, sniff

_TYPES = {
    "text/html": "html",
    "application/xhtml+xml": "html",
}
_PASSED_OVER = [each for each in IGNORED_EXTENSIONS if f".{each}" not in DOCUMENTS]
_TURNED_AWAY = 10
"""Answers of a firewall in a row after which the site is left alone."""


class SiteSpider(Spider):
    """Reads one site. `seen` holds the keys of all addresses asked for, `silent` the hosts whose
    robots.txt is broken, with its status.
    """

    name = "website"

    def __init__(self, job: Job, folder: Path) -> None:
        super().__init__()
        self.job = job
        self.scope = Scope(frozenset(job.hosts), tuple(job.include), tuple(job.exclude))
        self.seen: set[str] = set()
        self.silent: dict[str, int] = {}
        self._folder = folder
        self._found = (folder / FOUND).open("a", encoding="utf-8")
        self._links = LinkExtractor(deny_extensions=_PASSED_OVER, tags=("a", "area"))
        self._follow = DEPTH
        self._asked = self._read = self._refused = 0
        self._too_deep: set[str] = set()
        self._too_many = False

    @property
    def gate(self) -> Gate:
        """The part that lets requests out."""
        gate = self.crawler.get_downloader_middleware(Gate)
        assert gate is not None
        return gate

    def write(self, found: Found) -> None:
        """Writes down one thing that was found."""
        self._found.write(json.dumps(asdict(found)) + "\n")
        self._found.flush()

    def closed(self, reason: str) -> None:
        """Writes how the reading ended; without this line it broke off."""
        if self._too_many:
            self._note(
                f"it has more than {self.job.most_pages} pages, the others were not read",
                "Raise `most_pages`, or name what is wanted with `include` and `exclude`.",
            )
        if self._too_deep:
            self._note(
                f"{len(self._too_deep)} addresses lie deeper than {self._follow} links from a start "
                "page and were not read",
                "Raise `depth`, name pages in `start`, or leave them out with `exclude`.",
            )
        if reason == "closespider_timeout":
            hours = self.job.seconds / 3600
            late = f"it was not read to its end within {hours:.2g} hours"
            self._note(late, "Lower `most_pages`.", cut=True)
        if reason == "blocked":
            left = "its firewall turned us away again and again, the rest was left"
            self._note(left, BLOCKED, cut=True)
        self._found.write(json.dumps({"end": reason}) + "\n")
        self._found.close()

    def _note(self, reason: str, remedy: str, *, cut: bool = False) -> None:
        self.write(Found("note", self.job.origin, reason=reason, remedy=remedy, transient=cut))

    async def start(self) -> AsyncIterator[Any]:
        """The start pages, then those that the sitemaps name."""
        self.crawler.signals.connect(self._broken, signal=signals.spider_error)
        listed = await pages_of(self, await self._sitemaps())
        if self.job.depth is not None:
            self._follow = self.job.depth
        elif listed:
            self._follow = 0
        for url in self.job.start:
            if request := self._request(url, 0, is_start=True):
                yield request
        for url in listed:
            if self.scope.wants(url) and (request := self._request(url, 0)):
                yield request

    async def _sitemaps(self) -> dict[str, bool]:
        """Where sitemaps may be, and whether somebody said that they are there."""
        if self.job.sitemap:
            return {self.job.sitemap: True}
        robots = self.crawler.get_downloader_middleware(RobotsTxtMiddleware)
        assert robots is not None
        parser: Any = await robots.robot_parser(Request(self.job.origin))
        named = [urljoin(self.job.origin, url) for url in parser.rp.sitemaps] if parser else []
        ours = [url for url in named if self.scope.holds(url)]
        return dict.fromkeys(ours, True) or {urljoin(self.job.origin, "/sitemap.xml"): False}

    def _request(
        self, url: str, depth: int, *, is_start: bool = False, is_named: bool = False
    ) -> Request | None:
        """The request of a page not asked for yet, within the limit of the job."""
        if not self.scope.holds(url) or key(url) in self.seen:
            return None
        if self._asked >= self.job.most_pages:
            self._too_many = True
            return None
        self._asked += 1
        self.seen.add(key(url))
        is_document = suffix_of(url) in DOCUMENTS
        return Request(
            normal(url),
            callback=self.page,
            errback=self.failed,
            cb_kwargs={"depth": depth, "is_start": is_start, "is_named": is_named},
            meta={"download_maxsize": LARGEST if is_document else self.job.page_largest},
            dont_filter=True,  # `seen` knows more than Scrapy's own filter
        )

    def page(
        self, response: Response, depth: int, is_start: bool, is_named: bool
    ) -> Iterator[Request]:
        """Writes down what came, and gives the requests that follow from it. `is_named`: another
        page calls this address its own.
        """
        url = normal(response.url)
        mark = self.job.marks.get(url)
        if response.status == 304 and mark is not None:
            self._refused = 0
            links = noted(mark["links"], self.job.links[mark["table"]])
            self.write(Found("same", url, links=links))
            yield from self._following(links, depth)
        elif response.status != 200:
            yield from self._fails(status_failure(url, response.status), depth)
        elif (kind := _kind(response)) == "html":
            yield from self._html(response, url, depth, is_start, is_named)
        elif kind is None or not self.job.documents:
            told = _content_type(response) or "of no known kind"
            self.write(Found("failed", url, reason=f"it is no page or document ({told})"))
        else:
            self._refused = 0
            self._keep(
                response, url, kind, [(None, response.body)], [], server_day(_modified(response))
            )

    def failed(self, failure: Failure) -> Iterator[Request]:
        """Writes down why no answer came, and gives the requests that follow all the same."""
        known: Any = failure.request.cb_kwargs  # type: ignore[attr-defined]
        found = failure_of(failure, self, known["is_start"])
        if found is not None:
            yield from self._fails(found, known["depth"])

    def _broken(self, failure: Failure, response: Response) -> None:
        """A page over which our own code stumbles costs that page."""
        reason = f"reading it fails ({type(failure.value).__name__})"
        self.write(Found("failed", normal(response.url), reason=reason))

    def _fails(self, found: Found, depth: int) -> Iterator[Request]:
        """Writes a failure down; a page that fails for now still leads where it led before."""
        self.write(found)
        if found.remedy == BLOCKED:
            self._refused += 1
            if self._refused >= _TURNED_AWAY:
                raise CloseSpider("blocked")
        mark = self.job.marks.get(found.url)
        if found.transient and mark is not None:
            yield from self._following(noted(mark["links"], self.job.links[mark["table"]]), depth)

    def _html(
        self, response: Response, url: str, depth: int, is_start: bool, is_named: bool
    ) -> Iterator[Request]:
        decoded = HtmlResponse(response.url, body=response.body, headers=response.headers)
        page = Page(decoded.text, response.url)
        if page.is_blocked():
            yield from self._fails(status_failure(url, response.status, is_block_page=True), depth)
            return
        self._refused = 0
        if page.is_missing():
            self.write(Found("failed", url, reason="it is not there (an error page)"))
            return
        tags = page.directives((response.headers.get("X-Robots-Tag") or b"").decode("latin-1"))
        links = [] if "nofollow" in tags else list(self._out_of(decoded))
        own = self._canonical(page, url)
        elsewhere = own if own and key(own) != key(url) else None
        if "noindex" in tags:
            if is_start and self.scope.wants(url):
                self.write(Found("failed", url, reason="it asks not to be kept (noindex)"))
        elif elsewhere and not is_named:  # two pages may call each other the right one
            if request := self._request(elsewhere, depth, is_named=True):
                yield request
        elif self.scope.wants(url):
            parts = [
                (a, f"\ufeff{t}".encode()) for a, t in page.parts(self.job.main, self.job.anchors)
            ]
            if parts:
                day = page.day(_modified(response))
                shown = url if elsewhere else own or url
                self._keep(response, shown, "html", parts, links, day, asked=url)
            else:
                reason = f"nothing on it fits the selector {self.job.main!r}"
                self.write(Found("failed", url, reason=reason, remedy="Correct `main`."))
        yield from self._following(links, depth)

    def _canonical(self, page: Page, url: str) -> str | None:
        """The address that the page calls its own, where that can be believed: many a site calls
        every page its home page.
        """
        named = page.canonical()
        if named is None or not self.scope.holds(named) or not self.scope.wants(named):
            return None
        is_home = not urlsplit(key(named)).path.partition("/")[2]
        return None if is_home and key(named) != key(url) else normal(named)

    def _out_of(self, response: HtmlResponse) -> Iterator[str]:
        """The addresses of the site that a page links to and that may be read."""
        found = [link.url for link in self._links.extract_links(response) if not link.nofollow]
        _, refresh = get_meta_refresh(response)
        for url in (*([refresh] if refresh else []), *found):
            if not self.scope.holds(url):
                continue
            is_document = suffix_of(url) in DOCUMENTS
            if self.job.documents if is_document else self.scope.wants(url):
                yield normal(url)

    def _following(self, links: Iterable[str], depth: int) -> Iterator[Request]:
        """Requests of `links`, as far as the depth allows; a document leads no further."""
        for url in links:
            if suffix_of(url) not in DOCUMENTS and depth >= self._follow:
                if self._follow and key(url) not in self.seen:
                    self._too_deep.add(key(url))
            elif request := self._request(url, depth + 1):
                self._too_deep.discard(key(url))
                yield request

    def _keep(
        self,
        response: Response,
        url: str,
        kind: str,
        texts: list[tuple[str | None, bytes]],
        links: list[str],
        day: str | None,
        *,
        asked: str | None = None,
    ) -> None:
        """Writes the texts of a page into files, or that they are as at the last reading."""
        asked = asked or url
        digest = hashlib.sha256(response.body).hexdigest()
        etag = (response.headers.get("ETag") or b"").decode("latin-1") or None
        found = Found(
            "same",
            asked,
            links=links,
            etag=etag,
            last_modified=_modified(response),
            digest=digest,
        )
        if self.job.marks.get(asked, {}).get("digest") == digest:
            self.write(found)
            return
        parts = []
        for anchor, text in texts:
            self._read += 1
            name = f"{self._read:06d}.{kind}"
            (self._folder / name).write_bytes(text)
            parts.append(Part(name, anchor))
        self.write(replace(found, kind="page", parts=parts, as_of=day, shown=url))


def _modified(response: Response) -> str | None:
    return (response.headers.get("Last-Modified") or b"").decode("latin-1") or None


def _content_type(response: Response) -> str:
    told = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return told.partition(";")[0].strip().lower()


def _kind(response: Response) -> str | None:
    """The reader of what came: what it shows itself to be, else what the server says."""
    return sniff(response.body) or _TYPES.get(_content_type(response))
