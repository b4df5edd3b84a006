"""Federal laws of Brazil from normas.leg.br, the portal of the National Congress: one document per norm.

    id: br-normas
    title: Leis federais do Brasil
    connector: normas
    origin: https://normas.leg.br/api/public/normas
    country: BR
    language: pt
    agency: Congresso Nacional
    options:
      norms: ["urn:lex:br:federal:lei:1999-01-29;9784"]   # LexML names, with the day of signature

A norm has several texts (`encoding`). Only the one whose `version` is Current is read, and of several the
one in Portuguese: an original text in its place would be the law of another year. Where there is none the
norm is `Rejected`, as it is where the portal answers with another norm than the one asked for, or with nothing
but the name it was given (its way of saying that there is no such norm).

The portal names its texts without ``/public/`` in their addresses, where they are not found: both forms are
taken. Not known, and taken either way: whether `encoding` is one or a list, whether it tells a language, and
whether texts bear an ETag. The tree of provisions (`hasPart`) is not read: it holds every version, and in
many norms no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

from pydantic import Field as Attribute
from selectolax.lexbor import LexborHTMLParser

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.document import (
    HEADINGS,
    Document,
    Field,
    Item,
    Rejected,
    TextBuilder,
    Unchanged,
)
from sources.errors import CatalogError, ConnectorError
from sources.fetch import is_address, may_lead_to
from sources.parsers.articles import Part, document_of, part_of, write
from sources.parsers.blocks import Unreadable, fold
from sources.parsers.html import declared_charset, parse
from sources.parsers.text import decode
from sources.portals import Failures, Portal, PortalOptions, as_json, options_of, text_of

PAGE = "https://normas.leg.br/?urn={urn}"
LICENCE = "CC-BY-4.0"
"""That of the portal's own texts, where the entry names none."""

_CURRENT = "current"
_TRANSLATED = ("traduzid", "traducao", "translat")
_STRUCK = ["s", "strike", "del"]
_NOT_IN_FORCE = "notinforce"
_PRIVATE = "/api/binario/"
_PUBLIC = "/api/public/binario/"

_Urn = Annotated[str, Attribute(pattern=r"^urn:lex:br[a-z0-9.;:@,-]*:[a-z0-9.:;@,-]+$")]


class Options(PortalOptions):
    """`options` of an entry; see the module."""

    norms: tuple[_Urn, ...] = Attribute(min_length=1)


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """Every norm that the options name; one without a current text is `Rejected`.

    Raises ConnectorError where the portal is away, CatalogError where an option or the origin is wrong.
    """
    options = options_of(entry, Options)
    if not is_address(origin):
        raise CatalogError(f"{entry.id}: `origin` is no web address", "Write the portal's.")
    failures = Failures(memory)
    with Portal(options) as portal:
        norms = (_norm(entry, origin, urn, portal, failures) for urn in options.norms)
        yield from failures.watched(chain.from_iterable(norms))


def _norm(
    entry: CatalogEntry, origin: str, urn: str, portal: Portal, failures: Failures
) -> Iterator[Item]:
    memory = failures.memory
    known = memory.before.get(urn, {})
    # The portal refuses a name whose colons are written as %3A.
    address = (
        f"{origin}{'&' if urlsplit(origin).query else '?'}urn={urn}&tipo_documento=maior-detalhe"
    )
    try:
        told = portal.get(address, accept="application/json")
        norm = _checked(as_json(told.data, address), urn)
        text = _current(norm, address)
        may_lead_to(origin, text)
        same = known.get("told") == told.mark["sha256"] and known.get("text") == text
        answer = portal.get(text, known if same else None, accept="text/html, */*;q=0.5")
        if answer.unchanged:
            memory.now[urn] = known
            yield Unchanged(document_id=known["document"])
            return
        document = _document(entry, norm, urn, answer.data)
    except ConnectorError as error:
        yield from failures.of(urn, urn, error)
        return
    except Unreadable as error:
        yield Rejected(name=urn, reason=str(error))
        return
    yield document
    memory.now[urn] = {
        **answer.mark,
        "document": document.id,
        "told": told.mark["sha256"],
        "text": text,
    }


def _checked(norm: Any, urn: str) -> dict[str, Any]:
    """Raises Unreadable where it is not the norm that was asked for."""
    if not isinstance(norm, dict):
        raise Unreadable("the portal gives no norm")
    named = text_of(norm.get("legislationIdentifier"))
    if not named:
        raise Unreadable(
            "the portal knows no norm of that name", "Check its kind, number and day of signature."
        )
    if fold(named).partition("@")[0] != urn.partition("@")[0]:
        raise Unreadable(f"the portal gives {named[:80]} in its place", "Check the name.")
    if fold(text_of(norm.get("legislationLegalForce"))).rpartition("/")[2] == _NOT_IN_FORCE:
        raise Unreadable("it is not in force any more", "Take it out of `norms`.")
    return norm


def _current(norm: Mapping[str, Any], address: str) -> str:
    """The address of the current text. Raises Unreadable where there is none."""
    given = norm.get("encoding")
    every = [
        each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)
    ]
    current = [each for each in every if fold(text_of(each.get("version"))) == _CURRENT]
    for each in current:
        where = text_of(each.get("contentUrl"))
        if where and _is_portuguese(each):
            return urljoin(address, where).replace(_PRIVATE, _PUBLIC)
    found = sorted({text_of(each.get("version")) or "unnamed" for each in every})
    what = (
        "none that is in Portuguese and has an address" if current else ", ".join(found) or "none"
    )
    raise Unreadable(
        f"it has no current text (there is: {what}); an older one would be the law of another day",
        "Take it out of `norms`, and give the text in force as a file (connector `files`).",
    )


def _is_portuguese(encoding: Mapping[str, Any]) -> bool:
    language = encoding.get("inLanguage")
    if isinstance(language, dict):
        language = language.get("alternateName") or language.get("name")
    tag = fold(text_of(language))
    said = fold(" ".join(text_of(encoding.get(key)) for key in ("name", "additionalType")))
    return (not tag or tag.startswith("p")) and not any(word in said for word in _TRANSLATED)


def _document(entry: CatalogEntry, norm: Mapping[str, Any], urn: str, data: bytes) -> Document:
    """Raises Unreadable where no article can be cited."""
    title = text_of(norm.get("headline")) or text_of(norm.get("name"))
    if not title:
        raise Unreadable("it has no title")
    language = entry.language or "pt"
    builder = TextBuilder()
    builder.heading(title)
    if summary := text_of(norm.get("abstract")):
        heading = HEADINGS[language][Field.DESCRIPTION]
        builder.heading(heading)
        builder.section(summary, field=Field.DESCRIPTION, heading=heading)
    if not write(builder, _parts(data), language):
        raise Unreadable("there is no article in its current text")
    names = dict.fromkeys(
        name for name in _texts(norm.get("alternateName")) if fold(name) != fold(title)
    )
    return document_of(
        entry,
        builder,
        name=urn.removeprefix("urn:lex:br:").removeprefix("federal:"),
        title=title,
        names=names,
        keywords=_texts(norm.get("keywords")),
        language=language,
        country=entry.country or "BR",
        url=PAGE.format(urn=urn),
        licence=entry.licence or LICENCE,
        # The text is the current one on the day on which it is read.
        read_on=date.today(),
    )


def _parts(data: bytes) -> Iterator[Part]:
    """The lines of the page, without what is struck out: words that hold no more."""
    tree = LexborHTMLParser(decode(data, declared_charset(data)))
    tree.strip_tags([*_STRUCK, "meta"])  # what follows is UTF-8, whatever the page declared
    for block in parse((tree.html or "").encode()).blocks:
        text = f"{block.marker} {block.text}" if block.marker else block.text
        yield from map(part_of, text.split("\n"))


def _texts(value: object) -> list[str]:
    """A list, or one text with commas, semicolons or full stops between its parts."""
    given = re.split(r"[;,.]\s+|[;,.]$", value) if isinstance(value, str) else value
    listed = given if isinstance(given, list) else []
    return list(dict.fromkeys(filter(None, map(text_of, listed))))
