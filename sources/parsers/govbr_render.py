"""Service card → `Document`: Portuguese (or English) text with one section per statement.

What a card leaves to the page's layout is put into words, so that every section can be quoted
alone: a price stands with what it is the price of, a document with the step that asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rapidfuzz import fuzz

from sources.catalog import read_yaml
from sources.document import (
    HEADINGS,
    Document,
    Field,
    Provenance,
    Sector,
    TextBuilder,
    Verification,
)
from sources.parsers.govbr_card import Card, Channel, Cost, Duration, Evidence, Step, Validity, fold
from sources.parsers.govbr_sectors import sectors_of
from sources.parsers.markup import BULLET, is_filler, one_line, plain

Language = Literal["pt", "en"]

LIMIT = 800
"""Characters from which on a section is parted, between lines."""

_SAME_WORDS = 80
"""Similarity (0–100) from which on two sentences say the same."""

_END = re.compile(r"[\s:;,.–—-]+$")
_CLOSED = re.compile(r"[.!?…:;)]$|(?:https?://|www\.)\S+$")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a document has from its document set and not from the card."""

    source_id: str
    agency: str
    country: str = "BR"
    licence: str | None = None
    as_of: str | None = None
    retrieved_at: str | None = None
    verification: Verification = Verification.OFFICIAL
    tenant: str = "public"
    sectors: tuple[Sector, ...] = (Sector.GENERAL,)


@cache
def wording() -> dict[str, Any]:
    """The sentences and words of ``govbr_text.yaml``."""
    return read_yaml(Path(__file__).with_name("govbr_text.yaml"))


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
        keywords=tuple(_distinct(map(one_line, card.keywords))),
        language=writer.language,
        country=origin.country,
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
    names = _distinct(map(one_line, (*card.popular_names, card.acronym)))
    return tuple(name for name in names if fold(name) != title)


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    """Texts that say something, each once whatever its case and accents."""
    seen: set[str] = set()
    for text in texts:
        if not is_filler(text) and (key := fold(text)) not in seen:
            seen.add(key)
            yield text


def _web_address(text: str) -> str:
    found = re.search(r"https?://[^\s<>\"')]+", text)
    return found[0] if found else ""


def blocks(text: str, limit: int = LIMIT) -> Iterator[str]:
    """`text` in stretches of whole lines up to `limit` characters where its lines allow; a line
    that announces others ("Requisitos:") stays with the first of them.
    """
    current = ""
    for line in text.split("\n"):
        if current and len(current) + len(line) > limit and not current.endswith(":"):
            yield current
            current = ""
        current = f"{current}\n{line}" if current else line
    if current:
        yield current


def sentence(text: str) -> str:
    """`text` with a full stop, unless it ends in a sign or an address already."""
    text = text.rstrip()
    return text if not text or _CLOSED.search(text) else f"{text}."


def _said(text: str) -> str:
    """`text` made plain, empty where it says nothing."""
    bare = plain(text)
    return "" if is_filler(bare) else bare


def _listed(texts: Iterable[str]) -> str:
    """One text alone as it is; several as lines that start with a bullet."""
    several = list(_distinct(texts))
    if len(several) == 1:
        return several[0]
    return "\n".join(text if text.startswith(BULLET) else BULLET + text for text in several)


def _labelled(label: str, text: str) -> str:
    """`label` and `text` on one line, or below each other where `text` has lines of its own."""
    return f"{label}\n{text}" if "\n" in text or text.startswith(BULLET) else f"{label} {text}"


def _positive(figure: str) -> bool:
    return bool(re.search(r"[1-9]", figure))


class _Writer:
    """Writes one card field by field, in the order in which a reader meets them."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.language = language_of(card)
        self.words: dict[str, Any] = wording()[self.language]
        self.builder = TextBuilder()
        self.titles = [_said(one_line(step.title)) for step in card.steps]

    def write(self) -> None:
        card = self.card
        self.builder.heading(one_line(card.name))
        self._field(Field.DESCRIPTION, blocks(_said(card.description)))
        self._field(Field.REQUIREMENT, self._requirements())
        self._field(Field.EVIDENCE, self._evidence())
        self._field(Field.COST, self._costs())
        self._field(Field.PROCESSING_TIME, self._durations())
        self._field(Field.VALIDITY, self._validity(card.validity))
        self._field(Field.CHANNEL, self._channels())
        self._field(Field.CONTACT_POINT, blocks(_said(card.contact)))
        self._field(Field.LEGAL_RESOURCE, _distinct(map(_said, card.laws)))
        self._field(Field.STEPS, self._steps())
        for key in ("priority", "accessibility", "treatment"):
            text = _said(getattr(card, key))
            self._field(Field.BODY, blocks(text), heading=self.words[key])

    def _field(self, field: Field, texts: Iterable[str], heading: str = "") -> None:
        heading = heading or HEADINGS[self.language][field]
        announced = False
        for text in texts:
            if is_filler(text):
                continue
            if not announced:
                self.builder.heading(heading)
                announced = True
            self.builder.section(text, field=field, heading=heading)

    def _label(self, index: int) -> str:
        title = self.titles[index]
        form = self.words["step_titled" if title else "step"]
        return str(form.format(number=index + 1, title=_END.sub("", title)))

    def _requirements(self) -> Iterator[str]:
        """Those who may ask without conditions together, the others grouped by equal conditions."""
        groups: dict[str, list[str]] = {}
        for applicant in self.card.applicants:
            kind = _said(applicant.kind)
            conditions = _said(applicant.requirements)
            if kind or conditions:
                groups.setdefault(conditions, []).append(kind)
        free = _listed(groups.pop("", ()))
        if free.startswith(BULLET):
            yield from blocks(f"{self.words['applicants']}\n{free}")
        elif free:
            yield from blocks(sentence(self.words["applicant"].format(kind=free)))
        for conditions, kinds in groups.items():
            kind = "; ".join(_distinct(map(one_line, kinds)))
            label = self.words["requirements"].format(kind=_END.sub("", kind)) if kind else ""
            yield from blocks(_labelled(label, conditions) if label else conditions)

    def _evidence(self) -> Iterator[str]:
        """Per step and case; a list that steps share is given once, for the first of them."""
        several = sum(bool(step.evidence) for step in self.card.steps) > 1
        seen: set[tuple[str, str]] = set()
        for index, step in enumerate(self.card.steps):
            for case, group in _by_case(step.evidence):
                items = _listed(_said(item.text) for item in group)
                if not items or (case, items) in seen:
                    continue
                seen.add((case, items))
                label = self.words["evidence"]
                if several and self.titles[index]:
                    label = self.words["evidence_step"].format(
                        number=index + 1, title=_END.sub("", self.titles[index])
                    )
                if case:
                    label = f"{label}\n{self.words['evidence_case'].format(case=case)}"
                yield from blocks(_labelled(label, items))

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

    def _cost(self, cost: Cost) -> str:
        """``Taxa de inscrição: R$ 91,00.``"""
        what = _END.sub("", _said(cost.text))
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
        remark = _said(duration.text)
        stated = ""
        if duration.kind in ("immediate", "not_estimated"):
            stated = self.words[duration.kind]
        elif duration.kind and _positive(duration.maximum):
            time = self._time(duration.maximum, duration.unit)
            stated = self.words[duration.kind].format(minimum=duration.minimum or "0", time=time)
        if remark and fuzz.token_set_ratio(fold(stated), fold(remark)) >= _SAME_WORDS:
            # A figure is never left out: the remark replaces only what it repeats in full.
            if set(re.findall(r"\d+", stated)) <= set(re.findall(r"\d+", remark)):
                stated = ""
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
        yield from blocks("\n".join(filter(None, (stated, sentence(_said(validity.text))))))

    def _channels(self) -> Iterator[str]:
        if address := _said(self.card.digital_url):
            yield self.words["digital"].format(url=address)
        groups: dict[str, list[int]] = {}
        for index, step in enumerate(self.card.steps):
            if text := self._step_channels(step):
                groups.setdefault(text, []).append(index)
        several = sum(map(len, groups.values())) > 1
        for text, indices in groups.items():
            # Where all steps have the same channels, the service has them.
            if several and len(groups) > 1:
                label = "; ".join(map(self._label, indices))
                text = f"{label}:\n{text}"
            yield from blocks(text)

    def _step_channels(self, step: Step) -> str:
        lines: dict[str, None] = {}
        for case, channels in _by_case(step.channels):
            found = [text for channel in channels if (text := self._channel(channel))]
            if found and case:
                lines[self.words["evidence_case"].format(case=case)] = None
            lines.update(dict.fromkeys(found))
        return "\n".join(lines)

    def _channel(self, channel: Channel) -> str:
        text = _said(channel.text)
        if not text:
            return ""
        known = self.words["channels"].get(fold(channel.kind))
        label = known or one_line(channel.kind.replace("-", " ")).capitalize()
        lines = [f"{BULLET}{label}: {text.removeprefix(BULLET)}" if label else BULLET + text]
        if _positive(channel.wait):
            time = self._time(channel.wait, channel.wait_unit)
            lines.append(self.words["wait"].format(time=time))
        if otherwise := _said(channel.if_unavailable):
            lines.append(self.words["if_unavailable"].format(text=sentence(otherwise)))
        return "\n".join(lines)

    def _steps(self) -> Iterator[str]:
        for index, step in enumerate(self.card.steps):
            text = _said(step.text)
            title = self.titles[index]
            if not title and not text:
                continue
            head = f"{index + 1}. {title}" if title else f"{index + 1}."
            if not title:
                yield from blocks(f"{head} {text}")
            else:
                yield from blocks(f"{head}\n{text}" if text else sentence(head))


def _by_case[Row: (Evidence, Channel)](rows: tuple[Row, ...]) -> Iterator[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_END.sub("", one_line(row.case)), []).append(row)
    yield from groups.items()
