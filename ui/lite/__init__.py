"""`/lite`: the citizen's page without JavaScript, for weak connections and old telephones.

Forms and their answers, nothing else: no cookie, no script, nothing fetched. A question is sent by
POST, so that it stands in no address; `?q=…&country=CL` fills it in without sending it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agents.assistant import EXPIRY
from agents.state import MAX_QUESTION, Answer
from agents.state import Request as Question
from sources.country import countries
from sources.errors import Busy, VentanillaError
from ui.headers import hash_source
from ui.lite.render import answer_parts, statement
from ui.page import ANSWERS, FOLDER, Texts, country_choices, language_asked, languages, tag_of
from ui.page.region import region_groups, region_named
from ui.page.session import IDLE_S, for_country
from ui.usage.reasons import reasons
from ui.workers import Workers

if TYPE_CHECKING:
    from ui.page.assistant import AssistantLike

log = logging.getLogger("ventanilla.lite")

Keep = Callable[[str, bool, str | None], bool]
"""Keeps (id of an answer, whether it helped, reason or None), as `Recorder.give_feedback` does; False
where no such answer is known. Raises VentanillaError where it cannot be kept.
"""

LONGEST_FORM = 16_384
"""Bytes of a form; a longer one is no question."""

STATEMENTS = ("accessibility", "about")
_CONVERSATION = re.compile(r"[0-9a-f]{32}")


@cache
def _style() -> Markup:
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return Markup(style.strip())  # noqa: S704 – our own file


@cache
def policy() -> str:
    """The Content-Security-Policy: our own style by its hash, forms to ourselves, nothing else."""
    return (
        f"default-src 'none'; style-src {hash_source(_style())}; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


class Lite:
    """The pages over one assistant. `kept_days` is how long questions are kept for statistics."""

    def __init__(
        self, assistant: AssistantLike, keep: Keep | None, kept_days: int, workers: Workers
    ) -> None:
        self.assistant, self.keep, self.kept_days = assistant, keep, kept_days
        self.workers = workers
        self._templates = Environment(
            loader=PackageLoader("ui.lite"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def start(self, request: Request) -> Response:
        """The form; an address may fill it in."""
        given = {key: request.query_params.get(key, "") for key in ("q", "country")}
        return self._start(request, _language(request), given["q"], given["country"])

    async def ask(self, request: Request) -> Response:
        """Answers a question, or asks what must be known first."""
        form = await _form(request)
        language, words = _chosen(form, request)
        question, country = form.get("q", [""])[0].strip(), form.get("country", [""])[0]
        country = country if country in countries() else ""
        if _from_elsewhere(request):  # another site's form may fill in a question, not send it
            return self._start(request, language, question, country)
        if not question:
            return self._start(request, language, "", country, words.empty, 422)
        before, region = form.get("from", [""])[0], region_named(form.get("region", [""])[0])
        if before in countries() and country:
            question = for_country(question, before, country, language)
            region = region if region and region.country == country else None
        if region and country not in ("", region.country):
            said = words.region_abroad
            return self._start(request, language, question, country, said, 422, region.territory)
        territory = region.territory if region else None
        conversation = _conversation(form)
        literal = [word[:80] for word in form.get("literal", [])][-5:]
        answers = form.get("answers", [""])[0]
        answers = answers if answers in ANSWERS else ""
        asked = Question(
            question=question,
            country=country or None,
            territory=territory,
            language=tag_of(answers) or None,
            literal=literal,
        )
        try:
            async with self.workers.ticket():
                answer = await self._answer(asked, conversation)
        except Busy as full:
            said = words.busy.format(seconds=full.wait_s)
            page = self._start(request, language, question, country, said, 503, territory)
            page.headers["Retry-After"] = str(full.wait_s)
            return page
        if answer is None:
            return self._start(request, language, question, country, words.failed, 500, territory)
        parts = answer_parts(
            question, country, literal, answer, self.assistant.document, words, language
        )
        return self._page(
            "answer.html", request, language, country=country, question=question,
            conversation=conversation, answers=answers, territory=territory,
            feedback=bool(self.keep) and parts.pop("judged"), **parts,
        )  # fmt: skip

    async def _answer(self, asked: Question, conversation: str) -> Answer | None:
        """The answer; None where something broke on our side."""
        answer = None
        try:
            async for piece in self.assistant.stream(asked, conversation=conversation):
                if isinstance(piece, Answer):
                    answer = piece
        except Exception as error:
            # The reader gets a sentence; the log gets the place, never the question.
            log.error("the assistant raised %s", type(error).__name__, exc_info=error)
        return answer

    async def new(self, request: Request) -> Response:
        """Forgets a conversation at once."""
        form = await _form(request)
        language, _ = _chosen(form, request)
        known = form.get("conversation", [""])[0]
        if _CONVERSATION.fullmatch(known) and not _from_elsewhere(request):
            await self.assistant.forget(known)
        country = form.get("country", [""])[0]
        query = {"lang": language} | ({"country": country} if country in countries() else {})
        return RedirectResponse(f"/lite?{urlencode(query)}", 303)

    async def feedback(self, request: Request) -> Response:
        """Keeps whether an answer helped."""
        form = await _form(request)
        language, words = _chosen(form, request)
        reason = form.get("reason", [""])[0]
        useful = form.get("useful", [""])[0] == "yes"
        kept = False
        if self.keep and not _from_elsewhere(request):
            given = reason if reason in reasons() and not useful else None
            try:
                kept = await asyncio.to_thread(
                    self.keep, form.get("answer_id", [""])[0][:200], useful, given
                )
            except VentanillaError:
                kept = False
        said = words.thanks if kept else words.not_kept
        return self._start(request, language, "", "", said, 200 if kept else 503)

    def stated(self, request: Request, name: str) -> Response:
        """The statement on accessibility, or on what this is and keeps."""
        language = _language(request)
        text = (FOLDER / "statements" / f"{name}.{language}.md").read_text(encoding="utf-8")
        model = self.assistant.attribution
        holds = {"? ": self.kept_days > 0, "! ": self.kept_days == 0, "@ ": bool(model)}
        shown = _optional(text, holds).format(
            days=EXPIRY.days, minutes=IDLE_S // 60, kept_days=self.kept_days,
            model=model,
        )  # fmt: skip
        title = shown.splitlines()[0].removeprefix("# ")
        return self._page("statement.html", request, language, title=title, body=statement(shown))

    def _start(
        self,
        request: Request,
        language: str,
        question: str,
        country: str,
        said: str = "",
        status: int = 200,
        territory: str | None = None,
    ) -> Response:
        question = question.strip()[:MAX_QUESTION]
        country = country if country in countries() else ""
        return self._page(
            "start.html", request, language, status=status,
            question=question, country=country, said=said, answers="", territory=territory,
        )  # fmt: skip

    def _page(
        self, template: str, request: Request, language: str, status: int = 200, **more: Any
    ) -> Response:
        words = languages()[language]
        here = request.url.path if request.method == "GET" else "/lite"
        more = {"question": "", "country": ""} | more

        def query(code: str) -> str:
            given = {"lang": code, "country": more["country"]}
            if here == "/lite":
                given["q"] = more["question"] if template == "start.html" else ""
            return urlencode({key: value for key, value in given.items() if value})

        html = self._templates.get_template(template).render(
            words=words,
            language=language,
            tag=tag_of(language),
            spoken=[(code, each.language_name) for code, each in languages().items()],
            countries=country_choices(language),
            regions=region_groups(language),
            attribution=self.assistant.attribution,
            style=_style(),
            here=here,
            query=query,
            **more,
        )
        headers = {"Content-Security-Policy": policy(), "Cache-Control": "no-store"}
        return HTMLResponse(html, status, headers)


def add_lite(
    app: FastAPI, assistant: AssistantLike, keep: Keep | None, kept_days: int, workers: Workers
) -> None:
    """Adds the pages to `app`, before the page that takes all other addresses."""
    lite = Lite(assistant, keep, kept_days, workers)
    hidden: dict[str, Any] = {"include_in_schema": False, "response_class": HTMLResponse}
    app.get("/lite", **hidden)(lite.start)
    app.post("/lite", **hidden)(lite.ask)
    app.post("/lite/new", **hidden)(lite.new)
    app.post("/lite/feedback", **hidden)(lite.feedback)
    for name in STATEMENTS:
        app.get(f"/lite/{name}", **hidden)(_statement(lite, name))


def _statement(lite: Lite, name: str) -> Any:
    def stated(request: Request) -> Response:
        return lite.stated(request, name)

    return stated


def _optional(text: str, holds: dict[str, bool]) -> str:
    """`text` without the lines that begin with a sign which does not hold, and without the signs."""
    lines = (line for line in text.splitlines() if holds.get(line[:2], True))
    return "\n".join(line[2:] if line[:2] in holds else line for line in lines)


def _language(request: Request) -> str:
    accepted = request.headers.get("accept-language", "")
    return language_asked(request.query_params.get("lang", ""), accepted)


def _chosen(form: dict[str, list[str]], request: Request) -> tuple[str, Texts]:
    language = form.get("lang", [""])[0]
    language = language if language in languages() else _language(request)
    return language, languages()[language]


def _conversation(form: dict[str, list[str]]) -> str:
    known = form.get("conversation", [""])[0]
    return known if _CONVERSATION.fullmatch(known) else uuid.uuid4().hex


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a form; none of one that is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return {}
    return parse_qs(body.decode("utf-8", "replace"), max_num_fields=40)


def _from_elsewhere(request: Request) -> bool:
    """Whether another site's page sent this form."""
    site = request.headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return bool(origin) and urlsplit(origin or "").netloc != request.headers.get("host")
