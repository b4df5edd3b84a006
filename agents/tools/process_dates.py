"""The dates of an education process, as the documents give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from agents.replies import spoken_date
from agents.toolkit import Access, Cited, Part, Result, tool
from agents.toolkit.passages import cited, document_of, period, rules_of, sections_of
from sources.document import Document, Field, Section

Process = Literal[
    "school", "fuas", "paes", "tne", "beca-18", "enem", "prouni", "fies", "sisu", "encceja",
    "scholarship",
]  # fmt: skip

PARTS = ("open", "next", "always", "past", "unknown")
"""The headings, in the order in which they are shown."""


@tool(sector="education", countries=("CL", "PE", "BR", "DO"))
def process_dates(access: Access, process: Process) -> Result:
    """When an education process opens and closes, and which of its dates have passed.

    Dates stand as the documents give them; where none is known, that is said.
    """
    rules = rules_of(__file__)
    named: Mapping[str, list[str]] = rules["documents"][process]
    documents = [
        document
        for document_id in named.get(access.country, ())
        if (document := document_of(access, document_id)) is not None
    ]
    values = {
        "name": rules["names"][process][access.language],
        "today": spoken_date(access.today.isoformat(), access.language),
    }
    if not documents:
        return Result(values=values)
    groups: dict[str, list[Cited]] = {name: [] for name in PARTS}
    for document in documents:
        for section in sections_of(document, Field.TEMPORAL):
            groups[_group(document, section, access.today)].append(cited(document, section))
    parts = [Part(name, tuple(lines)) for name, lines in groups.items()]
    where = tuple(cited(d, s) for d in documents for s in sections_of(d, Field.CHANNEL)[:1])
    known = groups["open"] or groups["next"]
    return Result(
        parts=(*parts, Part("where", where)),
        values=values,
        notices=() if known else (_silence(groups),),
    )


def _group(document: Document, section: Section, today: date) -> str:
    """Under which heading a section stands on the day `today`."""
    if section.note:
        return "unknown"
    spoken = period(document.quote(section))
    begins = section.valid_from or (spoken.start if spoken else None)
    ends = section.valid_to or (spoken.end if spoken else None)
    if ends is not None and ends < today:
        return "past"
    if begins is not None and begins > today:
        return "next"
    # A rule of every year ("de diciembre a marzo") names no full date and stays what it is.
    return "open" if ends is not None or begins is not None else "always"


def _silence(groups: Mapping[str, list[Cited]]) -> str:
    """What is said where no coming date is known."""
    return "only_rules" if groups["always"] and not groups["past"] else "none_known"
