"""Which category of driving licence a vehicle needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from agents.replies import spoken_date
from agents.toolkit import Access, Cited, Part, Result, tool
from agents.toolkit.made import texts_of
from sources.document import Document, Field

ASK_THERE = (Field.CHANNEL, Field.CONTACT_POINT)
Vehicle = Literal[
    "car", "motorcycle", "mototaxi", "taxi", "minibus", "bus", "truck", "trailer", "machinery"
]


@tool(sector="transport", countries=("CL", "PE", "BR", "DO"))
def licence_category(access: Access, vehicle: Vehicle) -> Result:
    """Which category or class of driving licence a kind of vehicle needs, and its requirements."""
    data = texts_of(licence_category).data[access.country]
    values = {"vehicle": texts_of(licence_category).text(f"vehicle {vehicle}", access.language)}
    for entry in data["categories"].get(vehicle, ()):
        document = _document(access, entry["document"])
        if document is not None and (line := quoted(document, entry["quote"])) is not None:
            dated = document.provenance.as_of
            values["category"] = entry["category"]
            values["as_of"] = spoken_date(dated, access.language) if dated else ""
            needed = tuple(_of(document, (Field.REQUIREMENT,)))
            return Result(
                lines=(line,),
                parts=(Part("requirements", needed, {}),),
                values=values,
                notices=() if dated else ("undated",),
            )
    documents = [d for name in data["ask"] if (d := _document(access, name)) is not None]
    channels = tuple(line for document in documents for line in _of(document, ASK_THERE))
    return Result(parts=(Part("unknown", channels, {}),), values=values)


def quoted(document: Document, quote: str) -> Cited | None:
    """Where `quote` stands in the document; None where the document no longer says it."""
    start = document.text.find(quote)
    return Cited(document, start, start + len(quote)) if start >= 0 else None


def _document(access: Access, name: Any) -> Document | None:
    """A document that the reader may see."""
    found = access.searcher.store.get(str(name))
    return found if found is not None and found.tenant in access.tenants else None


def _of(document: Document, fields: Iterable[Field]) -> list[Cited]:
    wanted = tuple(fields)
    return [Cited(document, s.start, s.end) for s in document.sections if s.field in wanted]
