"""The vocabulary of public services: a SKOS-style concept scheme, one YAML file per theme.

A concept has one preferred label per language and any number of other ones, keyed by BCP 47 tags; a
tag with a region ("es-PE") holds in that country only. See https://www.w3.org/TR/skos-reference/.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import one_line, read_yaml
from sources.errors import CatalogError

FOLDER = Path(__file__).parent


class Concept(BaseModel):
    """One concept; the names of its fields are those of SKOS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Attribute(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    prefLabel: dict[str, str]
    altLabel: dict[str, tuple[str, ...]] = {}
    broader: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    scheme: str = ""

    def labels(self) -> Iterator[tuple[str, str]]:
        """Every label with its language tag, the preferred ones first."""
        yield from self.prefLabel.items()
        for tag, labels in self.altLabel.items():
            for label in labels:
                yield tag, label


def _read(path: Path) -> Iterator[Concept]:
    for number, fields in enumerate(read_yaml(path).get("concepts") or (), 1):
        try:
            yield Concept(**{**fields, "scheme": path.stem})
        except (ValidationError, TypeError) as error:
            what = one_line(error) if isinstance(error, ValidationError) else "it is no concept"
            raise CatalogError(
                f"{path.name}, concept {number}: {what}", "Correct that concept."
            ) from None


@cache
def concepts(extra: Path | None = None) -> dict[str, Concept]:
    """All concepts by id: the built-in ones, then those in the folder `extra`.

    Raises CatalogError for an id or a label given twice in one language, or a relation that leads
    nowhere.
    """
    found: dict[str, Concept] = {}
    owner: dict[tuple[str, str], str] = {}
    paths = sorted(FOLDER.glob("*.yaml"))
    paths += sorted(extra.glob("*.yaml")) if extra else []
    for path in paths:
        for concept in _read(path):
            if concept.id in found:
                raise CatalogError(f"{path.name}: {concept.id!r} is given twice", "Rename one.")
            found[concept.id] = concept
            for tag, label in concept.labels():
                other = owner.setdefault((tag, label.casefold()), concept.id)
                if other != concept.id:
                    raise CatalogError(
                        f"{path.name}: {label!r} ({tag}) names {other!r} and {concept.id!r}",
                        "Keep it at one of them.",
                    )
    for concept in found.values():
        for relation in (*concept.broader, *concept.related):
            if relation not in found:
                raise CatalogError(
                    f"{concept.scheme}.yaml: {concept.id!r} leads to {relation!r}, which is no concept",
                    "Correct the relation, or add the concept.",
                )
    return found
