"""Lines of an answer, as they grow: every quotation gets its marker, its citation and its labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.context import Context
from agents.labels import as_of, labels, section_at, verification
from agents.replies import reply
from agents.state import Citation, Sentence, State, Written
from sources.document import VERSION, Document

_SPECIAL = re.compile(r"([\\`*\[\]|#]|(?<![\w/.-])_|_(?![\w/.-]))")


def escape(text: str) -> str:
    """A document's words as inert Markdown: they are shown, never obeyed."""
    return _SPECIAL.sub(r"\\\1", text.replace("<", "&lt;"))


@dataclass(frozen=True, slots=True)
class Line:
    """One quoted line, and the remark on how far it can be trusted."""

    quoted: str
    label: str

    def without(self, label: str) -> Line:
        """The same line, where `label` already stands above it."""
        return Line(self.quoted, "") if label and label == self.label else self

    def __str__(self) -> str:
        return self.quoted + self.label


def _place(sentence: Sentence) -> tuple[str, int, int]:
    return sentence["document_id"], sentence["start"], sentence["end"]


class Writer:
    """Collects lines and gives every quotation its marker."""

    def __init__(self, state: State, context: Context) -> None:
        self.language = state["understanding"]["language"]
        self.today = context.today()
        self.document = context.document
        self.citations: list[Citation] = []
        self.lines: list[str | Line] = []
        self._markers: dict[tuple[str, int, int], int] = {}

    def quote(self, sentence: Sentence, *, before: str = "") -> None:
        """One quotation as one or more list items, each with its marker; `before` leads the first."""
        document = self.document(sentence["document_id"])
        if document is None or _place(sentence) in self._markers:
            return
        marker = self.cite(sentence, document)
        section = section_at(document, sentence["start"])
        words = document.text[sentence["start"] : sentence["end"]]
        found = labels(document, section, self.today, self.language)
        label = f" *({'; '.join(found)})*" if found else ""
        for line in filter(None, (line.strip(" •-\t") for line in words.splitlines())):
            self.lines.append(Line(f"- {before}{escape(line)} [{marker}]", label))
            before = ""

    def said(self, written: Written) -> None:
        """A model's sentence with the markers of what it cites, and how far that can be trusted."""
        markers: list[int] = []
        found: list[str] = []
        for cite in written["cites"]:
            if document := self.document(cite["document_id"]):
                markers.append(self.cite(cite, document))
                section = section_at(document, cite["start"])
                found += labels(document, section, self.today, self.language)
        label = f" *({'; '.join(dict.fromkeys(found))})*" if found else ""
        marks = "".join(f"[{marker}]" for marker in dict.fromkeys(markers))
        self.lines.append(Line(f"- {escape(written['text'])} {marks}", label))

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
                version=document.content_hash[:VERSION],
                page=section.page,
                field=section.field.value,
                language=document.language,
            )
        )
        return marker

    def marker(self, sentence: Sentence) -> int | None:
        """The marker that a place was given."""
        return self._markers.get(_place(sentence))

    def block(self, heading: str, sentences: Iterable[Sentence]) -> None:
        """Quotations under a heading. What is to be said of all of them is said there, once."""
        before = len(self.lines)
        for sentence in sentences:
            self.quote(sentence)
        quoted = [line for line in self.lines[before:] if isinstance(line, Line)]
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
