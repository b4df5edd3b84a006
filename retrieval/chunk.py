"""Document → passages: stretches small enough to cite, large enough to be understood.

A passage joins neighbouring sections of one field and heading up to `LIMIT` characters and never
splits a section that fits; a longer section is cut between sentences. Offsets stay those of the
document, so ``document.text[passage.start:passage.end]`` is the passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sources.document import Document, Field, Section

LIMIT = 900
"""Characters in a passage, about 200 tokens of Spanish."""

_SENTENCE_END = re.compile(r"(?<=[.!?…;:])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Passage:
    """``document.text[start:end]``; `ordinal` is its place in the document."""

    document_id: str
    ordinal: int
    field: Field
    heading: str
    start: int
    end: int
    page: int | None

    @property
    def id(self) -> str:
        """Unique in the index and the same at every run."""
        return f"{self.document_id}#{self.ordinal}"


def sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences of `text`, shifted by `start`; blanks around them left out."""
    position = 0
    for match in (*_SENTENCE_END.finditer(text), None):
        end = match.start() if match else len(text)
        piece = text[position:end]
        if piece.strip():
            left = position + len(piece) - len(piece.lstrip())
            yield start + left, start + position + len(piece.rstrip())
        if match:
            position = match.end()


def _pieces(document: Document, section: Section) -> Iterator[tuple[int, int]]:
    """The section whole, or cut between sentences (between words if need be) to fit `LIMIT`."""
    if section.end - section.start <= LIMIT:
        yield section.start, section.end
        return
    start = end = section.start
    for left, right in sentences(document.quote(section), section.start):
        if right - start > LIMIT and end > start:
            yield start, end
            start = left
        while right - start > LIMIT:
            cut = document.text.rfind(" ", start + LIMIT // 2, start + LIMIT)
            cut = cut if cut > 0 else start + LIMIT
            yield start, cut
            start = cut + (document.text[cut] == " ")
        end = right
    if end > start:
        yield start, end


def passages(document: Document) -> list[Passage]:
    """All passages of `document`, in order."""
    found: list[Passage] = []
    current: tuple[Field, str, int | None] | None = None
    start = end = 0

    def close() -> None:
        if current is not None:
            field, heading, page = current
            found.append(Passage(document.id, len(found), field, heading, start, end, page))

    for section in document.sections:
        for left, right in _pieces(document, section):
            key = (section.field, section.heading, section.page)
            if key == current and right - start <= LIMIT:
                end = right
            else:
                close()
                current, start, end = key, left, right
    close()
    return found


def widened(document: Document, start: int, end: int) -> tuple[int, int]:
    """A passage's offsets with those of its neighbours, where one section was cut into several: the
    one before and the one after it within that section. A passage of whole sections stays as it is.
    """
    for section in document.sections:
        if (
            section.start <= start
            and end <= section.end
            and (start, end)
            != (
                section.start,
                section.end,
            )
        ):
            pieces = list(_pieces(document, section))
            inside = [n for n, (left, right) in enumerate(pieces) if left < end and start < right]
            if inside:
                first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, len(pieces) - 1)
                return pieces[first][0], pieces[last][1]
    return start, end
