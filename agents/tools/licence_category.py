"""Which category of driving licence a vehicle needs."""

from __future__ import annotations

from typing import Literal

from agents.replies import spoken_date
from agents.toolkit import Access, Cited, Part, Result, tool
from agents.toolkit.passages import cited, document_of, quoted, rules_of, sections_of
from agents.toolkit.texts import texts_of
from sources.document import Document, Field

Vehicle = Literal[
    "car", "motorcycle", "mototaxi", "taxi", "minibus", "bus", "truck", "trailer", "machinery"
]


@tool(sector="transport", countries=("CL", "PE", "BR", "DO"))
def licence_category(access: Access, vehicle: Vehicle) -> Result:
    """Which category or class of driving licence a kind of vehicle needs, and its requirements."""
    rules = rules_of(__file__)[access.country]
    values = {"vehicle": texts_of(licence_category).text(f"vehicle {vehicle}", access.language)}
    for rule in rules["categories"].get(vehicle, ()):
        line = quoted(access, rule["document"], rule["quote"])
        if line is not None:
            return _known(access, line, values | {"category": rule["category"]})
    documents = [d for name in rules["ask"] if (d := document_of(access, name)) is not None]
    channels = tuple(
        line for document in documents for line in _of(document, Field.CHANNEL, Field.CONTACT_POINT)
    )
    return Result(parts=(Part("unknown", channels, {}),), values=values, answers=False)


def _known(access: Access, line: Cited, values: dict[str, str]) -> Result:
    """What a document says of the category, and what it says that one needs for it."""
    dated = line.document.provenance.as_of
    return Result(
        lines=(line,),
        parts=(Part("requirements", _of(line.document, Field.REQUIREMENT), {}),),
        values=values | {"as_of": spoken_date(dated, access.language) if dated else ""},
        notices=() if dated else ("undated",),
    )


def _of(document: Document, *fields: Field) -> tuple[Cited, ...]:
    return tuple(cited(document, section) for section in sections_of(document, *fields))
