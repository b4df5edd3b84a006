"""What citizens ask of the documents of a set, in their own words: one JSON object a line.

    {"document": "br-servico-60", "question": "qual papel preciso pra tirar a carteira de trabalho"}

A catalogue entry names the file as `questions`. The questions help to find a document; they are
never shown and never quoted. The technique is known as document expansion by queries (Nogueira et
al. 2019, https://arxiv.org/abs/1904.08375).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import one_line
from sources.document import Document, Item
from sources.errors import CatalogError


class Asked(BaseModel):
    """One question and the id of the document that answers it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str
    question: str = Attribute(min_length=3, max_length=500)


def read_asked(path: Path) -> dict[str, tuple[str, ...]]:
    """The questions of a file by document id. Raises CatalogError naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read ({error})", "Save it as UTF-8 text.") from None
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            asked = Asked.model_validate_json(line)
        except ValidationError as error:
            remedy = 'Write {"document": "…", "question": "…"} on one line.'
            raise CatalogError(f"{path}:{number}: {one_line(error)}", remedy) from None
        found.setdefault(asked.document, []).append(asked.question)
    return {document: tuple(dict.fromkeys(questions)) for document, questions in found.items()}


def with_asked(items: Iterable[Item], asked: dict[str, tuple[str, ...]]) -> Iterator[Item]:
    """The same items, each document with its questions beside those that it brings itself."""
    for item in items:
        more = asked.get(item.id, ()) if isinstance(item, Document) else ()
        if isinstance(item, Document) and more:
            yield item.model_copy(update={"asked": tuple(dict.fromkeys((*item.asked, *more)))})
        else:
            yield item
