"""An answer in a model's words: evidence → prompt → sentences, each held against what it cites.

The model sees numbered stretches of the chosen documents and nothing else, the best ones first and
as many as its context holds. It cites by number. A line is shown only once its sentences hold;
what does not hold is dropped. Every way in which this can fail is an `Ending`, never an exception.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from agents.context import Context
from agents.labels import labels, unverified
from agents.llm.guard import guarded
from agents.llm.protocol import Message, Model
from agents.prompts import form_of_address, prompt
from agents.safety import is_instruction
from agents.state import Ending, Sentence, State, Written
from agents.support import Quote, objection
from retrieval.chunk import sentences
from sources.country import countries
from sources.document import HEADINGS, Document, Section
from sources.errors import ModelBroken, ModelError, ModelTimeout

log = logging.getLogger("ventanilla.writing")

ANSWER_TOKENS = 700
PROMPT_TOKENS = 5000
"""Tokens of a prompt at most: more evidence makes the first word late and the answer no better."""

UNIT = 400
"""Characters of a stretch that is cited as a whole; a longer section is cut between sentences."""

MOST_SENTENCES = 12
MARGIN_TOKENS = 64

_MARK = re.compile(r"\s*\[\s*(\d+(?:\s*[,;y e]+\s*\d+)*)\s*\]")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)](?=\s))\s*")
_ENDS = re.compile(r"(?<=[.!?…\])])\s+(?=[A-ZÁÉÍÓÚÑÂÊÔÃÕÀÇ¿¡«\"])")
NO_ANSWER = 0
"""The mark by which the model says that the evidence does not answer."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A numbered stretch of a document, as the model sees it and as it can be cited."""

    document: Document
    section: Section
    start: int
    end: int

    @property
    def text(self) -> str:
        """Its own words."""
        return self.document.text[self.start : self.end]

    @property
    def quote(self) -> Quote:
        """What a sentence that cites it is held against."""
        document = self.document
        heading = HEADINGS[document.language][self.section.field]
        around = (
            document.title,
            document.provenance.agency,
            document.provenance.url or "",
            heading,
        )
        return Quote(self.text, document.language, "\n".join((*around, self.section.heading or "")))

    @property
    def cite(self) -> Sentence:
        """The place, for the state."""
        return Sentence(
            document_id=self.document.id,
            start=self.start,
            end=self.end,
            field=self.section.field.value,
            part="cited",
        )


def units(state: State, context: Context, draft: list[Sentence]) -> list[Unit]:
    """The stretches of the chosen documents, those that the extractive writer would quote first.

    What is not verified is left out: a model would state it as a fact. It is quoted beside.
    """
    found: list[Unit] = []
    for document_id in state["chosen"]:
        document = context.document(document_id)
        if document is not None:
            sure = [s for s in document.sections if not s.note and not unverified(document, s)]
            found += [unit for section in sure for unit in _cut(document, section)]
    places = [
        (s["document_id"], s["start"], s["end"])
        for s in draft
        if s["document_id"] in state["chosen"]
    ]

    def place(unit: Unit) -> int:
        for number, (document_id, start, end) in enumerate(places):
            if document_id == unit.document.id and unit.start < end and start < unit.end:
                return number
        return len(places)

    return sorted((u for u in found if not is_instruction(u.text)), key=place)


def _cut(document: Document, section: Section) -> Iterator[Unit]:
    start = end = section.start
    for left, right in sentences(document.text[section.start : section.end], section.start):
        if right - start > UNIT and end > start:
            yield Unit(document, section, start, end)
            start = left
        end = right
    if end > start:
        yield Unit(document, section, start, end)


async def write(
    state: State, context: Context, draft: list[Sentence], tell: Callable[[list[Written]], None]
) -> tuple[list[Written], Ending | None]:
    """The sentences that hold, and how it ended; `tell` is given them all as each one is added.

    Without a model, or without anything that it may write from, nothing was begun: None.
    """
    model = context.model
    if model is None:
        return [], None
    written: list[Written] = []
    patience = context.patience
    last = asyncio.get_running_loop().time() + patience.write
    try:
        known = await asyncio.to_thread(units, state, context, draft)
        if not known:
            return [], None
        messages, shown = await asyncio.to_thread(_prompt, state, context, model, known)
        async with (
            asyncio.timeout(patience.first) as limit,
            aclosing(_lines(model, messages, begun=lambda: limit.reschedule(last))) as lines,
        ):
            async for line in lines:
                kept, unanswered = _read(line, shown, state["understanding"]["language"])
                if unanswered and not written:
                    return [], "unanswered"
                new = [w for w in kept if w["text"] not in {before["text"] for before in written}]
                if new:
                    written += new
                    tell(written)
                if len(written) >= MOST_SENTENCES:
                    break
    except (ModelTimeout, TimeoutError):
        return _ended("slow")
    except ModelBroken:
        return _ended("broken")
    except ModelError as error:
        log.warning("the model did not write: %s", error)
        return _ended("down")
    except Exception as error:  # noqa: BLE001 – a plug-in's fault must not cost the citizen the sources
        log.error("the model's backend failed: %s", type(error).__name__)
        return _ended("broken")
    return (written, "written") if written else _ended("unproved")


def _ended(how: Ending) -> tuple[list[Written], Ending]:
    log.info("the extractive writer takes over: %s", how)
    return [], how


def _prompt(
    state: State, context: Context, model: Model, known: list[Unit]
) -> tuple[list[Message], list[Unit]]:
    """The messages, and the units that stand in them, as many as fit. Raises ModelError for none."""
    limit = min(PROMPT_TOKENS, model.context - ANSWER_TOKENS - MARGIN_TOKENS)
    count = len(known)
    while count:
        messages = messages_for(state, context, known[:count])
        tokens = model.count_tokens(messages)
        if tokens <= limit:
            return messages, known[:count]
        count = min(count - 1, int(count * limit / tokens))
    raise ModelError("The evidence does not fit the model's context", "Give the model more context")


def messages_for(state: State, context: Context, shown: list[Unit]) -> list[Message]:
    """The prompt over these units."""
    understanding = state["understanding"]
    language = understanding["language"]
    codes = list(dict.fromkeys(unit.document.country for unit in shown))
    # A Spanish answer on a Brazilian service has no form of its own: the most formal one serves.
    own = [c for c in codes if countries()[c].languages[0].startswith(language)]
    form = countries()[own[0]].form_of_address if own else ("voce" if language == "pt" else "usted")
    asked = state["question"]
    if understanding["standalone"] != asked and understanding["follow_up"]:
        asked = f"{asked} ({understanding['standalone']})"
    return prompt(
        "write",
        language,
        form_of_address=form_of_address(form),
        evidence="\n".join(_shown(n, unit, context) for n, unit in enumerate(shown, 1)),
        country=", ".join(countries()[code].names[language] for code in codes),
        question=inert(asked),
    )


def _shown(number: int, unit: Unit, context: Context) -> str:
    language = unit.document.language
    said = labels(unit.document, unit.section, context.today(), language)
    about = [
        unit.document.title,
        unit.section.heading or HEADINGS[language][unit.section.field],
        *said,
    ]
    return f"[{number}] ({inert(' · '.join(about))}) {inert(unit.text)}"


def inert(text: str) -> str:
    """`text` on one line, without brackets by which it could pass for a mark or a template."""
    return " ".join(text.replace("[", "(").replace("]", ")").replace("<|", "< |").split())


async def _lines(
    model: Model, messages: list[Message], begun: Callable[[], None]
) -> AsyncGenerator[str, None]:
    """Whole lines as they are written; `begun` is called as words arrive. Raises ModelError."""
    rest = ""
    async with aclosing(guarded(model.write(messages, max_tokens=ANSWER_TOKENS))) as pieces:
        async for piece in pieces:
            begun()
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                yield line
    yield rest


def _read(line: str, shown: list[Unit], language: str) -> tuple[list[Written], bool]:
    """The sentences of a line that hold, and whether it says that there is no answer."""
    numbers = {int(n) for m in _MARK.finditer(line) for n in re.findall(r"\d+", m[1])}
    if numbers == {NO_ANSWER}:
        return [], True
    text = _BULLET.sub("", line.replace("**", "").replace("__", "")).strip()
    pieces = [piece for piece in _ENDS.split(text) if piece.strip()]
    # A piece of marks alone belongs to the sentence before it.
    joined: list[str] = []
    for piece in pieces:
        if joined and not _MARK.sub("", piece).strip(" ."):
            joined[-1] += f" {piece}"
        else:
            joined.append(piece)
    kept: list[Written] = []
    cited: list[int] = []
    for piece in reversed(joined):  # a sentence without a mark goes by the next one of its line
        own = [int(n) for m in _MARK.finditer(piece) for n in re.findall(r"\d+", m[1])]
        cited = own or cited
        text = re.sub(r"\s+([.,;:])", r"\1", _MARK.sub("", piece)).strip()
        places = [shown[n - 1] for n in dict.fromkeys(cited) if 1 <= n <= len(shown)]
        reason = objection(text, [unit.quote for unit in places], language)
        if len(places) < len(set(cited)):
            reason = reason or "uncited"
        if not re.search(r"\w", text):
            continue
        if reason:
            log.info("a sentence was dropped: %s", reason)
            continue
        kept.append(Written(text=text, cites=[unit.cite for unit in places]))
    return kept[::-1], False
