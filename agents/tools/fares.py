"""What a ride costs, for whom, since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agents.replies import spoken_date
from agents.rules.matching import words_of
from agents.toolkit import Access, Cited, Part, Result, tool
from agents.toolkit.amounts import money
from agents.toolkit.made import cited, say
from agents.toolkit.texts import texts_of
from agents.transit.routes import code_of, is_route
from retrieval.analyse import fold, words
from retrieval.index import Scope
from retrieval.places import Place
from retrieval.tables import Dataset
from sources.country import countries
from sources.document import Document, Field, Section

ROLE = "gtfs_fare_attributes"
PASSAGES = 40
MOST_ROUTES = 15
"""Routes named with one fare."""

NEAR = 0.15
"""Degrees (about 16 km) from a place's point to a stop of a feed that serves it."""

_FARES = """
SELECT f.source_id, f.price, f.currency_type, r.route_id, r.route_short_name, r.route_long_name
FROM gtfs_fare_attributes f
LEFT JOIN gtfs_fare_rules l ON l.source_id = f.source_id AND l.fare_id = f.fare_id
LEFT JOIN gtfs_routes r ON r.source_id = l.source_id AND r.route_id = l.route_id
WHERE list_contains($1::VARCHAR[], f.source_id)
ORDER BY f.source_id, f.currency_type, f.price, r.route_short_name, r.route_id
"""
_SERVING = """
SELECT DISTINCT source_id FROM gtfs_stops
WHERE list_contains($1::VARCHAR[], source_id) AND stop_lat BETWEEN $2 - $4 AND $2 + $4
    AND stop_lon BETWEEN $3 - $4 AND $3 + $4
"""


@tool(sector="transport", countries=("CL", "PE", "BR", "DO"))
def fares(
    access: Access,
    system: str | None = None,
    passenger: str | None = None,
    place: Place | None = None,
    route: str | None = None,
) -> Result:
    """What a ride costs in public transport, and what students and older people pay."""
    asked = _Asked(system, passenger, place)
    parts: list[Part] = []
    discounted = False
    for document in _documents(access, asked):
        sections, exactly = _sections(document, asked, access)
        discounted |= exactly
        if sections:
            parts.append(_part(document, sections, access))
    notices: list[str] = []
    if passenger and parts and not discounted:
        notices.append("no discount")
    found: tuple[Cited, ...] = ()
    if not parts:
        found = _timetable_fares(access, place, code_of(route))
        notices += ["timetable"] if found else []
    return Result(
        lines=found,
        parts=tuple(parts),
        values=_labels(asked, access.language),
        notices=tuple(notices),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: keys of the YAML's `values`, and a place."""

    system: str | None
    passenger: str | None
    place: Place | None


def _labels(asked: _Asked, language: str) -> dict[str, str]:
    """The names of what is asked for, as the reader's language has them."""
    texts = texts_of(fares)
    return {
        name: texts.text(f"{name} {value}", language)
        for name, value in (("system", asked.system), ("passenger", asked.passenger))
        if value is not None
    }


# ------------------------------------------------------------------------------ documents


def _documents(access: Access, asked: _Asked) -> list[Document]:
    """The documents on fares that speak of the system, the passengers and the place asked for."""
    labels = _labels(asked, countries()[access.country].language)
    place = asked.place.name if asked.place else ""
    question = " ".join([_search_words(access), *labels.values(), place])
    scope = Scope(
        tenants=access.tenants,
        countries=(access.country,),
        sectors=(fares.sector.value,),
        on=access.today,
    )
    result = access.searcher.search(question, scope, limit=PASSAGES, language=access.language)
    documents = [
        found.document
        for found in result.documents
        if _hears("title", found.document.title)
        and any(section.field is Field.COST for section in found.document.sections)
        and (asked.place is None or _is_of(found.document, asked.place))
    ]
    if asked.system is None:
        return documents
    titled = [d for d in documents if _named("system", asked.system, d.title)]
    spoken = [d for d in documents if _named("system", asked.system, " ; ".join(_said(d)))]
    theirs = [d for d in spoken if _named("passenger", asked.passenger, d.title)]
    first = titled or spoken
    return first + [d for d in theirs if d not in first]


def _search_words(access: Access) -> str:
    """The words by which fares are searched in the country's language."""
    return texts_of(fares).text("search", countries()[access.country].language)


def _said(document: Document) -> Iterable[str]:
    return (document.title, *document.names, *document.keywords)


def _named(name: str, value: str | None, text: str) -> bool:
    """Whether `text` has a word of one value of an argument."""
    return value is not None and _hears(texts_of(fares).values[name][value], text)


@lru_cache(maxsize=4096)
def _hears(key: str, text: str) -> bool:
    """Whether a word of the YAML's set called `key` stands in `text`."""
    return key in texts_of(fares).lexicon.find(words_of(text))


def _is_of(document: Document, place: Place) -> bool:
    """Whether a document holds for a place: its territory is the place's, or it names the place."""
    text = f" {' '.join(words(' '.join((*_said(document), *_descriptions(document)))))} "
    return any(f" {fold(name)} " in text for name in (place.name, *place.parents))


def _descriptions(document: Document) -> Iterable[str]:
    return (document.quote(s) for s in document.sections if s.field is Field.DESCRIPTION)


def _sections(document: Document, asked: _Asked, access: Access) -> tuple[list[Section], bool]:
    """The costs that hold today, of the system and the passengers asked for where the document
    tells them apart; and whether it says something of those passengers.
    """
    sections = [
        s
        for s in document.sections
        if s.field is Field.COST
        and (s.valid_from is None or s.valid_from <= access.today)
        and (s.valid_to is None or s.valid_to >= access.today)
    ]
    systems = texts_of(fares).values["system"]
    told = [s for s in sections if _named("system", asked.system, document.quote(s))]
    if told:
        others = [value for value in systems if value != asked.system]
        sections = [
            s
            for s in sections
            if s in told or not any(_named("system", o, document.quote(s)) for o in others)
        ]
    theirs = [
        s
        for s in sections
        if not s.note and _named("passenger", asked.passenger, document.quote(s))
    ]
    if theirs:
        sections = [s for s in sections if s in theirs or s.note]
    return sections, bool(theirs)


def _part(document: Document, sections: Iterable[Section], access: Access) -> Part:
    dated = document.provenance.as_of
    return Part(
        heading="dated" if dated else "undated",
        lines=tuple(Cited(document, s.start, s.end) for s in sections),
        values={
            "title": document.title,
            "day": spoken_date(dated, access.language) if dated else "",
        },
    )


# ------------------------------------------------------------------------------ timetables


def _timetable_fares(access: Access, place: Place | None, route: str | None) -> tuple[Cited, ...]:
    """The fares of timetables that serve the place: one line for each price."""
    feeds = access.datasets(ROLE)
    if feeds and place is not None:
        serving = _near(access, feeds, place)
        feeds = [feed for feed in feeds if feed.source_id in serving]
    rows = access.tables.query(_FARES, [feed.source_id for feed in feeds]) if feeds else []
    if route is not None:
        rows = [row for row in rows if row["route_id"] is not None and is_route(route, row)]
    grouped: dict[tuple[str, str, float], list[str]] = {}
    for row in rows:
        key = (row["source_id"], row["currency_type"] or "", row["price"])
        named = grouped.setdefault(key, [])
        if row["route_id"] is not None:
            named.append(row["route_short_name"] or row["route_long_name"] or row["route_id"])
    known = {feed.source_id: feed for feed in feeds}
    items = [
        (known[source_id], _line(known[source_id], currency, price, list(dict.fromkeys(routes))))
        for (source_id, currency, price), routes in grouped.items()
    ]
    return cited(items, fares, f"{place.code if place else ''} {route or ''}")


def _near(access: Access, feeds: list[Dataset], place: Place) -> set[str]:
    """The feeds that serve a place: they stop near its point or, if that is not known, bear its
    name.
    """
    if place.latitude is None or place.longitude is None:
        names = [fold(name) for name in (place.name, *place.parents)]
        return {f.source_id for f in feeds if any(n in fold(f.title) for n in names)}
    rows = access.tables.query(
        _SERVING, [feed.source_id for feed in feeds], place.latitude, place.longitude, NEAR
    )
    return {row["source_id"] for row in rows}


def _line(feed: Dataset, currency: str, price: float, routes: list[str]) -> str:
    amount = money(price, currency, feed.country) if currency else str(price)
    if not routes:
        return say(fares, "fare", feed, amount=amount)
    named = ", ".join(routes[:MOST_ROUTES])
    key = "fare of" if len(routes) <= MOST_ROUTES else "fare of many"
    more = str(len(routes) - MOST_ROUTES)
    return say(fares, key, feed, amount=amount, routes=named, more=more)
