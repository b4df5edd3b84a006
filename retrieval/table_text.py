"""A row of a table → `Document`: one readable line, then a sentence per value, labels in its language.

What has no label in ``roles.yaml`` is for searching and is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any

from sources.document import Document, TextBuilder
from sources.tables import Column, Role

if TYPE_CHECKING:
    from retrieval.tables import Dataset

_FLAGS = {"es": ("No", "Sí"), "pt": ("Não", "Sim")}
_DATE = {"es": "%d-%m-%Y", "pt": "%d/%m/%Y"}
_TERRITORY = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,8}")


def to_document(dataset: Dataset, role: Role, row: Mapping[str, Any], document_id: str) -> Document:
    """The document of one row, with its data set's provenance."""
    language = dataset.written_in
    title = str(next((row[name] for name in role.line if row.get(name)), document_id))
    writer = TextBuilder()
    writer.heading(title)
    line = [shown(role.column(name), row.get(name), language) for name in role.line]
    writer.section(" · ".join(filter(None, line)) or title, heading=role.labels[language])
    for column in role.columns:
        label, value = column.label(language), shown(column, row.get(column.name), language)
        if label and value and not (column.unless and row.get(column.unless)):
            writer.section(f"{label}: {value}", field=column.field, heading=label)
    code = str(row.get("territory_code") or "")
    return Document(
        id=document_id,
        title=title,
        language=language,
        country=dataset.country,
        territory=code if _TERRITORY.fullmatch(code) else None,
        sectors=dataset.sectors,
        tenant=dataset.tenant,
        text=writer.text,
        sections=tuple(writer.sections),
        provenance=dataset.provenance,
    )


def shown(column: Column, value: Any, language: str) -> str:
    """A value as citizens read it; "" for none."""
    if value is None:
        return ""
    if column.values:
        return column.values.get(str(value), {}).get(language, str(value))
    if isinstance(value, bool):
        return _FLAGS[language][value]
    if isinstance(value, date):
        return value.strftime(_DATE[language])
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float):
        written = f"{value:.10f}".rstrip("0").rstrip(".")
        # A coordinate goes into maps, which want a point.
        is_degree = column.name.rpartition("_")[2] in ("latitude", "longitude", "lat", "lon")
        return written if is_degree else written.replace(".", ",")
    return str(value)
