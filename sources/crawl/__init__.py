"""Reads a public website page by page, in a process of its own (`sources.crawl.run.crawl`).

The crawler is Scrapy, whose reactor can be started once in a process; `sources.crawl.child` is that
process. It is told a `Job` and leaves in a folder one line of JSON for everything it `Found`, and a
file for every text. Nothing but the site is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

JOB, FOUND = "job.json", "found.jsonl"
"""The files by which the two processes talk."""

PAGE_LARGEST = 10 * 1024 * 1024
"""Bytes that a page may have; documents may have `sources.parsers.LARGEST`."""

DEPTH = 4
"""Links that are followed from a start page on, where there is no sitemap."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read, and how. `private` says that the site itself is on a private network.

    `depth` None leaves it to the site: no links are followed where a sitemap names the pages, else
    `DEPTH`. `marks` holds of each address what the last reading noted; `links` holds by the name of a
    table the addresses that its numbers stand for (`sources.crawl.links`).
    """

    origin: str
    start: list[str]
    hosts: list[str]
    user_agent: str
    sitemap: str | None = None
    include: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    most_pages: int = 2000
    depth: int | None = None
    per_second: float = 2.0
    main: str | None = None
    anchors: str | None = None
    documents: bool = True
    private: bool = False
    timeout_s: float = 30.0
    backoff_s: float = 2.0
    page_largest: int = PAGE_LARGEST
    seconds: float = 6 * 3600.0
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def robots_name(self) -> str:
        """What a robots.txt calls us: the first word of the User-Agent, without its version."""
        return self.user_agent.split("/")[0].split()[0]


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a page, in `file`: the whole page, or what stands under the heading `anchor`."""

    file: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one address.

    ``page`` was read, ``same`` is as at the last reading, ``failed`` could not be read: for `reason`,
    and only for now where it is `transient`. ``note`` is a remark on the whole reading,
    which left pages out for now where it is `transient`. `shown` is the address that readers are
    given: the one that the page calls its own.
    """

    kind: Literal["page", "same", "failed", "note"]
    url: str
    parts: list[Part] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    shown: str = ""
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    as_of: str | None = None
    reason: str = ""
    remedy: str = ""
    transient: bool = False
