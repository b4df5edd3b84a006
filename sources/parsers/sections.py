"""Blocks → a text with sections, each with its heading and the property that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sources.document import Field, TextBuilder
from sources.parsers.blocks import LABEL_LEVEL, Block, Kind, fold, heading
from sources.parsers.headings import exact_field, head_field, infer, label_field

GROUP_LIMIT = 800
"""Characters up to which a list stays in one section with the sentence that introduces it."""

_LABEL_WORDS = 8
_HINT_WORDS = 14


@dataclass(frozen=True, slots=True)
class _Open:
    """A heading that holds for what follows it; the title's is not repeated in headings."""

    level: int
    text: str
    field: Field | None
    is_title: bool


def write(blocks: Sequence[Block], title: str) -> TextBuilder:
    """The text of a document called `title`, its sections with headings, pages and properties."""
    builder = TextBuilder()
    builder.heading(title)
    main = _title_heading(blocks, title)
    opened: list[_Open] = []
    for block in introduced(blocks):
        if block.kind is not Kind.HEADING:
            _write_block(builder, block, opened)
            continue
        while opened and opened[-1].level >= block.level:
            opened.pop()
        if not block.text:
            continue
        is_title = block is main
        field = head_field(block.text) if is_title else infer(block.text)
        opened.append(_Open(block.level, block.text, field, is_title))
        if fold(block.text) != fold(title):
            builder.heading(block.text)
    return builder


def _title_heading(blocks: Sequence[Block], title: str) -> Block | None:
    """The heading that names the whole document: its title, or the only one of level 1."""
    headings = [block for block in blocks if block.kind is Kind.HEADING and block.text]
    if not headings:
        return None
    first = headings[0]
    alone = first.level == 1 and all(block.level > 1 for block in headings[1:])
    if fold(first.text) == fold(title) or (alone and exact_field(first.text) is None):
        return first
    return None


def _write_block(builder: TextBuilder, block: Block, opened: Sequence[_Open]) -> None:
    path = " › ".join(each.text for each in opened if not each.is_title)
    nearest = _field_of(opened)
    for piece in _labelled_pieces(block):
        label = None if block.kind is Kind.ROW else label_field(piece)
        builder.section(
            f"{block.marker} {piece}" if block.marker else piece,
            field=label or nearest or block.hint or Field.BODY,
            heading=path,
            page=block.page,
            verification=block.verification,
        )


def _field_of(opened: Sequence[_Open]) -> Field | None:
    """The property of the nearest heading that announces one; a title speaks only for itself."""
    for each in reversed(opened):
        if each.field is not None and (not each.is_title or each is opened[-1]):
            return each.field
    return None


def _labelled_pieces(block: Block) -> list[str]:
    """The block cut before every line of its own that begins with a label that we know."""
    pieces: list[str] = []
    for line in block.text.split("\n"):
        if not pieces or label_field(line) is not None:
            pieces.append(line)
        else:
            pieces[-1] += f"\n{line}"
    return pieces


def introduced(blocks: Sequence[Block]) -> Iterator[Block]:
    """Joins sentences that end in a colon to what they introduce.

    A known label ("Requisitos:") becomes a heading of it. A short list goes into one section with
    its sentence, since its items alone could be misread; a long list or a table takes the
    sentence as its heading.
    """
    at = 0
    while at < len(blocks):
        block = blocks[at]
        at += 1
        if block.kind not in (Kind.TEXT, Kind.ITEM) or not block.text.endswith(":"):
            yield block
            continue
        end = _run_end(blocks, at) if block.kind is Kind.TEXT else at
        known = len(block.text.split()) <= _LABEL_WORDS and label_field(block.text) is not None
        if known and end == at and at < len(blocks) and blocks[at].kind is not Kind.HEADING:
            end = at + 1
        if end == at:
            yield block
            continue
        following = blocks[at:end]
        at = end
        short = sum(len(each.text) for each in (block, *following)) <= GROUP_LIMIT
        if not known and short and all(each.kind is Kind.ITEM for each in following):
            yield _grouped(block, following)
            continue
        yield heading(block.text.rstrip(":"), LABEL_LEVEL, block.page)
        yield from following
        yield heading("", LABEL_LEVEL)


def _run_end(blocks: Sequence[Block], start: int) -> int:
    """Where the list or the table that begins at `start` ends."""
    end = start
    while end < len(blocks) and blocks[end].kind in (Kind.ITEM, Kind.ROW):
        if blocks[end].kind is not blocks[start].kind:
            break
        end += 1
    return end


def _grouped(sentence: Block, items: Sequence[Block]) -> Block:
    lines = [f"{item.marker or '-'} {item.text}" for item in items]
    hint = infer(sentence.text) if len(sentence.text.split()) <= _HINT_WORDS else None
    return replace(sentence, text="\n".join((sentence.text, *lines)), hint=hint)
