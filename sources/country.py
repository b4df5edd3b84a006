"""Countries: languages, official domains, emergency lines, identity numbers, places and channels.

Each country is one YAML file in ``sources/countries/``, named after its ISO 3166-1 alpha-2 code.
Countries that Ventanilla does not cover stand in ``sources/elsewhere.yaml``.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import one_line, read_yaml
from sources.document import CountryCode, PartialDate, Sector, TerritoryCode, Verification
from sources.errors import CatalogError

FOLDER = Path(__file__).parent / "countries"
ELSEWHERE = Path(__file__).parent / "elsewhere.yaml"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Emergency(StrEnum):
    """What an emergency line is for."""

    MEDICAL = "medical"
    FIRE = "fire"
    POLICE = "police"
    VIOLENCE = "violence"
    SUICIDE = "suicide"
    HEALTH_ADVICE = "health_advice"
    ANY = "any"


class EmergencyLine(_Model):
    """A telephone line to be named in a crisis."""

    kind: Emergency
    number: Annotated[str, Attribute(pattern=r"^[*0-9 -]{3,15}$")]
    name: str


class Channel(_Model):
    """The official place to turn to in a sector when Ventanilla has no answer."""

    sector: Sector
    name: str
    url: str | None = None
    phone: str | None = None
    as_of: PartialDate | None = None
    verification: Verification = Verification.OFFICIAL


class IdentityNumber(_Model):
    """A personal or tax number: the name people use and the python-stdnum module that checks it."""

    name: str
    stdnum: str
    names: tuple[str, ...] = ()


class Place(_Model):
    """A territory or town. `ambiguous` marks a name that means something else too."""

    name: str
    code: TerritoryCode | None = None
    names: tuple[str, ...] = ()
    ambiguous: bool = False


class Country(_Model):
    """All that depends on the country alone. `form_of_address` is how its administration addresses people."""

    code: CountryCode
    names: dict[str, str]
    other_names: tuple[str, ...] = ()
    demonyms: tuple[str, ...]
    languages: tuple[str, ...]
    form_of_address: Literal["usted", "tu", "vos", "voce"]
    locale: str
    time_zone: str
    currency: Annotated[str, Attribute(pattern=r"^[A-Z]{3}$")]
    currency_words: tuple[str, ...]
    official_domains: tuple[str, ...]
    emergency: tuple[EmergencyLine, ...]
    identity_numbers: tuple[IdentityNumber, ...]
    channels: tuple[Channel, ...]
    implied_by: tuple[str, ...] = ()
    territories: tuple[Place, ...] = ()
    cities: tuple[Place, ...] = ()

    @property
    def language(self) -> str:
        """The first of its languages, without what follows in the tag: "pt-BR" → "pt"."""
        return self.languages[0].partition("-")[0]

    def channel(self, sector: Sector | str | None = None) -> Channel:
        """The channel of `sector`, or the general one."""
        by_sector = {channel.sector: channel for channel in self.channels}
        return by_sector.get(Sector(sector or "general"), by_sector[Sector.GENERAL])

    def lines(self, *kinds: Emergency) -> tuple[EmergencyLine, ...]:
        """The lines for `kinds` in that order, then those good for everything; all if none fits."""
        found = [line for kind in kinds for line in self.emergency if line.kind is kind]
        found += [line for line in self.emergency if line.kind is Emergency.ANY]
        return tuple(dict.fromkeys(found)) or self.emergency


class Elsewhere(_Model):
    """A country that Ventanilla does not cover.

    `names` by language, Spanish and Portuguese at least; `other_names` are abbreviations and
    cities that mean this country and no other.
    """

    code: CountryCode
    names: dict[str, str]
    other_names: tuple[str, ...] = ()
    demonyms: tuple[str, ...] = ()


class _ElsewhereFile(_Model):
    countries: tuple[Elsewhere, ...]


@cache
def countries() -> dict[str, Country]:
    """All countries by code. Raises CatalogError with the file and field that is wrong."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            country = Country(**read_yaml(path))
        except ValidationError as error:
            raise CatalogError(f"{path.name}: {one_line(error)}", "Correct that field.") from None
        found[country.code] = country
    return found


@cache
def elsewhere() -> tuple[Elsewhere, ...]:
    """The countries not covered. Raises CatalogError with the field that is wrong."""
    try:
        return _ElsewhereFile(**read_yaml(ELSEWHERE)).countries
    except ValidationError as error:
        raise CatalogError(f"{ELSEWHERE.name}: {one_line(error)}", "Correct that field.") from None
