"""The process that reads one site: ``python -m sources.crawl.child FOLDER``.

It finds its `Job` in the folder and leaves there what it found. It ends when its standard input does:
a reader that has died wants no more pages.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from scrapy.crawler import CrawlerProcess

from sources.crawl import JOB, Job
from sources.crawl.spider import SiteSpider
from sources.parsers import LARGEST

MEGABYTES = 2048
"""Memory that the process may take, that of its threads included."""

_HERE = "sources.crawl.manners"


def settings_of(job: Job) -> dict[str, Any]:
    """Scrapy's settings: nothing listens, nothing is told or asked elsewhere, no cookies are kept."""
    return {
        "USER_AGENT": job.user_agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": job.robots_name,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Language": "es,pt;q=0.9,en;q=0.5",
        },
        "DOWNLOAD_DELAY": 1 / job.per_second,
        "DOWNLOAD_DELAY_JITTER": 0,
        "CONCURRENT_REQUESTS": 6,  # those that wait out a pause included
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "DOWNLOAD_TIMEOUT": job.timeout_s,
        "DNS_TIMEOUT": job.timeout_s,
        "DOWNLOAD_MAXSIZE": LARGEST,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "RETRY_TIMES": 2,
        "HTTPERROR_ALLOW_ALL": True,
        # First come, first served: the shortest way to a page tells how deep it lies.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "CLOSESPIDER_TIMEOUT": job.seconds,
        "DNS_RESOLVER": f"{_HERE}.PublicOnly",
        "PRIVATE_ALLOWED": job.private,
        "DOWNLOADER_MIDDLEWARES": {
            f"{_HERE}.Gate": 90,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            f"{_HERE}.PatientRetry": 550,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
            f"{_HERE}.SameSiteRedirects": 600,
        },
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "STATS_DUMP": False,
    }


def main(folder: Path) -> None:
    """Reads the site to its end."""
    Thread(target=_end_with_input, daemon=True).start()
    limit = MEGABYTES * 1024**2
    if sys.platform != "darwin":  # which knows no limit on the address space
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    job = Job(**json.loads((folder / JOB).read_bytes()))
    process = CrawlerProcess(settings_of(job))
    process.crawl(SiteSpider, job=job, folder=folder)
    process.start()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
