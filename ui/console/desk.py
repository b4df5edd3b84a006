"""What every part of the console stands on: who asks, which sets are theirs, and how errors are told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from agents.assistant import Assistant
from sources.catalog import CatalogEntry, read_catalog
from sources.errors import Forbidden, NotLoggedIn, TooMany, VentanillaError
from ui.access.doors import COOKIE
from ui.access.permissions import Principal, may, require
from ui.assemble import House
from ui.console import Refused, Words, words

log = logging.getLogger(__name__)

Made = TypeVar("Made")

LOOK_S = 0.4
"""Seconds between two looks at work that somebody watches."""

HOUSE = "_house"
"""The folder of the house's own uploads; no agency can be called so."""


def token_of(request: gr.Request | None) -> str:
    """The session's token, as the browser sent it with this very event."""
    cookies: Mapping[str, str] = getattr(request, "cookies", None) or {}
    return cookies.get(COOKIE, "")


class Desk:
    """One house and its assistant, as the console needs them."""

    def __init__(self, house: House, assistant: Assistant) -> None:
        self.house, self.assistant = house, assistant

    def who(self, token: str) -> Principal:
        """Who is logged in now. Raises NotLoggedIn."""
        if not token:
            raise NotLoggedIn("the session has ended", "Log in again.")
        return self.house.access.sessions.principal(token)

    def own(self, who: Principal, action: str | None = None) -> dict[str, CatalogEntry]:
        """The sets of an agency's people; the house's people have all. With `action` those with which
        they may do that.
        """
        catalog = read_catalog(self.house.settings.catalog)
        return {
            id_: entry
            for id_, entry in catalog.items()
            if who.known
            and (who.of_the_house or (entry.owner is not None and entry.owner == who.agency))
            and (action is None or may(who, action, entry))
        }

    def entry(self, who: Principal, action: str, set_id: object) -> CatalogEntry:
        """One of their own sets. Raises Refused where it is none of theirs (as where there is none),
        Forbidden where they may not do `action`.
        """
        entry = self.own(who).get(str(set_id or ""))
        if entry is None:
            raise Refused("no_such_set")
        require(who, action, entry)
        return entry

    def note(self, who: Principal, action: str, entry: CatalogEntry, detail: str = "") -> None:
        """Adds a line to the audit trail."""
        self.house.access.trail.record(who.by, action, entry.id, agency=entry.owner, detail=detail)

    def uploads(self, who: Principal) -> Path:
        """The folder of the uploads of somebody's agency."""
        return self.uploads_of(who.agency)

    def uploads_of(self, agency: str | None) -> Path:
        """The folder of an agency's uploads; of none: the house's."""
        return self.house.settings.uploads / (agency or HOUSE)

    # ------------------------------------------------------------------------------- telling

    def line(self, error: VentanillaError, told: Words) -> str:
        """An error as its reader sees it: one line, and no path of this machine."""
        if isinstance(error, Refused):
            return told.say(error.name, **error.values)
        if isinstance(error, NotLoggedIn):
            return told["login_ended"]
        if isinstance(error, TooMany):
            return told.say("login_wait", minutes=-(-error.wait_s // 60))
        if isinstance(error, Forbidden):
            return told["forbidden"]
        said = str(error)
        for place in (str(self.house.settings.home), str(Path.home())):
            said = said.replace(place, "…")
        return told.say("system_said", line=said)

    @contextmanager
    def telling(self, told: Words) -> Iterator[None]:
        """Turns errors that are fit to be shown into what Gradio shows."""
        try:
            yield
        except VentanillaError as error:
            raise gr.Error(
                self.line(error, told), title=told["error"], print_exception=False
            ) from None


class Handlers:
    """Wraps what a part of the console does into Gradio's event handlers.

    Each takes (who, told, *values); the session is looked up anew at every event.
    """

    def __init__(self, desk: Desk, language: str) -> None:
        self.desk, self.told = desk, words(language)

    def once(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """A handler that gives one answer."""

        def handle(request: gr.Request, *values: Any) -> Any:
            with self.desk.telling(self.told):
                made = run(self.desk.who(token_of(request)), self.told, *values)
            # For one component Gradio would take the list itself for its value.
            return made[0] if isinstance(made, list) and len(made) == 1 else made

        return handle

    def steps(self, run: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """A handler that shows how far it is."""

        def handle(request: gr.Request, *values: Any) -> Iterator[Any]:
            with self.desk.telling(self.told):
                yield from run(self.desk.who(token_of(request)), self.told, *values)

        return handle


def watched(name: str, what: str, work: Callable[[], Made]) -> Iterator[Made | None]:
    """Starts `work` in a thread of its own, where it goes on if nobody looks any more. Gives None at
    every look, and at last what came of it. Raises its VentanillaError, or one that says that `what`
    broke off.
    """
    ended: Future[Made] = Future()

    def run() -> None:
        try:
            ended.set_result(work())
        except BaseException as error:  # raised again where it is watched
            if not isinstance(error, VentanillaError):
                log.error("%s broke off: %s", what, type(error).__name__, exc_info=error)
            ended.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return _looks(ended, what)


def _looks(ended: Future[Made], what: str) -> Iterator[Made | None]:
    while wait([ended], LOOK_S).not_done:
        yield None
    error = ended.exception()
    if error is None or isinstance(error, VentanillaError):
        yield ended.result()
        return
    raise VentanillaError(f"{what} broke off", "Try again; the log says why.") from error
