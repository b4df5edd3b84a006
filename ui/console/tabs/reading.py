"""Documents as they were read, with the passages of the index and what they said before."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sources.document import Document
from ui.access.permissions import Principal
from ui.console import Words, shown
from ui.console import reading as logic
from ui.console.desk import Desk, Handlers


class ReadTab:
    """Components of the part."""

    def __init__(self, desk: Desk, handlers: Handlers) -> None:
        self.desk, told = desk, handlers.told
        with gr.Row():
            self.set = gr.Dropdown([], label=told["set_choose"], elem_id="c-read-set")
            self.asked = gr.Textbox(
                label=told["read_search"], max_length=200, elem_id="c-read-search"
            )
        self.document = gr.Dropdown([], label=told["document_choose"], elem_id="c-document")
        self.shown = gr.HTML(elem_id="c-reading")
        with gr.Row():
            self.version = gr.Dropdown(
                [], label=told["version_choose"], visible=False, elem_id="c-version"
            )
        self.difference = gr.HTML(elem_id="c-difference")
        self._wire(handlers)

    @property
    def first(self) -> list[Any]:
        """What `state` gives values for."""
        return [self.set, *self._listing]

    @property
    def _listing(self) -> list[Any]:
        return [self.document, self.shown, self.version, self.difference]

    def state(self, who: Principal, told: Words) -> list[Any]:
        """The sets that may be read, and the documents of the first."""
        own = self.desk.own(who, "test")
        choices = [(entry.title, entry.id) for entry in own.values()]
        chosen = choices[0][1] if choices else None
        rest = self._list(who, told, chosen, "") if chosen else ["", "", "", ""]
        return [gr.Dropdown(choices=choices, value=chosen), *rest]

    def _wire(self, handlers: Handlers) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        listing = handlers.once(self._list)
        self.set.input(listing, [self.set, self.asked], self._listing, **quiet)
        self.asked.submit(listing, [self.set, self.asked], self._listing, **quiet)
        self.document.input(
            handlers.once(self._open),
            [self.set, self.document],
            [self.shown, self.version, self.difference],
            **quiet,
        )
        self.version.input(
            handlers.once(self._compare),
            [self.set, self.document, self.version],
            [self.difference],
            **quiet,
        )

    def _list(self, who: Principal, told: Words, set_id: object, asked: object) -> list[Any]:
        found = logic.listed(self.desk, who, set_id, asked)
        choices = [
            (each.title if not each.until else f"{each.title} ({told['document_gone']})", each.id)
            for each in found
        ]
        line = told.say("documents_found", count=len(found)) if found else told["documents_none"]
        return [
            gr.Dropdown(choices=choices, value=None),
            shown.note(line),
            gr.Dropdown(choices=[], value=None, visible=False),
            "",
        ]

    def _open(self, who: Principal, told: Words, set_id: object, document_id: object) -> list[Any]:
        if not document_id:
            return ["", gr.Dropdown(visible=False), ""]
        found = logic.reading(self.desk, who, set_id, document_id)
        choices = [
            (told.say("version_until", mark=logic.short(mark), at=shown.moment(until)), mark)
            for mark, until in found.versions
        ]
        return [
            document(found, told),
            gr.Dropdown(choices=choices, value=None, visible=bool(choices)),
            "",
        ]

    def _compare(
        self, who: Principal, told: Words, set_id: object, document_id: object, mark: object
    ) -> shown.Html:
        if not mark:
            return shown.Html()
        before = logic.version(self.desk, who, set_id, document_id, mark)
        now = logic.reading(self.desk, who, set_id, document_id).document
        heading = shown.note(told["difference_intro"])
        return shown.Html(heading + shown.difference(before.text, now.text))


def document(found: logic.Reading, told: Words) -> shown.Html:
    """A document: where it comes from, its sections, and its passages in the index."""
    it = found.document
    heads = [told[f"passage_{n}"] for n in ("text", "heading", "page", "offsets", "concepts")]
    rows = [
        (
            it.text[each.start : each.end],
            each.heading,
            each.page,
            f"{each.start}–{each.end}",
            ", ".join(concepts),
        )
        for each, concepts in zip(found.passages, found.concepts, strict=True)
    ]
    state = shown.badge(told["document_here"], "good")
    if not found.here:
        state = shown.badge(told["document_gone"], "bad")
    return shown.Html(
        f"<h3>{shown.cell(it.title)}</h3>{state}"
        + provenance(it, told)
        + shown.fold(told.say("sections_heading", count=len(it.sections)), sections(it, told))
        + shown.fold(
            told.say("passages_heading", count=len(rows)), shown.table(heads, rows, ""), wide=True
        )
    )


def provenance(it: Document, told: Words) -> shown.Html:
    """Where a document comes from, and how far it is to be trusted."""
    its = it.provenance
    return shown.facts(
        (
            (told["field_id"], it.id),
            (told["field_agency"], its.agency),
            (told["field_url"], shown.link(its.url)),
            (told["field_country"], " ".join(filter(None, (it.country, it.territory)))),
            (told["field_language"], it.language),
            (told["field_sectors"], ", ".join(told[f"sector_{s.value}"] for s in it.sectors)),
            (told["field_as_of"], its.as_of),
            (told["field_retrieved"], its.retrieved_at),
            (told["field_valid"], " – ".join(str(d) for d in (its.valid_from, its.valid_to) if d)),
            (told["field_verification"], told[f"verification_{its.verification.value}"]),
            (told["field_licence"], its.licence),
            (told["field_names"], ", ".join(it.names)),
        )
    )


def sections(it: Document, told: Words) -> shown.Html:
    """The sections, each with its place."""
    heads = [told[f"passage_{name}"] for name in ("heading", "field", "page", "offsets", "text")]
    rows = [
        (s.heading, s.field.value, s.page, f"{s.start}–{s.end}", it.quote(s)) for s in it.sections
    ]
    return shown.table(heads, rows, "")
