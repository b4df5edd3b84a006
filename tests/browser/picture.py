"""Makes the README's picture of the page, from a `ventanilla serve` that is running.

    VENTANILLA_HOME=/tmp/home ventanilla serve --port 7871 &
    python -m tests.browser.picture http://127.0.0.1:7871 docs/page.png

It asks one question and photographs the answer with its sources, at 1280×900 pixels. Needs the
extra `test` and a Chromium on the PATH.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COUNTRY = "República Dominicana"
QUESTION = "¿Cuánto cuesta renovar la licencia de conducir?"


def take(url: str, target: Path, chromium: str) -> None:
    """Asks the question on the page at `url` and writes the PNG to `target`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="es-DO")
        page.goto(url)
        page.wait_for_function("window.ventanilla?.spoken")
        page.get_by_label(COUNTRY).check()
        page.fill("#v-question", QUESTION)
        page.press("#v-question", "Enter")
        page.wait_for_selector(".v-card")
        page.wait_for_timeout(1500)  # the answer has scrolled into place
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=target)
        browser.close()


def main() -> None:
    """Reads the arguments and takes the picture."""
    parser = argparse.ArgumentParser(description="Photographs the page with an answer.")
    parser.add_argument("url", help="where `ventanilla serve` listens")
    parser.add_argument("target", type=Path, help="the PNG to write")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    parser.add_argument("--chromium", default=found, help="the browser's program")
    given = parser.parse_args()
    if not given.chromium:
        parser.error("no Chromium is on the PATH: name one with --chromium")
    take(given.url, given.target, given.chromium)


if __name__ == "__main__":
    main()
