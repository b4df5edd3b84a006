"""The vocabulary as SKOS in Turtle, to exchange it with other agencies' tools.

    text = to_turtle(schemes())
    arrived = from_turtle(text, "mi-municipio")
    arrived.schemes, arrived.left_out

SKOS is described in https://www.w3.org/TR/skos-reference/, Turtle in https://www.w3.org/TR/turtle/,
the terms `dct:` in https://www.dublincore.org/specifications/dublin-core/dcmi-terms/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import ValidationError
from rdflib import DCTERMS, RDF, SKOS, Graph, Literal, URIRef
from rdflib.term import Node

from sources.errors import CatalogError, reason_of
from sources.parsers.blocks import slug
from sources.vocabulary import Concept, Scheme, joined

BASE = "https://ventanilla.example/vocabulary/"
"""What our ids are appended to. Nothing is fetched from there: who publishes the vocabulary gives
an address of its own."""

SCHEME = "scheme/"
WHOLE = "scheme"
TITLE = {"es": "Vocabulario de servicios públicos", "pt": "Vocabulário de serviços públicos"}

ALSO_RELATED = ("related", "relatedMatch", "closeMatch")
ALSO_BROADER = ("broader", "broadMatch")
ALSO_NARROWER = ("narrower", "narrowMatch")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a Turtle file holds. `left_out` says, a line each, what could not be taken and why."""

    schemes: tuple[Scheme, ...]
    left_out: tuple[str, ...]


def to_turtle(given: Iterable[Scheme], base: str = BASE) -> str:
    """All concepts of `given` as SKOS in Turtle, their URIs under `base`.

    There is one skos:ConceptScheme for the whole and one for each theme; the top of each are the
    concepts that have nothing above them in it. `narrower` is written beside `broader`, as many
    tools ask.
    """
    themes = tuple(given)
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in (("skos", SKOS), ("dct", DCTERMS)):
        graph.bind(prefix, namespace)
    graph.bind("", base)
    whole = URIRef(base + WHOLE)

    def uri(concept_id: str) -> URIRef:
        return URIRef(base + concept_id)

    def describe(subject: URIRef, title: Mapping[str, str], licence: str | None) -> None:
        graph.add((subject, RDF.type, SKOS.ConceptScheme))
        for tag, text in title.items():
            graph.add((subject, DCTERMS.title, Literal(text, lang=tag)))
        if licence:
            address = "://" in licence and " " not in licence
            graph.add((subject, DCTERMS.license, URIRef(licence) if address else Literal(licence)))

    describe(whole, TITLE, next((theme.licence for theme in themes if theme.licence), None))
    for theme in themes:
        part = URIRef(base + SCHEME + theme.id)
        describe(part, theme.title, theme.licence)
        graph.add((whole, DCTERMS.hasPart, part))
    found = joined(themes)
    for concept in found.values():
        here = uri(concept.id)
        part = URIRef(base + SCHEME + concept.scheme)
        graph.add((here, RDF.type, SKOS.Concept))
        for scheme in (whole, part):
            graph.add((here, SKOS.inScheme, scheme))
        above = {found[c].scheme for c in concept.broader}
        tops = [part] if concept.scheme not in above else []
        for scheme in (*tops, *([] if above else [whole])):
            graph.add((scheme, SKOS.hasTopConcept, here))
            graph.add((here, SKOS.topConceptOf, scheme))
        for tag, label in concept.prefLabel.items():
            graph.add((here, SKOS.prefLabel, Literal(label, lang=tag)))
        for tag, labels in concept.altLabel.items():
            for label in labels:
                graph.add((here, SKOS.altLabel, Literal(label, lang=tag)))
        for upper in concept.broader:
            graph.add((here, SKOS.broader, uri(upper)))
            graph.add((uri(upper), SKOS.narrower, here))
        for other in concept.related:
            graph.add((here, SKOS.related, uri(other)))
    return graph.serialize(format="turtle")


def from_turtle(text: str, name: str, *, base: str = BASE, language: str | None = None) -> Arrived:
    """The concepts in a Turtle file, as the scheme `name`; those under `base` keep id and theme.

    Of other concepts the id is made of the last part of the URI. Labels without a language are read
    as `language`. Alternative labels are sorted, since RDF keeps no order. What is narrower,
    broadMatch, narrowMatch, relatedMatch, closeMatch or exactMatch counts as well.

    Raises CatalogError where it is no Turtle, holds no skos:Concept, or a label lacks its language.
    """
    reader = _Reader(_graph(text, name), name, base, language)
    found = [reader.concept(subject) for subject in reader.ids]
    themes: dict[str, list[Concept]] = {}
    for concept in sorted(found, key=lambda c: c.id):
        themes.setdefault(concept.scheme, []).append(concept)
    return Arrived(
        tuple(reader.scheme(theme, tuple(of_it)) for theme, of_it in sorted(themes.items())),
        tuple(reader.left_out),
    )


def _graph(text: str, name: str) -> Graph:
    try:
        return Graph(bind_namespaces="none").parse(data=text, format="turtle")
    except (SyntaxError, ValueError) as error:
        raise CatalogError(
            f"{name} is no Turtle ({reason_of(error, 120)})", "Export it as SKOS in Turtle."
        ) from None


class _Reader:
    """One graph of SKOS, read."""

    def __init__(self, graph: Graph, name: str, base: str, language: str | None) -> None:
        self.graph, self.name, self.base, self.language = graph, name, base, language
        self.left_out: list[str] = []
        subjects = sorted(graph.subjects(RDF.type, SKOS.Concept), key=str)
        self.ids: dict[URIRef, str] = {}
        taken: set[str] = set()
        for subject in dict.fromkeys(subjects):
            if not isinstance(subject, URIRef):
                self.left_out.append("a concept without a URI")
                continue
            self.ids[subject] = self._id(subject, taken)
            taken.add(self.ids[subject])
        if not self.ids:
            raise CatalogError(f"{name} holds no skos:Concept", "Export it as SKOS in Turtle.")

    def _id(self, subject: URIRef, taken: set[str]) -> str:
        if subject.startswith(self.base):
            return str(subject).removeprefix(self.base)
        plain = slug(re.split(r"[/#]", unquote(str(subject)).rstrip("/#"))[-1])
        last = plain or "concept"
        number, candidate = 2, last
        while candidate in taken:
            number, candidate = number + 1, f"{last}-{number}"
        return candidate

    def concept(self, subject: URIRef) -> Concept:
        """The concept at `subject`, its relations by id."""
        broader = [*self._led(subject, ALSO_BROADER), *self._led(subject, ALSO_NARROWER, back=True)]
        related = [*self._led(subject, ALSO_RELATED)]
        same = [other for other in self._led(subject, ("exactMatch",)) if other]
        preferred = {tag: labels[0] for tag, labels in self._labels(subject, "prefLabel").items()}
        try:
            return Concept(
                id=self.ids[subject],
                prefLabel=preferred,
                altLabel={
                    tag: tuple(labels) for tag, labels in self._labels(subject, "altLabel").items()
                },
                broader=tuple(dict.fromkeys(broader)),
                related=tuple(c for c in dict.fromkeys(related) if c not in broader),
                exactMatch=same[0] if same else None,
                scheme=self._theme(subject),
            )
        except ValidationError:
            raise CatalogError(
                f"{self.name}: <{subject}> gives no id of lower-case letters, digits and hyphens",
                "Give it another URI.",
            ) from None

    def _labels(self, subject: URIRef, what: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for label in self.graph.objects(subject, SKOS[what]):
            tag = label.language if isinstance(label, Literal) else None
            tag = tag or self.language
            if not tag:
                raise CatalogError(
                    f"{self.name}: the label {str(label)!r} has no language",
                    "Give it one (@es, @pt, @es-CL), or say `--language es`.",
                )
            language, _, region = tag.partition("-")
            written = f"{language.lower()}-{region.upper()}" if region else language.lower()
            found.setdefault(written, []).append(" ".join(str(label).split()))
        return {tag: sorted(set(labels)) for tag, labels in sorted(found.items())}

    def _theme(self, subject: URIRef) -> str:
        ours = self.base + SCHEME
        if not subject.startswith(self.base):
            return self.name
        for scheme in sorted(self.graph.objects(subject, SKOS.inScheme), key=str):
            if str(scheme).startswith(ours):
                return str(scheme).removeprefix(ours)
        return WHOLE

    def _led(self, subject: URIRef, ways: tuple[str, ...], back: bool = False) -> Iterator[str]:
        """The ids of what one of `ways` leads to from `subject`, or comes from on the way `back`."""
        graph = self.graph
        for way in ways:
            term: URIRef = SKOS[way]
            found = graph.subjects(term, subject) if back else graph.objects(subject, term)
            for other in sorted(found, key=str):
                yield from self._known(subject, way, other)

    def _known(self, subject: URIRef, way: str, target: Node) -> Iterator[str]:
        if isinstance(target, URIRef) and target in self.ids:
            yield self.ids[target]
        elif str(target).startswith(self.base):
            yield str(target).removeprefix(self.base)
        else:
            self.left_out.append(f"{self.ids[subject]}: {way} <{target}>, which is not in the file")

    def scheme(self, theme: str, of_it: tuple[Concept, ...]) -> Scheme:
        """The scheme `theme` with its title and licence, as far as the file tells them."""
        own: Node = URIRef(self.base + SCHEME + theme)
        if (own, RDF.type, SKOS.ConceptScheme) not in self.graph:
            others = sorted(self.graph.subjects(RDF.type, SKOS.ConceptScheme), key=str)
            own = others[0] if others else own
        title = {
            (text.language or self.language or "es"): str(text)
            for text in self.graph.objects(own, DCTERMS.title)
            if isinstance(text, Literal)
        }
        licence = self.graph.value(own, DCTERMS.license)
        return Scheme(
            id=theme,
            title=title,
            licence=str(licence) if licence is not None else None,
            concepts=of_it,
        )
