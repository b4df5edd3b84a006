"""A Chromium, a server with an assistant of its own, and pages opened in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ui.fakes import FakeAssistant, served

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


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
    return _server[0]


@pytest.fixture
def requested() -> list[str]:
    """The address of every request that a page made."""
    return []


@pytest.fixture
def visit(
    browser: Any, _server: tuple[FakeAssistant, str], assistant: FakeAssistant, requested: list[str]
) -> Iterator[Callable[..., Any]]:
    """Opens the page as a visitor of its own; options as of a browser context."""
    contexts = []

    def opened(query: str = "", locale: str = "es-CL", **options: Any) -> Any:
        context = browser.new_context(locale=locale, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.goto(_server[1] + query)
        page.wait_for_function("window.ventanilla && document.documentElement.lang !== 'en'")
        return page

    yield opened
    for context in contexts:
        context.close()
