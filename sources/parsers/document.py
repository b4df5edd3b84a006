"""Parsed file + catalogue entry → `Document`: its id, title, names, language and provenance."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line
from sources.document import Document, Provenance
from sources.parsers.blocks import Kind, Parsed, Unreadable, clean, fold, slug
from sources.parsers.headings import exact_field
from sources.parsers.language import detect, subtag
from sources.parsers.metadata import Metadata, read_metadata
from sources.parsers.sections import write

_SLUG_LENGTH = 80
_TITLE_WITHIN = 40
_LANGUAGES = ("es", "pt", "en")


def ids_of(prefix: str, names: Sequence[str]) -> dict[str, str]:
    """Path → document id: ASCII, and the same whatever other files there are, save a namesake."""
    slugs = {name: slug(str(PurePosixPath(name).with_suffix(""))) for name in names}
    taken = Counter(slugs.values())
    ids: dict[str, str] = {}
    for name, own in slugs.items():
        if taken[own] > 1 or not own or len(own) > _SLUG_LENGTH:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            own = f"{own[:_SLUG_LENGTH].rstrip('-')}-{digest}".lstrip("-")
        ids[name] = f"{prefix}-{own}"
    return ids


def make(
    entry: CatalogEntry,
    document_id: str,
    parsed: Parsed,
    name: str,
    *,
    url: str | None = None,
    as_of: str | None = None,
) -> Document:
    """The document of a parsed file; `name` becomes its title where nothing in it is one.

    `url` and `as_of` are what the origin says; what the file says of itself takes precedence over
    `as_of`, and both over the entry. Raises Unreadable where something required is not known.
    """
    metadata = read_metadata(parsed.metadata)
    title = _title(parsed, metadata, name)
    content = write(parsed.blocks, title)
    country = metadata.country or entry.country
    territory = metadata.territory or (entry.territory if country == entry.country else None)
    if territory and country and not territory.startswith(f"{country}-"):
        raise Unreadable(f"territory: {territory!r} is not in {country}", "Correct that field.")
    required = {
        "country": country,
        "language": _language(parsed, metadata, entry, content.text),
        "agency": metadata.agency or entry.agency,
    }
    for field, value in required.items():
        if value is None:
            raise Unreadable(
                f"{field} is not known", f"Write `{field}:` in the catalogue entry or in the file."
            )
    provenance: dict[str, Any] = {
        "source_id": entry.id,
        "url": url or metadata.url or entry.url,
        "agency": required["agency"],
        "licence": entry.licence,
        "retrieved_at": date.today().isoformat(),
        "as_of": metadata.as_of or as_of or entry.as_of,
        "valid_from": metadata.valid_from,
        "valid_to": metadata.valid_to,
        "verification": metadata.verification or entry.verification,
    }
    attributes: dict[str, Any] = {
        "id": document_id,
        "title": title,
        "names": _names(parsed, metadata, title),
        "keywords": metadata.keywords,
        "language": required["language"],
        "country": country,
        "territory": territory,
        "sectors": metadata.sectors or entry.sectors,
        "tenant": entry.tenant,
        "text": content.text,
        "sections": tuple(content.sections),
    }
    try:
        return Document(**attributes, provenance=Provenance(**provenance))
    except ValidationError as error:
        raise Unreadable(one_line(error), "Correct that field.") from None


def _first_heading(parsed: Parsed) -> str | None:
    """The first of the highest headings among the first ones of the file: "Costo" names none."""
    headings = [
        block
        for block in parsed.blocks[:_TITLE_WITHIN]
        if block.kind is Kind.HEADING and block.text and exact_field(block.text) is None
    ]
    return min(headings, key=lambda block: block.level).text if headings else None


def _title(parsed: Parsed, metadata: Metadata, name: str) -> str:
    own = parsed.title if parsed.is_page else None
    by_name = re.sub(r"[\s_-]+", " ", clean(name)).strip() or name
    return (
        metadata.title
        or own
        or _first_heading(parsed)
        or parsed.title
        or by_name[:1].upper() + by_name[1:]
    )


def _names(parsed: Parsed, metadata: Metadata, title: str) -> tuple[str, ...]:
    """The other titles: those the file lists, and its one main heading where it differs."""
    mains = [b.text for b in parsed.blocks if b.kind is Kind.HEADING and b.level == 1 and b.text]
    is_name = len(mains) == 1 and exact_field(mains[0]) is None
    names = (*metadata.names, *(mains if is_name else ()))
    unique = {fold(name): name for name in reversed(names) if fold(name) != fold(title)}
    return tuple(reversed(unique.values()))


def _language(parsed: Parsed, metadata: Metadata, entry: CatalogEntry, text: str) -> str | None:
    """What the file says, else its own words where a template's tag is wrong, else the entry."""
    if metadata.language:
        return metadata.language
    detected = detect(text)
    hint = subtag(parsed.language_hint) if parsed.language_hint else None
    if hint is None or hint in ("und", "x", "mul"):
        return entry.language or detected
    if detected and hint != detected:
        return detected
    if hint not in _LANGUAGES:
        raise Unreadable(f"language: {parsed.language_hint!r} is none of es, pt, en", "Correct it.")
    return hint
