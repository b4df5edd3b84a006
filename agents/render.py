"""A checked draft → the words that the citizen reads, with markers and citations."""

from __future__ import annotations

from agents.closing import as_of_lines, channels, masked_notice, notices, suggestions, understood
from agents.context import Context
from agents.extract import ALIKE
from agents.labels import section_at, unverified
from agents.replies import reply
from agents.state import Answer, MapPoint, Sentence, State, Status, ToolUse, Written, part_of
from agents.writer import Writer, escape
from sources.country import countries
from sources.document import HEADINGS, Document, Field

__all__ = [
    "answered",
    "escape",
    "found_nothing",
    "masked_notice",
    "partly_known",
    "so_far",
    "unanswerable",
    "written",
]


def answered(state: State, context: Context) -> Answer:
    """What tools found, then the asked field and what else matters, per document; dates last."""
    writer = Writer(state, context)
    _findings(writer, state)
    ids = list(dict.fromkeys(s["document_id"] for s in state["draft"] if _is_quoted(s)))
    missing: list[str] = []
    for document_id in ids:
        document = context.document(document_id)
        if document is None:
            continue
        _document(writer, document, state, several=len(ids) > 1)
        missing += _missing(state, document_id)
    language = writer.language
    if missing:
        named = ", ".join(reply(language, "aspects", m) for m in dict.fromkeys(missing))
        writer.lines += ["", reply(language, "partial", aspects=named)]
    _others(writer, [s for s in state["draft"] if s["part"] == ALIKE])
    return _finish(state, context, writer, Status.ANSWERED)


def so_far(state: State, context: Context, sentences: list[Written]) -> str:
    """The text of an answer that a model is still writing."""
    writer = Writer(state, context)
    _findings(writer, state)
    _said(writer, sentences, state["chosen"])
    return writer.text


def _findings(writer: Writer, state: State) -> None:
    """The rows of each tool under its heading, or that there are none."""
    for number, finding in enumerate(state.get("findings") or ()):
        for place, part in enumerate(finding["parts"]):
            writer.block(part["heading"], _rows(state, number, place))
        if finding["text"]:
            writer.lines += ["", finding["text"]]


def _rows(state: State, finding: int, part: int) -> list[Sentence]:
    return [s for s in state.get("draft", ()) if s["part"] == part_of(finding, part)]


def found_nothing(state: State, context: Context) -> Answer:
    """Tools were asked and have no row to show: it is said, with where to turn."""
    writer = Writer(state, context)
    _findings(writer, state)
    return _finish(state, context, writer, Status.UNANSWERABLE)


def tools_used(state: State) -> list[ToolUse]:
    """The tools that were called."""
    return [
        ToolUse(name=f["tool"], arguments=f["arguments"], rows=f["rows"])
        for f in state.get("findings") or ()
    ]


def _points(state: State, writer: Writer) -> list[MapPoint]:
    """The places that can be drawn, each with the marker of its row where it has one."""
    made = []
    for each, finding in enumerate(state.get("findings") or ()):
        rows = [r for place in range(len(finding["parts"])) for r in _rows(state, each, place)]
        for number, (label, latitude, longitude) in enumerate(finding["points"]):
            marker = writer.marker(rows[number]) if number < len(rows) else None
            made.append(
                MapPoint(label=label, latitude=latitude, longitude=longitude, marker=marker)
            )
    return made


def _said(writer: Writer, sentences: list[Written], chosen: list[str]) -> None:
    for document_id in chosen:
        if document := writer.document(document_id):
            _heading(writer, document)
            of_document = [s for s in sentences if s["cites"][0]["document_id"] == document_id]
            writer.lines.append("")
            for sentence in of_document:
                writer.said(sentence)


def written(state: State, context: Context) -> Answer:
    """The model's sentences; what the documents contradict, remark or leave open is quoted beside."""
    writer = Writer(state, context)
    _findings(writer, state)
    _said(writer, state["written"], state["chosen"])
    for document_id in state["chosen"]:
        document = context.document(document_id)
        if document is not None:
            own = [s for s in state["draft"] if s["document_id"] == document_id]
            conflicts = [s for s in own if s["part"].startswith("asked") and _conflict(document, s)]
            writer.block(reply(writer.language, "conflict"), conflicts)
            unsure = [s for s in own if unverified(document, section_at(document, s["start"]))]
            heading = reply(writer.language, "labels", "unverified").capitalize()
            writer.block(heading, [s for s in unsure if s["part"].startswith("asked")])
            _notes(writer, own)
    _others(writer, [s for s in state["draft"] if s["part"] == ALIKE])
    answer = _finish(state, context, writer, Status.ANSWERED)
    return answer.model_copy(update={"written": True})


def _others(writer: Writer, sentences: list[Sentence]) -> None:
    """Other services near the question, each with what it is: the reader knows which was meant."""
    before = len(writer.lines)
    for sentence in sentences:
        if document := writer.document(sentence["document_id"]):
            writer.quote(sentence, before=f"**{escape(document.title)}**: ")
    if len(writer.lines) > before:
        writer.lines[before:before] = ["", f"**{reply(writer.language, 'alike')}**", ""]


def _document(writer: Writer, document: Document, state: State, *, several: bool) -> None:
    language = writer.language
    _heading(writer, document)
    own = [s for s in state["draft"] if s["document_id"] == document.id]
    headings = HEADINGS[language]
    for part in dict.fromkeys(s["part"] for s in own if s["part"].startswith("asked")):
        sentences = [s for s in own if s["part"] == part]
        for field in dict.fromkeys(s["field"] for s in sentences):
            of_field = [s for s in sentences if s["field"] == field]
            plain = [s for s in of_field if not _conflict(document, s)]
            writer.block(headings[Field(field)], plain)
            writer.block(reply(language, "conflict"), [s for s in of_field if s not in plain])
    _notes(writer, own)
    if not several:
        for part in dict.fromkeys(s["part"] for s in own if s["part"].startswith("also")):
            field = Field(part.partition(":")[2])
            writer.block(headings[field], [s for s in own if s["part"] == part])


def _heading(writer: Writer, document: Document) -> None:
    country = countries()[document.country].names[writer.language]
    agency = escape(document.provenance.agency)
    writer.lines += ["", f"### {escape(document.title)}", "", f"{agency} · {country}"]


def _notes(writer: Writer, own: list[Sentence]) -> None:
    heading = reply(writer.language, "labels", "note").capitalize()
    writer.block(heading, [s for s in own if s["part"].startswith("note")])


def _is_quoted(sentence: Sentence) -> bool:
    """Whether a sentence belongs to the document that answers: no row, and no other service."""
    return sentence["part"] != ALIKE and not sentence["part"].startswith("tool:")


def _conflict(document: Document, sentence: Sentence) -> bool:
    return section_at(document, sentence["start"]).conflict is not None


def _missing(state: State, document_id: str) -> list[str]:
    """The aspects asked for that no sentence of this document answers."""
    parts = {s["part"] for s in state["draft"] if s["document_id"] == document_id}
    return [a for a in state["understanding"]["aspects"] if f"asked:{a}" not in parts]


def partly_known(state: State, context: Context) -> Answer:
    """The document is the right one, but what was asked is not in it: says so, with what is."""
    writer = Writer(state, context)
    language = writer.language
    draft = state["draft"]
    document = context.document(draft[0]["document_id"])
    title = escape(document.title) if document else ""
    aspects = state["understanding"]["aspects"]
    if unsaid := state["understanding"]["unsaid"]:
        writer.lines.append(reply(language, "unsaid", unsaid))
        aspects = []
    elif not aspects or state.get("writing") == "unanswered":
        writer.lines.append(reply(language, "unanswered", title=title))
        aspects = []
    for aspect in aspects:
        named = reply(language, "aspects", aspect)
        writer.lines.append(reply(language, "missing", aspect=named, title=title))
    for sentence in (s for s in draft if s["part"].startswith("note")):
        writer.quote(sentence)
    known = [s for s in draft if s["part"] == "known"]
    writer.block(reply(language, "known"), known)
    return _finish(state, context, writer, Status.UNANSWERABLE)


def unanswerable(state: State, context: Context) -> Answer:
    """Says that there is no answer, and where to turn."""
    writer = Writer(state, context)
    understanding, language = state["understanding"], writer.language
    if place := understanding["elsewhere"]:
        writer.lines.append(reply(language, "elsewhere", place=place))
    elif unsaid := understanding["unsaid"]:
        writer.lines.append(reply(language, "unsaid", unsaid))
    elif len(understanding["countries"]) == 1:
        name = countries()[understanding["countries"][0]].names[language]
        writer.lines.append(reply(language, "unanswerable_country", country=name))
    else:
        writer.lines.append(reply(language, "unanswerable"))
    return _finish(state, context, writer, Status.UNANSWERABLE)


def _finish(state: State, context: Context, writer: Writer, status: Status) -> Answer:
    understanding, language = state["understanding"], writer.language
    cited = [context.document(c.document_id) for c in writer.citations]
    documents = list({d.id: d for d in cited if d}.values())
    of_documents = list(dict.fromkeys(d.country for d in documents))
    country = (of_documents or understanding["countries"] or [None])[0]  # type: ignore[list-item]
    sectors = list(dict.fromkeys(s.value for d in documents for s in d.sectors))
    sectors = sectors or [s for s in understanding["sectors"] if s != "general"]
    if documents:
        writer.lines += ["", *as_of_lines(writer.citations, language)]
    if status is Status.UNANSWERABLE and not understanding["elsewhere"]:
        writer.lines += channels(understanding["countries"] or of_documents, sectors, language)
    read = understood(state, context, language) if documents else []
    return Answer(
        id=state["id"],
        status=status,
        language=language,
        country=country,
        sectors=sectors,
        answer=writer.text,
        citations=writer.citations,
        tools=tools_used(state),
        points=_points(state, writer),
        notices=notices(state, writer, documents, read),
        understood=read,
        suggestions=suggestions(
            [d for d in documents if d.id in state.get("chosen", ())],  # rows have no more to say
            understanding["aspects"],
            language,
        ),
    )
