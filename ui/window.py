"""The citizens' window: the page, the light version without JavaScript, and the headers of both.

app = open_window(FastAPI(), assistant, keep=recorder.give_feedback)
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ui import chat  # first: it tells gradio to ask no outside host, before gradio is imported
from ui.headers import Headers
from ui.lite import Keep, add_lite
from ui.page import HEAD, SCRIPT, STYLES
from ui.page.assistant import AssistantLike
from ui.page.theme import theme
from ui.workers import Workers

import gradio as gr  # isort: skip


def open_window(
    app: FastAPI,
    assistant: AssistantLike,
    keep: Keep | None = None,
    kept_days: int = 0,
    workers: Workers | None = None,
) -> FastAPI:
    """`app` with the window in it. With `keep`, readers are asked whether an answer helped; `app`
    then has `POST /api/feedback`. `kept_days` is how long questions are kept for statistics, as the
    page says it; 0 for not at all. `workers` are shared with the other doors of this process.
    """
    workers = workers or Workers()
    add_lite(app, assistant, keep, kept_days, workers)
    app.add_middleware(Headers)
    page = chat.build(assistant, feedback=keep is not None, workers=workers)
    mounted: FastAPI = gr.mount_gradio_app(app, page, path="", **launch_arguments())
    return mounted


def launch_arguments() -> dict[str, Any]:
    """What `gr.mount_gradio_app` needs besides the page: look, script, and everything off that
    would link elsewhere or keep questions in the browser.
    """
    style = "\n".join(file.read_text(encoding="utf-8") for file in STYLES)
    return {
        "theme": theme(),
        "js": SCRIPT.read_text(encoding="utf-8"),
        # Not as `css`: Gradio prefixes every selector of that and cuts it at commas, so that
        # `:is(a, b)` is lost and weights change.
        "head": f"{HEAD.read_text(encoding='utf-8')}<style>{style}</style>",
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "max_file_size": "1kb",  # the page takes no files
    }
