"""The catalogue: which document sets there are, one YAML file each.

The built-in entries lie in ``sources/catalog/``; an agency's own are kept in a folder that the
caller names. An entry looks like this:

    id: mi-municipio
    title: Trámites de la Municipalidad de Ejemplo
    connector: files
    origin: ./documentos          # a folder, file or URL; relative to the YAML file
    country: CL
    language: es
    agency: Municipalidad de Ejemplo
    as_of: 2026-11-01             # the day on which the values held
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic import Field as Attribute

from sources.document import (
    PUBLIC,
    CountryCode,
    PartialDate,
    Sector,
    TerritoryCode,
    Verification,
)
from sources.errors import CatalogError

PATHS = ("origin", "questions", "golden")
"""Fields that may name a file or folder, relative to the entry's own."""

BUILT_IN = Path(__file__).parent / "catalog"

AGENCY_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""How an agency is called in `owner` and `tenant`; `public` is no agency's name."""


class CatalogEntry(BaseModel):
    """One document set: what reads it, from where, and what holds for all its documents.

    `owner` is the agency that may manage it; without one, only the house's administrators may.
    `tenant` is who may read it: everybody (`public`), or its owner alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Attribute(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")
    title: str
    description: str = ""
    connector: str
    origin: str | None = None
    enabled: bool = True
    country: CountryCode | None = None
    territory: TerritoryCode | None = None
    language: Literal["es", "pt", "en"] | None = None
    sectors: tuple[Sector, ...] = (Sector.GENERAL,)
    agency: str | None = None
    url: str | None = None
    licence: str | None = None
    as_of: PartialDate | None = None
    verification: Verification = Verification.OFFICIAL
    owner: str | None = Attribute(default=None, pattern=AGENCY_ID)
    tenant: str = Attribute(default=PUBLIC, pattern=AGENCY_ID)
    questions: str | None = Attribute(default=None, description="see `sources.asked`")
    golden: str | None = Attribute(default=None, description="questions with their right answers")
    schedule: str | None = Attribute(default=None, description="when it is read: a line of cron")
    options: dict[str, Any] = Attribute(default_factory=dict)

    @field_validator("owner")
    @classmethod
    def _is_an_agency(cls, value: str | None) -> str | None:
        if value == PUBLIC:
            raise ValueError("no agency is called public")
        return value

    @field_validator("tenant")
    @classmethod
    def _is_its_owners(cls, value: str, info: ValidationInfo) -> str:
        """Nobody shuts documents away in another's name."""
        if value not in (PUBLIC, info.data.get("owner")):
            raise ValueError("it must be public, or the owner of the set")
        return value

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: str | None) -> str | None:
        if value is not None:
            from cronsim import CronSim, CronSimError  # only a set with a schedule needs it

            try:
                CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
            except CronSimError:
                raise ValueError(
                    "no line of cron: write e.g. '0 3 * * *' for every day at 3"
                ) from None
        return value

    @property
    def internal(self) -> bool:
        """Whether only its owner's people may read it."""
        return self.tenant != PUBLIC


def one_line(error: ValidationError) -> str:
    """The first complaint of a validation error as `field: what is wrong (got value)`."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "file"
    given = first["input"]
    got = "" if isinstance(given, dict) or first["type"] == "missing" else f" (got {given!r:.60})"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}{got}"


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a YAML mapping. Raises CatalogError naming the file, and the line if there is one."""
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 – safe
    except FileNotFoundError:
        raise CatalogError(f"{path} does not exist", "Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read ({error})", "Save it as UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise CatalogError(f"{path}{where}: {problem}", "Mend the YAML and try again.") from None
    if not isinstance(loaded, dict):
        raise CatalogError(f"{path} holds no fields", "Write it as `name: value` lines.")
    return loaded


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_entry(path: Path, owner: str | None = None) -> CatalogEntry:
    """Reads one entry; relative paths in the fields `PATHS` and in `options.token_file` are taken from
    the file's folder.

    With `owner` it is that agency's: the file need not say so, and may not say otherwise. Raises
    CatalogError with the field that is wrong.
    """
    fields = read_yaml(path)
    if owner is not None and fields.setdefault("owner", owner) != owner:
        raise CatalogError(f"{path}: owner: it is not {owner!r}", "Leave that field out.")
    try:
        entry = CatalogEntry(**fields)
    except ValidationError as error:
        raise CatalogError(f"{path}: {one_line(error)}", "Correct that field.") from None
    except TypeError:
        raise CatalogError(f"{path}: field names must be text", "Correct the YAML.") from None
    _known_country(entry, path)
    found: dict[str, Any] = {
        field: str((path.parent / given).resolve())
        for field in PATHS
        if (given := getattr(entry, field)) and "://" not in given
    }
    if isinstance(token_file := entry.options.get("token_file"), str):
        place = str((path.parent / Path(token_file).expanduser()).resolve())
        found["options"] = {**entry.options, "token_file": place}
    return entry.model_copy(update=found)


def _known_country(entry: CatalogEntry, path: Path) -> None:
    """A document of a country that nobody described would be found by no question."""
    from sources.country import countries  # that module reads its files by way of this one

    if entry.country and entry.country not in countries():
        known = ", ".join(countries())
        raise CatalogError(
            f"{path}: country {entry.country!r} is not described",
            f"Use one of {known}, or add sources/countries/{entry.country.lower()}.yaml.",
        )


@cache
def built_in() -> tuple[CatalogEntry, ...]:
    """The entries that come with Ventanilla."""
    return tuple(read_entry(path) for path in sorted(BUILT_IN.glob("*.yaml")))


def read_catalog(extra: Path | None = None) -> dict[str, CatalogEntry]:
    """All entries by id: the built-in ones, then those in the folder `extra`.

    Raises CatalogError where two entries share an id.
    """
    added: Iterable[Path] = sorted(extra.glob("*.yaml")) if extra and extra.is_dir() else ()
    entries: dict[str, CatalogEntry] = {}
    for entry in (*built_in(), *map(read_entry, added)):
        if entry.id in entries:
            raise CatalogError(
                f"two catalogue entries are called {entry.id!r}", "Give the added one another id."
            )
        entries[entry.id] = entry
    return entries
