"""ODT → blocks in the document's order: headings, paragraphs, lists and tables of content.xml.

Comments, footnotes, hidden text, tables of contents and what tracked changes deleted are left out,
as in DOCX; headers and footers lie in another part, which is not read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sources.parsers.blocks import (
    Block,
    Kind,
    Parsed,
    Unreadable,
    clean,
    heading,
    is_title_like,
    list_marker,
)
from sources.parsers.package import check
from sources.parsers.tables import table_blocks

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_LEFT_OUT = {
    f"{_TEXT}tracked-changes",
    f"{_TEXT}note",
    f"{_TEXT}table-of-content",
    f"{_TEXT}alphabetical-index",
    f"{_TEXT}illustration-index",
    f"{_TEXT}hidden-text",
    f"{_TEXT}ruby-text",
    f"{_OFFICE}annotation",
    f"{_OFFICE}forms",
}
_BOLD_LEVEL = 6
_MOST_REPEATS = 200
"""Times that a cell or a row is repeated: a file may well say a million, to fill a sheet."""
_MOST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class _Look:
    """What matters of a style."""

    name: str
    parent: str | None
    bold: bool | None
    hidden: bool


def parse(data: bytes) -> Parsed:
    """Reads an ODT file. Raises Unreadable."""
    check(data)
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            content = fromstring(package.read("content.xml"), forbid_dtd=True)
            looks = _looks(content)
            if "styles.xml" in package.namelist():
                looks = _looks(fromstring(package.read("styles.xml"), forbid_dtd=True)) | looks
            title = None
            if "meta.xml" in package.namelist():
                title = next(
                    fromstring(package.read("meta.xml"), forbid_dtd=True).iter(_TITLE), None
                )
    except (ParseError, DefusedXmlException, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise Unreadable(
            f"it is no sound ODT file ({type(error).__name__})", "Open it and save it again."
        ) from error
    body = content.find(f"{_OFFICE}body/{_OFFICE}text")
    blocks = tuple(_Reader(looks).blocks(body)) if body is not None else ()
    return Parsed(blocks, title=clean("".join(title.itertext())) if title is not None else None)


def _looks(root: Any) -> dict[str, _Look]:
    looks: dict[str, _Look] = {}
    for style in root.iter(f"{_STYLE}style"):
        properties = style.find(f"{_STYLE}text-properties")
        weight = properties.get(f"{_FO}font-weight") if properties is not None else None
        hidden = properties is not None and properties.get(f"{_TEXT}display") == "none"
        name = style.get(f"{_STYLE}name") or ""
        bold = None if weight is None else weight not in ("normal", "400")
        looks[name] = _Look(name, style.get(f"{_STYLE}parent-style-name"), bold, hidden)
    return looks


def _repeats(element: Any, name: str) -> int:
    value = element.get(f"{_TABLE}{name}") or "1"
    return max(1, min(int(value), _MOST_REPEATS)) if value.isdigit() else 1


class _Reader:
    """Walks the body with the document's styles at hand."""

    def __init__(self, looks: Mapping[str, _Look]) -> None:
        self._looks = looks

    def _chain(self, element: Any) -> list[_Look]:
        """The element's style and those it is based on."""
        found: list[_Look] = []
        name = element.get(f"{_TEXT}style-name")
        while name in self._looks and len(found) < _MOST_CHAIN:
            found.append(self._looks[name])
            name = found[-1].parent
        return found

    def _is_hidden(self, element: Any) -> bool:
        return any(look.hidden for look in self._chain(element))

    def blocks(self, element: Any) -> Iterator[Block]:
        """The blocks below `element`, in order."""
        for child in element:
            if child.tag in _LEFT_OUT or child.get(f"{_TEXT}display") == "none":
                continue
            if child.tag in (f"{_TEXT}p", f"{_TEXT}h"):
                yield from self._paragraph(child)
            elif child.tag == f"{_TEXT}list":
                yield from self._list(child)
            elif child.tag == f"{_TABLE}table":
                yield from self._table(child)
            else:
                yield from self.blocks(child)

    def _paragraph(self, paragraph: Any) -> Iterator[Block]:
        text = "" if self._is_hidden(paragraph) else clean(self._words(paragraph))
        if text:
            level = self._level(paragraph, text)
            if level is not None:
                yield heading(text.rstrip(":"), level)
            elif "\n" not in text and (item := list_marker(text)):
                yield Block(item[1], Kind.ITEM, marker=item[0])
            else:
                yield Block(text)
        for box in _boxes(paragraph):
            yield from self.blocks(box)

    def _level(self, paragraph: Any, text: str) -> int | None:
        if paragraph.tag == f"{_TEXT}h":
            given = paragraph.get(f"{_TEXT}outline-level") or "1"
            return max(1, min(6, int(given))) if given.isdigit() else 1
        chain = self._chain(paragraph)
        if any(look.name == "Title" for look in chain):
            return 1
        return _BOLD_LEVEL if self._is_bold(paragraph) and is_title_like(text.rstrip(":")) else None

    def _is_bold(self, paragraph: Any) -> bool:
        """Whether the paragraph's style is bold, or every word of it stands in a bold span."""
        if next((look.bold for look in self._chain(paragraph) if look.bold is not None), False):
            return True
        spans = paragraph.findall(f"{_TEXT}span")
        loose = [paragraph.text, *(child.tail for child in paragraph)]
        return (
            bool(spans)
            and not any(text and text.strip() for text in loose)
            and all(any(look.bold for look in self._chain(span)) for span in spans)
        )

    def _words(self, element: Any) -> str:
        parts = [element.text or ""]
        for child in element:
            if child.tag in (f"{_TEXT}s", f"{_TEXT}tab"):
                parts.append(" ")
            elif child.tag == f"{_TEXT}line-break":
                parts.append("\n")
            elif child.tag not in _LEFT_OUT and not child.tag.startswith(_DRAW):
                parts.append("" if self._is_hidden(child) else self._words(child))
            parts.append(child.tail or "")
        # White space of the XML itself counts as one blank, and only <text:line-break> as a break.
        return "".join(part if part == "\n" else part.replace("\n", " ") for part in parts)

    def _list(self, element: Any) -> Iterator[Block]:
        for item in element:
            if item.tag not in (f"{_TEXT}list-item", f"{_TEXT}list-header"):
                continue
            first = next(iter(item), None) if item.tag == f"{_TEXT}list-item" else None
            if first is None or first.tag != f"{_TEXT}p" or self._is_hidden(first):
                yield from self.blocks(item)
                continue
            # Not read as a paragraph: "o emancipado" begins with a word here, not with a bullet.
            if text := clean(self._words(first)):
                yield Block(text, Kind.ITEM)
            for box in _boxes(first):
                yield from self.blocks(box)
            yield from self.blocks(item[1:])

    def _table(self, table: Any) -> Iterator[Block]:
        rows: list[list[str]] = []
        widest = 0
        headers = 0
        header_rows = set(table.findall(f"{_TABLE}table-header-rows/{_TABLE}table-row"))
        for tr in _rows(table):
            cells = [cell for cell in tr if cell.tag == f"{_TABLE}table-cell"]
            widest = max(widest, len(cells))
            row = self._row(tr, rows[-1] if rows else [])
            headers += tr in header_rows and headers == len(rows)
            shown = row[:1] if len(cells) == 1 and len(row) > 1 and len(set(row)) == 1 else row
            rows += [shown] * _repeats(tr, "number-rows-repeated")
        if widest <= 1:
            # A frame around text, not a table.
            for tr in _rows(table):
                for cell in tr.findall(f"{_TABLE}table-cell"):
                    yield from self.blocks(cell)
            return
        yield from table_blocks(rows, headers=headers or None)

    def _row(self, tr: Any, above: list[str]) -> list[str]:
        row: list[str] = []
        spanned = 0
        for cell in tr:
            times = _repeats(cell, "number-columns-repeated")
            if cell.tag == f"{_TABLE}table-cell":
                row += [self._cell(cell)] * times
                spanned = _repeats(cell, "number-columns-spanned") - 1
            elif cell.tag == f"{_TABLE}covered-table-cell":
                for _ in range(times):
                    # Covered from the left, else by a cell of the row above that reaches down.
                    beside = spanned > 0 and row
                    row.append(
                        row[-1] if beside else above[len(row)] if len(row) < len(above) else ""
                    )
                    spanned -= 1
        return row

    def _cell(self, cell: Any) -> str:
        texts = (self._words(p) for p in _paragraphs(cell) if not self._is_hidden(p))
        return " ".join(" ".join(texts).split())


def _paragraphs(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _paragraphs(child)


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == f"{_TABLE}table-row":
            yield child
        elif child.tag in (
            f"{_TABLE}table-header-rows", f"{_TABLE}table-rows", f"{_TABLE}table-row-group",
        ):  # fmt: skip
            yield from _rows(child)


def _boxes(element: Any) -> Iterator[Any]:
    """Text boxes in a paragraph."""
    for child in element:
        if child.tag == f"{_DRAW}text-box":
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _boxes(child)
