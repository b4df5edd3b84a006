"""What holds for every test: no network but loopback, no settings of the user's, own folders.

Marks follow from where a test lies: `integration/`, `browser/`, `evals/` mark what is in them.
"""

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest_socket import SocketBlockedError

from agents import assistant, graph

HERE = Path(__file__).parent
MARKED_BY_FOLDER = ("integration", "browser", "evals")
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
BROWSER_IS_REQUIRED = os.environ.get("VENTANILLA_BROWSER_TESTS") == "1"

# A busy machine is slow, not wrong; and a red run can be repeated.
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")
for step in graph.DEADLINES_S:  # a test that is about a deadline sets its own
    graph.DEADLINES_S[step] *= 10
assistant.RUN_DEADLINE_S *= 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            folder = item.path.relative_to(HERE).parts[0]
            if folder in MARKED_BY_FOLDER:
                item.add_marker(folder)
    # Last of all: Playwright keeps an event loop running in the main thread until the session
    # ends, and no other test could start one of its own there.
    items.sort(key=lambda item: item.path.is_relative_to(HERE / "browser"))


@pytest.fixture(scope="session", autouse=True)
def _names_are_not_looked_up() -> Iterator[None]:
    """pytest-socket stops connections; a look-up of a foreign name would leave all the same."""
    look_up = socket.getaddrinfo

    def only_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name != "localhost" and not _is_address(name):
            raise SocketBlockedError(f"A test tried to use socket: it looked up {name!r}.")
        return look_up(host, *args, **kwargs)

    socket.getaddrinfo = only_here
    yield
    socket.getaddrinfo = look_up


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test sees none of the user's settings and writes below its own folder."""
    for name in os.environ:
        if name.startswith("VENTANILLA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VENTANILLA_HOME", str(tmp_path / "ventanilla-home"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; skips where there is none, unless the run asks for the browser."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = "no Chromium here: install it, or on Debian as root set VENTANILLA_BROWSER_TESTS=1"
        (pytest.fail if BROWSER_IS_REQUIRED else pytest.skip)(reason)
    return str(found)
