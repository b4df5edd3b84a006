"""The `vocabulary` commands: show the words that citizens use, take in an agency's own, check them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retrieval.concepts import content
from retrieval.reading import is_ordinary
from sources.errors import CatalogError, UsageError, VentanillaError
from sources.parsers.blocks import slug
from sources.vocabulary import Concept, Scheme, built_in, joined, schemes
from sources.vocabulary.check import problems
from ui.settings import Settings

AFTERWARDS = "Restart `ventanilla serve` if it runs, then run `ventanilla sources sync`."
"""New words help questions from the next start on, and documents once these are indexed again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: counts, and every complaint with its remedy."""

    concepts: int
    labels: int
    files: int
    complaints: tuple[CatalogError, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import wrote: how many concepts, how many of them add to ours, what it left out, and
    which labels will do little.
    """

    path: Path
    concepts: int
    joined: int
    left_out: tuple[str, ...]
    hints: tuple[str, ...]
    replaced: bool


def export(settings: Settings, base: str | None = None) -> str:
    """All concepts, an agency's own among them, as SKOS in Turtle.

    Raises CatalogError where an own file is wrong.
    """
    from sources.vocabulary.skos import BASE, to_turtle

    given = _sound(schemes(settings.vocabulary))
    return to_turtle(given, base or BASE)


def check(settings: Settings) -> Checked:
    """Examines built-in and own files. Raises CatalogError where one cannot be read at all."""
    given = schemes(settings.vocabulary)
    complaints = tuple(problems(given))
    labels = sum(1 for s in given for c in s.concepts for _ in c.labels())
    count = sum(len(s.concepts) for s in given)
    return Checked(count, labels, len(given), complaints)


def take(
    settings: Settings,
    file: Path,
    *,
    name: str | None = None,
    base: str | None = None,
    language: str | None = None,
) -> Taken:
    """Takes an agency's SKOS file into VENTANILLA_HOME, as vocabulary/NAME.yaml.

    A concept of ours in the file gives ours the labels that it lacks. Nothing is written unless the
    whole vocabulary is sound with it.

    Raises UsageError where the file cannot be read or the name is none, CatalogError where its
    content is wrong or clashes with a concept that is there.
    """
    from sources.vocabulary.skos import BASE, from_turtle

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} cannot be read ({error})", "Give a Turtle file in UTF-8."
        ) from None
    own = slug(name or file.stem)
    if not own or own in {scheme.id for scheme in built_in()}:
        raise UsageError(f"{own or file.stem!r} cannot be its name", "Say another: --name NAME.")
    arrived = from_turtle(text, own, base=base or BASE, language=language)
    title = next((s.title for s in arrived.schemes if s.title), {})
    licence = next((s.licence for s in arrived.schemes if s.licence), None)
    concepts = _own(own, [c for s in arrived.schemes for c in s.concepts])
    made = Scheme(id=own, title=title, licence=licence, concepts=tuple(concepts))
    others = [s for s in schemes(settings.vocabulary) if s.id != own]
    _sound((*others, made))
    path = settings.vocabulary / made.file
    replaced = path.exists()
    _write(path, made)
    same = sum(1 for concept in concepts if concept.exactMatch)
    hints = tuple(_everyday(concepts))
    return Taken(path, len(concepts), same, arrived.left_out, hints, replaced)


def _everyday(own: list[Concept]) -> Iterator[str]:
    """Labels that are words of every day: a question that holds one is seldom about the concept."""
    for concept in own:
        for tag, label in concept.labels():
            left = content(label, tag.partition("-")[0])
            if not left or (len(left) == 1 and not label.isupper() and is_ordinary(left[0])):
                yield f"{concept.id}: {label!r} ({tag}) is an everyday word; a phrase says more"


def _own(name: str, arrived: list[Concept]) -> list[Concept]:
    """The concepts as an own file holds them: of ours only the further labels, no id of ours."""
    ours = joined(built_in())
    from_us = {c.id for c in arrived if c.id in ours and c.scheme != name}
    renamed = {c.id: f"{name}-{c.id}" for c in arrived if c.id in ours and c.id not in from_us}
    made = []
    for concept in arrived:
        if concept.id in from_us:
            known = set(ours[concept.id].labels())
            further: dict[str, list[str]] = {}
            for tag, label in concept.labels():
                if (tag, label) not in known:
                    further.setdefault(tag, []).append(label)
            if further:
                alternatives = {tag: tuple(labels) for tag, labels in further.items()}
                match, own = concept.id, f"{name}-{concept.id}"
                made.append(Concept(id=own, altLabel=alternatives, exactMatch=match, scheme=name))
            continue
        made.append(
            concept.model_copy(
                update={
                    "id": renamed.get(concept.id, concept.id),
                    "broader": tuple(renamed.get(c, c) for c in concept.broader),
                    "related": tuple(renamed.get(c, c) for c in concept.related),
                    "scheme": name,
                }
            )
        )
    if not made:
        raise CatalogError("the file adds no word to what is known", "There is nothing to do.")
    return made


def _sound(given: tuple[Scheme, ...]) -> tuple[Scheme, ...]:
    complaints: list[VentanillaError] = list(problems(given))
    if complaints:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        first = complaints[0]
        raise CatalogError(f"{first.problem}{more}", first.remedy)
    return given


def _write(path: Path, scheme: Scheme) -> None:
    """Whole or not at all: a start in between must not meet half a file."""
    fields: dict[str, Any] = scheme.model_dump(
        mode="json", exclude={"id", "built_in"}, exclude_defaults=True
    )
    for concept in fields["concepts"]:
        concept.pop("scheme", None)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=110)
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
