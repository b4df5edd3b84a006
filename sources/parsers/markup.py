r"""Markup → plain text: HTML, Markdown and mixtures of both, as people type them into web forms.

`plain` keeps every word and figure and drops only the dress. A list item becomes a line that
starts with "• ", a numbered item keeps its number, a table row becomes one line with cells parted
by " | ", and a link becomes ``label (address)``. Angle brackets that are no tags ("< 5 anos"), as
well as stars and underscores inside words and addresses, are left alone.

    >>> plain("<ul><li><b>CPF</b></li><li>Veja [aqui](http://x.gov.br)&nbsp;</li></ul>")
    '• CPF\n• Veja aqui (http://x.gov.br)'
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from re import Match

BULLET = "• "

_BLOCKS = (
    "address|article|aside|blockquote|body|caption|center|dd|details|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|h[1-6]|header|hr|html|legend|main|nav|p|pre|section|summary|tbody|tfoot|"
    "thead"
)
_INLINE = (
    "abbr|acronym|b|bdi|bdo|big|button|cite|code|data|del|dfn|em|font|i|input|ins|kbd|label|link|"
    "mark|meta|option|q|s|samp|select|small|span|strike|strong|sub|sup|textarea|time|tt|u|var|wbr"
)
_HIDDEN = "head|iframe|noscript|object|script|style|svg|template"
_SILENT = frozenset(_HIDDEN.split("|"))
"""Elements whose content is not for readers; one that is never closed is not believed."""

_OTHERS = "a|br|col|colgroup|img|li|ol|table|td|th|tr|ul"
_KNOWN = rf"{_BLOCKS}|{_INLINE}|{_HIDDEN}|{_OTHERS}"
_IS_BLOCK = re.compile(rf"(?:{_BLOCKS})\Z")

# A quoted attribute may hold ">", an unclosed tag is one only if nothing but "<" follows its name.
_TAG = re.compile(
    rf"""<!--.*?(?:-->|\Z) | <!\[CDATA\[ | \]\]> | <(?:!doctype|\?xml)[^<>]*> |
    <(?P<close>/?)\s*(?P<name>{_KNOWN}|[a-z]\w*:\w+)(?![\w:@.-])
    (?: (?P<attributes>(?>=\s*"[^"<]*" | =\s*'[^'<]*' | [^<>])*) > | \s*(?=<|\Z) )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = r"""\b{}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
_HREF = re.compile(_ATTRIBUTE.format("href"), re.IGNORECASE)
_ALT = re.compile(_ATTRIBUTE.format("alt"), re.IGNORECASE)
# Only closed entities: "&copy=2" inside an address is no copyright sign.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)

_LINK = re.compile(
    r"(?P<image>!?)\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]:?[ ]?\(\s*<?"
    r"(?P<url>[^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+[\"'“][^\"'”]*[\"'”])?\s*\)"
)
# Links that no Markdown reader would take: an empty address, one with blanks, a remark instead.
_LOOSE_LINK = re.compile(r"\[(?P<label>[^\[\]\n]+)\]\((?P<url>(?:[^()\n]|\([^()\n]*\))*)\)")
_BROKEN_LINK = re.compile(r"\[([^\[\]\n]+)\]\((?=\S)")
_HALF_LINK = re.compile(r"[ ]?\]\((?=https?://|www[.])")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^\s<>]+|[^\s<>@]+@[^\s<>@]+\.\w+)>")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~>])")
_RESTORE = re.compile("[\ue020-\ue07e]")
_QUOTE = re.compile(r"^[ ]*>+[ ]+(?=[^\W\d])")
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}[ ]+(?=\S)|^[ ]*#{2,6}(?=\w)")
_ITEM = re.compile(r"^[ ]*(?:[*+•●○▪■□◦‣⁃∙·¨►▶➢➤✓✔–—-][ ]+|[•●○▪■□◦‣⁃∙¨►▶➢➤✓✔][ ]*|-(?=[^\W\d]))")
_STARRED = re.compile(r"^[ ]*\*(?=[^\W_])(?!.*\*)", re.MULTILINE)
_LONE_ITEM = re.compile(r"[ ]*[*+•●○▪■□◦‣⁃∙·¨►▶➢➤✓✔–—-][ ]*\Z")
_NUMBERED = re.compile(r"(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)º°-]")
_INNER_ITEM = re.compile(r"[ ]+[•●▪■►➢➤✓✔][ ]+")
_LEADERS = re.compile(r"[ ]*(?:[.]{4,}|…{2,}|_{3,}|={3,}|(?:[.][ ]){4,}[.]?)[ ]*")
_STRONG = re.compile(r"\*{2,3}(?=[^\s*])(.+?)(?<=[^\s*])\*{2,3}", re.DOTALL)
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_UNDER = re.compile(r"(?<![\w/:.@=?&%-])(_{1,2})(?=[^\s_])([^\n]{0,300}?[^\s_])\1(?![\w/])")
_CODE = re.compile(r"`+([^`\n]+)`+")
_STRIKE = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")

_SPACES = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_DRESSED = re.compile(r"[<>&*_`#\[\]\\|~\n\r•●○▪■□◦‣⁃∙·¨►▶➢➤✓✔]|\.{4}|…|^[ ]*[-+–—]|[.] [.]")
_SENTENCE_GOES_ON = re.compile(r"[^\W\d_]|,")
_SOFT_WRAP = 50
"""Characters from which on a line that stops in mid-sentence was broken by a machine."""

_TWO_SIGNS = re.compile(r"[^\W_][\W_]*[^\W_]")
_NOTHING = frozenset({"null", "none", "nil", "n/a", "undefined", "nan"})


@lru_cache(maxsize=2048)  # forms repeat themselves: "CPF", an address, a paragraph of the law
def plain(text: str) -> str:
    """`text` without HTML, Markdown and entities, blanks normalised, lines that say nothing left
    out. Never raises; text without markup comes back with its blanks normalised only.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if not _DRESSED.search(text):
        return " ".join(text.split())
    for _ in range(3):  # entities may hide tags, and entities once more
        bare = _decode(_strip_html(text))
        if bare == text:
            break
        text = bare
    return "\n".join(_lines(_strip_inline(text)))


def one_line(text: str) -> str:
    """`plain`, with its lines joined by blanks: for titles, names and labels."""
    return " ".join(plain(text).replace(BULLET, "").split())


def is_filler(text: str) -> bool:
    """Whether `text` stands where a form wanted a value but says nothing: "-", "....", "null"."""
    return not _TWO_SIGNS.search(text) or (len(text) < 16 and text.strip().lower() in _NOTHING)


def _decode(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _first(match: Match[str] | None) -> str:
    return next((group for group in match.groups() if group), "") if match else ""


class _Html:
    """Collects the text between tags; `handle` is told of every tag."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._lists: list[int | None] = []
        self._anchor: tuple[str, int] | None = None
        self._row: int | None = None
        self._first_cell = True
        self._silent: tuple[str, int] | None = None

    def handle(self, name: str, closing: bool, attributes: str) -> None:
        if name in _SILENT:
            self._silence(name, closing)
        elif name == "a":
            self._close_anchor()
            if not closing:
                self._anchor = _first(_HREF.search(attributes)), len(self.parts)
        elif name == "img":
            self.parts.append(_first(_ALT.search(attributes)))
        elif name == "li":
            self.parts.append("\n" if closing else "\n" + self._marker())
        elif name in ("ul", "ol"):
            self._list(name, closing)
        elif name in ("td", "th"):
            if not closing:
                self.parts.append(" " if self._first_cell else " | ")
                self._first_cell = False
        elif name in ("tr", "table"):
            self._close_row()
            self._row = len(self.parts) if name == "tr" and not closing else None
        elif name == "br" or _IS_BLOCK.match(name):
            self.parts.append("\n")

    def _silence(self, name: str, closing: bool) -> None:
        if self._silent is None:
            self._silent = None if closing else (name, len(self.parts))
        elif closing and self._silent[0] == name:
            del self.parts[self._silent[1] :]
            self._silent = None

    def _marker(self) -> str:
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            return f"{number}. "
        return BULLET

    def _list(self, name: str, closing: bool) -> None:
        self.parts.append("\n")
        if not closing:
            self._lists.append(1 if name == "ol" else None)
        elif self._lists:
            self._lists.pop()

    def _close_anchor(self) -> None:
        if self._anchor is None:
            return
        address, start = self._anchor
        label = "".join(self.parts[start:])
        self.parts[start:] = [_linked(label, _decode(address))]
        self._anchor = None

    def _close_row(self) -> None:
        if self._row is not None:
            row = " ".join("".join(self.parts[self._row :]).split())
            self.parts[self._row :] = ["\n", row]
        self.parts.append("\n")
        self._row, self._first_cell = None, True

    def text(self) -> str:
        self._close_anchor()
        if self._row is not None:
            self._close_row()
        return "".join(self.parts)


def _strip_html(text: str) -> str:
    if "<" not in text and "]]>" not in text:
        return text
    text = _AUTOLINK.sub(r"\1", text)
    found, position = _Html(), 0
    for match in _TAG.finditer(text):
        found.parts.append(text[position : match.start()])
        position = match.end()
        if name := match["name"]:
            found.handle(name.lower(), bool(match["close"]), match["attributes"] or "")
    found.parts.append(text[position:])
    return found.text()


def _linked(label: str, address: str) -> str:
    """``label (address)``, or one of them where the other adds nothing."""
    address = address.strip()
    shown = re.sub(r"^(?:mailto|tel):", "", address, flags=re.IGNORECASE)
    if not address or address.startswith(("#", "javascript:", "data:")):
        return label
    if not label.strip():
        return shown
    inside, outside = _bare(shown), _bare(label)
    if inside == outside:
        return label if shown != address else shown
    if shown != address and inside in outside:
        return label
    return f"{label.rstrip()} ({shown}){' ' if label[-1].isspace() else ''}"


def _bare(address: str) -> str:
    return re.sub(r"^https?://|[\s*_]|/\s*$", "", address.strip().lower())


def _markdown_link(match: Match[str]) -> str:
    if match["image"]:
        return match["label"]
    return _linked(match["label"], match["url"])


def _loose_link(match: Match[str]) -> str:
    address = match["url"].strip()
    if address.startswith(("http://", "https://")):
        address = address.replace(" ", "%20")
    return _linked(match["label"], address)


def _strip_inline(text: str) -> str:
    """Removes Markdown that may span lines; escaped signs are parked in a private-use area."""
    if "\\" in text:
        text = _ESCAPE.sub(lambda match: chr(0xE000 + ord(match[1])), text)
    if "](" in text or "] (" in text or "]:" in text:
        text = _LINK.sub(_markdown_link, _LINK.sub(_markdown_link, text))
        text = _BROKEN_LINK.sub(r"\1 (", _LOOSE_LINK.sub(_loose_link, text))
        text = _HALF_LINK.sub(" (", text)
    if "`" in text:
        text = _CODE.sub(r"\1", text.replace("```", ""))
    if "**" in text:
        text = re.sub(r"\*{2,}", "", _STRONG.sub(r"\1", text))
    if "~~" in text:
        text = _STRIKE.sub(r"\1", text)
    return text


def _undress(line: str) -> str:
    line = _HEADING.sub("", _QUOTE.sub("", _SPACES.sub(" ", line)))
    if line.lstrip().startswith("|"):
        line = line.strip().strip("|")
    item = _ITEM.match(line)
    if item:
        line = line[item.end() :]
    if "*" in line:
        line = _STAR.sub(r"\1", line)
    if "_" in line:
        line = re.sub(r"(?<!\S)__+|__+(?!\S)", "", _UNDER.sub(r"\2", line))
    line = _LEADERS.sub(" ", line).strip()
    return BULLET + line if item and line else line


def _lines(text: str) -> list[str]:
    """The lines that say something, machine-made line breaks in mid-sentence mended."""
    if "*" in text and len(_STARRED.findall(text)) > 1:  # one alone is a footnote
        text = _STARRED.sub(BULLET, text)
    found: list[str] = []
    awaiting_item = False
    for raw in _INNER_ITEM.sub("\n" + BULLET, text.replace("\r\n", "\n").replace("\r", "\n")).split(
        "\n"
    ):
        if _LONE_ITEM.match(raw):
            awaiting_item = True
            continue
        line = _undress(raw)
        if not any(map(str.isalnum, line)):
            continue
        line = _RESTORE.sub(lambda match: chr(ord(match[0]) - 0xE000), line)
        if awaiting_item and not line.startswith(BULLET) and not _NUMBERED.match(line):
            line = BULLET + line
        awaiting_item = False
        if found and _continues(found[-1], line):
            found[-1] += " " + line
        else:
            found.append(line)
    return found


def _continues(line: str, following: str) -> bool:
    return (
        len(line) >= _SOFT_WRAP
        and following[0].islower()
        and not _NUMBERED.match(following)
        and bool(_SENTENCE_GOES_ON.match(line[-1]))
    )
