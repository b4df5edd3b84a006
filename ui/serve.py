"""`ventanilla serve`: index, assistant, API and page in one process."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from agents.assistant import Assistant
from retrieval.dense_leg import DenseLeg
from sources.document import Document
from sources.errors import SourceError, UsageError, VentanillaError
from ui import local
from ui.access.oidc import provider_of
from ui.assemble import House, open_house
from ui.catalogue import watched
from ui.schedule import scheduled
from ui.settings import Settings
from ui.usage.recorded import Recorded
from ui.usage.recorder import Recorder, recording

SHUTDOWN_S = 5


def bind(settings: Settings) -> socket.socket:
    """The listening socket. Raises UsageError for a busy port or an address that is not ours."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {settings.port} is busy", "Stop what listens there, or use --port."
            ) from None
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror})",
            "Use another --host or --port.",
        ) from None
    listener.listen(128)
    return listener


def serve(settings: Settings, note: Callable[[str], None]) -> None:
    """Serves until it is stopped. The port is taken first, so that a busy one costs no waiting."""
    # Set before gradio or huggingface_hub are imported: they read it then, and ask outside hosts.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    with bind(settings) as listener, open_house(settings, note) as house:
        provider_of(settings)  # what is wrong is said now, not to the first who logs in
        _ = settings.channel
        if settings.access_url:
            _ = house.access
        # gradio takes seconds to import: meanwhile the corpus is read.
        page = threading.Thread(target=_import_page, daemon=True)
        page.start()
        report = watched(house, "seed")
        if report.indexed or report.removed:
            note(f"seed: {report.indexed} documents indexed, {report.removed} removed")
        for source_id in house.unread():
            try:
                watched(house, source_id)
            except SourceError as error:  # a portal that is down must not keep the window shut
                note(f"{source_id}: {error}")
        if outdated := house.outdated():
            note(
                f"the vocabulary changed since {', '.join(outdated)} was read: "
                "`ventanilla sources sync` lets its new words find those documents, too"
            )
        page.join()
        port = listener.getsockname()[1]
        everywhere = ("0.0.0.0", "::")  # noqa: S104 – compared, not bound
        host = "127.0.0.1" if settings.host in everywhere else settings.host
        shown = f"[{host}]" if ":" in host else host
        token = local.announce(settings, f"http://{shown}:{port}")
        try:
            with _models_of_the_search(house, note), scheduled(house, note):
                asyncio.run(_run(house, listener, token, f"http://{shown}:{port}", note))
        finally:
            local.withdraw(settings)


@contextmanager
def _models_of_the_search(house: House, note: Callable[[str], None]) -> Iterator[None]:
    """Reads the reranker, and embeds what lacks a vector, while the window is open already."""
    stop = threading.Event()

    def embed(dense: DenseLeg) -> None:
        try:
            report = house.embed(stop=stop)
        except VentanillaError as error:
            note(f"dense leg: {error} Meanwhile the search does without it.")
            return
        if report.finished:
            replaced = f", in place of {report.replaced}" if report.replaced else ""
            note(
                f"dense leg: {dense.model} answers{replaced} "
                f"({report.dimension} numbers, {report.embedded} passages embedded)"
            )

    if house.reranker:
        house.reranker.warm()
    if house.dense is None:
        yield
        return
    worker = threading.Thread(target=embed, args=(house.dense,), name="embed")
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def _import_page() -> None:
    import ui.console.page
    import ui.window  # noqa: F401


async def _run(
    house: House,
    listener: socket.socket,
    token: str,
    url: str,
    note: Callable[[str], None],
) -> None:
    import uvicorn

    from ui.api import create_app
    from ui.console.page import add_console
    from ui.window import open_window
    from ui.workers import Workers

    async with house.assistant(keep=True) as assistant, _usage(house, assistant, note) as usage:
        workers = Workers(house.settings.at_once, house.settings.waiting)
        app = create_app(house, assistant, token, usage, workers)
        add_console(app, house, assistant)
        page = open_window(
            app,
            Recorded(assistant, usage, door="page"),
            usage.give_feedback if usage else None,
            house.settings.usage_days,
            workers,
        )
        config = uvicorn.Config(
            page,
            log_level="warning",
            access_log=False,  # a query string may hold what a citizen typed
            forwarded_allow_ips=house.settings.proxies,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        server = uvicorn.Server(config)
        if model := assistant.context.model:
            health = await model.health()
            state = "answers" if health.ok else "does not answer; meanwhile sources are quoted"
            detail = f" ({health.detail})" if health.detail else ""
            note(f"model: {health.model} {state}{detail}")
        if attribution := assistant.attribution:
            note(attribution)
        note(f"Ventanilla: {url}")
        await server.serve(sockets=[listener])


@asynccontextmanager
async def _usage(
    house: House, assistant: Assistant, note: Callable[[str], None]
) -> AsyncIterator[Recorder | None]:
    """A recorder of usage; closing waits for its thread, and so does not happen in the loop."""

    def look_up(document_id: str, tenants: tuple[str, ...]) -> Document | None:
        return assistant.document(document_id, tenants=tenants)

    with ExitStack() as opened:
        yield opened.enter_context(recording(house.settings, note, look_up))
        await asyncio.to_thread(opened.close)
