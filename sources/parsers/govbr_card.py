"""A service card of gov.br, whichever dress it came in: XML schema v3 or the JSON of the live API.

Texts are kept as the source has them, markup included; `sources.parsers.govbr_render` makes them
plain. The Portuguese names in the docstrings are those of the schema (``servico.xsd``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sources.document import PartialDate
from sources.parsers.blocks import slug

_COMBINING = re.compile("[\u0300-\u036f]")
_PARTING = re.compile(r"[\s_-]+")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Duration(_Model):
    """tempo-total-estimado: figures as written, in `unit` ("dias-uteis", "meses", …)."""

    kind: Literal["up_to", "between", "on_average", "immediate", "not_estimated"] | None = None
    minimum: str = ""
    maximum: str = ""
    unit: str = ""
    text: str = ""


class Validity(_Model):
    """validade-documento: how long the document is good for."""

    amount: str = ""
    unit: str = ""
    unlimited: bool = False
    text: str = ""


class Applicant(_Model):
    """solicitante: who may ask for the service, and on what conditions."""

    kind: str = ""
    requirements: str = ""


class Evidence(_Model):
    """documento; `case` is the circumstance in which it is asked for, empty for always."""

    text: str
    case: str = ""


class Cost(_Model):
    """custo: `value` as written ("1.364,20"); a variable cost says in `variable` what it takes."""

    text: str = ""
    currency: str = ""
    value: str = ""
    variable: str = ""
    is_variable: bool = False
    case: str = ""

    @property
    def amount(self) -> str:
        """What is to be paid. A stale `value` beside a variable cost is not it, nor is a zero."""
        fixed = self.value if re.search(r"[1-9]", self.value) or not self.variable else ""
        first, second = (self.variable, fixed) if self.is_variable else (fixed, self.variable)
        return first or second


class Channel(_Model):
    """canal-de-prestacao: `kind` is its tipo ("presencial", "web-agendar", …)."""

    kind: str = ""
    text: str = ""
    wait: str = ""
    wait_unit: str = ""
    if_unavailable: str = ""
    case: str = ""


class Step(_Model):
    """etapa."""

    title: str = ""
    text: str = ""
    evidence: tuple[Evidence, ...] = ()
    costs: tuple[Cost, ...] = ()
    channels: tuple[Channel, ...] = ()
    duration: Duration | None = None


class Card(_Model):
    """servico. `revision` is the highest row number inside the card: a revision writes its rows
    anew, so of two cards with one number the later one has the higher `revision`.
    """

    origin: Literal["xml", "json"]
    name: str
    number: str = ""
    slug: str = ""
    revision: int = 0
    as_of: PartialDate | None = None
    acronym: str = ""
    popular_names: tuple[str, ...] = ()
    description: str = ""
    contact: str = ""
    free: bool | None = None
    url: str = ""
    digital_url: str = ""
    applicants: tuple[Applicant, ...] = ()
    duration: Duration | None = None
    validity: Validity | None = None
    steps: tuple[Step, ...] = ()
    agency: str = ""
    areas: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    accessibility: str = ""
    priority: str = ""
    treatment: str = ""

    @property
    def says_something(self) -> bool:
        """Whether there is anything to be cited beside the name."""
        return bool(
            self.description.strip()
            or self.steps
            or self.contact.strip()
            or self.digital_url
            or any(applicant.requirements.strip() for applicant in self.applicants)
        )


class NotACard(ValueError):
    """What was read is no service card; the message says why, in one line."""


def fold(text: str) -> str:
    """`text` without accents and case, blanks and dashes as single blanks: for comparing."""
    bare = text.casefold()
    if not bare.isascii():
        bare = _COMBINING.sub("", unicodedata.normalize("NFKD", bare))
    return " ".join(_PARTING.sub(" ", bare).split())


def slugify(text: str) -> str:
    """`text` as in an address, cut to 120 letters: "Obter auxílio-doença" → "obter-auxilio-doenca"."""
    return slug(text)[:120].strip("-")
