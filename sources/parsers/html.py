"""HTML → blocks of the main content (selectolax): no menus, banners, forms or hidden elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sources.parsers.blocks import (
    LABEL_LEVEL,
    Block,
    Kind,
    Parsed,
    Unreadable,
    clean,
    fold,
    heading,
    is_title_like,
)
from sources.parsers.html_table import is_layout, table
from sources.parsers.text import decode

_SKIPPED = frozenset(
    {"nav", "footer", "aside", "script", "style", "noscript", "template", "svg", "math", "iframe"}
    | {"object", "embed", "canvas", "audio", "video", "button", "select", "option", "input"}
    | {"textarea", "label", "fieldset", "dialog", "head", "menu", "datalist"}
)
_SKIPPED_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu"}
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn"}
    | {"em", "font", "i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small", "span"}
    | {"strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "-text"}
)
_CONTENT = "h1, h2, h3, main, article, [role=main]"
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)", re.I)
_SITE_NAME = re.compile(r"\s+[|·—–-]\s+|\s*::\s*|\s*»\s*")
_DEEPEST = 120
_SUMMARY_LEVEL = 6


def declared_charset(data: bytes) -> str | None:
    """The encoding that a page declares in its first 4 kB; a declared UTF-16 is none (WHATWG)."""
    match = _CHARSET.search(data[:4096]) or _XML_ENCODING.search(data[:200])
    name = match[1].decode("ascii").lower() if match else None
    # Browsers read "iso-8859-1" as its superset; a page that names UTF-16 in ASCII is not UTF-16.
    if name in ("iso-8859-1", "latin1", "iso8859-1", "ascii", "us-ascii"):
        return "cp1252"
    return None if name is None or name.startswith(("utf-16", "utf-32")) else name


def parse(data: bytes) -> Parsed:
    """Reads an HTML page. Raises Unreadable where it is no text, or too deep."""
    tree = LexborHTMLParser(decode(data, declared_charset(data)).removeprefix("\ufeff"))
    blocks: tuple[Block, ...] = ()
    for root in _roots(tree):
        blocks = tuple(_walk(root, 0))
        if any(block.kind is not Kind.HEADING for block in blocks):
            break
    html = tree.css_first("html")
    return Parsed(
        blocks,
        title=_title(tree, blocks),
        is_page=True,
        metadata=_metadata(tree),
        language_hint=(html.attributes.get("lang") if html else None) or None,
    )


def _roots(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    """Where the content may be, the most certain place first."""
    yield from tree.css("main, [role=main]")
    articles = tree.css("article")
    if len(articles) == 1:
        yield articles[0]
    if tree.body is not None:
        yield tree.body


def _metadata(tree: LexborHTMLParser) -> dict[str, object]:
    found: dict[str, object] = {}
    canonical = tree.css_first("link[rel=canonical]")
    if canonical is not None and re.match(r"https?://", canonical.attributes.get("href") or ""):
        found["url"] = canonical.attributes["href"]
    for meta in tree.css("meta[name]"):
        name, content = meta.attributes.get("name"), meta.attributes.get("content")
        if name and content and content.strip():
            found[name.strip().lower()] = content.strip()
    return found


def _title(tree: LexborHTMLParser, blocks: tuple[Block, ...]) -> str | None:
    """<title> without the site's name, where a heading of the page or a separator tells it."""
    node = tree.css_first("head title")
    title = clean(node.text()).replace("\n", " ") if node else ""
    mains = [block.text for block in blocks if block.kind is Kind.HEADING and block.level == 1]
    parts = [part for part in _SITE_NAME.split(title) if part.strip()]
    for part in (title, *parts):
        if fold(part) in map(fold, mains):
            return part
    if len(parts) > 1 and len(mains) == 1:
        return mains[0]
    return title or (mains[0] if mains else None)


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or (attributes.get("role") or "").lower() in _SKIPPED_ROLES
        or _HIDDEN_STYLE.search(attributes.get("style") or "") is not None
    )


def _is_skipped(node: LexborNode) -> bool:
    tag = node.tag or ""
    if tag == "-text":
        return False
    # Comments and declarations have tags that begin with a dash as well.
    if tag in _SKIPPED or tag.startswith("-"):
        return True
    # Some content systems wrap the whole page in one form.
    if tag == "form" and node.css_first(_CONTENT) is None:
        return True
    return _is_hidden(node)


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        if not _is_skipped(child):
            yield child
        child = child.next


def _refuse_depth(depth: int) -> None:
    if depth > _DEEPEST:
        raise Unreadable("its elements are nested too deeply", "Save the page in a simpler form.")


def _text(node: LexborNode, depth: int = 0) -> str:
    """All visible text below `node`, unclean; a line break where the page makes one."""
    if node.tag == "-text":
        return re.sub(r"\s+", " ", node.text_content or "")
    if node.tag == "br":
        return "\n"
    _refuse_depth(depth)
    inside = "".join(_text(child, depth + 1) for child in _children(node))
    return inside if node.tag in _INLINE else f"\n{inside}\n"


def _clean_text(node: LexborNode) -> str:
    return clean(_text(node))


def _has_blocks(node: LexborNode, depth: int = 0) -> bool:
    _refuse_depth(depth)
    return any(
        child.tag not in _INLINE or _has_blocks(child, depth + 1) for child in _children(node)
    )


def _walk(node: LexborNode, depth: int) -> Iterator[Block]:
    """The blocks below `node`. Runs of inline elements between blocks are paragraphs."""
    _refuse_depth(depth)
    run: list[LexborNode] = []
    for child in _children(node):
        tag = child.tag or ""
        if tag in _INLINE and not (tag != "-text" and _has_blocks(child)):
            run.append(child)
            continue
        yield from _paragraph(run)
        run = []
        yield from _block(child, tag, depth)
    yield from _paragraph(run)


def _block(node: LexborNode, tag: str, depth: int) -> Iterator[Block]:
    if tag in _HEADINGS:
        text = _clean_text(node)
        if text:
            yield heading(text, int(tag[1]))
    elif tag == "header":
        # The banner of the page is no content; the one of an article may hold its title.
        for title in node.css("h1, h2, h3, h4, h5, h6"):
            if text := _clean_text(title):
                yield heading(text, int((title.tag or "h1")[1]))
    elif tag in ("ul", "ol"):
        yield from _list(node, depth)
    elif tag == "dl":
        yield from _definitions(node, depth)
    elif tag == "table" and not is_layout(node):
        yield from table(node, _clean_text)
    elif tag == "details":
        yield from _details(node, depth)
    elif tag in ("p", "pre", "dt", "dd", "summary") and not _has_blocks(node):
        yield from _paragraph([node])
    else:
        yield from _walk(node, depth + 1)


def _paragraph(run: list[LexborNode]) -> Iterator[Block]:
    text = clean("".join(_text(node) for node in run))
    if not text:
        return
    if _is_bold(run, text) and is_title_like(text.rstrip(":")) and "\n" not in text:
        yield heading(text.rstrip(":"), _SUMMARY_LEVEL)
    else:
        yield Block(text)


def _is_bold(run: list[LexborNode], text: str) -> bool:
    """Whether bold elements hold the whole text."""
    bold = [
        part
        for node in run
        for part in chain([node] if node.tag in ("b", "strong") else (), node.css("b, strong"))
    ]
    return bool(bold) and clean(_text(bold[0])) == text


def _list(node: LexborNode, depth: int) -> Iterator[Block]:
    ordered = node.tag == "ol"
    number = int(node.attributes.get("start") or 1) if _is_number(node, "start") else 1
    for child in _children(node):
        if child.tag != "li":
            yield from _walk_one(child, depth)
            continue
        if child.css_first("h1, h2, h3, h4, h5, h6, table") is not None:
            yield from _walk(child, depth + 1)
        elif text := "\n".join(_item_lines(child, 0)):
            yield Block(text, Kind.ITEM, marker=f"{number})" if ordered else "")
        number += 1


def _walk_one(node: LexborNode, depth: int) -> Iterator[Block]:
    if node.tag == "-text" or node.tag in _INLINE:
        yield from _paragraph([node])
    else:
        yield from _block(node, node.tag or "", depth + 1)


def _is_number(node: LexborNode, name: str) -> bool:
    return re.fullmatch(r"\d{1,4}", node.attributes.get(name) or "") is not None


def _item_lines(item: LexborNode, depth: int) -> list[str]:
    """The lines of a list item; the items nested in it begin with "- " or their number."""
    _refuse_depth(depth)
    lines: list[str] = []
    own = ""
    for child in _children(item):
        if child.tag in ("ul", "ol"):
            lines.extend(clean(own).split("\n") if clean(own) else ())
            own = ""
            entries = [entry for entry in _children(child) if entry.tag == "li"]
            for number, entry in enumerate(entries, 1):
                first, *rest = _item_lines(entry, depth + 1) or [""]
                mark = f"{number})" if child.tag == "ol" else "-"
                lines.extend(filter(None, (f"{mark} {first}" if first else "", *rest)))
        else:
            own += _text(child)
    return lines + (clean(own).split("\n") if clean(own) else [])


def _definitions(node: LexborNode, depth: int) -> Iterator[Block]:
    """Terms with what is said of them: "Term: description", or a heading of longer content."""
    term = ""
    entries = chain.from_iterable(
        _children(child) if child.tag == "div" else (child,) for child in _children(node)
    )
    for child in entries:
        if child.tag == "dt":
            term = _clean_text(child).replace("\n", " ").rstrip(":")
        elif child.tag == "dd" and _has_blocks(child):
            yield heading(term, LABEL_LEVEL)
            yield from _walk(child, depth + 1)
            yield heading("", LABEL_LEVEL)
        elif child.tag == "dd" and (text := _clean_text(child)):
            mark = "" if term.endswith("?") else ":"
            yield Block(f"{term}{mark} {text}" if term else text, Kind.ITEM)


def _details(node: LexborNode, depth: int) -> Iterator[Block]:
    """A folded answer: its summary is its heading, up to its end."""
    summary = node.css_first("summary")
    if summary is not None and (text := _clean_text(summary)):
        yield heading(text, _SUMMARY_LEVEL)
        summary.decompose()
    yield from _walk(node, depth + 1)
    yield heading("", _SUMMARY_LEVEL)
