"""ChileAtiende, the procedures of the State of Chile, by its API: one document per ficha.

    id: cl-chileatiende
    title: Trámites de ChileAtiende
    connector: chileatiende
    origin: https://www.chileatiende.gob.cl/api
    country: CL
    options:
      token_file: ./chileatiende.token   # the key that ChileAtiende gives, alone in a file

`origin` is the address of the API, or a file or folder of its answers (JSON or XML). Further options:
`query` and `services` (codes of agencies) read a part, `page_size` (20 is what every version of the
API grants; some take 100), `most_pages`, and `type` (json or xml).

The API's published versions differ, and none of them is known to be the one that answers today. All
are taken: items as ``{"ficha": […]}``, as one ficha or as a flat list; a next page's token as text, as
a number, missing, or given even on the last page; `id` or `codigo`; `permalink` or `url`. A version that
gives the same page again and again is told as an error, since its list can never be complete. Values
are HTML. What a field means is said by ``chileatiende.yaml``.
"""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field as Attribute
from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line, read_yaml
from sources.connectors import Mark, Memory
from sources.document import (
    Authority,
    Document,
    Item,
    PublicService,
    Rejected,
    Sector,
    Statement,
    Unchanged,
)
from sources.errors import CatalogError, ConnectorError
from sources.fetch import Secrets, is_address
from sources.parsers.blocks import Block, Kind, Unreadable, fold, heading, slug
from sources.parsers.govbr_sectors import Rule, rules_of
from sources.parsers.html import parse
from sources.parsers.sections import GROUP_LIMIT, introduced
from sources.portals import (
    Portal,
    PortalOptions,
    as_json,
    as_xml,
    downloaded,
    is_transient,
    options_of,
    text_of,
    token_of,
    web_address,
)
from sources.tables.values import day

DATA = Path(__file__).with_suffix(".yaml")
_ACCEPT = "application/json, application/xml;q=0.9"
_REMEDY = "Try again later, or read downloaded answers with --from."
_LEAST = 3
"""Characters of the shortest statement."""


class Options(PortalOptions):
    """`options` of an entry; see the module."""

    query: str | None = None
    services: tuple[str, ...] = ()
    page_size: int = Attribute(default=20, ge=1, le=100)
    most_pages: int = Attribute(default=1000, ge=1, le=10_000)
    type: Literal["json", "xml"] = "json"


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """Every ficha at `origin` as a document; what cannot be read is `Rejected`.

    Raises ConnectorError where the API cannot be read to its end, CatalogError where an option is wrong.
    """
    options = options_of(entry, Options)
    if is_address(origin):
        token = token_of(entry, options)
        if token is None:
            raise CatalogError(
                f"{entry.id}: the API answers to a key only",
                "Ask ChileAtiende for one, and name the file that holds it: `options.token_file`.",
            )
        secrets = Secrets(query={"access_token": token})
        with Portal(options, secrets=secrets, accept=_ACCEPT, remedy=_REMEDY) as portal:
            yield from _Reading(entry, options, portal, memory).items(origin.rstrip("/"))
    else:
        for name, data in _answers(origin):
            try:
                found, _ = _feed(data, name)
            except ConnectorError as error:
                yield Rejected(name=name, reason=str(error))
                continue
            yield from (_item(entry, ficha, None) for ficha in found)


@dataclass(frozen=True, slots=True)
class _Page:
    """The items of one page, the next one's token or "", and what to note of it once all are taken."""

    items: Sequence[Item]
    following: str
    marks: Mapping[str, Mark]


class _Reading:
    """One reading of the API: which fichas have come, and which addresses were asked."""

    def __init__(
        self, entry: CatalogEntry, options: Options, portal: Portal, memory: Memory
    ) -> None:
        self.entry, self.options, self.portal, self.memory = entry, options, portal, memory
        self.seen: set[str] = set()

    def items(self, api: str) -> Iterator[Item]:
        """All pages of each list that the options ask for."""
        lists = [f"{api}/servicios/{quote(code, safe='')}/fichas" for code in self.options.services]
        for address in lists or [f"{api}/fichas"]:
            yield from self._pages(address)
        if not self.seen:
            raise ConnectorError(f"{api} gives no ficha", "Check `options.query` and `services`.")

    def _pages(self, address: str) -> Iterator[Item]:
        token, tokens, here = "", {""}, set[str]()
        for _ in range(self.options.most_pages):
            page = self._page(address, token)
            names = {item.name if isinstance(item, Rejected) else _id(item) for item in page.items}
            yield from (item for item in page.items if _id(item) not in self.seen)
            # Only now: a reading that is cut off within a page has to read it again.
            self.memory.now |= page.marks
            self.seen |= names
            following = page.following
            if not following or not names:
                return
            if following in tokens or names <= here:
                raise ConnectorError(
                    f"{address} gives the same page again and again, so its list has no end",
                    "Read it in parts with `options.services`, or tell ChileAtiende.",
                )
            token = following
            tokens.add(token)
            here |= names
        raise ConnectorError(
            f"{address} has more than {self.options.most_pages} pages",
            "Raise `options.most_pages`, or `page_size` where the API grants more.",
        )

    def _page(self, address: str, token: str) -> _Page:
        asked = {"type": self.options.type, "maxResults": str(self.options.page_size)}
        asked |= {"query": self.options.query} if self.options.query else {}
        asked |= {"pageToken": token} if token else {}
        url = f"{address}?{urlencode(asked)}"
        known = self.memory.before.get(url, {})
        answer = self.portal.get(url, known)
        if answer.unchanged:
            as_before = [Unchanged(document_id=one) for one in json.loads(known["ids"])]
            return _Page(as_before, known["next"], {url: known})
        fichas, following = _feed(answer.data, url)
        items: list[Item] = [
            _item(self.entry, self._whole(address, one), date.today()) for one in fichas
        ]
        ids = [_id(item) for item in items if not isinstance(item, Rejected)]
        mark = {**answer.mark, "ids": json.dumps(ids), "next": following}
        # What was refused is to be told again at the next reading.
        return _Page(items, following, {url: mark} if len(ids) == len(items) else {})

    def _whole(self, address: str, ficha: Any) -> Any:
        """The ficha itself where a list holds only its code and title."""
        code = _code(ficha)
        if not code or any(text_of(ficha.get(each["name"])) for each in _data()["fields"]):
            return ficha
        api = re.sub(r"(/servicios/[^/]+)?/fichas$", "", address)
        url = f"{api}/fichas/{quote(code, safe='')}?{urlencode({'type': self.options.type})}"
        try:
            found, _ = _feed(self.portal.get(url).data, url)
        except ConnectorError as error:
            if is_transient(error):  # the whole list is asked again later, and nothing retired
                raise
            return {**ficha, "_problem": str(error)}
        return {**ficha, **found[0]} if found else ficha


def _id(item: Item) -> str:
    """The document's id; "" for what is none."""
    if isinstance(item, Unchanged):
        return item.document_id
    return item.id if isinstance(item, Document) else ""


def _answers(origin: str) -> Iterator[tuple[str, bytes]]:
    """Downloaded answers by name. Raises ConnectorError where there is none."""
    missing = "Write the API's address, or a folder of its answers (JSON or XML)."
    empty = ("no answer of the API", "Put JSON or XML files there.")
    for path in downloaded(origin, missing, empty):
        try:
            yield path.name, path.read_bytes()
        except OSError as error:
            raise ConnectorError(f"{path} cannot be opened ({error.strerror})") from None


def _feed(data: bytes, name: str) -> tuple[list[dict[str, Any]], str]:
    """(fichas, the next page's token or ""). Raises ConnectorError where it is no answer of the API."""
    payload = _tree(as_xml(data, name)) if _is_xml(data) else as_json(data, name)
    if isinstance(payload, dict) and isinstance(payload.get("fichas"), dict):
        payload = payload["fichas"]
    if not isinstance(payload, dict) or not payload.keys() & {"items", "ficha"}:
        raise ConnectorError(f"{name} is no list of fichas: it has no `items`", _REMEDY)
    items = payload.get("items", payload)
    if isinstance(items, dict) and "ficha" in items:
        items = items["ficha"]
    listed = items if isinstance(items, list) else [items] if isinstance(items, dict) else []
    fichas = [each.get("ficha", each) if isinstance(each, dict) else {} for each in listed]
    return fichas, text_of(payload.get("nextPageToken"))


def _is_xml(data: bytes) -> bool:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    return start.startswith(b"<") and not start.startswith((b"<!doctype html", b"<html"))


def _tree(element: Any) -> Any:
    """XML as the JSON of the same answer; elements of one name become a list."""
    if len(element) == 0:
        return element.text or ""
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(child.tag, []).append(_tree(child))
    return {tag: values if len(values) > 1 else values[0] for tag, values in found.items()}


def _code(ficha: Any) -> str:
    if not isinstance(ficha, dict):
        return ""
    return next((found for key in ("codigo", "id") if (found := text_of(ficha.get(key)))), "")


def _item(entry: CatalogEntry, ficha: Any, read_on: date | None) -> Document | Rejected:
    code = _code(ficha)
    title = _plain(ficha.get("titulo")) if code else ""
    name = code or "a ficha without `id`"
    if not title:
        return Rejected(name=name, reason=f"it has no {'title' if code else 'code'}")
    if problem := ficha.get("_problem"):
        return Rejected(name=name, reason=problem)
    try:
        service = _service(entry, ficha, code, title)
        document = service.to_document(
            source_id=entry.id,
            licence=entry.licence,
            tenant=entry.tenant,
            retrieved_at=read_on.isoformat() if read_on else None,
        )
    except ValidationError as error:
        return Rejected(name=name, reason=one_line(error))
    except Unreadable as error:
        return Rejected(name=name, reason=str(error))
    if not document.sections:
        return Rejected(name=name, reason="it says nothing beside its title")
    return document


def _service(entry: CatalogEntry, ficha: dict[str, Any], code: str, title: str) -> PublicService:
    statements: dict[str, list[Statement]] = {}
    for each in _data()["fields"]:
        texts = _texts(ficha.get(each["name"]), each)
        known = statements.setdefault(each["property"], [])
        known += [Statement(text=text) for text in texts if Statement(text=text) not in known]
    properties: dict[str, Any] = {name: tuple(found) for name, found in statements.items()}
    agency = _plain(ficha.get("servicio")) or entry.agency or entry.title
    themes = _listed(ficha.get("temas"), "tema")
    tags = _listed(ficha.get("tags"), "tag")
    return PublicService(
        id=f"{entry.id}-{slug(code)}",
        title=title,
        keywords=tuple(dict.fromkeys((*tags, *themes))),
        country=entry.country or "CL",
        spatial=entry.territory,
        language=entry.language or "es",
        sector=_sectors(title, agency, themes, tags) or entry.sectors,
        competent_authority=Authority(name=agency),
        url=web_address(ficha.get("permalink")) or web_address(ficha.get("url")) or entry.url,
        as_of=day(text_of(ficha.get("fecha"))) or entry.as_of,
        verification=entry.verification,
        **properties,
    )


def _texts(value: object, field: dict[str, str]) -> Iterator[str]:
    """What a field says, each text fit to be quoted by itself."""
    if sentence := field.get("sentence"):
        if address := web_address(value):
            yield sentence.format(value=address)
        return
    label = field.get("label")
    for text in _statements(_blocks(value)):
        yield f"{label}: {text}" if label else text


def _blocks(value: object) -> tuple[Block, ...]:
    """The blocks of an HTML value. Raises Unreadable for HTML that no browser would show."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ()
    text = str(value)
    if "<" not in text and "&lt;" in text:
        text = entities.unescape(text)  # some versions write mark-up as text
    return parse(text.encode("utf-8", "replace")).blocks if text.strip() else ()


def _statements(blocks: Iterable[Block]) -> Iterator[str]:
    """Paragraphs, items, rows and short lists with their sentence; what stands below a heading begins
    with it, and the items of a list below one stay together.
    """
    head, listed = "", ""
    for block in (*introduced(tuple(blocks)), heading("", 1)):
        text = f"{block.marker} {block.text}".strip()
        if block.kind is Kind.ITEM and head and len(listed) + len(text) <= GROUP_LIMIT:
            listed += f"\n{text if block.marker else f'- {text}'}"
            continue
        if listed:
            yield f"{head}:{listed}"
        listed = ""
        if block.kind is Kind.HEADING:
            head = block.text.rstrip(":")
        elif len(text) >= _LEAST and fold(text).rstrip(".") not in _empty():
            yield f"{head}:\n{text}" if head else text


def _plain(value: object) -> str:
    """An HTML value as one line."""
    return " ".join(" ".join(block.text for block in _blocks(value)).split())


def _listed(value: object, key: str) -> list[str]:
    """The texts of ``{"tema": […]}``, of a list, of one text, or of a list of named things."""
    if isinstance(value, dict):
        value = value.get(key, value)
    parts = value if isinstance(value, list) else [value]
    named = [
        part.get("nombre", part.get(key)) if isinstance(part, dict) else part for part in parts
    ]
    return list(dict.fromkeys(filter(None, map(_plain, named))))


def _sectors(title: str, agency: str, themes: list[str], tags: list[str]) -> tuple[Sector, ...]:
    words = fold(" | ".join((title, *themes, *tags)))
    areas = set(map(fold, themes))
    return tuple(rule.sector for rule in _rules() if rule.fits(areas, fold(agency), words))


@cache
def _data() -> dict[str, Any]:
    return read_yaml(DATA)


@cache
def _rules() -> tuple[Rule, ...]:
    return rules_of(_data()["sectors"])


@cache
def _empty() -> frozenset[str]:
    return frozenset(fold(value).rstrip(".") for value in _data()["empty"])
