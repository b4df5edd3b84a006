"""Service card → `Document`: Portuguese (or English) text with one section per statement.

What a card leaves to the page's layout is put into words, so that every section can be quoted
alone: a price stands with what it is the price of, a document with the step that asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from rapidfuzz import fuzz

from sources.document import (
    HEADINGS,
    Document,
    Field,
    Provenance,
    Sector,
    TextBuilder,
    Verification,
)
from sources.parsers.govbr_card import (
    Card,
    Channel,
    Cost,
    Duration,
    Evidence,
    Step,
    Validity,
    fold,
)
from sources.parsers.govbr_phrases import (
    blocks,
    distinct,
    items_of,
    said,
    sentence,
    title_of,
    under,
    wording,
)
from sources.parsers.govbr_sectors import sectors_of
from sources.parsers.markup import BULLET, is_filler, one_line

Language = Literal["pt", "en"]

_Row = TypeVar("_Row", Evidence, Channel)

_SAME_WORDS = 80
"""Similarity (0–100) from which on two sentences say the same."""

_END = re.compile(r"[\s:;,.–—-]+$")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a document has from its document set and not from the card."""

    source_id: str
    agency: str
    country: str = "BR"
    territory: str | None = None
    licence: str | None = None
    as_of: str | None = None
    retrieved_at: str | None = None
    verification: Verification = Verification.OFFICIAL
    tenant: str = "public"
    sectors: tuple[Sector, ...] = (Sector.GENERAL,)


@cache
def _language_words() -> dict[str, frozenset[str]]:
    return {key: frozenset(words) for key, words in wording()["language_words"].items()}


def language_of(card: Card) -> Language:
    """Portuguese, unless English words prevail in the card's title and description."""
    words = re.findall(r"[^\W\d_]+", f"{card.name} {card.description}".lower())
    counts = {key: sum(word in known for word in words) for key, known in _language_words().items()}
    return "en" if counts["en"] > max(2, counts["pt"]) else "pt"


def to_document(card: Card, document_id: str, origin: Origin, page_url: str | None) -> Document:
    """Renders `card`. `page_url` is its public page where the card does not name one.

    Raises ValueError where nothing citable remains, or a value breaks the rules of `Document`.
    """
    writer = _Writer(card)
    writer.write()
    if not writer.builder.sections:
        raise ValueError("the card says nothing beside its name")
    digital = _web_address(card.digital_url)
    return Document(
        id=document_id,
        title=one_line(card.name),
        names=_names(card),
        keywords=tuple(distinct(map(one_line, card.keywords))),
        language=writer.language,
        country=origin.country,
        territory=origin.territory,
        sectors=sectors_of(card) or origin.sectors,
        tenant=origin.tenant,
        text=writer.builder.text,
        sections=tuple(writer.builder.sections),
        provenance=Provenance(
            source_id=origin.source_id,
            url=_web_address(card.url) or page_url or digital or None,
            agency=one_line(card.agency) or origin.agency,
            licence=origin.licence,
            retrieved_at=origin.retrieved_at,
            as_of=origin.as_of,
            verification=origin.verification,
        ),
    )


def _names(card: Card) -> tuple[str, ...]:
    title = fold(one_line(card.name))
    names = distinct(map(one_line, (*card.popular_names, card.acronym)))
    return tuple(name for name in names if fold(name) != title)


def _web_address(text: str) -> str:
    found = re.search(r"https?://[^\s<>\"')]+", text)
    return found[0] if found else ""


def _positive(figure: str) -> bool:
    return bool(re.search(r"[1-9]", figure))


class _Writer:
    """Writes one card field by field, in the order in which a reader meets them."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.language = language_of(card)
        self.words: dict[str, Any] = wording()[self.language]
        self.builder = TextBuilder()
        self.titles = [title_of(step.title, index + 1) for index, step in enumerate(card.steps)]

    def write(self) -> None:
        card = self.card
        self.builder.heading(one_line(card.name))
        self._field(Field.DESCRIPTION, blocks(said(card.description)))
        self._field(Field.REQUIREMENT, self._requirements())
        self._field(Field.EVIDENCE, self._evidence())
        costs = self._costs()
        self._field(Field.COST, costs, conflict="cost" if self._free_yet_priced() else None)
        self._field(Field.PROCESSING_TIME, self._durations())
        self._field(Field.VALIDITY, self._validity(card.validity))
        self._field(Field.CHANNEL, self._channels())
        self._field(Field.CONTACT_POINT, blocks(said(card.contact)))
        self._field(Field.LEGAL_RESOURCE, distinct(map(said, card.laws)))
        self._field(Field.STEPS, self._steps())
        for key in ("priority", "accessibility", "treatment"):
            text = said(getattr(card, key))
            self._field(Field.BODY, blocks(text), heading=self.words[key])

    def _field(
        self, field: Field, texts: Iterable[str], heading: str = "", conflict: str | None = None
    ) -> None:
        heading = heading or HEADINGS[self.language][field]
        announced = False
        for text in texts:
            if is_filler(text):
                continue
            if not announced:
                self.builder.heading(heading)
                announced = True
            self.builder.section(text, field=field, heading=heading, conflict=conflict)

    def _label(self, index: int) -> str:
        """``Etapa 2 – Pagar a taxa``"""
        title = _END.sub("", self.titles[index])
        form = self.words["step_titled" if title else "step"]
        return str(form.format(number=index + 1, title=title))

    def _requirements(self) -> Iterator[str]:
        """Those who may ask without conditions together, the others grouped by equal conditions."""
        groups: dict[str, list[str]] = {}
        for applicant in self.card.applicants:
            kind = said(applicant.kind)
            conditions = said(applicant.requirements)
            if kind or conditions:
                groups.setdefault(conditions, []).append(kind)
        free = items_of(groups.pop("", ()))
        yield from under(self.words["applicants"], [sentence(free[0])] if len(free) == 1 else free)
        for conditions, kinds in groups.items():
            kind = _END.sub("", "; ".join(distinct(map(one_line, kinds))))
            head = self.words["requirements"].format(kind=kind) if kind else ""
            yield from under(head, [conditions])

    def _evidence(self) -> Iterator[str]:
        """Per step and case; a list that steps share is given once, for the first of them."""
        several = sum(bool(step.evidence) for step in self.card.steps) > 1
        seen: set[tuple[str, ...]] = set()
        for index, step in enumerate(self.card.steps):
            for case, group in _by_case(step.evidence):
                items = items_of(said(item.text) for item in group)
                if not items or (case, *items) in seen:
                    continue
                seen.add((case, *items))
                head = self.words["evidence"]
                if several:
                    head = self.words["evidence_step"].format(step=self._label(index))
                yield from under(self._with_case(head, case), items)

    def _with_case(self, head: str, case: str) -> str:
        return "\n".join(filter(None, (head, self.words["case"].format(case=case) if case else "")))

    def _costs(self) -> Iterator[str]:
        found = [
            (index, cost.text, text)
            for index, step in enumerate(self.card.steps)
            for cost in step.costs
            if (text := self._cost(cost))
        ]
        if self.card.free is True:
            yield self.words["free"]
        elif self.card.free is False and not found:
            yield self.words["not_free"]
        # "Não há custo nesta etapa" and a fee that differs from step to step need their step.
        several = len({index for index, _, _ in found}) > 1
        for text in dict.fromkeys(
            f"{self._label(index)}: {text}" if several else text for index, _, text in found
        ):
            yield text

    def _free_yet_priced(self) -> bool:
        """Whether the card calls the service free and asks a price of everybody."""
        costs = (cost for step in self.card.steps for cost in step.costs if not cost.case)
        return self.card.free is True and any(_positive(cost.amount) for cost in costs)

    def _cost(self, cost: Cost) -> str:
        """``Taxa de inscrição: R$ 91,00.``"""
        what = _END.sub("", said(cost.text))
        amount = one_line(cost.amount)
        if amount and re.fullmatch(r"[\d.,]+", amount):
            amount = f"{one_line(cost.currency)} {amount}".strip()
        elif is_filler(amount):
            amount = ""
        if what and amount:
            text = f"{what}\n{amount}" if "\n" in what else f"{what}: {amount}"
        else:
            text = amount or what
        case = _END.sub("", one_line(cost.case))
        if case and text:
            text = self.words["in_case"].format(case=case, text=text)
        return sentence(text)

    def _durations(self) -> Iterator[str]:
        if total := self._duration(self.card.duration):
            yield from blocks(total)
        for index, step in enumerate(self.card.steps):
            if step.duration and step.duration.kind != "not_estimated":
                text = self._duration(step.duration)
                if text:
                    yield f"{self._label(index)}: {text}"

    def _duration(self, duration: Duration | None) -> str:
        """``Até 30 dias úteis.`` with the card's remark below; zeros stand where none was set."""
        if duration is None:
            return ""
        remark = said(duration.text)
        stated = ""
        if duration.kind in ("immediate", "not_estimated"):
            stated = self.words[duration.kind]
        elif duration.kind and _positive(duration.maximum):
            time = self._time(duration.maximum, duration.unit)
            stated = self.words[duration.kind].format(minimum=duration.minimum or "0", time=time)
        if duration.kind == "not_estimated" and remark:
            alike = fuzz.token_set_ratio(fold(stated), fold(remark)) >= _SAME_WORDS
            # Beside a remark that gives a figure, "not estimated" would deny it.
            stated = "" if alike or re.search(r"\d", remark) else stated
        return "\n".join(part for part in (stated, sentence(remark)) if part)

    def _time(self, amount: str, unit: str) -> str:
        forms = self.words["units"].get(fold(unit))
        if forms is None:
            return f"{amount} {one_line(unit)}".strip()
        return f"{amount} {forms[0] if amount == '1' else forms[1]}"

    def _validity(self, validity: Validity | None) -> Iterator[str]:
        if validity is None:
            return
        stated = ""
        if validity.unlimited:
            stated = self.words["unlimited"]
        elif _positive(validity.amount):
            stated = self.words["valid_for"].format(time=self._time(validity.amount, validity.unit))
        yield from blocks("\n".join(filter(None, (stated, sentence(said(validity.text))))))

    def _channels(self) -> Iterator[str]:
        if address := said(self.card.digital_url):
            yield self.words["digital"].format(url=address)
        groups: dict[tuple[tuple[str, tuple[str, ...]], ...], list[int]] = {}
        for index, step in enumerate(self.card.steps):
            if found := tuple(self._step_channels(step)):
                groups.setdefault(found, []).append(index)
        for cases, indices in groups.items():
            # Channels that all steps share are those of the service.
            head = f"{'; '.join(map(self._label, indices))}:" if len(groups) > 1 else ""
            for case, items in cases:
                yield from under(self._with_case(head, case), list(items))

    def _step_channels(self, step: Step) -> Iterator[tuple[str, tuple[str, ...]]]:
        for case, channels in _by_case(step.channels):
            found = dict.fromkeys(text for one in channels if (text := self._channel(one)))
            if found:
                yield case, tuple(found)

    def _channel(self, channel: Channel) -> str:
        text = said(channel.text)
        if not text:
            return ""
        known = self.words["channels"].get(fold(channel.kind))
        label = known or one_line(channel.kind.replace("-", " ")).capitalize()
        lines = [f"{BULLET}{label}: {text.removeprefix(BULLET)}" if label else BULLET + text]
        if _positive(channel.wait) and channel.wait_unit:
            time = self._time(channel.wait, channel.wait_unit)
            lines.append(self.words["wait"].format(time=time))
        if otherwise := said(channel.if_unavailable):
            lines.append(self.words["if_unavailable"].format(text=sentence(otherwise)))
        return "\n".join(lines)

    def _steps(self) -> Iterator[str]:
        for index, step in enumerate(self.card.steps):
            text = said(step.text)
            title = self.titles[index]
            if not title and not text:
                continue
            head = f"{index + 1}. {title}" if title else f"{index + 1}."
            if not title:
                yield from blocks(f"{head} {text}")
            else:
                yield from blocks(f"{head}\n{text}" if text else sentence(head))


def _by_case(rows: tuple[_Row, ...]) -> Iterator[tuple[str, list[_Row]]]:
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(_END.sub("", one_line(row.case)), []).append(row)
    yield from groups.items()
