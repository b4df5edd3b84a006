"""Documents that a tool makes of several rows: what it computed, to be cited like any passage.

>>> made(dataset, "next_departures", "plaza-mayor", "Próximas salidas", ["08:10 …"]).id
'pe-trujillo.next_departures.plaza-mayor-5c1f6a0b'
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from agents.toolkit import Cited, Tool
from agents.toolkit.texts import texts_of
from retrieval.tables import Dataset
from sources.document import Document, Field, TextBuilder
from sources.parsers import blocks

LONGEST_SLUG = 60


def made(dataset: Dataset, tool: str, key: str, title: str, lines: Sequence[str]) -> Document:
    """`lines`, one section each, under `title`, with the provenance of the dataset they come from.

    The id ends in a hash of the text: what was computed at another moment is another document, so
    that a citation of an earlier answer keeps its words. Raises ValueError where there is no line.
    """
    builder = TextBuilder()
    builder.heading(title)
    for line in lines:
        builder.section(" ".join(line.split()), field=Field.BODY)
    if not builder.sections:
        raise ValueError(f"{tool} made a document without a line")
    return Document(
        id=f"{dataset.source_id}.{tool}.{slug(key)}-{_digest(builder.text)}",
        title=title,
        language=dataset.written_in,
        country=dataset.country,
        sectors=dataset.sectors,
        tenant=dataset.tenant,
        text=builder.text,
        sections=tuple(builder.sections),
        provenance=dataset.provenance,
    )


def cited(
    items: Iterable[tuple[Dataset, str]], tool: Tool, key: str, **values: str
) -> tuple[Cited, ...]:
    """Lines of one answer in their order, each in a document of the data set that it comes from.

    The documents' title is the tool's text ``made`` in the data set's language, filled in with
    `values`.
    """
    lines: dict[str, list[str]] = {}
    datasets: dict[str, Dataset] = {}
    places: list[tuple[str, int]] = []
    for dataset, line in items:
        datasets[dataset.source_id] = dataset
        mine = lines.setdefault(dataset.source_id, [])
        places.append((dataset.source_id, len(mine)))
        mine.append(line)
    documents = {
        name: made(
            datasets[name], tool.name, key, say(tool, "made", datasets[name], **values), mine
        )
        for name, mine in lines.items()
    }
    return tuple(
        Cited(documents[name], section.start, section.end)
        for name, place in places
        for section in [documents[name].sections[place]]
    )


def say(tool: Tool, key: str, dataset: Dataset, **values: str) -> str:
    """A text of the tool in the language of a data set: its documents are of that language."""
    return texts_of(tool).text(key, dataset.language, **values)


def slug(key: str) -> str:
    """`key` as a part of an id, "all" where it holds neither letter nor digit."""
    return blocks.slug(key)[:LONGEST_SLUG].strip("-") or "all"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
