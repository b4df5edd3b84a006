"""An agency's public website: its pages, and the documents that they link to.

    id: mi-institucion-sitio
    title: Trámites de la institución
    connector: website
    origin: https://www.example.gob.do/servicios/
    country: DO
    agency: Institución de Ejemplo
    options:
      include: ["/servicios/*"]
      main: "#contenido"

Every page is one document, whose id is the entry's id and the path of the address. Which pages there
are is told by the site's sitemaps, else by the links from the start pages on (`sources.crawl`).
robots.txt, noindex and canonical addresses are respected, and a page that its server says is
unchanged is not read again. `Options` tells what may stand under `options`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urljoin, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from sources.catalog import CatalogEntry, one_line
from sources.connectors import Mark, Memory
from sources.crawl import PAGE_LARGEST, Found, Job, Part
from sources.crawl.addresses import name_of, site_of
from sources.crawl.links import note, noted
from sources.crawl.run import crawl
from sources.document import Document, Item, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError, Unavailable
from sources.fetch import AGENT, is_address, is_private
from sources.parsers import Parsed, Unreadable
from sources.parsers.apart import Reader
from sources.parsers.document import ids_of, make
from sources.parsers.metadata import Metadata, read_metadata
from sources.parsers.officials import without_officials

TIMEOUT_S = 30.0
"""Seconds that one page may take."""
BACKOFF_S = 2.0
"""Seconds before a page that failed for now is asked again; twice as many before the next time."""
PATIENCE = 3
"""Readings in a row that a page may fail for now and keep its document."""

_TABLE = "links "
"""How the mark is called that holds the addresses of all links by number; no page is called so. A
reading that was cut off leaves its own table beside that of the last whole one.
"""
_OF_PAGES = ("names", "keywords", "valid_from", "valid_to", "as_of")
"""What a page's <meta> elements are believed; others are most often a template's."""

_Path = Annotated[str, StringConstraints(pattern=r"^[/*]\S*$")]
_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:\d+)?$")]


class Options(BaseModel):
    """What an entry may set. Patterns are of the path with its query; ``*`` stands for anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: tuple[str, ...] = Field(default=(), description="pages to begin with, besides origin")
    sitemap: str | None = Field(default=None, description="in place of the one robots.txt names")
    include: tuple[_Path, ...] = Field(default=(), description="only these become documents")
    exclude: tuple[_Path, ...] = Field(default=(), description="these are never asked for")
    hosts: tuple[_Host, ...] = Field(default=(), description="besides that of origin")
    most_pages: int = Field(default=2000, ge=1, le=100_000)
    depth: int | None = Field(default=None, ge=0, le=50, description="links from a start page")
    per_second: float = Field(default=2.0, gt=0, le=100, description="requests to one host")
    user_agent: str = Field(default=AGENT, pattern=r"^[A-Za-z][\x20-\x7e]*$")
    main: str | None = Field(default=None, description="CSS selector of the main content")
    anchors: str | None = Field(default=None, description="selector of headings, each a document")
    documents: bool = Field(default=True, description="whether linked PDF, DOCX … are read")
    drop: tuple[str, ...] = Field(default=(), description="headings left out with their content")

    @field_validator("main", "anchors")
    @classmethod
    def _is_selector(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                LexborHTMLParser("<p></p>").css(value)
            except SelectolaxError:
                raise ValueError("it is no CSS selector") from None
        return value


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """One document per page or linked document, sorted by address.

    Raises CatalogError where an option is wrong, ConnectorError where nothing of the site can be read.
    """
    options = _options(entry)
    job = _job(options, origin, memory)
    with TemporaryDirectory(prefix="ventanilla-site-") as folder:
        found = crawl(job, Path(folder))
        came = [each for each in found if each.kind in ("page", "same")]
        if not came:
            raise _nothing(origin, found)
        yield from _Reading(entry, options, origin, memory, Path(folder)).items(found)


def _options(entry: CatalogEntry) -> Options:
    try:
        return Options(**entry.options)
    except ValidationError as error:
        raise CatalogError(
            f"{entry.id}: options: {one_line(error)}", "Correct that field."
        ) from None


def _job(options: Options, origin: str, memory: Memory) -> Job:
    """What the crawler is told. Raises ConnectorError where an address is none of the site's."""
    if not is_address(origin):
        raise ConnectorError(
            f"{origin or 'the entry'} is no web address", "Write `origin:` as https://…"
        )
    private = is_private(origin)
    start = [origin, *(urljoin(origin, page) for page in options.start)]
    sitemap = urljoin(origin, options.sitemap) if options.sitemap else None
    hosts = [site_of(origin), *(site_of(f"https://{host}") for host in options.hosts)]
    for page in (*start, *([sitemap] if sitemap else [])):
        if not is_address(page) or site_of(page) not in hosts:
            raise ConnectorError(
                f"{page} lies on another host than {urlsplit(origin).hostname}",
                "Name its host in `hosts`.",
            )
    return Job(
        origin=origin,
        start=start,
        hosts=hosts,
        user_agent=options.user_agent,
        sitemap=sitemap,
        include=list(options.include),
        exclude=list(options.exclude),
        most_pages=options.most_pages,
        depth=options.depth,
        per_second=options.per_second,
        main=options.main,
        anchors=options.anchors,
        documents=options.documents,
        private=private,
        timeout_s=TIMEOUT_S,
        backoff_s=BACKOFF_S,
        page_largest=PAGE_LARGEST,
        # Four times what the pace alone takes, for a site that is slow itself.
        seconds=3600 + 4 * options.most_pages / options.per_second,
        marks={url: mark for url, mark in memory.before.items() if _is_whole(mark, memory)},
        links={name: m for name, m in memory.before.items() if name.startswith(_TABLE)},
    )


def _is_whole(mark: Mark, memory: Memory) -> bool:
    """Whether a mark is that of a page, and its links can be told."""
    return mark.get("table") in memory.before


def _nothing(origin: str, found: list[Found]) -> ConnectorError:
    first = next((each for each in found if each.kind == "failed"), None)
    if first is None:
        return ConnectorError(f"{origin} holds no page that may be read", "Check `include`.")
    where = "" if first.url == origin else f"{first.url}: "
    remedy = first.remedy or "Check `origin` in the catalogue entry."
    kind = Unavailable if first.transient else ConnectorError
    return kind(f"{origin} cannot be read ({where}{first.reason})", remedy)


def _told(found: Found) -> Mark:
    """What the server said of a page, by which the next reading can tell that it is the same."""
    told = {"etag": found.etag, "last_modified": found.last_modified, "digest": found.digest}
    return {name: value for name, value in told.items() if value}


def _reason(found: Found) -> str:
    return f"{found.reason}. {found.remedy}".strip()


class _Reading:
    """Makes documents of what was found, and notes what the next reading will want to know."""

    def __init__(
        self, entry: CatalogEntry, options: Options, origin: str, memory: Memory, folder: Path
    ) -> None:
        self._entry = entry
        self._options = options
        self._origin = origin
        self._memory = memory
        self._folder = folder
        self._numbers: dict[str, str] = {}
        self._table = ""

    def items(self, found: list[Found]) -> Iterator[Item]:
        """Raises ConnectorError where no page gave a document: what was read before stays."""
        found = sorted((*found, *self._unreached(found)), key=lambda each: each.url)
        found = [self._with_links(each) for each in found]
        self._note_links(found)
        parts = [(each, part) for each in found for part in each.parts]
        names = {self._name(each, part): None for each, part in parts}
        ids = ids_of(self._entry.id, list(names))
        first: Rejected | None = None
        some = False
        with Reader() as reader:
            for each in found:
                for item in self._of(each, ids, reader):
                    some = some or not isinstance(item, Rejected)
                    first = first or (item if isinstance(item, Rejected) else None)
                    yield item
        if not some and first is not None:
            raise ConnectorError(
                f"no page of {self._origin} gave a document ({first.name}: {first.reason})"
            )

    def _unreached(self, found: list[Found]) -> Iterator[Found]:
        """The pages of the last reading that this one had no chance to ask for."""
        if any(each.kind == "note" and each.transient for each in found):
            asked = {each.url for each in found if each.kind != "note"}
            for url, mark in self._memory.before.items():
                if url not in asked and _is_whole(mark, self._memory):
                    yield Found("failed", url, transient=True)

    def _with_links(self, found: Found) -> Found:
        """A page that failed for now leads where it led before."""
        mark = self._memory.before.get(found.url, {})
        if not found.transient or not _is_whole(mark, self._memory):
            return found
        return replace(found, links=noted(mark["links"], self._memory.before[mark["table"]]))

    def _note_links(self, found: list[Found]) -> None:
        """The table comes before the marks that need it: the reading may be cut off at any item."""
        for each in found:
            note(each.links, self._numbers)
        numbered = {number: url for url, number in self._numbers.items()}
        self._table = _TABLE + hashlib.sha256("\n".join(self._numbers).encode()).hexdigest()[:12]
        self._memory.now[self._table] = numbered

    def _links(self, found: Found) -> dict[str, str]:
        return {"table": self._table, "links": note(found.links, self._numbers)}

    def _name(self, found: Found, part: Part) -> str:
        return name_of(found.shown or found.url, self._origin, part.anchor)

    def _of(self, found: Found, ids: dict[str, str], reader: Reader) -> Iterator[Item]:
        if found.kind == "page":
            yield from self._page(found, ids, reader)
        elif found.kind == "same":
            yield from self._same(found)
        else:
            yield from self._failed(found)

    def _page(self, found: Found, ids: dict[str, str], reader: Reader) -> Iterator[Item]:
        made: list[str] = []
        reasons: list[str] = []
        for part in found.parts:
            url = found.shown or found.url
            shown = f"{url}#{part.anchor}" if part.anchor else url
            try:
                parsed = reader.parse((self._folder / part.file).read_bytes(), part.file)
                document = self._document(found, parsed, ids[self._name(found, part)], shown)
            except Unreadable as error:
                reasons.append(str(error))
                yield Rejected(name=shown, reason=str(error))
                continue
            finally:
                (self._folder / part.file).unlink()
            made.append(document.id)
            yield document
            for name, reason in parsed.unread:
                yield Rejected(name=f"{shown}, {name}", reason=reason)
        if not reasons:  # what could not be read is told again each time
            mark = {**_told(found), **self._links(found), "ids": " ".join(made)}
            self._memory.now[found.url] = mark

    def _document(self, found: Found, parsed: Parsed, document_id: str, url: str) -> Document:
        if parsed.is_page:
            parsed = replace(parsed, metadata=_believed(parsed))
        blocks = tuple(without_officials(parsed.blocks, self._options.drop))
        if not any(block.text and not block.level for block in blocks):
            raise Unreadable("nothing is left of it without what `drop` names", "Correct `drop`.")
        name = (
            urlsplit(url).path.rstrip("/").rpartition("/")[2].partition(".")[0] or self._entry.title
        )
        parsed = replace(parsed, blocks=blocks)
        return make(self._entry, document_id, parsed, name, url=url, as_of=found.as_of)

    def _same(self, found: Found) -> Iterator[Item]:
        mark = {**self._memory.before[found.url], **_told(found)}
        mark.pop("failed", None)
        yield from self._carried(found, mark)

    def _failed(self, found: Found) -> Iterator[Item]:
        """What fails for now keeps its document a few readings long."""
        if found.reason:
            yield Rejected(name=found.url, reason=_reason(found))
        if found.kind == "note":
            return
        mark = dict(self._memory.before.get(found.url, {}))
        times = int(mark.get("failed", "0")) + 1
        if found.transient and _is_whole(mark, self._memory) and times < PATIENCE:
            yield from self._carried(found, mark | {"failed": str(times)})

    def _carried(self, found: Found, mark: Mark) -> Iterator[Item]:
        self._memory.now[found.url] = {**mark, **self._links(found)}
        for document_id in mark["ids"].split():
            yield Unchanged(document_id=document_id)


def _believed(parsed: Parsed) -> dict[str, object]:
    """The fields of a page's <meta> elements that are fit to be used; a stranger's template cannot
    be mended, so what is no date is passed over.
    """
    given = {name: parsed.metadata[name] for name in _OF_PAGES if name in parsed.metadata}
    return {name: value for name, value in given.items() if _is_fit(name, value)}


def _is_fit(name: str, value: object) -> bool:
    try:
        read: Metadata = read_metadata({name: value})
    except Unreadable:
        return False
    return bool(getattr(read, name))
