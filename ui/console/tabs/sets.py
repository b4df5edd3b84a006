"""The sets: how each stands, and buttons for what the role may do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ui.access.permissions import Principal, may
from ui.console import Words, shown
from ui.console import sets as logic
from ui.console.desk import Desk, Handlers

KINDS = {
    "done": "good", "held": "wait", "quarantined": "wait", "reading": "busy", "checking": "busy",
    "running": "busy", "never": "quiet", "discarded": "quiet",
}  # fmt: skip


class SetsTab:
    """Components of the part; `choices` is refreshed by whoever adds a set."""

    def __init__(self, desk: Desk, handlers: Handlers) -> None:
        self.desk, told = desk, handlers.told
        self.list = gr.HTML(elem_id="c-sets")
        self.chosen = gr.Dropdown([], label=told["set_choose"], elem_id="c-set")
        self.detail = gr.HTML(elem_id="c-set-detail")
        with gr.Row(elem_classes="c-buttons"):
            self.sync = gr.Button(told["sync"], variant="primary", elem_id="c-sync")
            self.confirm = gr.Button(told["confirm"], visible=False, elem_id="c-confirm")
            self.discard = gr.Button(told["discard"], visible=False, elem_id="c-discard")
            self.renew = gr.Button(told["refresh"], elem_id="c-refresh")
        self.progress = gr.HTML(elem_id="c-progress")
        with gr.Accordion(told["remove_heading"], open=False, visible=False) as self.removing:
            gr.HTML(shown.note(told["remove_intro"]))
            self.typed = gr.Textbox(label=told["remove_typed"], elem_id="c-remove-typed")
            self.purge = gr.Checkbox(label=told["remove_purge"], value=False)
            self.remove = gr.Button(told["remove"], variant="stop", elem_id="c-remove")
        self._wire(handlers)

    @property
    def outputs(self) -> list[Any]:
        """What `state` gives values for."""
        return [
            self.list, self.chosen, self.detail, self.sync, self.confirm, self.discard,
            self.removing,
        ]  # fmt: skip

    def state(self, who: Principal, told: Words, set_id: object = None) -> list[Any]:
        """The list, the choice and what may be done with the set chosen."""
        found = logic.standings(self.desk, who)
        ids = [each.entry.id for each in found]
        chosen = str(set_id) if set_id in ids else (ids[0] if ids else None)
        one = next((each for each in found if each.entry.id == chosen), None)
        choices = [(f"{each.entry.title} ({each.entry.id})", each.entry.id) for each in found]

        def able(action: str) -> bool:
            return one is not None and may(who, action, one.entry)

        waits = one is not None and one.waits
        return [
            overview(found, told),
            gr.Dropdown(choices=choices, value=chosen),
            detail(one, told) if one else shown.Html(),
            gr.Button(visible=able("sync")),
            gr.Button(visible=waits and able("confirm")),
            gr.Button(visible=waits and able("confirm")),
            gr.Accordion(visible=able("remove")),
        ]

    def _wire(self, handlers: Handlers) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        chosen = [self.chosen]
        self.chosen.input(handlers.once(self.state), chosen, self.outputs, **quiet)
        self.renew.click(handlers.once(self.state), chosen, self.outputs, **quiet)
        moving = [self.progress, *self.outputs]
        self.sync.click(handlers.steps(self._sync), chosen, moving, **quiet)
        self.confirm.click(handlers.steps(self._confirm), chosen, moving, **quiet)
        self.discard.click(handlers.once(self._discard), chosen, moving, **quiet)
        self.remove.click(
            handlers.once(self._remove),
            [self.chosen, self.typed, self.purge],
            [self.typed, *moving],
            **quiet,
        )

    def _sync(self, who: Principal, told: Words, set_id: object) -> Iterator[list[Any]]:
        yield from self._moving(who, told, set_id, logic.sync(self.desk, who, set_id))

    def _confirm(self, who: Principal, told: Words, set_id: object) -> Iterator[list[Any]]:
        yield from self._moving(who, told, set_id, logic.confirm(self.desk, who, set_id))

    def _moving(
        self, who: Principal, told: Words, set_id: object, steps: Iterator[logic.Progress]
    ) -> Iterator[list[Any]]:
        for step in steps:
            rest = [gr.skip()] * len(self.outputs)
            yield [
                told_progress(step, told),
                *(self.state(who, told, set_id) if step.report else rest),
            ]

    def _discard(self, who: Principal, told: Words, set_id: object) -> list[Any]:
        logic.discard(self.desk, who, set_id)
        return [shown.note(told["discarded_line"], "good"), *self.state(who, told, set_id)]

    def _remove(
        self, who: Principal, told: Words, set_id: object, typed: object, purge: object
    ) -> list[Any]:
        removed = logic.remove(self.desk, who, set_id, typed, purge=bool(purge))
        line = shown.note(told.say("removed_line", id=set_id, count=removed), "good")
        return ["", line, *self.state(who, told)]


def overview(found: list[logic.Standing], told: Words) -> shown.Html:
    """All sets in a table."""
    heads = [
        told[f"sets_{name}"] for name in ("title", "state", "documents", "read", "due", "problems")
    ]
    rows = [
        (
            shown.Html(
                f"<strong>{shown.cell(each.entry.title)}</strong><br>"
                f'<span class="c-id">{shown.cell(each.entry.id)}</span>'
                + (f" · {shown.cell(told['internal'])}" if each.entry.internal else "")
            ),
            state(each, told),
            each.documents or each.rows,
            shown.moment(each.at),
            shown.moment(each.due),
            len(each.report.rejected) if each.report else "",
        )
        for each in found
    ]
    return shown.table(heads, rows, told["sets_none"])


def state(one: logic.Standing, told: Words) -> shown.Html:
    """The state as a word."""
    name = one.state.partition(":")[0]
    name = name if name in KINDS else "failed"
    return shown.badge(told[f"state_{name}"], KINDS.get(name, "bad"))


def detail(one: logic.Standing, told: Words) -> shown.Html:
    """What the last reading of a set left to be told."""
    entry, report = one.entry, one.report
    parts = [
        shown.facts(
            (
                (told["sets_state"], state(one, told)),
                (told["sets_read"], shown.moment(one.at)),
                (told["sets_due"], shown.moment(one.due) or told["due_none"]),
                (told["readers"], told["internal"] if entry.internal else told["public"]),
                (told["connector"], told.maybe(f"kind_{entry.connector}", entry.connector)),
            )
        )
    ]
    if one.state.startswith("failed"):
        parts.append(shown.note(one.state.partition(": ")[2], "bad"))
    if report and one.state == "held":
        gone = [note.removeprefix("would go: ") for note in report.notes]
        parts += [shown.note(told["held_line"], "wait"), shown.note(told["held_gone"])]
        parts.append(shown.items(gone))
    if report and one.state == "quarantined":
        parts.append(shown.note(told["quarantined_line"], "wait"))
        parts += [_turned(each, told) for each in report.turned]
    if report and report.rejected:
        title = told.say("problems_heading", count=len(report.rejected))
        parts.append(shown.fold(title, shown.items(report.rejected), wide=len(report.rejected) < 6))
    return shown.Html("".join(parts))


def _turned(each: Any, told: Words) -> shown.Html:
    pair = shown.facts(((told["answer_now"], each.now), (told["answer_then"], each.then)))
    return shown.fold(each.question, pair, wide=True)


def told_progress(step: logic.Progress, told: Words) -> shown.Html:
    """How far a reading is, or how it ended."""
    if step.report is None:
        name = step.state if step.state in ("reading", "checking", "running") else "reading"
        return shown.note(told.say(f"progress_{name}", count=step.read), "busy")
    if step.state in logic.WAITS:
        return shown.note(told[f"{step.state}_line"], "wait")
    report = step.report
    line = told.say(
        "progress_done",
        indexed=report.indexed or report.rows,
        unchanged=report.unchanged,
        removed=report.removed,
        rejected=len(report.rejected),
    )
    return shown.note(line, "good")
