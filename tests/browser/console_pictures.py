"""Makes the pictures of the guides to the console, in both languages.

    python -m tests.browser.console_pictures docs/img

Starts a `ventanilla serve` of its own with one agency, goes from the login to the first answered
question and photographs each step at 1280×800 pixels. Needs the extra `test` and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser import console
from tests.browser.picture import FLAGS


def take(folder: Path, chromium: str, width: int, languages: list[str]) -> None:
    """Writes consola-<language>-<step>.png into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        story = console.STORIES[language]
        with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
            home = Path(scratch) / "home"
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": width, "height": 800}, locale=story.locale)
            page.set_default_timeout(30_000)
            with console.serving(home, story) as url:
                _steps(page, url, story, folder, Path(scratch))
            browser.close()


def _steps(page: Any, url: str, story: console.Story, folder: Path, scratch: Path) -> None:
    def shoot(step: str, anchor: str | None = None) -> None:
        page.wait_for_timeout(600)  # transitions have ended
        page.evaluate("window.scrollTo(0, 0)")
        if anchor:
            page.locator(anchor).scroll_into_view_if_needed()
        page.screenshot(path=folder / f"consola-{story.language}-{step}.png")

    page.goto(f"{url}{story.path}")
    shoot("1-ingreso")
    console.log_in(page, url, story)
    console.fill_in(page, story, console.archive(scratch, story))
    shoot("2-agregar")
    console.dry_run(page)
    shoot("3-prueba", "#c-preview")
    console.add(page)
    page.get_by_role("tab").first.click()
    page.wait_for_selector("#c-sets .c-table")
    shoot("4-conjuntos")
    console.ask(page, story)
    shoot("5-pregunta")


def main() -> None:
    """Reads the arguments and takes the pictures."""
    parser = argparse.ArgumentParser(description="Photographs the console, step by step.")
    parser.add_argument("folder", type=Path, help="where the PNGs go")
    parser.add_argument("--width", type=int, default=1280, help="pixels")
    parser.add_argument("--language", choices=[*console.STORIES], action="append")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    parser.add_argument("--chromium", default=found, help="the browser's program")
    given = parser.parse_args()
    if not given.chromium:
        parser.error("no Chromium is on the PATH: name one with --chromium")
    take(given.folder, given.chromium, given.width, given.language or [*console.STORIES])


if __name__ == "__main__":
    main()
