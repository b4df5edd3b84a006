"""DOCX → blocks in the document's order (python-docx): headings by style, lists, tables.

Text that Word hides or that tracked changes have deleted or moved away is left out; inserted text
and content controls are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from docx import Document as open_docx
from docx.document import Document as DocxDocument
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

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

_BOLD_LEVEL = 6
_HEADING_STYLE = re.compile(r"(?:heading|título|titulo|encabezado)\s*([1-9])", re.I)
_TOC_STYLE = re.compile(r"toc\b|índice|table of contents|header|footer", re.I)
_LIST_STYLE = re.compile(r"list|lista", re.I)


def parse(data: bytes) -> Parsed:
    """Reads a DOCX file. Raises Unreadable."""
    check(data)
    try:
        document = open_docx(BytesIO(data))
        blocks = tuple(_blocks(document, document.element.body))
        title = clean(document.core_properties.title or "")
    except (OpcError, SyntaxError, KeyError, ValueError, AttributeError, OSError) as error:
        raise Unreadable(
            f"it is no sound DOCX file ({type(error).__name__})", "Open it and save it again."
        ) from error
    return Parsed(blocks, title=title or None)


def _blocks(document: DocxDocument, element: Any) -> Iterator[Block]:
    """The blocks below `element`. As iter_inner_content does, but inside content controls too."""
    for child in element.iterchildren():
        if child.tag == qn("w:p"):
            yield from _paragraph(Paragraph(child, document))
        elif child.tag == qn("w:tbl"):
            yield from _table(document, Table(child, document))
        elif child.tag == qn("w:sdt") and not _is_contents(child):
            for content in child.iterchildren(qn("w:sdtContent")):
                yield from _blocks(document, content)
        elif child.tag in (qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")):
            yield from _blocks(document, child)


def _is_contents(control: Any) -> bool:
    return any(
        "Contents" in (part.get(qn("w:val")) or "") for part in control.iter(qn("w:docPartGallery"))
    )


_LEFT_OUT = {
    qn("w:moveFrom"),
    qn("w:del"),
    qn("w:txbxContent"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def _runs(element: Any) -> Iterator[Any]:
    """The runs that a reader sees, in order."""
    for child in element.iterchildren():
        if child.tag in _LEFT_OUT:
            continue
        if child.tag == qn("w:r"):
            properties = child.find(qn("w:rPr"))
            if properties is None or not _is_on(properties.find(qn("w:vanish"))):
                yield child
        elif child.tag != qn("w:pPr"):
            yield from _runs(child)


def _is_on(switch: Any) -> bool:
    return switch is not None and switch.get(qn("w:val")) not in ("0", "false", "off")


def _run_text(run: Any) -> str:
    parts = []
    for child in run.iterchildren():
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in (qn("w:br"), qn("w:cr")):
            parts.append("\n")
        elif child.tag in (qn("w:tab"), qn("w:ptab")):
            parts.append(" ")
        elif child.tag == qn("w:noBreakHyphen"):
            parts.append("-")
    return "".join(parts)


def _text(paragraph: Any) -> str:
    return clean("".join(map(_run_text, _runs(paragraph))))


def _paragraph(paragraph: Paragraph) -> Iterator[Block]:
    text = _text(paragraph._p)
    style = _style_names(paragraph)
    if text and not any(_TOC_STYLE.match(name) for name in style):
        level = _heading_level(paragraph, style)
        if level is None and _is_bold(paragraph) and is_title_like(text.rstrip(":")):
            level = _BOLD_LEVEL
        if level is not None:
            yield heading(text.rstrip(":"), level)
        elif _is_item(paragraph, style):
            yield Block(text, Kind.ITEM)
        elif "\n" not in text and (item := list_marker(text)):
            yield Block(item[1], Kind.ITEM, marker=item[0])
        else:
            yield Block(text)
    for box in _text_boxes(paragraph._p):
        for inner in box.iterchildren(qn("w:p")):
            yield from _paragraph(Paragraph(inner, paragraph._parent))


def _text_boxes(element: Any) -> Iterator[Any]:
    """Text boxes in a paragraph, each once: Word writes a second copy for older programs."""
    for child in element.iterchildren():
        if child.tag == qn("w:txbxContent"):
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _text_boxes(child)


def _style_names(paragraph: Paragraph) -> list[str]:
    """The name of the paragraph's style and of those it is based on."""
    names: list[str] = []
    style: Any = paragraph.style
    while style is not None and len(names) < 10:
        names.append(style.name or "")
        style = style.base_style
    return names


def _heading_level(paragraph: Paragraph, styles: list[str]) -> int | None:
    for name in styles:
        if match := _HEADING_STYLE.match(name):
            return min(6, int(match[1]))
    if styles and styles[0].lower() in ("title", "título", "titulo"):
        return 1
    properties = paragraph._p.pPr
    outline = properties.find(qn("w:outlineLvl")) if properties is not None else None
    value = outline.get(qn("w:val")) if outline is not None else None
    return int(value) + 1 if value and value.isdigit() and int(value) < 6 else None


def _is_item(paragraph: Paragraph, styles: list[str]) -> bool:
    properties = paragraph._p.pPr
    numbering = properties.find(qn("w:numPr")) if properties is not None else None
    if numbering is not None:
        number = numbering.find(qn("w:numId"))
        return number is None or number.get(qn("w:val")) != "0"
    # "List Paragraph" is also what Word gives to any indented paragraph.
    return bool(styles) and _LIST_STYLE.match(styles[0]) is not None


def _is_bold(paragraph: Paragraph) -> bool:
    runs = [run for run in _runs(paragraph._p) if _run_text(run).strip()]
    return bool(runs) and all(
        (properties := run.find(qn("w:rPr"))) is not None and _is_on(properties.find(qn("w:b")))
        for run in runs
    )


def _cell_text(cell: Any) -> str:
    return " ".join(filter(None, (_text(each) for each in cell.iter(qn("w:p")))))


def _table(document: DocxDocument, table: Table) -> Iterator[Block]:
    rows: list[list[str]] = []
    headers = 0
    widest = 0
    for tr in table._tbl.tr_lst:
        row: list[str] = []
        cells = list(tr.tc_lst)
        for cell in cells:
            goes_on = cell.vMerge == "continue" and rows and len(row) < len(rows[-1])
            text = rows[-1][len(row)] if goes_on else _cell_text(cell)
            row.extend([" ".join(text.split())] * cell.grid_span)
        widest = max(widest, len(cells))
        properties = tr.find(qn("w:trPr"))
        marked = properties is not None and _is_on(properties.find(qn("w:tblHeader")))
        headers += marked and headers == len(rows)
        rows.append(row[:1] if len(cells) == 1 and len(row) > 1 else row)
    if widest <= 1:
        # A frame around text, not a table.
        for tr in table._tbl.tr_lst:
            for cell in tr.tc_lst:
                yield from _blocks(document, cell)
        return
    yield from table_blocks(rows, headers=headers or None)
