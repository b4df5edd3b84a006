"""A checked draft → the words that the citizen reads, with markers and citations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.context import Context
from agents.extract import ALIKE
from agents.labels import as_of, labels, section_at, stale, unverified, verification
from agents.replies import reply, spoken_date
from agents.state import Answer, Citation, Sentence, State, Status, Written
from retrieval.index import Scope
from retrieval.reading import Reading
from sources.country import Channel, countries
from sources.document import HEADINGS, Document, Field

_SPECIAL = re.compile(r"([\\`*\[\]|#]|(?<![\w/.-])_|_(?![\w/.-]))")


def escape(text: str) -> str:
    """A document's words as inert Markdown: they are shown, never obeyed."""
    return _SPECIAL.sub(r"\\\1", text.replace("<", "&lt;"))


@dataclass(frozen=True, slots=True)
class _Line:
    """One quoted line, and the remark on how far it can be trusted."""

    quoted: str
    label: str

    def without(self, label: str) -> _Line:
        """The same line, where `label` already stands above it."""
        return _Line(self.quoted, "") if label and label == self.label else self

    def __str__(self) -> str:
        return self.quoted + self.label


def _place(sentence: Sentence) -> tuple[str, int, int]:
    return sentence["document_id"], sentence["start"], sentence["end"]


class _Writer:
    """Collects lines and gives every quotation its marker."""

    def __init__(self, state: State, context: Context) -> None:
        self.language = state["understanding"]["language"]
        self.today = context.today()
        self.store = context.searcher.store
        self.citations: list[Citation] = []
        self.lines: list[str | _Line] = []
        self._markers: dict[tuple[str, int, int], int] = {}

    def quote(self, sentence: Sentence, *, before: str = "") -> None:
        """One quotation as one or more list items, each with its marker; `before` leads the first."""
        document = self.store.get(sentence["document_id"])
        if document is None or _place(sentence) in self._markers:
            return
        marker = self.cite(sentence, document)
        section = section_at(document, sentence["start"])
        words = document.text[sentence["start"] : sentence["end"]]
        found = labels(document, section, self.today, self.language)
        label = f" *({'; '.join(found)})*" if found else ""
        for line in filter(None, (line.strip(" •-\t") for line in words.splitlines())):
            self.lines.append(_Line(f"- {before}{escape(line)} [{marker}]", label))
            before = ""

    def said(self, written: Written) -> None:
        """A model's sentence with the markers of what it cites, and how far that can be trusted."""
        markers: list[int] = []
        found: list[str] = []
        for cite in written["cites"]:
            if document := self.store.get(cite["document_id"]):
                markers.append(self.cite(cite, document))
                section = section_at(document, cite["start"])
                found += labels(document, section, self.today, self.language)
        label = f" *({'; '.join(dict.fromkeys(found))})*" if found else ""
        marks = "".join(f"[{marker}]" for marker in dict.fromkeys(markers))
        self.lines.append(_Line(f"- {escape(written['text'])} {marks}", label))

    def cite(self, sentence: Sentence, document: Document) -> int:
        """The marker of a place; one place has one marker."""
        if marker := self._markers.get(_place(sentence)):
            return marker
        marker = self._markers[_place(sentence)] = len(self.citations) + 1
        section = section_at(document, sentence["start"])
        self.citations.append(
            Citation(
                marker=marker,
                document_id=document.id,
                title=document.title,
                agency=document.provenance.agency,
                country=document.country,
                url=document.provenance.url,
                as_of=as_of(document, section),
                verification=verification(document, section).value,
                quote=document.text[sentence["start"] : sentence["end"]],
                start=sentence["start"],
                end=sentence["end"],
                page=section.page,
                field=section.field.value,
                language=document.language,
            )
        )
        return marker

    def block(self, heading: str, sentences: Iterable[Sentence]) -> None:
        """Quotations under a heading. What is to be said of all of them is said there, once."""
        before = len(self.lines)
        for sentence in sentences:
            self.quote(sentence)
        quoted = [line for line in self.lines[before:] if isinstance(line, _Line)]
        shared = {line.label for line in quoted}
        label = shared.pop() if len(quoted) > 2 and len(shared) == 1 else ""
        if reply(self.language, "labels", "unverified") in label:
            label = ""  # what is not confirmed says so in its own line, wherever it is copied to
        if quoted:
            shown = [line.without(label) for line in quoted]
            self.lines[before:] = ["", f"**{heading}**{label}", "", *shown]

    @property
    def text(self) -> str:
        """What was written so far."""
        return "\n".join(map(str, self.lines)).strip()


def answered(state: State, context: Context) -> Answer:
    """The asked field first, then what else matters, per document; dates and channel last."""
    writer = _Writer(state, context)
    ids = list(dict.fromkeys(s["document_id"] for s in state["draft"] if s["part"] != ALIKE))
    missing: list[str] = []
    for document_id in ids:
        document = context.searcher.store.get(document_id)
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
    writer = _Writer(state, context)
    _said(writer, sentences, state["chosen"])
    return writer.text


def _said(writer: _Writer, sentences: list[Written], chosen: list[str]) -> None:
    for document_id in chosen:
        if document := writer.store.get(document_id):
            _heading(writer, document)
            of_document = [s for s in sentences if s["cites"][0]["document_id"] == document_id]
            writer.lines.append("")
            for sentence in of_document:
                writer.said(sentence)


def written(state: State, context: Context) -> Answer:
    """The model's sentences; what the documents contradict, remark or leave open is quoted beside."""
    writer = _Writer(state, context)
    _said(writer, state["written"], state["chosen"])
    for document_id in state["chosen"]:
        document = context.searcher.store.get(document_id)
        if document is not None:
            own = [s for s in state["draft"] if s["document_id"] == document_id]
            conflicts = [s for s in own if s["part"].startswith("asked") and _conflict(document, s)]
            writer.block(reply(writer.language, "conflict"), conflicts)
            unsure = [s for s in own if unverified(document, section_at(document, s["start"]))]
            heading = reply(writer.language, "labels", "unverified").capitalize()
            writer.block(heading, [s for s in unsure if s["part"].startswith("asked")])
            _notes(writer, own)
    _others(writer, [s for s in state["draft"] if s["part"] == ALIKE])
    return _finish(state, context, writer, Status.ANSWERED)


def _others(writer: _Writer, sentences: list[Sentence]) -> None:
    """Other services near the question, each with what it is: the reader knows which was meant."""
    before = len(writer.lines)
    for sentence in sentences:
        if document := writer.store.get(sentence["document_id"]):
            writer.quote(sentence, before=f"**{escape(document.title)}**: ")
    if len(writer.lines) > before:
        writer.lines[before:before] = ["", f"**{reply(writer.language, 'alike')}**", ""]


def _document(writer: _Writer, document: Document, state: State, *, several: bool) -> None:
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


def _heading(writer: _Writer, document: Document) -> None:
    country = countries()[document.country].names[writer.language]
    agency = escape(document.provenance.agency)
    writer.lines += ["", f"### {escape(document.title)}", "", f"{agency} · {country}"]


def _notes(writer: _Writer, own: list[Sentence]) -> None:
    heading = reply(writer.language, "labels", "note").capitalize()
    writer.block(heading, [s for s in own if s["part"].startswith("note")])


def _conflict(document: Document, sentence: Sentence) -> bool:
    return section_at(document, sentence["start"]).conflict is not None


def _missing(state: State, document_id: str) -> list[str]:
    """The aspects asked for that no sentence of this document answers."""
    parts = {s["part"] for s in state["draft"] if s["document_id"] == document_id}
    return [a for a in state["understanding"]["aspects"] if f"asked:{a}" not in parts]


def partly_known(state: State, context: Context) -> Answer:
    """The document is the right one, but what was asked is not in it: says so, with what is."""
    writer = _Writer(state, context)
    language = writer.language
    draft = state["draft"]
    document = context.searcher.store.get(draft[0]["document_id"])
    title = escape(document.title) if document else ""
    aspects = state["understanding"]["aspects"]
    if not aspects or state.get("writing") == "unanswered":
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
    writer = _Writer(state, context)
    understanding, language = state["understanding"], writer.language
    if place := understanding["elsewhere"]:
        writer.lines.append(reply(language, "elsewhere", place=place))
    elif len(understanding["countries"]) == 1:
        name = countries()[understanding["countries"][0]].names[language]
        writer.lines.append(reply(language, "unanswerable_country", country=name))
    else:
        writer.lines.append(reply(language, "unanswerable"))
    return _finish(state, context, writer, Status.UNANSWERABLE)


def _finish(state: State, context: Context, writer: _Writer, status: Status) -> Answer:
    understanding, language = state["understanding"], writer.language
    cited = [context.searcher.store.get(c.document_id) for c in writer.citations]
    documents = list({d.id: d for d in cited if d}.values())
    of_documents = list(dict.fromkeys(d.country for d in documents))
    country = (of_documents or understanding["countries"] or [None])[0]  # type: ignore[list-item]
    sectors = list(dict.fromkeys(s.value for d in documents for s in d.sectors))
    sectors = sectors or [s for s in understanding["sectors"] if s != "general"]
    if documents:
        writer.lines += ["", *_as_of_lines(writer.citations, language)]
    if status is Status.UNANSWERABLE and not understanding["elsewhere"]:
        writer.lines += _channels(understanding["countries"] or of_documents, sectors, language)
    return Answer(
        id=state["id"],
        status=status,
        language=language,
        country=country,
        sectors=sectors,
        answer=writer.text,
        citations=writer.citations,
        notices=_notices(state, context, writer, documents),
        suggestions=_suggestions(documents, understanding["aspects"], language),
    )


def _as_of_lines(citations: list[Citation], language: str) -> list[str]:
    """The dates of what is quoted, one line for each date and standing."""
    lines = []
    for citation in sorted(citations, key=lambda c: c.as_of or "", reverse=True):
        label = reply(language, "labels", citation.verification)
        if citation.as_of:
            shown = spoken_date(citation.as_of, language)
            lines.append(reply(language, "as_of", date=shown, verification=label))
        else:
            lines.append(reply(language, "no_date", verification=label))
    return list(dict.fromkeys(lines))


def _channels(codes: list[str], sectors: list[str], language: str) -> list[str]:
    """Where to turn, for each country in question."""
    lines = [""]
    for code in codes:
        country = countries()[code]
        channel: Channel = country.channel(sectors[0] if sectors else None)
        url = f" ({channel.url})" if channel.url else ""
        lines.append(reply(language, "channel", name=channel.name, url=url))
    return lines if len(lines) > 1 else []


def masked_notice(state: State, language: str) -> list[str]:
    """That personal data were hidden, if any were."""
    kinds = state.get("masked") or []
    shown = ", ".join(dict.fromkeys(kinds))
    return [reply(language, "notices", "masked", kinds=shown)] if kinds else []


def _notices(
    state: State, context: Context, writer: _Writer, documents: list[Document]
) -> list[str]:
    language = writer.language
    notices = masked_notice(state, language)
    understanding = state["understanding"]
    notices += _of_model(state, documents, language)
    if understanding["follow_up"]:
        notices.append(reply(language, "notices", "follow_up"))
    scope = Scope(tenants=context.tenants, countries=tuple(understanding["countries"]))
    if documents:
        notices += _understood(
            context.searcher.read(understanding["standalone"], scope), context, language
        )
    if any(d.language != language for d in documents):
        notices.append(reply(language, "other_language"))
    cited = [
        (d, section_at(d, c.start))
        for d in documents
        for c in writer.citations
        if c.document_id == d.id
    ]
    if any(stale(d, s, writer.today) for d, s in cited):
        notices.append(reply(language, "notices", "stale"))
    if any(unverified(d, s) for d, s in cited):
        notices.append(reply(language, "notices", "unverified"))
    return notices


def _of_model(state: State, documents: list[Document], language: str) -> list[str]:
    """What a model did, or failed to do: the reader knows whose words and whose choice these are."""
    notices = []
    if state.get("decided") and documents:
        notices.append(reply(language, "notices", "chosen", title=documents[0].title))
    if state.get("written"):
        notices.append(reply(language, "notices", "written"))
    elif (ending := state.get("writing")) and ending not in ("written", "unanswered"):
        notices.append(reply(language, "notices", f"model_{ending}"))
    return notices


def _understood(reading: Reading, context: Context, language: str) -> list[str]:
    """The citizen's words that were read as official ones, and slips that were mended."""
    notices = []
    for word, meant in reading.corrections[:2]:
        notices.append(reply(language, "notices", "corrected", word=word, label=meant))
    for mention in reading.mentions:
        official = context.searcher.matcher.concepts[mention.id].prefLabel.get(language)
        if official and official.casefold() != mention.label.casefold():
            notices.append(
                reply(language, "notices", "understood", word=mention.label, label=official)
            )
    return list(dict.fromkeys(notices))[:3]


def _suggestions(documents: list[Document], asked: list[str], language: str) -> list[str]:
    """Questions that the cited document can answer next."""
    if not documents:
        return []
    fields = {s.field.value for s in documents[0].sections if not s.note}
    known = ("cost", "evidence", "requirement", "processing_time", "channel", "contact_point")
    return [reply(language, "questions", a) for a in known if a in fields and a not in asked][:3]
