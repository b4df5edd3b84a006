"""Headers that keep the window's pages to themselves, and what Gradio's own document lacks.

Gradio's page needs `unsafe-eval` (it makes functions of the texts of events) and styles set by
script; its inline scripts are allowed by their hashes, which are taken as the document passes by.
Everything else is forbidden or kept to this host.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from html import escape

from starlette.datastructures import Headers as Given
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.page import language_asked, languages, tag_of

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": a form would then be sent with the origin "null", and the console's login
    # takes none but its own.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
IMMUTABLE = "public, max-age=31536000, immutable"
"""For files that have a hash of their content in their names."""

_ASSET = re.compile(r"^/assets/.+-[\w-]{8}\.(js|css|woff2?|svg|png)$")
_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_CARDS = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
_LANGUAGE = re.compile(r'<html\s+lang="en"')
_BODY = re.compile(r"<body[^>]*>")


def hash_source(text: str) -> str:
    """What a Content-Security-Policy names an inline script or style by."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def page_policy(scripts: Iterable[str]) -> str:
    """The Content-Security-Policy of Gradio's page, whose inline scripts are `scripts`."""
    hashes = " ".join(map(hash_source, dict.fromkeys(scripts)))
    return (
        f"default-src 'none'; script-src 'self' 'unsafe-eval' {hashes}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'self'; "
        "frame-ancestors 'self'"
    )


class Headers:
    """ASGI middleware around the window."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the headers; the page's own document is completed and packed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sending = _Sending(scope, send)
        await self.app(scope, receive, sending)


class _Sending:
    """What one response becomes on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.path, self.method = str(scope["path"]), str(scope["method"])
        self.given, self.send = Given(scope=scope), send
        self.started: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in EVERYWHERE.items():
                headers.setdefault(name, value)
            if message["status"] == 200 and _ASSET.match(self.path):
                headers["Cache-Control"] = IMMUTABLE
            if self._is_text(headers):
                self.started = message  # held back: its length is not known yet
                return
        if self.started is None:
            await self.send(message)
            return
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self.started)

    def _is_text(self, headers: MutableHeaders) -> bool:
        if not headers.get("content-type", "").startswith("text/html"):
            return False
        return self.method == "GET" or self.path.startswith("/lite")

    async def _finish(self, started: Message) -> None:
        headers, body = MutableHeaders(scope=started), self.body
        if self.path == "/" and "content-encoding" not in headers:
            text = self._completed(body.decode("utf-8"))
            headers["Content-Security-Policy"] = page_policy(_SCRIPT.findall(text))
            headers["Cache-Control"] = "no-cache"
            body = text.encode()
        headers.add_vary_header("Accept-Encoding")
        if "content-encoding" not in headers and "gzip" in self.given.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
        headers["Content-Length"] = str(len(body))
        await self.send(started)
        await self.send({"type": "http.response.body", "body": body})

    def _completed(self, text: str) -> str:
        """Gradio's document in the reader's language, without its advertisement cards, and with a way
        on for a browser without JavaScript.
        """
        language = language_asked("", self.given.get("accept-language", ""))
        words = languages()[language]
        without = (
            f'<noscript><p style="padding:1rem;font:1.1rem sans-serif">{escape(words.no_script)} '
            f'<a href="lite?lang={language}">{escape(words.lite)}</a></p></noscript>'
        )
        text = _CARDS.sub("", text)
        text = _LANGUAGE.sub(f'<html lang="{tag_of(language)}"', text, 1)
        return _BODY.sub(lambda found: found[0] + without, text, 1)
