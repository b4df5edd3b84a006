"""A Chromium, a server with an assistant of its own, and pages opened in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.fakes import FakeAssistant, served

NAMED = "ventanilla.example"
"""A name of the server's address: not trusted as 127.0.0.1 is, so no Sec-Fetch-Site is sent there."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    f"--host-resolver-rules=MAP {NAMED} 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """One headless Chromium; `chromium` skips where there is none. It ends with its file: Playwright
    keeps an event loop running, beside which no other file's asynchronous tests could run.
    """
    api = pytest.importorskip("playwright.sync_api", reason="install the extra `test`")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def _contexts(browser: Any) -> Iterator[dict[str, Any]]:
    contexts: dict[str, Any] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="session")
def _server(chromium: str) -> Iterator[tuple[FakeAssistant, str]]:
    assistant = FakeAssistant()
    with served(assistant) as url:
        yield assistant, url


@pytest.fixture
def assistant(_server: tuple[FakeAssistant, str]) -> FakeAssistant:
    """The assistant behind the page, with nothing recorded yet."""
    _server[0].asked.clear()
    _server[0].forgotten.clear()
    _server[0].judged.clear()
    return _server[0]


@pytest.fixture
def requested() -> list[str]:
    """The address of every request that a page made."""
    return []


@pytest.fixture
def complaints() -> list[str]:
    """What pages wrote to the console as errors: a policy that was broken is among them."""
    return []


@pytest.fixture(scope="session")
def violations() -> Callable[[Any], list[str]]:
    """What axe-core finds on a page, of WCAG 2.2 AA and of its best practices."""
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install `test`")
    axe = api.Axe()

    def found(page: Any) -> list[str]:
        told = axe.run(page).response["violations"]
        return [f"{v['id']}: {n['html'][:160]}" for v in told for n in v["nodes"]]

    return found


@pytest.fixture
def keep_picture() -> Callable[[Any, str], None]:
    """Photographs a page into the folder SCREENSHOTS, where that is set."""
    folder = os.environ.get("SCREENSHOTS")

    def keep(page: Any, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep


@pytest.fixture
def visit(
    browser: Any,
    _server: tuple[FakeAssistant, str],
    assistant: FakeAssistant,
    requested: list[str],
    complaints: list[str],
    _contexts: dict[str, Any],
) -> Iterator[Callable[..., Any]]:
    """Opens the page as a visitor of its own, in a tab of its own; options as of a browser context.

    Contexts are kept for the session, by their options: what was fetched once is then at hand.
    """
    pages = []

    def opened(query: str = "", locale: str = "es-CL", script: bool = True, **options: Any) -> Any:
        options |= {"java_script_enabled": script}
        key = repr((locale, sorted(options.items())))
        if key not in _contexts:
            _contexts[key] = browser.new_context(locale=locale, **options)
            _contexts[key].set_default_timeout(15_000)
        page = _contexts[key].new_page()
        pages.append(page)
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(_server[1] + query)
        if script and not query.startswith("lite"):
            page.wait_for_function("window.ventanilla?.spoken")
        return page

    yield opened
    for page in pages:
        page.close()
