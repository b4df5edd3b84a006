"""Passages that give different values for one thing of one procedure.

    contradictions(house.store, house.profiler, Viewer(sources=("muni",)))

Compared are the fields of `ui.reports.claims.FIELDS`, within a document and between documents of
one procedure in one country and territory: those with the same title, and those of different sets
of which each is called what the title of the other says. What two values are of must
be the same, and the times in which they hold must overlap. What a set itself marks as disagreeing
is in the report as the assistant shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from agents.labels import as_of
from retrieval.analyse import particles
from retrieval.profile import Label, Profile, Profiler
from retrieval.selection import same
from retrieval.store import Store
from sources.document import Document, Field, Section
from ui.reports.claims import Claim, claims, differ, idle_actions, kept_alike
from ui.reports.viewer import Viewer

LEAST_NAMED = 2
"""Words or concepts that a title must have to name one procedure by itself."""

MOST_ALIKE = 40
"""Documents under one name, from which it is no name but a kind ("Certidão negativa")."""

COVERED = 0.8
"""Of a title, weighed by how rare its words are, what the names of another set's document must have."""

Read = tuple[Document, Profile]

ALONE = (Field.PROCESSING_TIME, Field.VALIDITY)
"""Fields that hold one value for the procedure as a whole; a fee or a date may be one of several."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two passages: ``document.text[start:end] == quote``."""

    document_id: str
    title: str
    source_id: str
    agency: str
    as_of: str | None
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two passages of one `field`, and the `kind` of value in which they differ; `declared` where
    the set itself says that they disagree.
    """

    country: str
    territory: str | None
    field: str
    kind: str
    declared: bool
    one: Side
    other: Side


def contradictions(store: Store, profiler: Profiler, viewer: Viewer) -> list[Contradiction]:
    """All that concern the viewer's own documents, those within one document first."""
    readable = {d.id: d for d in store.documents() if viewer.reads(d)}
    profiles = profiler.profiles(store.revisions(readable), store)
    return find([(d, profiles[i]) for i, d in readable.items() if i in profiles], viewer)


def find(documents: Iterable[tuple[Document, Profile]], viewer: Viewer) -> list[Contradiction]:
    """The same over documents with their profiles."""
    listed = list(documents)
    found: dict[object, Contradiction] = {}
    for document, _ in listed:
        if viewer.owns(document):
            for each in _within(document):
                found.setdefault(_key(each), each)
    for (one, of_one), (other, of_other) in _pairs(listed):
        if viewer.owns(one) or viewer.owns(other):
            for each in _between(one, of_one, other, of_other):
                found.setdefault(_key(each), each)
    return sorted(
        found.values(),
        key=lambda c: (c.one.document_id != c.other.document_id, c.one.document_id, c.one.start),
    )


def _key(found: Contradiction) -> object:
    """Two sentences are one finding, however many values differ."""
    return found.one.document_id, found.one.start, found.other.document_id, found.other.start


# - which documents are of one procedure -


def _pairs(listed: list[Read]) -> Iterator[tuple[Read, Read]]:
    """Each two documents of one procedure, once."""
    named: dict[object, list[int]] = defaultdict(list)
    for number, (document, profile) in enumerate(listed):
        if profile.labels and (name := _name(profile.labels[0], profile)) is not None:
            named[_place(document), name].append(number)
    seen = {
        pair
        for numbers in named.values()
        if len(numbers) <= MOST_ALIKE
        for pair in combinations(numbers, 2)
        if _of_one(listed[pair[0]], listed[pair[1]])
    }
    seen |= _across(listed)
    for one, other in sorted(seen):
        yield listed[one], listed[other]


def _across(listed: list[Read]) -> set[tuple[int, int]]:
    """Documents of different sets, each of which is called what the title of the other says. Within
    a set two titles are two procedures.
    """
    holders: dict[object, list[int]] = defaultdict(list)
    for number, (document, profile) in enumerate(listed):
        for stem in profile.strengths:
            holders[_place(document), stem].append(number)
    rare = {key: 1 / len(numbers) for key, numbers in holders.items()}

    def says(one: Read, other: Read) -> bool:
        place = _place(one[0])
        stems = [s for s in one[1].title if s in one[1].strengths]
        whole = sum(rare[place, s] for s in stems)
        return sum(rare[place, s] for s in stems if s in other[1].strengths) >= COVERED * whole

    found: set[tuple[int, int]] = set()
    for numbers in holders.values():
        if 1 < len(numbers) <= MOST_ALIKE:
            for one, other in combinations(numbers, 2):
                a, b = listed[one], listed[other]
                apart = a[0].provenance.source_id != b[0].provenance.source_id
                if apart and (one, other) not in found and says(a, b) and says(b, a):
                    found.add((one, other))
    return found


def _place(document: Document) -> object:
    return document.country, document.territory, document.language


def _of_one(one: Read, other: Read) -> bool:
    """A title that two agencies share may be that of two services: then the texts decide."""
    if one[0].provenance.agency == other[0].provenance.agency or same(one[1], other[1]):
        return True
    names = (_name(profile.labels[0], profile) for _, profile in (one, other))
    return all(name is not None and len(name) > LEAST_NAMED for name in names)


def _name(label: Label, profile: Profile) -> frozenset[str] | None:
    """What a title names; None where that is too little to name a procedure. Verbs of one action are
    one, and those that every procedure has count for nothing; other synonyms do not: of services
    that name one concept most are different ones.
    """
    small = particles()
    found: set[str] = set()
    for stem, concepts in zip(label.stems, label.concepts, strict=True):
        if actions := concepts & profile.actions:
            found |= actions - idle_actions()
        elif stem not in small:
            found.add(stem)
    return frozenset(found) if len(found) >= LEAST_NAMED else None


# - which values disagree -


def _within(document: Document) -> Iterator[Contradiction]:
    yield from _declared(document)
    own = claims(document, frozenset())  # words of the title may tell its own values apart
    for one, other in combinations(own, 2):
        if (
            one.section.conflict is None
            and one.field is not Field.CONTACT_POINT  # it lists several ways
            and _comparable(one, document, other, document)
            and one.label == other.label
            and (one.label or one.field in ALONE)
            and _disagree_alone(one, other)
        ):
            yield _found(document, one, document, other)


def _between(
    one: Document, of_one: Profile, other: Document, of_other: Profile
) -> Iterator[Contradiction]:
    named = _named(of_one) | _named(of_other)
    left, right = claims(one, named), claims(other, named)
    for a in left:
        candidates = [b for b in right if _comparable(a, one, b, other) and a.label == b.label]
        if any(a.values == b.values for b in candidates):
            continue  # said there, too: beside it stands something else
        alike = [b for b in candidates if a.frame == b.frame]
        back = [
            b for b in alike if not any(x.values == b.values and x.frame == b.frame for x in left)
        ]
        if len(back) == 1:
            pairs = zip(a.values, back[0].values, strict=False)
            if len(a.values) == len(back[0].values) and any(differ(x, y) for x, y in pairs):
                yield _found(one, a, other, back[0])
        elif (
            not alike
            and len(candidates) == 1
            and _only(a, left)
            and _disagree_alone(a, candidates[0])
        ):
            yield _found(one, a, other, candidates[0])


def _only(claim: Claim, claims_: list[Claim]) -> bool:
    """Whether its document says nothing else of the same thing."""
    return not any(
        c is not claim and (c.field, c.kind, c.label) == (claim.field, claim.kind, claim.label)
        for c in claims_
    )


def _comparable(one: Claim, of_one: Document, other: Claim, of_other: Document) -> bool:
    if (one.field, one.kind) != (other.field, other.kind):
        return False
    if one.section.territory != other.section.territory:
        return False
    return _overlap(_valid(of_one, one.section), _valid(of_other, other.section))


def _valid(document: Document, section: Section) -> tuple[date, date]:
    provenance = document.provenance
    first = section.valid_from or provenance.valid_from or date.min
    return first, section.valid_to or provenance.valid_to or date.max


def _overlap(one: tuple[date, date], other: tuple[date, date]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _disagree_alone(one: Claim, other: Claim) -> bool:
    """Of sentences that are worded differently: each gives one value, and both cannot be right."""
    if len(one.values) == len(other.values) == 1:
        return differ(one.values[0], other.values[0])
    listed = one.kind in ("phone", "address", "date", "time")
    return (
        one.frame == other.frame
        and len(one.values) == len(other.values)
        and not (listed and kept_alike(one.values, other.values))
        and any(differ(a, b) for a, b in zip(one.values, other.values, strict=True))
    )


def _named(profile: Profile) -> frozenset[str]:
    """The stems of the title."""
    return frozenset(stem for stem in profile.title if not stem.isdigit())


def _declared(document: Document) -> Iterator[Contradiction]:
    sides: dict[str, list[Section]] = defaultdict(list)
    for section in document.sections:
        if section.conflict and not section.note:
            sides[section.conflict].append(section)
    for sections in sides.values():
        for one, other in combinations(sections, 2):
            if _overlap(_valid(document, one), _valid(document, other)):
                yield Contradiction(
                    document.country,
                    one.territory or document.territory,
                    one.field.value,
                    "declared",
                    True,
                    _side(document, one, one.start, one.end),
                    _side(document, other, other.start, other.end),
                )


def _found(of_one: Document, one: Claim, of_other: Document, other: Claim) -> Contradiction:
    return Contradiction(
        of_one.country,
        one.section.territory or of_one.territory,
        one.field.value,
        one.kind,
        False,
        _side(of_one, one.section, one.start, one.end),
        _side(of_other, other.section, other.start, other.end),
    )


def _side(document: Document, section: Section, start: int, end: int) -> Side:
    return Side(
        document.id,
        document.title,
        document.provenance.source_id,
        document.provenance.agency,
        as_of(document, section),
        document.text[start:end].strip(),
        start,
        end,
    )
