"""Questions to try, with the trace of every step; a good one becomes a golden question."""

from __future__ import annotations

from typing import Any

import gradio as gr

from agents.trace import Judged, Meant, Trace
from sources.country import countries
from ui.access.permissions import Principal, may
from ui.console import Words, shown
from ui.console import testing as logic
from ui.console.desk import Desk, Handlers, token_of


class TryTab:
    """Components of the part."""

    def __init__(self, desk: Desk, handlers: Handlers) -> None:
        self.desk, told = desk, handlers.told
        named = [(c.names[told.language], code) for code, c in countries().items()]
        with gr.Row():
            self.question = gr.Textbox(
                label=told["test_question"], max_length=2000, lines=1, scale=3, elem_id="c-question"
            )
            self.country = gr.Dropdown(
                [(told["no_country"], ""), *named], value="", label=told["test_country"],
                elem_id="c-test-country",
            )  # fmt: skip
        readers = [(told["as_citizen"], "citizen"), (told["as_agency"], "agency")]
        self.reader = gr.Radio(readers, value="citizen", label=told["test_as"], elem_id="c-test-as")
        self.ask = gr.Button(told["test_ask"], variant="primary", elem_id="c-ask")
        self.answer = gr.HTML(elem_id="c-answer")
        self.trace = gr.HTML(elem_id="c-trace")
        with gr.Accordion(told["golden_heading"], open=False, visible=False) as self.golden:
            gr.HTML(shown.note(told["golden_intro"]))
            self.set = gr.Dropdown([], label=told["golden_set"], elem_id="c-golden-set")
            self.documents = gr.Dropdown(
                [], label=told["golden_documents"], multiselect=True, elem_id="c-golden-documents"
            )
            self.figures = gr.Textbox(
                label=told["golden_figures"], info=told["info_golden_figures"], max_length=500,
                elem_id="c-golden-figures",
            )  # fmt: skip
            self.add = gr.Button(told["golden_add"], elem_id="c-golden-add")
            self.added = gr.HTML(elem_id="c-golden-added")
        self._wire(handlers)

    @property
    def first(self) -> list[Any]:
        """What `state` gives values for."""
        return [self.set]

    def state(self, who: Principal, told: Words) -> list[Any]:
        """The sets that may be given golden questions."""
        own = self.desk.own(who, "upload")
        choices = [(entry.title, entry.id) for entry in own.values()]
        return [gr.Dropdown(choices=choices, value=choices[0][1] if choices else None)]

    def _wire(self, handlers: Handlers) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        given = [self.question, self.country, self.reader]
        outputs = [self.answer, self.trace, self.golden, self.documents, self.added]

        async def ask(request: gr.Request, *values: Any) -> list[Any]:
            with self.desk.telling(handlers.told):
                return await self._ask(self.desk.who(token_of(request)), handlers.told, *values)

        for event in (self.ask.click, self.question.submit):
            event(ask, given, outputs, **quiet)
        self.add.click(
            handlers.once(self._add),
            [self.set, self.question, self.country, self.documents, self.figures],
            [self.added],
            **quiet,
        )

    async def _ask(
        self, who: Principal, told: Words, question: object, country: object, reader: object
    ) -> list[Any]:
        inside = reader == "agency"
        tried = await logic.ask(
            self.desk, who, question, country, inside=inside, language=told.language
        )
        own = set[str]()
        for entry in self.desk.own(who, "upload").values():
            own |= self.desk.house.store.ids(entry.id).keys()
        cited = {c.document_id: c.title for c in tried.answer.citations if c.document_id in own}
        return [
            answer(tried, told),
            trace(tried.trace, told),
            gr.Accordion(visible=may(who, "upload")),
            gr.Dropdown(choices=[(t, i) for i, t in cited.items()], value=list(cited)),
            "",
        ]

    def _add(
        self,
        who: Principal,
        told: Words,
        set_id: object,
        question: object,
        country: object,
        documents: list[str] | None,
        figures: object,
    ) -> shown.Html:
        logic.add_golden(self.desk, who, set_id, question, country, documents or [], figures)
        return shown.note(told["golden_added"], "good")


def answer(tried: logic.Tried, told: Words) -> shown.Html:
    """The answer as text, with its citations below."""
    it = tried.answer
    heads = [told["cited_marker"], told["cited_document"], told["cited_quote"], told["cited_as_of"]]
    rows = [(f"[{c.marker}]", c.title, c.quote, c.as_of) for c in it.citations]
    kind = "good" if it.status.value == "answered" else "wait"
    return shown.Html(
        f"<h3>{shown.cell(told['answer_heading'])}</h3>"
        + shown.badge(told.maybe(f"status_{it.status.value}", it.status.value), kind)
        + f'<div class="c-text" lang="{shown.cell(it.language)}">{shown.cell(plain(it.answer))}</div>'
        + shown.items(it.notices)
        + (shown.table(heads, rows, "") if rows else "")
    )


def plain(markdown: str) -> str:
    """Markdown without its marks of headings and weight."""
    lines = (
        line.lstrip("#").strip() if line.startswith("#") else line for line in markdown.splitlines()
    )
    return "\n".join(lines).replace("**", "")


def trace(it: Trace, told: Words) -> shown.Html:
    """Every step, in its order."""
    parts = [f"<h3>{shown.cell(told['trace_heading'])}</h3>"]
    if it.concern:
        parts.append(shown.note(told.say("trace_concern", kind=" · ".join(it.concern)), "wait"))
    if it.meant:
        parts.append(shown.fold(told["trace_meant"], meant(it.meant, told), wide=True))
    heads = [
        told[f"seen_{name}"] for name in ("title", "country", "agent", "score", "trust", "chosen")
    ]
    rows = [
        (
            each.title, each.country, told.maybe(f"sector_{each.agent}", each.agent),
            f"{each.score:.3f}", f"{each.trust:.2f}", "✓" if each.chosen else "",
        )
        for each in it.seen
    ]  # fmt: skip
    verdict = shown.note(told.maybe(f"verdict_{it.verdict}", it.verdict))
    seen = shown.table(heads, rows, told["seen_none"])
    parts.append(shown.fold(told.say("trace_seen", count=len(it.seen)), seen + verdict, wide=True))
    tools = [
        (each.name, ", ".join(f"{k}: {v}" for k, v in each.arguments.items()), each.rows, each.text)
        for each in it.tools
    ]
    heads = [told[f"tool_{name}"] for name in ("name", "arguments", "rows", "text")]
    called = shown.table(heads, tools, told["tools_none"])
    parts.append(shown.fold(told.say("trace_tools", count=len(tools)), called))
    parts.append(_sentences(it, told))
    spent = [(told.maybe(f"step_{name}", name), f"{ms} ms") for name, ms in it.timings_ms.items()]
    parts.append(shown.fold(told["trace_times"], shown.facts(spent)))
    return shown.Html("".join(parts))


def meant(it: Meant, told: Words) -> shown.Html:
    """How the question was understood."""
    fixed = ", ".join(f"{before} → {after}" for before, after in it.corrections)
    return shown.facts(
        (
            (told["meant_standalone"], it.standalone),
            (told["field_language"], it.language),
            (told["meant_countries"], ", ".join(it.countries)),
            (told["meant_corrections"], fixed or told["none"]),
            (told["meant_concepts"], ", ".join(label for label, _ in it.concepts) or told["none"]),
            (told["meant_places"], "; ".join(it.places) or told["none"]),
            (told["field_sectors"], ", ".join(told.maybe(f"sector_{s}", s) for s in it.sectors)),
            (told["meant_aspects"], ", ".join(it.aspects) or told["none"]),
        )
    )


def _sentences(it: Trace, told: Words) -> shown.Html:
    kept = sum(each.objection is None for each in it.judged)
    title = told.say("trace_judged", kept=kept, dropped=len(it.judged) - kept)
    rows = [(each.text, each.title, _fate(each, told)) for each in it.judged]
    heads = [told["judged_text"], told["judged_document"], told["judged_fate"]]
    body = shown.table(heads, rows, told["judged_none"])
    if it.written:
        made = [(text, told["kept"] if held else told["dropped"]) for text, held in it.written]
        body = shown.Html(body + shown.table([told["written_text"], told["judged_fate"]], made, ""))
    return shown.fold(title, body, wide=kept < len(it.judged))


def _fate(each: Judged, told: Words) -> shown.Html:
    if each.objection is None:
        return shown.badge(told["kept"], "good")
    return shown.badge(told[f"objection_{each.objection}"], "bad")
