"""What a page says of itself to its readers: its address, its date, who may keep it, its parts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sources.crawl.addresses import known
from sources.parsers.blocks import clean, fold

_DATES = ("dcterms.modified", "dc.date.modified", "article:modified_time")
"""<meta> names (Dublin Core, Open Graph) of the day on which a page was changed last."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STATED = re.compile(r'"dateModified"\s*:\s*"(\d{4}-\d{2}-\d{2})')
_BLOCK_PAGE = 16 * 1024
_ENOUGH = 80
"""Characters from which on what stands before the first anchor is a text of its own."""
_BOXES = ("section", "div", "article")
_CUT = "\u27e6cut {}\u27e7"
_CUTS = re.compile(r"\u27e6cut (\d+)\u27e7")


class Page:
    """One HTML page. Not changed by being asked, save by `parts`, which comes last."""

    def __init__(self, text: str, url: str) -> None:
        """`text` is the page, decoded; `url` where it stands."""
        self._text = text
        self._url = url
        self._tree = LexborHTMLParser(text)

    def canonical(self) -> str | None:
        """The address that the page names as its own, or None. Made absolute, not yet checked."""
        node = self._tree.css_first("link[rel=canonical]")
        href = (node.attributes.get("href") or "").strip() if node else ""
        return urljoin(self._url, href) if href else None

    def directives(self, header: str) -> set[str]:
        """What its robots <meta> and the header X-Robots-Tag ask: "noindex", "nofollow"."""
        told = [header, *(content for name, content in self._metas() if name == "robots")]
        words = {word.strip().lower() for text in told for word in text.split(",")}
        return words | ({"noindex", "nofollow"} if "none" in words else set())

    def day(self, last_modified: str | None) -> str | None:
        """The day that the page states, else the server's (ISO 8601), never one to come."""
        metas = dict(reversed(list(self._metas())))
        stated = [metas.get(name, "") for name in _DATES]
        stated += [m[1] for node in self._tree.css("script") if (m := _json_ld(node))]
        for text in stated:
            if (found := _DAY.match(text.strip())) and (day := _past(found[0])):
                return day
        return server_day(last_modified)

    def is_blocked(self) -> bool:
        """Whether this is a firewall's page in the place of the agency's."""
        if len(self._text) > _BLOCK_PAGE:
            return False
        body = self._tree.body
        shown = [node.text() for node in self._tree.css("title")] + ([body.text()] if body else [])
        words = fold(clean(" ".join(shown)))
        return len(words) < 1500 and any(phrase in words for phrase in known()["blocked"])

    def is_missing(self) -> bool:
        """Whether a page that came as any other says that there is none."""
        heads = [self._title(), *(node.text() for node in self._tree.css("h1"))]
        return any(phrase in fold(clean(head)) for head in heads for phrase in known()["missing"])

    def _metas(self) -> Iterator[tuple[str, str]]:
        for meta in self._tree.css("meta"):
            name = meta.attributes.get("name") or meta.attributes.get("property") or ""
            yield name.strip().lower(), meta.attributes.get("content") or ""

    def parts(self, main: str | None, anchors: str | None) -> list[tuple[str | None, str]]:
        """(anchor, HTML) of every text on the page; the whole page has no anchor.

        `main` is a CSS selector of the content, `anchors` one of headings with an id under each of
        which a text begins. Empty where nothing fits `main`.
        """
        if main is None and anchors is None:
            return [(None, self._text)]
        roots = _outermost(self._tree.css(main)) if main else self._usual_roots()
        if anchors is None or not (heads := _heads(roots, anchors)):
            content = "".join(root.html or "" for root in roots)
            return [(None, self._wrapped(content, self._title()))] if content else []
        for number, (node, _) in enumerate(heads):
            node.insert_before(_CUT.format(number))
        # Cut as text: whatever elements are open there, HTML says how a half of them is read.
        before, *pieces = _CUTS.split("".join(root.html or "" for root in roots))
        cut = [
            (heads[int(number)][1], self._wrapped(piece, clean(heads[int(number)][0].text())))
            for number, piece in zip(pieces[::2], pieces[1::2], strict=True)
        ]
        intro = self._wrapped(before, self._title())
        body = LexborHTMLParser(intro).body
        has_intro = body is not None and len(clean(body.text())) >= _ENOUGH
        return [(None, intro), *cut] if has_intro else list(cut)

    def _title(self) -> str:
        node = self._tree.css_first("head title")
        return clean(node.text()) if node else ""

    def _usual_roots(self) -> list[LexborNode]:
        for found in (self._tree.css("main, [role=main]"), self._tree.css("article")):
            if len(found) == 1:
                return found
        return [self._tree.body] if self._tree.body is not None else []

    def _wrapped(self, content: str, title: str) -> str:
        root = self._tree.css_first("html")
        language = (root.attributes.get("lang") or "") if root else ""
        return (
            f'<!doctype html><html lang="{html.escape(language)}"><head>'
            f"<title>{html.escape(title)}</title></head><body><main>{content}</main></body></html>"
        )


def server_day(last_modified: str | None) -> str | None:
    """The day of a Last-Modified header (RFC 9110), or None where it is none or lies ahead."""
    try:
        return _past(parsedate_to_datetime(last_modified or "").date().isoformat())
    except ValueError:
        return None


def _past(day: str) -> str | None:
    try:
        return day if date.fromisoformat(day) <= date.today() else None
    except ValueError:
        return None


def _json_ld(node: LexborNode) -> re.Match[str] | None:
    if (node.attributes.get("type") or "").lower() != "application/ld+json":
        return None
    return _STATED.search(node.text())


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    """`nodes` without those that lie in another of them."""
    taken = {node.mem_id for node in nodes}

    def lies_inside(node: LexborNode) -> bool:
        parent = node.parent
        while parent is not None:
            if parent.mem_id in taken:
                return True
            parent = parent.parent
        return False

    return [node for node in nodes if not lies_inside(node)]


def _heads(roots: list[LexborNode], anchors: str) -> list[tuple[LexborNode, str]]:
    """The headings under which a text begins, each with its id; of two with one id the first."""
    found: dict[str, LexborNode] = {}
    for root in roots:
        for node in root.css(anchors):
            if (anchor := _anchor(node)) and clean(node.text()):
                found.setdefault(anchor, node)
    return [(node, anchor) for anchor, node in found.items()]


def _anchor(node: LexborNode) -> str | None:
    """The id of a heading: its own, of something in it, or of what begins with it."""
    own = node.attributes.get("id")
    if own:
        return own
    if inner := node.css("[id], a[name]"):
        return inner[0].attributes.get("id") or inner[0].attributes.get("name")
    parent = node.parent
    begins = parent is not None and parent.tag in _BOXES and _begins(parent, node)
    return parent.attributes.get("id") if parent is not None and begins else None


def _begins(box: LexborNode, node: LexborNode) -> bool:
    """Whether nothing but blanks stands in `box` before `node`."""
    first = box.child
    while first is not None and first.tag == "-text" and not clean(first.text()):
        first = first.next
    return first is not None and first.mem_id == node.mem_id
