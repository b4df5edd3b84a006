"""What a visit to the page costs in bytes: the first load, a second one, and the page without script.

    VENTANILLA_HOME=/tmp/home ventanilla serve --port 7871 &
    python -m tests.bench.page_weight http://127.0.0.1:7871

Chromium loads the main page with an empty cache, then again; `transferred` is what came over the
wire with headers, `decoded` what it became. `/lite` is loaded with JavaScript off, and with an
answer. Ends with one JSON line. Needs the extra `test` and a Chromium on the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
QUESTION = "¿Cuánto cuesta renovar la licencia de conducir?"


class Meter:
    """Counts what a page loads, by the browser's own figures."""

    def __init__(self, page: Page) -> None:
        self.kinds: dict[str, str] = {}
        self.reset()
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._begun)
        session.on("Network.dataReceived", self._data)
        session.on("Network.loadingFinished", self._ended)
        session.send("Network.enable")

    def reset(self) -> None:
        """Begins to count anew."""
        self.requests = self.transferred = self.decoded = self.cached = 0
        self.by_kind: dict[str, int] = {}

    def _begun(self, event: dict[str, Any]) -> None:
        if event["response"]["url"].startswith("http"):
            self.requests += 1
            self.kinds[event["requestId"]] = event["type"]
            self.cached += bool(event["response"].get("fromDiskCache"))

    def _data(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.kinds:
            self.decoded += event["dataLength"]

    def _ended(self, event: dict[str, Any]) -> None:
        if kind := self.kinds.get(event["requestId"]):
            size = int(event["encodedDataLength"])
            self.transferred += size
            self.by_kind[kind] = self.by_kind.get(kind, 0) + size

    def shown(self) -> dict[str, Any]:
        """Kilobytes (1,000 bytes) and numbers of requests."""
        return {
            "requests": self.requests,
            "from_cache": self.cached,
            "transferred_kB": round(self.transferred / 1000, 1),
            "decoded_kB": round(self.decoded / 1000, 1),
            "by_kind_kB": {k: round(v / 1000, 1) for k, v in sorted(self.by_kind.items())},
        }


@contextmanager
def opened(browser: Browser, *, script: bool = True) -> Iterator[tuple[Page, Meter]]:
    """A visitor with an empty cache."""
    context = browser.new_context(java_script_enabled=script, locale="es-DO")
    page = context.new_page()
    yield page, Meter(page)
    context.close()


def measure(url: str, chromium: str) -> dict[str, Any]:
    """The figures of the page at `url`."""
    url = url.rstrip("/")
    figures: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with opened(browser) as (page, meter):
            for visit in ("first", "second"):
                meter.reset()
                page.goto(url)
                page.wait_for_selector("#v-question")
                page.wait_for_timeout(1500)  # its stream never lets the network idle
                figures[visit] = meter.shown()
        with opened(browser, script=False) as (page, meter):
            answer = page.goto(f"{url}/lite?lang=es")
            if answer and answer.ok:
                figures["lite"] = meter.shown()
                meter.reset()
                page.fill("[name=q]", QUESTION)
                page.check("[name=country][value=DO]")
                page.click("#ask")
                page.wait_for_selector(".answer")
                figures["lite_answered"] = meter.shown()
        browser.close()
    return figures


def main() -> None:
    """Reads the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description="Weighs the page as a browser loads it.")
    parser.add_argument("url", help="where `ventanilla serve` listens")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    parser.add_argument("--chromium", default=found, help="the browser's program")
    given = parser.parse_args()
    if not given.chromium:
        parser.error("no Chromium is on the PATH: name one with --chromium")
    figures = measure(given.url, given.chromium)
    for visit, counted in figures.items():
        print(f"{visit:14}", counted)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
