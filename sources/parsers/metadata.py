"""What a file says of itself as a whole: Markdown front matter, the <meta> elements of HTML.

---
title: Licencia de conducir
names: [brevete, carnet de manejar]
country: PE
as_of: 2026-03-05
---
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from sources.catalog import one_line
from sources.document import (
    CountryCode,
    PartialDate,
    Sector,
    TerritoryCode,
    Verification,
    last_day,
)
from sources.parsers.blocks import Unreadable, clean
from sources.parsers.language import subtag


def _line(value: object) -> object:
    return clean(value).replace("\n", " ") if isinstance(value, str) else value


def _listed(value: object) -> object:
    """A list, or one line with commas or semicolons between its parts."""
    if isinstance(value, str):
        value = re.split(r"[;\n]" if ";" in value else r"[,\n]", value)
    if isinstance(value, list):
        return tuple(_line(part) for part in value if part not in ("", None))
    return value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower_list(value: object) -> object:
    parts = _listed(value)
    if not isinstance(parts, tuple):
        return parts
    return tuple(part.strip().lower() if isinstance(part, str) else part for part in parts)


def _checked_day(value: object, *, end: bool) -> object:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value.strip()):
        raise ValueError("it is no ISO 8601 date: write YYYY, YYYY-MM or YYYY-MM-DD")
    value = value.strip()
    return last_day(value) if end else date.fromisoformat((value + "-01-01")[:10])


def _web_address(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", value.strip()):
        raise ValueError("it is no web address: write https://…")
    return value.strip() if isinstance(value, str) else value


def _language(value: object) -> object:
    return subtag(value) if isinstance(value, str) else value


_Line = Annotated[str, BeforeValidator(_line)]
_Lines = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Metadata(BaseModel):
    """Document-level fields; what a file leaves out is None or empty. Other names are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: _Line | None = None
    names: _Lines = ()
    keywords: _Lines = ()
    country: Annotated[CountryCode, BeforeValidator(_upper)] | None = None
    territory: Annotated[TerritoryCode, BeforeValidator(_upper)] | None = None
    language: Annotated[Literal["es", "pt", "en"], BeforeValidator(_language)] | None = None
    agency: _Line | None = None
    url: Annotated[str, BeforeValidator(_web_address)] | None = None
    as_of: PartialDate | None = None
    valid_from: Annotated[date, BeforeValidator(lambda v: _checked_day(v, end=False))] | None = None
    valid_to: Annotated[date, BeforeValidator(lambda v: _checked_day(v, end=True))] | None = None
    verification: Verification | None = None
    sectors: Annotated[tuple[Sector, ...], BeforeValidator(_lower_list)] = ()

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Metadata:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} lies before valid_from {self.valid_from}")
        return self


_EMPTY = ("", "~", "null")


def read_metadata(fields: Mapping[str, object]) -> Metadata:
    """Checks the fields of a file. Raises Unreadable naming the field and its value."""
    given: dict[str, Any] = {
        name: value
        for name, value in fields.items()
        if value is not None and not (isinstance(value, str) and value.strip() in _EMPTY)
    }
    try:
        return Metadata(**given)
    except ValidationError as error:
        raise Unreadable(one_line(error), "Correct that field.") from None
