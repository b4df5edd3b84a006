"""Reports: use and quality over time, gaps, contradictions, and what grows old."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pandas as pd  # what Gradio takes for a plot

from ui.access.permissions import Principal, may
from ui.console import Words, shown
from ui.console import insight as logic
from ui.console.desk import Desk, Handlers
from ui.console.tabs.people import downloads

DAYS = (7, 30, 90, 180)
MOST = 200
"""Rows of a report that are shown; a download has all."""

FILES = {
    "gaps": "vacios",
    "contradictions": "contradicciones",
    "staleness": "antiguedad",
    "quality": "calidad",
}
"""How a report's file is called."""


class InsightTab:
    """Components of the part."""

    def __init__(self, desk: Desk, handlers: Handlers) -> None:
        self.desk, told = desk, handlers.told
        kinds = [
            (told[f"report_{kind}"], kind)
            for kind in ("quality", "gaps", "contradictions", "staleness")
        ]
        self.kind = gr.Radio(
            kinds, value="quality", label=told["report_choose"], elem_id="c-report"
        )
        with gr.Row():
            every = [(told["all_sets"], "")]
            self.set = gr.Dropdown(
                every, value="", label=told["report_set"], elem_id="c-report-set"
            )
            days = [(told.say("days", count=count), count) for count in DAYS]
            self.days = gr.Dropdown(days, value=30, label=told["report_days"], elem_id="c-days")
        self.show = gr.Button(told["report_show"], variant="primary", elem_id="c-report-show")
        with gr.Row(visible=False, elem_classes="c-plots") as self.plots:
            self.use = gr.BarPlot(
                x="day", y="count", color="status", color_title=" ", title=told["plot_use"],
                x_title=told["plot_day"], y_title=told["plot_questions"], height=280,
                elem_id="c-plot-use", buttons=[],
            )  # fmt: skip
            self.quality = gr.LinePlot(
                x="day", y="value", color="kind", color_title=" ", title=told["plot_quality"],
                x_title=told["plot_day"], y_title="%", y_lim=[0, 105], height=280,
                elem_id="c-plot-quality", buttons=[],
            )  # fmt: skip
        self.rows = gr.HTML(elem_id="c-report-rows")
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
        self.show.click(
            handlers.once(self._show),
            [self.kind, self.set, self.days],
            [self.plots, self.use, self.quality, self.rows],
            **quiet,
        )

    @property
    def first(self) -> list[Any]:
        """What `state` gives values for."""
        return [self.set]

    def state(self, who: Principal, told: Words) -> list[Any]:
        """The sets whose reports may be asked for."""
        choices = [(entry.title, entry.id) for entry in self.desk.own(who, "test").values()]
        return [gr.Dropdown(choices=[(told["all_sets"], ""), *choices], value="")]

    def _show(
        self, who: Principal, told: Words, kind: str, set_id: object, days: object
    ) -> list[Any]:
        count = int(str(days)) if str(days).isdigit() else DAYS[1]
        found = logic.rows(self.desk, who, kind, set_id or None, min(count, DAYS[-1]))
        body = report(kind, found, told)
        if may(who, "export"):
            body = shown.Html(downloads(FILES[kind], told) + body)
        plotted = kind == "quality" and bool(found)
        return [
            gr.Row(visible=plotted),
            plot(logic.use(found), "status", "status", told) if plotted else None,
            plot(logic.over_time(found), "kind", "plot", told) if plotted else None,
            body,
        ]


def plot(points: list[dict[str, Any]], name: str, prefix: str, told: Words) -> pd.DataFrame:
    """Points as Gradio's plots take them, with words in place of names."""
    named = [{**p, name: told.maybe(f"{prefix}_{p[name]}", str(p[name]))} for p in points]
    columns = ["day", name, "count" if name == "status" else "value"]
    return pd.DataFrame(named, columns=columns)


def report(kind: str, found: logic.Rows, told: Words) -> shown.Html:
    """The rows of a report in the order in which they help."""
    make = {
        "gaps": _gaps,
        "contradictions": _contradictions,
        "staleness": _stale,
        "quality": _quality,
    }
    heads, rows = make[kind](found[:MOST], told)
    intro = shown.note(told[f"intro_{kind}"])
    return shown.Html(intro + shown.table(heads, rows, told[f"none_{kind}"]))


Made = tuple[list[str], list[tuple[object, ...]]]


def _gaps(found: logic.Rows, told: Words) -> Made:
    heads = [told[f"gap_{name}"] for name in ("example", "count", "endings", "last", "nearest")]
    return heads, [
        (
            row["example"], row["count"],
            shown.items(f"{told.maybe(f'ending_{k}', k)}: {n}" for k, n in row["endings"].items()),
            shown.moment(row["last"]) if "T" in str(row["last"]) else row["last"],
            shown.items(near["title"] for near in row["nearest"]),
        )
        for row in found
    ]  # fmt: skip


def _contradictions(found: logic.Rows, told: Words) -> Made:
    heads = [told[f"contra_{name}"] for name in ("field", "one", "other")]

    def side(one: dict[str, Any]) -> shown.Html:
        place = shown.facts(((one["title"], one["quote"]), (told["field_as_of"], one["as_of"])))
        return shown.Html(f"{place}<small>{shown.cell(one['agency'])}</small>")

    return heads, [
        (told.maybe(f"about_{row['field']}", row["field"]), side(row["one"]), side(row["other"]))
        for row in found
    ]


def _stale(found: logic.Rows, told: Words) -> Made:
    heads = [told[f"stale_{name}"] for name in ("kind", "title", "since", "quote")]
    return heads, [
        (told.maybe(f"stale_{row['kind']}", row["kind"]), row["title"], row["since"], row["quote"])
        for row in found
    ]


def _quality(found: logic.Rows, told: Words) -> Made:
    names = ("period", "questions", "answered", "useful", "latency", "documents")
    heads = [told[f"quality_{name}"] for name in names]
    return heads, [
        (
            row["period"], row["questions"], _share(row["answered"]), _share(row["useful"]),
            "" if row["latency_p50"] is None else f"{row['latency_p50']} / {row['latency_p95']} ms",
            shown.items(f"{name} ({count})" for name, count in row["documents"][:3]),
        )
        for row in reversed(found)
    ]  # fmt: skip


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"
