"""A tool's result as the state keeps it, with the words around it in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from agents.labels import section_at
from agents.replies import reply, spoken_date
from agents.state import Finding, Part, Sentence
from agents.toolkit import Access, Cited, Result
from agents.toolkit.loader import Loaded
from agents.toolkit.reading import Call, shown
from agents.toolkit.rows import Rows

MOST_LINES = 12


def finding_of(each: Loaded, call: Call, result: Result, access: Access, rows: Rows) -> Finding:
    """The result with its texts; its documents are put among `rows`."""
    language, texts = access.language, each.texts
    values = {k: str(v) for k, v in shown(call.arguments).items()} | dict(result.values or {})
    values.setdefault("as_of", _as_of(each, access))
    own = [
        Part(heading=texts.text("heading", language, **values), lines=_lines(result.lines, each))
    ]
    own += [
        Part(
            heading=texts.text(part.heading, language, **{**values, **(part.values or {})}),
            lines=_lines(part.lines, each),
        )
        for part in result.parts
    ]
    parts = [part for part in own if part["lines"]]
    cited = [c for group in (result.lines, *(p.lines for p in result.parts)) for c in group]
    documents = {c.document.id: c.document for c in cited}
    for document in documents.values():
        rows.put(document)
    return Finding(
        tool=call.tool,
        title=texts.text("title", language),
        arguments=shown(call.arguments),
        rows=len(cited),
        parts=parts,
        text="" if parts else texts.text(result.unable, language, **values),
        proves=result.answers and any(not section_at(c.document, c.start).note for c in cited),
        notices=[
            *_dated(parts, values["as_of"], language),
            *(texts.text(key, language, **values) for key in result.notices),
        ],
        points=[(p.label, p.latitude, p.longitude) for p in result.points],
    )


def _dated(parts: list[Part], as_of: str, language: str) -> list[str]:
    """Of when the data are in which nothing was found; rows carry their date themselves."""
    return [] if parts or not as_of else [reply(language, "notices", "data_of", dates=as_of)]


def failed(each: Loaded, call: Call, language: str) -> Finding:
    """A tool that broke or was late: its evidence is missing, and it is said."""
    title = each.texts.text("title", language)
    return Finding(
        tool=call.tool, title=title, arguments=shown(call.arguments), rows=0,
        parts=[], text=reply(language, "tool_failed", title=title), proves=False, notices=[], points=[],
    )  # fmt: skip


def _lines(cited: tuple[Cited, ...], each: Loaded) -> list[Sentence]:
    return [
        Sentence(
            document_id=c.document.id,
            start=c.start,
            end=c.end,
            field=section_at(c.document, c.start).field.value,
            part=f"tool:{each.tool.name}",
        )
        for c in cited[:MOST_LINES]
    ]


def _as_of(each: Loaded, access: Access) -> str:
    """The dates of the tables that the tool reads for this country, newest first."""
    dates: Mapping[str, None] = dict.fromkeys(
        dataset.as_of
        for role in each.tool.roles
        for dataset in access.datasets(role)
        if dataset.as_of
    )
    return ", ".join(spoken_date(day, access.language) for day in sorted(dates, reverse=True))
