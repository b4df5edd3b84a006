"""What is wrong with a vocabulary: ids, languages, labels and relations.

    for problem in problems(schemes(folder)):
        print(problem)

The rules are those of SKOS (https://www.w3.org/TR/skos-reference/, S13, S14 and S27) and our own: a
label means one thing in one country, and what comes with Ventanilla is in Spanish and Portuguese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from sources.errors import CatalogError
from sources.parsers.blocks import fold
from sources.vocabulary import Concept, Scheme

TAG = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
"""BCP 47 as far as labels need it: a language, and the country where the word is used. See
https://www.rfc-editor.org/info/bcp47."""

REQUIRED = ("es", "pt")
"""A built-in concept without these would not join Spanish and Portuguese."""


def problems(schemes: Iterable[Scheme]) -> Iterator[CatalogError]:
    """All that is wrong, in the order of the files; nothing where the vocabulary is sound."""
    given = tuple(schemes)
    found: dict[str, Concept] = {}
    for scheme in given:
        for concept in scheme.concepts:
            if concept.id in found:
                yield CatalogError(f"{scheme.file}: {concept.id!r} is given twice", "Rename one.")
            found.setdefault(concept.id, concept)
    known = {c.id for scheme in given if scheme.built_in for c in scheme.concepts}
    for scheme in given:
        for concept in scheme.concepts:
            yield from _languages(scheme, concept)
            yield from _relations(scheme, concept, found, known)
    yield from _labels(given)
    yield from _cycles(given, found)


def _languages(scheme: Scheme, concept: Concept) -> Iterator[CatalogError]:
    where = f"{scheme.file}: {concept.id!r}"
    for tag in {**concept.prefLabel, **concept.altLabel}:
        if not TAG.fullmatch(tag):
            yield CatalogError(
                f"{where} has labels in {tag!r}, which is no language tag",
                "Write it like es, pt or es-CL (BCP 47).",
            )
    missing = [tag for tag in REQUIRED if scheme.built_in and tag not in concept.prefLabel]
    if missing:
        yield CatalogError(f"{where} has no prefLabel in {' and '.join(missing)}", "Add it.")
    elif not concept.prefLabel and not concept.exactMatch:
        yield CatalogError(f"{where} has no prefLabel", "Give it one, like `es: permiso de feria`.")
    empty = [tag for tag, label in concept.labels() if not _compared(label)]
    if empty:
        yield CatalogError(f"{where} has an empty label ({empty[0]})", "Write a word, or drop it.")


def _relations(
    scheme: Scheme, concept: Concept, found: Mapping[str, Concept], known: set[str]
) -> Iterator[CatalogError]:
    where = f"{scheme.file}: {concept.id!r}"
    for relation in (*concept.broader, *concept.related):
        if relation not in found:
            yield CatalogError(
                f"{where} leads to {relation!r}, which is no concept",
                "Correct the relation, or add the concept.",
            )
        elif relation == concept.id:
            yield CatalogError(f"{where} leads to itself", "Drop that relation.")
    if concept.exactMatch and concept.exactMatch not in known:
        yield CatalogError(
            f"{where} matches {concept.exactMatch!r}, which does not come with Ventanilla",
            "`ventanilla vocabulary export` shows what does.",
        )
    # S27: what is above a concept cannot be beside it as well.
    both = sorted(_above(concept.id, found) & set(concept.related))
    if both:
        yield CatalogError(f"{where} has {both[0]!r} as broader and as related", "Keep one.")


def _above(start: str, found: Mapping[str, Concept]) -> set[str]:
    seen: set[str] = set()
    ahead = list(found[start].broader)
    while ahead:
        concept = ahead.pop()
        if concept in found and concept not in seen:
            seen.add(concept)
            ahead += found[concept].broader
    return seen


def _cycles(given: tuple[Scheme, ...], found: Mapping[str, Concept]) -> Iterator[CatalogError]:
    for scheme in given:
        for concept in scheme.concepts:
            # A concept that only matches another one gives it its relations.
            own = concept.exactMatch or concept.id
            if own in found and own not in concept.broader and own in _above(concept.id, found):
                yield CatalogError(
                    f"{scheme.file}: {concept.id!r} is broader than itself",
                    "Take one `broader` out of that ring.",
                )


def _labels(given: tuple[Scheme, ...]) -> Iterator[CatalogError]:
    """A label that names two concepts in one country: "es" holds in every country of "es-…"."""
    owners: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for scheme in given:
        for concept in scheme.concepts:
            own = concept.exactMatch or concept.id
            for tag, label in dict.fromkeys(concept.labels()):
                language, _, region = tag.partition("-")
                taken = owners.setdefault((language, _compared(label)), [])
                for other_region, other in taken:
                    meets = not region or not other_region or region == other_region
                    if other != own and meets:
                        yield CatalogError(
                            f"{scheme.file}: {label!r} ({tag}) names {other!r} and {own!r}",
                            _remedy(scheme, other),
                        )
                        break
                if (region, own) not in taken:
                    taken.append((region, own))


def _remedy(scheme: Scheme, other: str) -> str:
    if scheme.built_in:
        return "Keep it at one of them."
    return f"Choose another label, or write `exactMatch: {other}` if they are the same."


@cache
def _compared(label: str) -> str:
    """A label as it is compared: no capitals, no accents, single spaces."""
    return " ".join(fold(label).split())
