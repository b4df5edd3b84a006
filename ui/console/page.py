"""The console as Gradio shows it in one language; `add_console` mounts it in both.

No event is part of an API, nothing is recorded in the browser, no file is served, and nothing is
fetched from other hosts.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

# Read when gradio is imported: it asks no outside host.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI
from starlette.requests import Request

from agents.assistant import Assistant
from ui.access.doors import COOKIE
from ui.access.permissions import Principal, may
from ui.assemble import House
from ui.console import FOLDER, PATHS, Words, insight, people, shown, words
from ui.console.desk import Desk, Handlers, token_of
from ui.console.entrance import Download, add_entrance, logout_mark
from ui.console.guard import LOGOUT, Guard
from ui.console.tabs.adding import AddTab
from ui.console.tabs.insight import FILES, InsightTab
from ui.console.tabs.people import PeopleTab
from ui.console.tabs.reading import ReadTab
from ui.console.tabs.sets import SetsTab
from ui.console.tabs.testing import TryTab
from ui.page import STYLES
from ui.page.theme import theme

AT_ONCE = 8
"""Events of one kind that run at the same time."""

UPLOAD = "500mb"
"""The largest file that may be uploaded."""

KEPT_S = 3600
"""Seconds after which Gradio erases what was uploaded and never used."""


class Console:
    """The components of one language, and what happens when the page is opened."""

    blocks: gr.Blocks

    def __init__(self, desk: Desk, language: str) -> None:
        self.desk, self.handlers = desk, Handlers(desk, language)
        told = self.handlers.told
        with gr.Blocks(
            title=told["title"],
            analytics_enabled=False,
            fill_width=True,
            elem_id="consola",
            delete_cache=(KEPT_S, KEPT_S),
        ) as self.blocks:
            self.top = gr.HTML(elem_id="c-top")
            with gr.Tabs(elem_id="c-tabs") as self.tabs:
                with gr.Tab(told["tab_sets"], id="sets"):
                    self.sets = SetsTab(desk, self.handlers)
                with gr.Tab(told["tab_add"], id="add", visible=False) as self.add_tab:
                    self.add = AddTab(desk, self.handlers, self.sets)
                with gr.Tab(told["tab_read"], id="read", visible=False) as self.read_tab:
                    self.read = ReadTab(desk, self.handlers)
                with gr.Tab(told["tab_try"], id="try", visible=False) as self.try_tab:
                    self.trying = TryTab(desk, self.handlers)
                with gr.Tab(told["tab_insight"], id="insight", visible=False) as self.insight_tab:
                    self.insight = InsightTab(desk, self.handlers)
                with gr.Tab(told["tab_people"], id="people", visible=False) as self.people_tab:
                    self.people = PeopleTab(desk, self.handlers)
            self._wire()
        self.blocks.queue(default_concurrency_limit=AT_ONCE, max_size=100, api_open=False)

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        tabs = {
            self.add_tab: "upload", self.read_tab: "test", self.try_tab: "test",
            self.insight_tab: "test", self.people_tab: "manage_users",
        }  # fmt: skip

        def opened(request: gr.Request) -> list[Any]:
            told = self.handlers.told
            with self.desk.telling(told):
                token = token_of(request)
                who = self.desk.who(token)
                shut = [gr.Tab(visible=may(who, action)) for action in tabs.values()]
                return [top(self.desk, who, told, token), *shut, *self.sets.state(who, told)]

        self.blocks.load(opened, None, [self.top, *tabs, *self.sets.outputs], **quiet)
        once = self.handlers.once
        for tab, part in (
            (self.read_tab, self.read), (self.try_tab, self.trying),
            (self.insight_tab, self.insight), (self.people_tab, self.people),
        ):  # fmt: skip
            tab.select(once(part.state), None, part.first, **quiet)


def top(desk: Desk, who: Principal, told: Words, token: str) -> shown.Html:
    """Whose console it is, who is logged in, the other language and the way out."""
    agency = desk.house.access.agencies.get(who.agency).title if who.agency else told["the_house"]
    user = desk.house.access.users.get(who.user or "")
    other = "pt" if told.language == "es" else "es"
    return shown.Html(
        '<header class="c-header"><div class="c-brand">'
        f"<h1>{shown.cell(told['heading'])}</h1><p>{shown.cell(agency)}</p></div>"
        f'<div class="c-who"><span>{shown.cell(user.label or user.name)} · '
        f"{shown.cell(told[f'role_{who.role}'])}</span>"
        f'<a href="{PATHS[other]}/" lang="{other}">{shown.cell(words(other)["name"])}</a>'
        f'<form method="post" action="{LOGOUT}?lang={told.language}">'
        f'<input type="hidden" name="mark" value="{logout_mark(token)}">'
        f'<button type="submit">{shown.cell(told["logout"])}</button></form></div></header>'
    )


def launch_arguments(language: str) -> dict[str, Any]:
    """What `gr.mount_gradio_app` needs besides the console."""
    script = (FOLDER / "console.js").read_text(encoding="utf-8").replace("LANGUAGE", language)
    files = (*STYLES, FOLDER / "console.css")
    styles = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return {
        "theme": theme(),
        "head": f"<style>{styles}</style><script>{script}</script>",
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "max_file_size": UPLOAD,
        "allowed_paths": [],
    }


def add_console(app: FastAPI, house: House, assistant: Assistant) -> None:
    """Adds the console to `app`, with its guard around the whole of it. To be called before anything
    is mounted at the root: that would answer in its place.
    """
    desk = Desk(house, assistant)
    downloads: dict[str, Download] = {"rastro": partial(people.trail_file, desk)}
    for kind, name in FILES.items():
        downloads[name] = partial(_report, desk, kind)
    provider = bool(house.settings.oidc_issuer)
    add_entrance(app, lambda: house.access, downloads, provider=provider)
    blocked = [str(house.settings.home.resolve())]

    def logged_in(request: Request) -> str | None:
        """Gradio's own check; the guard has looked already."""
        token = request.cookies.get(COOKIE)
        return desk.who(token).user if token else None

    # The longer path first: the other one would answer in its place.
    for language, path in sorted(PATHS.items(), key=lambda each: -len(each[1])):
        gr.mount_gradio_app(
            app,
            Console(desk, language).blocks,
            path=path,
            blocked_paths=blocked,
            auth_dependency=logged_in,
            **launch_arguments(language),
        )
    app.add_middleware(Guard, store=lambda: house.access)


def _report(desk: Desk, kind: str, who: Principal, form: str) -> Any:
    return insight.file(desk, who, kind, form)
