"""Documents and where they come from.

A `Document` is a text with sections, and every section keeps its offsets into that text, so a
quotation can be proved: ``document.text[section.start:section.end]`` is what the reader sees.
A `PublicService` is a procedure in the terms of CPSV-AP (the EU's Core Public Service Vocabulary
Application Profile, https://semiceu.github.io/CPSV-AP/); `PublicService.to_document` renders one.

    >>> service = PublicService(id="cl-x", title="Clave", country="CL", language="es",
    ...     competent_authority={"name": "Registro Civil"}, sector=["general"], url=None,
    ...     cost=[{"text": "No tiene costo."}])
    >>> document = service.to_document(source_id="seed", licence="CC0-1.0")
    >>> [document.quote(section) for section in document.sections]
    ['No tiene costo.']
"""

from __future__ import annotations

import calendar
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Attribute

PUBLIC = "public"
"""The tenant whose documents everyone may read."""


class Verification(StrEnum):
    """How far a value was verified, strongest first."""

    OFFICIAL = "official"
    PRESS = "press"
    CODE = "code"
    UNVERIFIED = "unverified"


class Sector(StrEnum):
    """The sectors that have an agent of their own; everything else is `GENERAL`."""

    EDUCATION = "education"
    HEALTH = "health"
    TRANSPORT = "transport"
    GENERAL = "general"


class Field(StrEnum):
    """What a section of a document speaks of, named after the CPSV-AP property that holds it.

    `TEMPORAL` holds calendars and application windows (dct:temporal), `VALIDITY` how long the
    output is good for, `BODY` the text of documents that are no procedures.
    """

    DESCRIPTION = "description"
    REQUIREMENT = "requirement"
    EVIDENCE = "evidence"
    COST = "cost"
    PROCESSING_TIME = "processing_time"
    TEMPORAL = "temporal"
    VALIDITY = "validity"
    CHANNEL = "channel"
    CONTACT_POINT = "contact_point"
    LEGAL_RESOURCE = "legal_resource"
    OUTPUT = "output"
    STEPS = "steps"
    BODY = "body"


def _partial_date(value: object) -> object:
    """YAML reads 2026 as a number and 2026-03-05 as a date: both become ISO 8601 text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return value


def _checked_partial_date(value: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value):
        raise ValueError(f"{value!r} is no ISO 8601 date: write YYYY, YYYY-MM or YYYY-MM-DD")
    last_day(value)
    return value


def last_day(value: str) -> date:
    """The last day that an ISO 8601 date of reduced precision may mean: 2018 → 2018-12-31."""
    year, month, day = (*map(int, value.split("-")), 0, 0)[:3]
    month = month or 12
    return date(year, month, day or calendar.monthrange(year, month)[1])


PartialDate = Annotated[str, BeforeValidator(_partial_date), AfterValidator(_checked_partial_date)]
"""ISO 8601 date of full or reduced precision: "2018", "2026-03" or "2026-03-05"."""

CountryCode = Annotated[str, Attribute(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

TerritoryCode = Annotated[str, Attribute(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,8}$")]
"""ISO 3166-2, or the country code followed by the official code of a smaller territory."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Provenance(_Model):
    """Where a document comes from and how far it can be trusted."""

    source_id: str
    url: str | None = None
    agency: str
    licence: str | None = None
    retrieved_at: PartialDate | None = None
    as_of: PartialDate | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    verification: Verification = Verification.OFFICIAL


class Section(_Model):
    """A stretch ``text[start:end]`` of a document that speaks of one thing.

    Offsets count Unicode code points. What a section leaves as None holds as the document has it.
    `note` marks what we remark about the sources (a date not found, values that disagree), which
    is shown as a remark and never as what an agency said. Sections of one document that share
    `conflict` give different values for the same thing.
    """

    field: Field = Field.BODY
    heading: str = ""
    start: int
    end: int
    page: int | None = None
    as_of: PartialDate | None = None
    verification: Verification | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    territory: TerritoryCode | None = None
    note: bool = False
    conflict: str | None = None


class Document(_Model):
    """One citable text. `names` are other titles under which people ask for it; `asked` are whole
    questions in citizens' words, which help to find it and are never quoted.
    """

    id: Annotated[str, Attribute(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: str
    names: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    language: Literal["es", "pt", "en"]
    country: CountryCode
    territory: TerritoryCode | None = None
    sectors: tuple[Sector, ...] = (Sector.GENERAL,)
    tenant: str = PUBLIC
    text: str
    sections: tuple[Section, ...]
    provenance: Provenance

    @model_validator(mode="after")
    def _sections_lie_inside(self) -> Document:
        for section in self.sections:
            if not 0 <= section.start < section.end <= len(self.text):
                raise ValueError(f"section {section.start}–{section.end} is outside the text")
        return self

    def quote(self, section: Section) -> str:
        """The exact words of `section`."""
        return self.text[section.start : section.end]

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that an answer may show; a re-read alone does not change it, nor
        does a date that only says when it was read.
        """
        data = self.model_dump(mode="json")
        read_on = data["provenance"].pop("retrieved_at")
        if read_on and read_on == data["provenance"]["as_of"]:
            data["provenance"].pop("as_of")
        canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class Rejected(_Model):
    """One item of a document set that could not be read: the rest goes on without it."""

    name: str
    reason: str


VERSION = 12
"""Characters of a content hash by which a citation names the version that it quotes."""


class Unchanged(_Model):
    """One item that its origin says is as it was at the last reading: its document stays as it is."""

    document_id: str


Item = Document | Rejected | Unchanged
"""What a connector yields."""


class Statement(_Model):
    """One thing said of a procedure, with what differs from the procedure as a whole."""

    text: Annotated[str, Attribute(min_length=3)]
    source: str | None = None
    as_of: PartialDate | None = None
    verification: Verification | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    territory: TerritoryCode | None = None
    note: bool = False
    conflict: str | None = None


class Authority(_Model):
    """The competent authority: the name citizens use, and the full one."""

    name: str
    full_name: str | None = None


HEADINGS: dict[str, dict[Field, str]] = {
    "es": {
        Field.DESCRIPTION: "Descripción",
        Field.REQUIREMENT: "Requisitos",
        Field.EVIDENCE: "Documentos que debe presentar",
        Field.COST: "Costo",
        Field.PROCESSING_TIME: "Tiempo de realización",
        Field.TEMPORAL: "Fechas y plazos",
        Field.VALIDITY: "Vigencia",
        Field.CHANNEL: "Dónde y cómo se hace",
        Field.CONTACT_POINT: "Contacto",
        Field.LEGAL_RESOURCE: "Base legal",
        Field.OUTPUT: "Qué se obtiene",
        Field.STEPS: "Pasos",
        Field.BODY: "Información",
    },
    "pt": {
        Field.DESCRIPTION: "Descrição",
        Field.REQUIREMENT: "Requisitos",
        Field.EVIDENCE: "Documentos necessários",
        Field.COST: "Custo",
        Field.PROCESSING_TIME: "Tempo de realização",
        Field.TEMPORAL: "Datas e prazos",
        Field.VALIDITY: "Validade",
        Field.CHANNEL: "Onde e como fazer",
        Field.CONTACT_POINT: "Contato",
        Field.LEGAL_RESOURCE: "Base legal",
        Field.OUTPUT: "O que se obtém",
        Field.STEPS: "Etapas",
        Field.BODY: "Informação",
    },
}
HEADINGS["en"] = {field: field.value.replace("_", " ").capitalize() for field in Field}


class PublicService(_Model):
    """A procedure with the properties of CPSV-AP; every property is a list of statements."""

    id: str
    title: str
    names: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    country: CountryCode
    spatial: TerritoryCode | None = None
    language: Literal["es", "pt", "en"]
    sector: tuple[Sector, ...]
    competent_authority: Authority
    url: str | None = None
    as_of: PartialDate | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    verification: Verification = Verification.OFFICIAL
    sources: tuple[str, ...] = ()
    description: tuple[Statement, ...] = ()
    requirement: tuple[Statement, ...] = ()
    evidence: tuple[Statement, ...] = ()
    cost: tuple[Statement, ...] = ()
    processing_time: tuple[Statement, ...] = ()
    temporal: tuple[Statement, ...] = ()
    validity: tuple[Statement, ...] = ()
    steps: tuple[Statement, ...] = ()
    channel: tuple[Statement, ...] = ()
    contact_point: tuple[Statement, ...] = ()
    output: tuple[Statement, ...] = ()
    legal_resource: tuple[Statement, ...] = ()

    def statements(self) -> Iterator[tuple[Field, Statement]]:
        """Every statement with its property, in the order in which a reader meets them."""
        for field in Field:
            for statement in getattr(self, field.value, ()):
                yield field, statement

    def to_document(
        self,
        *,
        source_id: str,
        licence: str | None,
        retrieved_at: str | None = None,
        tenant: str = PUBLIC,
    ) -> Document:
        """Renders the procedure as text, one section per statement, offsets kept."""
        writer = TextBuilder()
        writer.heading(self.title)
        current: Field | None = None
        for field, statement in self.statements():
            if field is not current:
                writer.heading(HEADINGS[self.language][field])
                current = field
            writer.section(
                statement.text,
                field=field,
                heading=HEADINGS[self.language][field],
                **statement.model_dump(exclude={"text", "source"}),
            )
        return Document(
            id=self.id,
            title=self.title,
            names=self.names,
            keywords=self.keywords,
            language=self.language,
            country=self.country,
            territory=self.spatial,
            sectors=self.sector,
            tenant=tenant,
            text=writer.text,
            sections=tuple(writer.sections),
            provenance=Provenance(
                source_id=source_id,
                url=self.url,
                agency=self.competent_authority.name,
                licence=licence,
                retrieved_at=retrieved_at,
                as_of=self.as_of,
                valid_from=self.valid_from,
                valid_to=self.valid_to,
                verification=self.verification,
            ),
        )


class TextBuilder:
    """Builds a document's text and its sections together, so that offsets cannot drift."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.sections: list[Section] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def heading(self, text: str) -> None:
        """Adds a line that belongs to no section; headings are context, never quoted."""
        if text := text.strip():
            self._append(("\n" if self._parts else "") + text + "\n")

    def section(self, text: str, **attributes: Any) -> None:
        """Adds a citable stretch; blank text adds nothing. `attributes` as in `Section`."""
        if text := text.strip():
            start = self._length
            self._append(text + "\n")
            self.sections.append(Section(start=start, end=start + len(text), **attributes))
