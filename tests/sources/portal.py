"""A local HTTP server that plays a portal or a website: files with ETags, pages, redirects, failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, bytes, dict[str, str]]
"""Status, body and headers."""


@dataclass
class Portal:
    """What the portal holds; may be changed while it runs. `asked` are paths and headers, `times` when;
    `answers` are given the query and the headers of a request.

    `statuses` are answered in turn before the file itself, the last one for ever where it is negative.
    `ill` paths never come to their end: they ``drip``, are ``endless`` or ``break`` off.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Callable[[dict[str, str]], Any]] = field(default_factory=dict)
    answers: dict[str, Callable[[dict[str, str], dict[str, str]], Answer]] = field(
        default_factory=dict
    )
    statuses: dict[str, list[int]] = field(default_factory=dict)
    ill: dict[str, str] = field(default_factory=dict)
    down: bool = False
    slow_s: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def paths(self) -> list[str]:
        """The paths that were asked for, with their queries."""
        return [path for path, _ in self.asked]

    def put(self, path: str, content: str | bytes, etag: str | None = None) -> str:
        """Publishes a file; returns its address."""
        self.files[path] = content.encode() if isinstance(content, str) else content
        if etag:
            self.etags[path] = etag
        return self.url + path


def query_of(text: str) -> dict[str, str]:
    """The first value of each parameter."""
    return {key: values[0] for key, values in parse_qs(text, keep_blank_values=True).items()}


@contextmanager
def portal() -> Iterator[Portal]:
    """A portal on a free port of this machine."""
    state = Portal()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.asked.append((self.path, dict(self.headers)))
            state.times.append(time.monotonic())
            time.sleep(state.slow_s)
            if state.down:
                self.answer(503, b"down")
            elif status := self.status(parts.path):
                self.answer(status, b"an error page", state.headers.get(parts.path))
            elif how := state.ill.get(parts.path):
                self.suffer(how)
            elif target := state.redirects.get(parts.path):
                self.answer(302, b"", {"Location": target})
            elif reply := state.answers.get(parts.path):
                self.answer(*reply(query_of(parts.query), dict(self.headers)))
            elif page := state.pages.get(parts.path):
                query = query_of(parts.query)
                self.answer(200, json.dumps(page(query)).encode())
            elif parts.path not in state.files:
                self.answer(404, b"not here")
            elif self.is_known(parts.path):
                self.answer(304, b"")
            else:
                etag = state.etags.get(parts.path)
                more = {"ETag": etag} if etag else {}
                more |= state.headers.get(parts.path, {})
                self.answer(200, state.files[parts.path], more)

        def status(self, path: str) -> int | None:
            waiting = state.statuses.get(path)
            if not waiting:
                return None
            return -waiting[0] if waiting[0] < 0 else waiting.pop(0)

        def is_known(self, path: str) -> bool:
            etag, day = state.etags.get(path), state.headers.get(path, {}).get("Last-Modified")
            asked = self.headers
            if etag:
                return bool(asked["If-None-Match"] == etag)
            return bool(day and asked["If-Modified-Since"] == day)

        def suffer(self, how: str) -> None:
            self.close_connection = True
            try:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                if how == "break":
                    self.send_header("Content-Length", "100000")
                self.end_headers()
                until = time.monotonic() + 20
                while time.monotonic() < until:
                    self.wfile.write(b"<p>x" if how == "drip" else b"<p>x</p>" * 4096)
                    if how == "break":
                        return
                    time.sleep(0.1 if how == "drip" else 0.0)
            except OSError:
                return  # who asked has gone

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            try:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # who asked has gone: that is what is tested

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
