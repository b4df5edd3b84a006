"""Open data as tables: which roles there are, and what one reading of a table source gives.

The roles, their columns and the words that citizens read above a value stand in ``roles.yaml``.

    >>> roles()["pharmacies_on_duty"].column("date").type
    'date'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Attribute

from sources.catalog import one_line, read_yaml
from sources.document import Field
from sources.errors import CatalogError

FOLDER = Path(__file__).parent
ROW_COLUMNS = ("source_id", "country", "row_no")
"""What every stored table has beside the columns of its role."""

Type = Literal["text", "double", "int", "bool", "date", "time"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Model):
    """One column of a role. `es` and `pt` are its label; without one it is shown to nobody.

    `values` are the words for the values of a closed list; `unless` names a column that says the
    same better; `seconds_of` the text column of which this one holds the seconds after midnight.
    """

    name: str
    type: Type = "text"
    es: str | None = None
    pt: str | None = None
    values: dict[str, dict[str, str]] = Attribute(default_factory=dict)
    unless: str | None = None
    field: Field = Field.BODY
    seconds_of: str | None = None

    def label(self, language: str) -> str | None:
        """What stands above the value, or None where it is shown to nobody."""
        return self.pt if language == "pt" else self.es


class Role(_Model):
    """What a table holds. `key` tells its rows apart, where a column does."""

    name: str
    labels: dict[str, str]
    key: str | None = None
    required: tuple[str, ...] = ()
    line: tuple[str, ...]
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _named_columns_exist(self) -> Role:
        names = {column.name for column in self.columns}
        named = {*self.required, *self.line, *([self.key] if self.key else [])}
        for column in self.columns:
            named |= {other for other in (column.unless, column.seconds_of) if other}
        if unknown := sorted(named - names):
            raise ValueError(f"there is no column {unknown[0]!r}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column called `name`. Raises KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True, slots=True)
class Reading:
    """How one reading differs from others of the same entry.

    `parameters` fill the address of an API (``{codigo_municipio}``); `known` are what a server said
    of the copy we have, by address: ETag and Last-Modified; `seconds` may the whole reading take.
    """

    parameters: Mapping[str, str] = default(default_factory=dict)
    known: Mapping[str, Mapping[str, str]] = default(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TableSet:
    """What one reading gave: a normalised UTF-8 CSV file per role, and what happened on the way.

    `rejects` counts rows left out, `repairs` values set empty or mended, both by reason;
    `filtered` are the rows that the entry does not want. `as_of` is the day that the file itself
    tells. `unchanged` means that the server has nothing newer than `Reading.known`: no tables
    then. `partial` means that the origin has more pages than were read.
    """

    tables: Mapping[str, Path]
    rows: int = 0
    rejects: Mapping[str, int] = default(default_factory=dict)
    repairs: Mapping[str, int] = default(default_factory=dict)
    filtered: int = 0
    as_of: str | None = None
    content_hash: str = ""
    known: Mapping[str, Mapping[str, str]] = default(default_factory=dict)
    unchanged: bool = False
    partial: bool = False


@cache
def roles() -> dict[str, Role]:
    """All roles by name. Raises CatalogError naming the role and the field that is wrong."""
    path = FOLDER / "roles.yaml"
    found = {}
    for name, fields in read_yaml(path).items():
        try:
            columns = [{"name": key} | value for key, value in fields["columns"].items()]
            found[name] = Role.model_validate(fields | {"name": name, "columns": columns})
        except ValidationError as error:
            raise CatalogError(
                f"{path.name}: {name}: {one_line(error)}", "Correct that field."
            ) from None
        except (KeyError, TypeError, AttributeError):
            raise CatalogError(
                f"{path.name}: {name} names no columns", "Write `columns:` with one line for each."
            ) from None
    return found


def role_named(name: object) -> Role:
    """The role called `name`. Raises CatalogError naming those that exist."""
    if not isinstance(name, str) or name not in roles():
        raise CatalogError(f"there is no role {name!r}", f"Use one of: {', '.join(roles())}.")
    return roles()[name]
