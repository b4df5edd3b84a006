"""What people asked and did not get: grouped by likeness, biggest first.

    gaps(usage, house.searcher, Viewer(sources=("muni",)), now=datetime.now(UTC))

A gap is a question that ended unanswerable, a clarification that nobody took further, or an answer
that did not help. Questions are alike by the stems and concepts that retrieval reads in them,
whatever their language, and by how their words sound: "lisensia" is "licencia".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.state import Status
from agents.steps.assess import PERHAPS
from retrieval.analyse import question_words, sound, stem
from retrieval.concepts import Matcher, content
from retrieval.index import Scope
from retrieval.reading import ACTIONS
from retrieval.search import Searcher
from sources.document import PUBLIC, Document
from ui.reports.viewer import Viewer
from ui.usage.store import Entry, UsageStore

ALIKE, ALIKE_IN_CONCEPT = 0.5, 0.3
"""The share of two questions' words and concepts, by weight, from which they are one gap; less is
enough where they name a thing of the vocabulary in common."""

CONCEPT = 2.0
"""How much a shared concept weighs against a shared word."""

ABANDONED = timedelta(minutes=30)
"""After which a clarification that nothing followed counts as given up."""

NEAREST = 3
"""Documents that are named beside a gap."""

Find = Callable[[Entry], list[Document]]


@dataclass(frozen=True, slots=True)
class Near:
    """A document that is nearest to a gap."""

    document_id: str
    title: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one kind. `example` is without personal data; `endings` count unanswerable,
    abandoned and not_useful; `reasons` are what readers said of answers that did not help.
    """

    example: str
    count: int
    endings: dict[str, int]
    reasons: dict[str, int]
    countries: dict[str, int]
    languages: dict[str, int]
    first: str
    last: str
    nearest: list[Near]


def gaps(
    usage: UsageStore,
    searcher: Searcher,
    viewer: Viewer,
    now: datetime,
    since: datetime | None = None,
) -> list[Gap]:
    """The gaps that concern the viewer: those asked within their agency, and public ones whose
    nearest documents are theirs, or that are of the countries and sectors of their sets.
    """
    missed = [(e, end) for e in usage.asked(since, viewer.tenants) if (end := ending(e, now))]
    tenants = viewer.tenants or tuple(sorted({PUBLIC, *(e.tenant for e, _ in missed)}))

    def near(entry: Entry) -> list[Document]:
        scope = Scope(tenants=tenants, countries=(entry.country,) if entry.country else ())
        found = searcher.search(entry.question, scope, language=entry.language).documents
        return [each.document for each in found[:NEAREST] if each.trust >= PERHAPS]

    own = (
        None
        if viewer.sources is None
        else {(d.country, s.value) for d in viewer.own_documents(searcher.store) for s in d.sectors}
    )
    return group(missed, searcher.matcher, near, viewer, own)


def ending(entry: Entry, now: datetime) -> str | None:
    """How a question failed its asker; None where it did not."""
    if entry.feedback and not entry.feedback.useful:
        return "not_useful"
    if entry.status == Status.UNANSWERABLE:
        return "unanswerable"
    left = not entry.followed and now - entry.at > ABANDONED
    return "abandoned" if entry.status == Status.CLARIFICATION and left else None


def group(
    missed: Iterable[tuple[Entry, str]],
    matcher: Matcher,
    near: Find,
    viewer: Viewer,
    own: set[tuple[str, str]] | None,
) -> list[Gap]:
    """`missed` questions with their endings, as gaps. `own` are the countries and sectors of the
    viewer's sets, None for whom all concerns.
    """
    found = []
    for members in _alike(list(missed), matcher):
        counted = Counter(entry.question for entry, _ in members)
        example = max(members, key=lambda m: (counted[m[0].question], -len(m[0].question)))[0]
        nearest = near(example)
        if own is None or any(_concerns(e, nearest, viewer, own) for e, _ in members):
            found.append(_gap(members, example, nearest))
    return sorted(found, key=lambda gap: (-gap.count, gap.example))


def _concerns(
    entry: Entry, nearest: list[Document], viewer: Viewer, own: set[tuple[str, str]]
) -> bool:
    if entry.tenant != PUBLIC:
        return True
    if any(viewer.owns(document) for document in nearest):
        return True
    return any((entry.country, sector) in own for sector in entry.sectors)


def _gap(members: list[tuple[Entry, str]], example: Entry, nearest: list[Document]) -> Gap:
    entries = [entry for entry, _ in members]
    days = sorted(entry.at.date().isoformat() for entry in entries)

    def count(values: Iterable[str | None]) -> dict[str, int]:
        return dict(Counter(v for v in values if v).most_common())

    return Gap(
        example=example.question,
        count=len(members),
        endings=count(end for _, end in members),
        reasons=count(entry.feedback.reason for entry in entries if entry.feedback),
        countries=count(entry.country for entry in entries),
        languages=count(entry.language for entry in entries),
        first=days[0],
        last=days[-1],
        nearest=[Near(d.id, d.title, d.provenance.source_id) for d in nearest],
    )


def _alike(missed: list[tuple[Entry, str]], matcher: Matcher) -> list[list[tuple[Entry, str]]]:
    """Groups around a leader each: of equal questions the most frequent ones lead."""
    equal: dict[frozenset[str], list[tuple[Entry, str]]] = defaultdict(list)
    for entry, end in missed:
        equal[_features(entry, matcher)].append((entry, end))
    leaders: list[frozenset[str]] = []
    groups: list[list[tuple[Entry, str]]] = []
    holding: dict[str, list[int]] = defaultdict(list)
    for features, members in sorted(
        equal.items(), key=lambda item: (-len(item[1]), sorted(item[0]))
    ):
        able = {number for f in features for number in holding[f]}
        best = max(able, key=lambda n: (_share(features, leaders[n]), -n), default=None)
        if best is not None and _one(features, leaders[best]):
            groups[best] += members
            continue
        for f in features:
            holding[f].append(len(leaders))
        leaders.append(features)
        groups.append(list(members))
    return groups


def _features(entry: Entry, matcher: Matcher) -> frozenset[str]:
    """The concepts of a question, things marked by "=", and the sounds of the stems of its other words."""
    language = entry.language.split("-")[0]
    empty, _ = question_words()
    tokens = [word for word in content(entry.question, language) if word not in empty]
    countries = (entry.country,) if entry.country else ()
    mentions = matcher.find(tokens, language, countries)
    inside = {n for m in mentions for n in range(m.start, m.end)}
    rest = {sound(stem(t, language)) for n, t in enumerate(tokens) if n not in inside}
    # What is to be done is a word like others: half of all questions want to obtain something.
    found = {
        m.id if matcher.concepts[m.id].scheme == ACTIONS else f"={m.id}" for m in mentions
    } | rest
    return frozenset(found) or frozenset({entry.question})


def _one(one: frozenset[str], other: frozenset[str]) -> bool:
    named = any(f[0] == "=" for f in one & other)
    return _share(one, other) >= (ALIKE_IN_CONCEPT if named else ALIKE)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    def weight(features: frozenset[str]) -> float:
        return sum(CONCEPT if f[0] == "=" else 1.0 for f in features)

    return weight(one & other) / weight(one | other)
