"""Service cards of the Brazilian federal government (gov.br): XML, JSON or the live catalogue.

`origin` is one of

- a folder of cards, XML (schema v3) or JSON, at any depth,
- one XML or JSON file: a service, a list of services, or an answer of the API,
- the address of the API, e.g. ``https://api-servicos.estaleiro.serpro.gov.br/servicos-json``.

Options of the catalogue entry: `as_of` (the day on which the cards' values held), `page_url` (the
public page of a card, ``{slug}`` and ``{number}`` filled in; empty for none) and `timeout_s`
(seconds that reading the API may take).

    id: br-servicos
    connector: govbr
    origin: ../cartas-de-servico
    country: BR
    options: {as_of: 2018-12}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line
from sources.document import Document, Rejected, last_day
from sources.errors import CatalogError, ConnectorError
from sources.fetch import fetch, is_address
from sources.parsers import govbr_json, govbr_xml
from sources.parsers.govbr_card import Card, NotACard
from sources.parsers.govbr_identity import Source, identify, slug_of
from sources.parsers.govbr_render import Origin, to_document

PAGE_URL = "https://www.gov.br/pt-br/servicos/{slug}"
"""Where gov.br publishes a card; the slug is that of the card's address in the catalogue."""

SUFFIXES = (".xml", ".json")
MAX_ANSWER = 256 * 1024 * 1024
"""Bytes; the whole catalogue of 2026 has 41 MB."""


def read(entry: CatalogEntry, origin: str) -> Iterator[Document | Rejected]:
    """Every service below `origin`, one document each; revisions left behind are `Rejected`.

    Raises ConnectorError where the origin cannot be read or holds no card, CatalogError where an
    option is wrong.
    """
    live = is_address(origin)
    today = datetime.now(UTC).date().isoformat()
    _page(entry, "", "")
    found = _fetch(entry, origin) if live else _read_path(origin)
    shared = Origin(
        source_id=entry.id,
        agency=entry.agency or entry.title,
        country=entry.country or "BR",
        territory=entry.territory,
        licence=entry.licence,
        as_of=_stated_day(entry),
        retrieved_at=today if live else None,
        verification=entry.verification,
        tenant=entry.tenant,
        sectors=entry.sectors,
    )
    cards: list[Source] = []
    for item in found:
        if isinstance(item, Rejected):
            yield item
        else:
            cards.append(item)
    for result in identify(cards):
        yield (result if isinstance(result, Rejected) else _document(entry, *result, shared))


def _document(
    entry: CatalogEntry, document_id: str, card: Card, shared: Origin
) -> Document | Rejected:
    as_of = shared.as_of or card.as_of
    if card.origin == "json":
        as_of = card.as_of or shared.retrieved_at or shared.as_of
    page = _page(entry, slug_of(card), card.number) if card.slug else ""
    try:
        return to_document(card, document_id, replace(shared, as_of=as_of), page or None)
    except ValidationError as error:
        return Rejected(name=document_id, reason=one_line(error))
    except ValueError as error:
        return Rejected(name=document_id, reason=str(error))


def _page(entry: CatalogEntry, slug: str, number: str) -> str:
    """The public page. Raises CatalogError where `options.page_url` is no template."""
    template = str(entry.options.get("page_url", PAGE_URL))
    try:
        return template.format(slug=slug, number=number)
    except (LookupError, ValueError, AttributeError):
        raise CatalogError(
            f"{entry.id}: options.page_url is {template!r}", "Use {slug} and {number} in it only."
        ) from None


def _stated_day(entry: CatalogEntry) -> str | None:
    """`options.as_of` as ISO 8601 text, else the entry's own. Raises CatalogError if it is none."""
    stated = entry.options.get("as_of")
    if stated is None:
        return entry.as_of
    text = str(stated)
    try:
        last_day(text)
    except ValueError:
        raise CatalogError(
            f"{entry.id}: options.as_of is {text!r}, which is no date",
            "Write YYYY, YYYY-MM or YYYY-MM-DD.",
        ) from None
    return text


def _read_path(origin: str) -> Iterator[Source | Rejected]:
    root = Path(origin)
    if not origin or not root.exists():
        raise ConnectorError(
            f"{origin or 'the origin'} does not exist",
            "Give a folder of service cards (XML or JSON), one such file, or the API's address.",
        )
    paths = _card_files(root) if root.is_dir() else [root]
    if not paths:
        raise ConnectorError(
            f"{root} holds no service card",
            "Give the folder whose files end in .xml or .json, or one above it.",
        )
    for path in paths:
        yield from _read_file(
            path, path.relative_to(root).as_posix() if path != root else path.name
        )


def _card_files(root: Path) -> list[Path]:
    """Files that may be cards, hidden ones left out, in an order that is the same everywhere."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _read_file(path: Path, name: str) -> Iterator[Source | Rejected]:
    try:
        if path.suffix.lower() == ".json":
            yield from _services(name, path.read_bytes())
        else:
            yield from (Source(name, card) for card in govbr_xml.read_file(path))
    except NotACard as error:
        yield Rejected(name=name, reason=str(error))
    except OSError as error:
        yield Rejected(name=name, reason=f"it cannot be opened ({error.strerror})")


def _services(name: str, content: bytes) -> Iterator[Source | Rejected]:
    """The services of a JSON text, named after it and numbered where there are several.

    Raises NotACard where it holds none.
    """
    rows = govbr_json.services(govbr_json.decode(content))
    for number, row in enumerate(rows, 1):
        place = name if len(rows) == 1 else f"{name}#{number}"
        try:
            yield Source(place, govbr_json.read_card(row))
        except NotACard as error:
            yield Rejected(name=place, reason=str(error))


def _fetch(entry: CatalogEntry, url: str) -> Iterator[Source | Rejected]:
    seconds = _seconds(entry.options.get("timeout_s", 600))
    asked = {"Accept": "application/json"}
    with TemporaryDirectory() as folder:
        into = Path(folder) / "services.json"
        fetch(url, into, headers=asked, seconds=seconds, largest=MAX_ANSWER)
        content = into.read_bytes()
    try:
        yield from _services(url, content)
    except NotACard as error:
        raise ConnectorError(
            f"{url} answered with something else than services: {error}",
            "Check the address, or read a downloaded copy with --from.",
        ) from None


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise CatalogError(f"options.timeout_s is {value!r}", "Write a number of seconds.")
    return seconds
