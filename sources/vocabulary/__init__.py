"""The vocabulary of public services: a SKOS-style concept scheme, one YAML file per theme.

A concept has one preferred label per language and any number of other ones, keyed by BCP 47 tags; a
tag with a region ("es-PE") holds in that country only. See https://www.w3.org/TR/skos-reference/.

    concepts()["driving-licence"].prefLabel["pt"]   # 'carteira de motorista'
    concepts(home / "vocabulary")                   # with an agency's own files

`narrower` is never written down: it is `broader`, read backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import one_line, read_yaml
from sources.errors import CatalogError

FOLDER = Path(__file__).parent

ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Concept(BaseModel):
    """One concept; the names of its fields are those of SKOS.

    `exactMatch`, in an agency's file, names a concept that is there already: the labels are then
    further labels of that one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Attribute(pattern=ID)
    prefLabel: dict[str, str] = {}
    altLabel: dict[str, tuple[str, ...]] = {}
    broader: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    exactMatch: str | None = None
    scheme: str = ""

    def labels(self) -> Iterator[tuple[str, str]]:
        """Every label with its language tag, the preferred ones first."""
        yield from self.prefLabel.items()
        for tag, labels in self.altLabel.items():
            for label in labels:
                yield tag, label


class Scheme(BaseModel):
    """One file of concepts. `title` is keyed by language; `licence` is a URI or a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Attribute(pattern=ID)
    title: dict[str, str] = {}
    licence: str | None = None
    concepts: tuple[Concept, ...] = ()
    built_in: bool = False

    @property
    def file(self) -> str:
        """The file's name, for messages."""
        return f"{self.id}.yaml"


def read_scheme(path: Path, *, built_in: bool = False) -> Scheme:
    """Reads one file. Raises CatalogError naming the concept and the field that is wrong."""
    fields = read_yaml(path)
    listed = fields.pop("concepts", None) or ()
    if not isinstance(listed, list | tuple):
        raise CatalogError(f"{path.name}: concepts is no list", "Write each as `- id: …`.")
    found = []
    for number, given in enumerate(listed, 1):
        try:
            found.append(Concept(**{**given, "scheme": path.stem}))
        except (ValidationError, TypeError) as error:
            what = one_line(error) if isinstance(error, ValidationError) else "it is no concept"
            raise CatalogError(
                f"{path.name}, concept {number}: {what}", "Correct that concept."
            ) from None
    try:
        return Scheme(**{**fields, "id": path.stem, "built_in": built_in, "concepts": found})
    except ValidationError as error:
        raise CatalogError(f"{path.name}: {one_line(error)}", "Correct that field.") from None


@cache
def built_in() -> tuple[Scheme, ...]:
    """The schemes that come with Ventanilla, by file name."""
    return tuple(read_scheme(path, built_in=True) for path in sorted(FOLDER.glob("*.yaml")))


def schemes(extra: Path | None = None) -> tuple[Scheme, ...]:
    """The built-in schemes, then those in the folder `extra`. Raises CatalogError as `read_scheme`."""
    own = sorted(extra.glob("*.yaml")) if extra and extra.is_dir() else []
    return (*built_in(), *map(read_scheme, own))


def concepts(extra: Path | None = None) -> dict[str, Concept]:
    """All concepts by id: the built-in ones, then those in the folder `extra`.

    Raises CatalogError with the first of what `sources.vocabulary.check` finds. A folder is read
    once: what is changed in it takes effect in the next process.
    """
    return sound(extra if extra and any(extra.glob("*.yaml")) else None)


@cache
def sound(extra: Path | None) -> dict[str, Concept]:
    """What `concepts` gives, for a folder that holds something."""
    from sources.vocabulary.check import problems

    given = schemes(extra)
    for problem in problems(given):
        raise problem
    return joined(given)


def joined(given: Iterable[Scheme]) -> dict[str, Concept]:
    """The concepts of schemes without fault; those with an exactMatch go into what they match."""
    found: dict[str, Concept] = {}
    same: dict[str, str] = {}
    for scheme in given:
        for concept in scheme.concepts:
            if concept.exactMatch:
                same[concept.id] = concept.exactMatch
                found[concept.exactMatch] = _with_labels(found[concept.exactMatch], concept)
            else:
                found[concept.id] = concept
    if not same:
        return found
    return {key: _redirected(concept, same) for key, concept in found.items()}


def _with_labels(concept: Concept, other: Concept) -> Concept:
    known = set(concept.labels())
    labels = {tag: list(given) for tag, given in concept.altLabel.items()}
    for tag, label in other.labels():
        if (tag, label) not in known:
            labels.setdefault(tag, []).append(label)
    return concept.model_copy(
        update={
            "altLabel": {tag: tuple(given) for tag, given in labels.items()},
            "broader": (*concept.broader, *other.broader),
            "related": (*concept.related, *other.related),
        }
    )


def _redirected(concept: Concept, same: Mapping[str, str]) -> Concept:
    """`concept` with its relations leading to what is matched in place of what matches it."""
    return concept.model_copy(
        update={
            "broader": tuple(dict.fromkeys(same.get(c, c) for c in concept.broader)),
            "related": tuple(dict.fromkeys(same.get(c, c) for c in concept.related)),
        }
    )


def narrower(found: Mapping[str, Concept]) -> dict[str, tuple[str, ...]]:
    """For every concept that has narrower ones, their ids: `broader` read backwards."""
    below: dict[str, list[str]] = {}
    for concept in found.values():
        for above in concept.broader:
            below.setdefault(above, []).append(concept.id)
    return {above: tuple(ids) for above, ids in below.items()}
