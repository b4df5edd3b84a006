"""The extractive writer's eye: which sentences of a document answer what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agents.figures import shows
from agents.understanding.aspects import Aspect, aspects
from retrieval.analyse import stem, words
from retrieval.chunk import sentences
from retrieval.reading import Reading
from sources.document import Document, Field, Section

MOST, ALSO = 6, 2
"""Sentences quoted for what was asked, and for each thing that also matters."""

FEW = 3
"""Sentences of a field that are quoted at least, where it has as many."""

OVERVIEW_MOST = 9

ALIKE = "alike"
"""The part of a sentence that introduces another service, which may be the one that was meant."""

LONG = 420
"""Characters from which a section is quoted in part, sentence by sentence."""

OVERVIEW = (Field.DESCRIPTION, Field.COST, Field.REQUIREMENT, Field.EVIDENCE, Field.CHANNEL)
ALSO_MATTERS = (Field.REQUIREMENT, Field.EVIDENCE, Field.COST, Field.CHANNEL, Field.CONTACT_POINT)


@dataclass(frozen=True, slots=True)
class Span:
    """``document.text[start:end]``, taken from `section` for `part` of the answer."""

    start: int
    end: int
    section: Section
    part: str


@dataclass(frozen=True, slots=True)
class Extract:
    """What a document says to the question: `asked` by aspect, what `also` matters, the remarks
    about the sources, and the aspects it does not speak of.
    """

    asked: dict[str, list[Span]]
    also: list[Span]
    notes: list[Span]
    missing: list[str]


def extract(
    document: Document, asked: list[str], reading: Reading, found: Iterable[tuple[int, int]] = ()
) -> Extract:
    """Picks the sentences. `found` are the passages that the search found, best first."""
    found = list(found)
    answers: dict[str, list[Span]] = {}
    notes: list[Span] = []
    missing: list[str] = []
    for name in asked:
        aspect = aspects()[name]
        spans = _answer(document, aspect, reading, found)
        if not spans and aspect.soft:
            # "How do I …?" of a document that lists no steps: what it says is the answer.
            spans = [
                Span(s.start, s.end, s.section, f"asked:{name}")
                for s in _overview(document, reading, found)
            ]
        remarks = [
            Span(s.start, s.end, s, f"note:{name}")
            for s in document.sections
            if s.note and s.field is aspect.fields[0]
        ]
        notes += [n for n in remarks if n not in notes]
        if spans:
            answers[name] = spans
        else:
            missing.append(name)
    if not asked:
        answers["overview"] = _overview(document, reading, found)
    said = {(s.start, s.end) for spans in answers.values() for s in spans}
    also = [] if not asked else _also(document, asked, reading, said)
    return Extract(answers, also, notes, missing)


def _answer(
    document: Document, aspect: Aspect, reading: Reading, found: list[tuple[int, int]]
) -> list[Span]:
    """The sentences that answer one aspect: those of its own field; a statement elsewhere that
    shows such a thing and speaks of the question's particular words; then related fields.
    """
    part = f"asked:{aspect.name}"
    said = [s for s in document.sections if not s.note]
    own = _pick(
        document, [s for s in said if s.field is aspect.fields[0]], reading, part, aspect.shows
    )
    particular = _particular(document, said, reading, part, aspect.shows)
    if own:
        ahead = _distinct(document, [*own, *particular], reading)
        if not any(ahead[s.start] for s in own):
            return [*(p for p in particular if p not in own), *own][:MOST]
        return own
    if particular:
        return particular
    for other in aspect.fields[1:]:
        sections = [s for s in said if s.field is other]
        if spans := _pick(document, sections, reading, part, aspect.shows, strict=True):
            return spans
    prose = [s for s in said if s.field is Field.BODY]
    near = [s for s in prose if any(s.start < end and start < s.end for start, end in found[:3])]
    return _pick(document, near or prose, reading, part, aspect.shows, strict=True, most=3)


def _particular(
    document: Document, sections: list[Section], reading: Reading, part: str, kind: str
) -> list[Span]:
    """Statements of any field that show a thing of `kind` and speak of particular words."""
    if kind in ("list", "any", "place"):
        return []
    spans = [span for section in sections for span in _shorten(document, section, part, reading)]
    scores = _distinct(document, spans, reading) if spans else {}
    best = max(scores.values(), default=0.0)
    return [
        s
        for s in spans
        if scores[s.start] > max(0.0, best * 0.6) and shows(kind, document.text[s.start : s.end])
    ][:2]


def _pick(
    document: Document,
    sections: list[Section],
    reading: Reading,
    part: str,
    kind: str,
    *,
    strict: bool = False,
    most: int = MOST,
) -> list[Span]:
    """The most telling of `sections`, in the document's order.

    Where many statements stand in one field (a fare for each kind of passenger), those that speak
    of the question's own words go before the others. `strict` keeps only what shows such a thing.
    """
    spans = [span for section in sections for span in _shorten(document, section, part, reading)]
    if strict:
        spans = [s for s in spans if shows(kind, document.text[s.start : s.end])]
    if not spans:
        return []
    distinct = _distinct(document, spans, reading)
    best = max(distinct.values())
    if best > 0 and len(spans) > 2:
        telling = [s for s in spans if distinct[s.start] >= best * 0.6]
        others = [
            s for s in spans if s not in telling and shows(kind, document.text[s.start : s.end])
        ]
        telling += others[: max(0, FEW - len(telling))]
        # Contradicting values belong together: one is never shown without the other.
        conflicts = {s.section.conflict for s in telling} - {None}
        spans = [s for s in spans if s in telling or s.section.conflict in conflicts]
    kept = sorted(spans, key=lambda s: -distinct[s.start])[:most]
    # What speaks of the question's own words comes first, else the document's order holds.
    return sorted((s for s in spans if s in kept), key=lambda s: distinct[s.start] < best * 0.6)


def _distinct(document: Document, spans: list[Span], reading: Reading) -> dict[int, float]:
    """How much each span speaks of the question, by words that not every span and title has."""
    language = document.language
    stems = {
        s.start: {stem(w, language) for w in words(document.text[s.start : s.end])} for s in spans
    }
    title = {stem(w, language) for w in words(document.title)}
    scores = {}
    for span in spans:
        score = 0.0
        for subject in reading.subjects:
            near = subject.stems | {n for n, likeness in subject.near if likeness >= 0.85}
            everywhere = all(near & stems[s.start] for s in spans)
            if near & stems[span.start] and not everywhere and not near & title:
                score += max(subject.weight, 0.5)
        scores[span.start] = score
    return scores


def _shorten(document: Document, section: Section, part: str, reading: Reading) -> list[Span]:
    """A section as it is, or the sentences of a long one that speak of the question."""
    if section.end - section.start <= LONG:
        return [Span(section.start, section.end, section, part)]
    pieces = list(sentences(document.quote(section), section.start))
    spans = [Span(start, end, section, part) for start, end in pieces]
    scores = _distinct(document, spans, reading)
    first = max(spans, key=lambda s: (scores[s.start], -s.start))
    position = spans.index(first)
    end = position
    while end + 1 < len(spans) and spans[end + 1].end - first.start <= LONG:
        end += 1
    return [Span(first.start, spans[end].end, section, part)]


def _overview(document: Document, reading: Reading, found: list[tuple[int, int]]) -> list[Span]:
    """What speaks of the question's particular words, then what a newcomer should know."""
    part = "asked:overview"
    said = [s for s in document.sections if not s.note]
    all_spans = [span for section in said for span in _shorten(document, section, part, reading)]
    scores = _distinct(document, all_spans, reading) if all_spans else {}
    best = max(scores.values(), default=0.0)
    spans = [s for s in all_spans if best and scores[s.start] >= 0.7 * best][:3]
    conflicts = {s.section.conflict for s in spans} - {None}
    spans += [s for s in all_spans if s.section.conflict in conflicts and s not in spans]
    for field in OVERVIEW:
        own = [s for s in said if s.field is field]
        spans += [s for s in _pick(document, own, reading, part, "any", most=3) if s not in spans]
    if not spans:  # a document without fields: the passages that the search found
        hit = [s for start, end in found[:2] for s in said if s.start < end and start < s.end]
        spans = _pick(document, hit or said[:3], reading, part, "any", most=4)
    return spans[:OVERVIEW_MOST]


def introduction(document: Document) -> Span | None:
    """The sentence that says what a service is, for who may have meant another one."""
    said = [s for s in document.sections if not s.note]
    told = [s for s in said if s.field is Field.DESCRIPTION] or said
    if not told:
        return None
    start, end = next(sentences(document.quote(told[0]), told[0].start), (0, 0))
    return Span(start, end, told[0], ALIKE) if end > start else None


def _also(
    document: Document, asked: list[str], reading: Reading, said: set[tuple[int, int]]
) -> list[Span]:
    """What else matters to somebody who asked for something else."""
    answered = {field for name in asked for field in aspects()[name].fields[:1]}
    spans: list[Span] = []
    for field in ALSO_MATTERS:
        if field in answered:
            continue
        own = [s for s in document.sections if s.field is field and not s.note]
        picked = _pick(document, own, reading, f"also:{field.value}", "any", most=ALSO)
        spans += [s for s in picked if (s.start, s.end) not in said]
    return spans[:5]
