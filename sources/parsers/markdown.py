"""Markdown → blocks, by CommonMark with tables (markdown-it-py); raw HTML is not shown.

Front matter is YAML between two lines ``---`` at the top. Its values are taken as text, so that a
date or "NO" means what was written; aliases are refused, since they can be made to explode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sources.parsers.blocks import (
    Block,
    Kind,
    Parsed,
    Unreadable,
    clean,
    heading,
    is_title_like,
    join_lines,
)
from sources.parsers.tables import table_blocks
from sources.parsers.text import decode

BOLD_LEVEL = 6
"""The level of a short line in bold that stands for a heading."""

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^[\w-]+[ \t]*:(\s|$)", re.MULTILINE)
_LARGEST_FRONT_MATTER = 65_536
_COMMONMARK = MarkdownIt("commonmark").enable("table").enable("strikethrough")


class _TextLoader(yaml.BaseLoader):
    """Reads every value as text, and no aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As the base does, but refuses an alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(problem="aliases are not allowed")
        return super().compose_node(parent, index)


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """(fields, rest) of a Markdown text. Raises Unreadable naming the line that is wrong."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    written, rest = match[1] or "", text[match.end() :]
    # Text between two rules is no front matter, unless it has fields.
    if not _FIELD.search(written):
        return {}, rest if not written.strip() else text
    if len(written) > _LARGEST_FRONT_MATTER:
        raise Unreadable("its front matter is too large", "Keep it under 64 kB.")
    try:
        fields = yaml.load(written, Loader=_TextLoader)  # noqa: S506 (builds text only)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {text[: match.start(1)].count(chr(10)) + mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise Unreadable(f"its front matter{line}: {problem}", "Mend it.") from None
    except RecursionError:
        raise Unreadable("its front matter is nested too deeply", "Keep it flat.") from None
    return (fields, rest) if isinstance(fields, dict) else ({}, text)


def parse(data: bytes) -> Parsed:
    """Reads Markdown. Raises Unreadable."""
    text = decode(data).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    fields, body = front_matter(text)
    return Parsed(tuple(_Reader(_COMMONMARK.parse(body)).blocks()), metadata=fields)


class _Reader:
    """Walks markdown-it's flat token list once, front to back."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        """All blocks of the text."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == "heading_open":
                text = self._inline()
                if text:
                    yield heading(text, int(token.tag[1]))
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                yield from self._list(token)
            elif token.type == "table_open":
                yield from self._table()
            elif token.type == "inline":
                yield from _paragraph(token)
            elif token.type in ("fence", "code_block") and (text := clean(token.content)):
                yield Block(text)

    def _inline(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return inline_text(token)

    def _list(self, opening: Token) -> Iterator[Block]:
        """The items of a list; what is nested in an item stays with it, except for tables."""
        level, lines, marker = opening.level, list[str](), ""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            depth = (token.level - level) // 2
            if token.type.endswith("_list_close") and token.level == level:
                return
            if token.type == "list_item_open":
                own = f"{token.info})" if token.info else ""
                if token.level == level + 1:
                    lines, marker = [], own
                else:
                    lines.append(own or "-")
            elif token.type == "list_item_close" and token.level == level + 1 and lines:
                yield Block("\n".join(lines), Kind.ITEM, marker=marker)
                lines = []
            elif token.type == "table_open":
                if lines:
                    yield Block("\n".join(lines), Kind.ITEM, marker=marker)
                    lines = []
                yield from self._table()
            elif token.type in ("inline", "fence", "code_block"):
                text = inline_text(token) if token.type == "inline" else clean(token.content)
                _append(lines, text, nested=depth > 1)

    def _table(self) -> Iterator[Block]:
        rows: list[list[str]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(inline_text(token))
        self._at += 1
        empty_header = not any(rows[0]) if rows else True
        # GFM tables must have a header; an empty one means that there is none.
        yield from table_blocks(rows[1:] if empty_header else rows, headers=_headers(rows))


def _headers(rows: Sequence[Sequence[str]]) -> int:
    return int(bool(rows) and any(rows[0]))


def _append(lines: list[str], text: str, *, nested: bool) -> None:
    if not text:
        return
    if nested and lines and (lines[-1] == "-" or re.fullmatch(r"\d+\)", lines[-1])):
        lines[-1] += f" {text}"
    else:
        lines.append(text)


def _paragraph(token: Token) -> Iterator[Block]:
    text = inline_text(token)
    if not text:
        return
    if _is_all_bold(token) and is_title_like(text.rstrip(":")):
        yield heading(text.rstrip(":"), BOLD_LEVEL)
    else:
        yield Block(text)


def _is_all_bold(token: Token) -> bool:
    children = [child for child in token.children or () if child.content or child.nesting]
    return (
        len(children) > 2
        and children[0].type == "strong_open"
        and children[-1].type == "strong_close"
        and sum(child.type == "strong_open" for child in children) == 1
    )


def inline_text(token: Token) -> str:
    """The text of an inline token: mark-up and raw HTML gone, the author's line breaks kept."""
    hard: list[str] = []
    soft: list[str] = [""]
    for child in token.children or ():
        if child.type in ("text", "code_inline", "text_special", "image"):
            soft[-1] += child.content
        elif child.type == "softbreak":
            soft.append("")
        elif child.type == "hardbreak" or _is_break(child):
            hard.append(join_lines(filter(None, map(clean, soft))))
            soft = [""]
    hard.append(join_lines(filter(None, map(clean, soft))))
    return "\n".join(filter(None, hard))


def _is_break(child: Token) -> bool:
    return child.type == "html_inline" and re.match(r"<br\s*/?>", child.content, re.I) is not None
