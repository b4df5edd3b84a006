"""Adding a set: a form for each kind of source, a dry run, and only then the set itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from sources.country import countries
from sources.document import Sector
from ui.access.permissions import Principal
from ui.catalogue import Checked
from ui.console import Words, adding, shown
from ui.console import sets as logic
from ui.console.desk import Desk, Handlers, watched
from ui.console.tabs.sets import SetsTab, told_progress
from ui.console.uploads import MOST_BYTES

FORMS: dict[str, tuple[str, ...]] = {
    "files": ("files",),
    "website": ("origin", "include", "exclude", "main", "most_pages"),
    "chileatiende": ("origin", "token", "services", "query"),
    "ckan": ("origin", "organization", "packages", "query", "formats", "token", "token_header"),
    "leychile": ("origin", "norms"),
    "normas": ("origin", "norms"),
    "tables": ("files", "role"),
    "yaml": ("files", "yaml"),
}
"""The fields of each kind of source, beside those that all have."""

ORIGINS = {
    "chileatiende": "https://www.chileatiende.gob.cl/api",
    "leychile": "https://www.leychile.cl/Consulta/obtxml?opt=7",
    "normas": "https://normas.leg.br/api/public/normas",
}
"""Where a portal is, if there is only one."""

SEVERAL = ("include", "exclude", "services", "packages", "formats", "norms")
COMMON = (*adding.COMMON, "sectors", "internal")


class AddTab:
    """Components of the part."""

    def __init__(self, desk: Desk, handlers: Handlers, sets: SetsTab) -> None:
        self.desk, self.sets, told = desk, sets, handlers.told
        gr.HTML(shown.note(told["add_intro"]))
        kinds = [(told[f"kind_{kind}"], kind) for kind in FORMS]
        self.kind = gr.Radio(kinds, value="files", label=told["add_kind"], elem_id="c-kind")
        with gr.Row():
            with gr.Column(elem_classes="c-form"):
                self.common = self._common(told)
            with gr.Column(elem_classes="c-form"):
                self.special = self._special(told)
        self.dry = gr.Button(told["dry_run"], variant="primary", elem_id="c-dry")
        self.preview = gr.HTML(elem_id="c-preview")
        self.draft = gr.State("")
        self.add = gr.Button(told["add"], variant="primary", visible=False, elem_id="c-add")
        self.progress = gr.HTML(elem_id="c-add-progress")
        self._wire(handlers)

    def _common(self, told: Words) -> dict[str, Any]:
        places = [(country.names[told.language], code) for code, country in countries().items()]
        languages = [(told["as_found"], ""), ("Español", "es"), ("Português", "pt")]
        made: dict[str, Any] = {}
        for name in COMMON:
            label, info = told[f"field_{name}"], told.maybe(f"info_{name}", "") or None
            settled: dict[str, Any] = {"label": label, "info": info, "elem_id": f"c-{name}"}
            if name == "country":
                made[name] = gr.Dropdown([(told["as_found"], ""), *places], value="", **settled)
            elif name == "language":
                made[name] = gr.Dropdown(languages, value="", **settled)
            elif name == "sectors":
                sectors = [(told[f"sector_{each.value}"], each.value) for each in Sector]
                made[name] = gr.CheckboxGroup(sectors, value=[], **settled)
            elif name == "internal":
                made[name] = gr.Checkbox(value=False, **settled)
            else:
                made[name] = gr.Textbox(max_length=500, **settled)
        return made

    def _special(self, told: Words) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name in dict.fromkeys(each for form in FORMS.values() for each in form):
            visible = name in FORMS["files"]
            label, info = told[f"field_{name}"], told.maybe(f"info_{name}", "") or None
            if name == "files":
                most = MOST_BYTES // 1_000_000
                made[name] = gr.File(
                    file_count="multiple", label=told.say("field_files", most=most),
                    visible=visible, elem_id="c-files", height=180,
                )  # fmt: skip
                continue
            settled: dict[str, Any] = {
                "label": label, "info": info, "visible": visible, "elem_id": f"c-{name}",
            }  # fmt: skip
            if name == "most_pages":
                made[name] = gr.Number(value=500, precision=0, minimum=1, maximum=20000, **settled)
            elif name == "yaml":
                made[name] = gr.Textbox(
                    lines=14, max_lines=30, max_length=adding.MOST_YAML,
                    value=told["yaml_example"], elem_classes="c-code", **settled,
                )  # fmt: skip
            elif name == "token":
                made[name] = gr.Textbox(type="password", max_length=4000, **settled)
            else:
                lines = 3 if name in SEVERAL else 1
                made[name] = gr.Textbox(lines=lines, max_length=4000, **settled)
        return made

    def _wire(self, handlers: Handlers) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        parts = [*self.common.values(), *self.special.values()]
        self.kind.change(handlers.once(self._choose), [self.kind], parts, **quiet)
        self.dry.click(
            handlers.steps(self._dry_run),
            [self.kind, *parts],
            [self.preview, self.draft, self.add, self.progress],
            **quiet,
        )
        self.add.click(
            handlers.steps(self._add),
            [self.draft],
            [self.progress, self.draft, self.add, *self.sets.outputs],
            **quiet,
        )

    def _choose(self, who: Principal, told: Words, kind: str) -> list[Any]:
        """The fields of a kind of source; a whole entry says everything itself."""
        form = FORMS.get(kind, ())
        updates: list[Any] = [gr.update(visible=kind != "yaml") for _ in self.common]
        for name in self.special:
            origin = {"value": ORIGINS.get(kind, "")} if name == "origin" else {}
            updates.append(gr.update(visible=name in form, **origin))
        return updates

    def _form(self, kind: str, values: tuple[Any, ...]) -> tuple[dict[str, Any], list[Path]]:
        given = dict(zip((*self.common, *self.special), values, strict=True))
        form = FORMS.get(kind, ())
        files = adding.uploaded(given["files"]) if "files" in form else []
        if kind == "yaml":
            return {"yaml": given["yaml"] or "-"}, files
        known = ("files", "origin", "token", "yaml")
        options = {name: given[name] for name in form if name not in known}
        made = {name: given[name] for name in COMMON} | {"connector": kind, "options": options}
        made |= {name: given[name] for name in ("origin", "token") if name in form}
        return made, files

    def _dry_run(self, who: Principal, told: Words, kind: str, *values: Any) -> Iterator[list[Any]]:
        form, files = self._form(kind, values)
        draft = adding.write(self.desk, who, form, files)
        for file in files:  # what was uploaded lies in the draft now
            file.unlink(missing_ok=True)
        hidden = gr.Button(visible=False)
        for step in _counted(self.desk, who, draft):
            if isinstance(step, int):
                yield [shown.note(told.say("dry_running", count=step), "busy"), "", hidden, ""]
            else:
                able = gr.Button(visible=bool(step.taken))
                yield [checked(step, told), draft if step.taken else "", able, ""]

    def _add(self, who: Principal, told: Words, draft: object) -> Iterator[list[Any]]:
        entry = adding.add(self.desk, who, draft)
        hidden = gr.Button(visible=False)
        line = told.say("added_line", title=entry.title)
        rest = self.sets.state(who, told, entry.id)
        yield [shown.note(line, "good"), "", hidden, *rest]
        for step in logic.sync(self.desk, who, entry.id):
            rest = self.sets.state(who, told, entry.id) if step.report else rest
            yield [
                shown.Html(shown.note(line, "good") + told_progress(step, told)), "", hidden, *rest,
            ]  # fmt: skip


def _counted(desk: Desk, who: Principal, draft: str) -> Iterator[int | Checked]:
    """A dry run: how many documents so far, then what was found."""
    taken = 0

    def tell(count: int) -> None:
        nonlocal taken
        taken = count

    def run() -> Checked:
        return adding.dry_run(desk, who, draft, tell)

    looks = watched("console-dry-run", "the dry run", run)
    yield taken
    for found in looks:
        yield taken if found is None else found


def checked(found: Checked, told: Words) -> shown.Html:
    """What a dry run found: what would be read and what would not, and why."""
    name = "dry_documents" if found.unit == "documents" else "dry_rows"
    more = "" if found.whole else told["dry_more"]
    line = f"{told.say(name, taken=found.taken, refused=found.refused)} {more}".strip()
    rows = [(each.title, shown.items(each.headings), each.id) for each in found.documents]
    heads = [told["dry_title"], told["dry_sections"], told["dry_id"]]
    parts = [shown.note(line, "good" if found.taken else "bad")]
    if rows:
        parts.append(shown.table(heads, rows, ""))
    if found.reasons:
        title = told.say("problems_heading", count=len(found.reasons))
        parts.append(shown.fold(title, shown.items(found.reasons), wide=True))
    return shown.Html("".join(parts))
