"""The documents of an open-data portal by the API of CKAN 3: one document per file of a data set.

    id: uy-guia
    title: Guías publicadas como datos abiertos
    connector: ckan
    origin: https://datos.example.gob.cl
    country: CL
    language: es
    options:
      organization: ministerio-de-ejemplo   # and `groups`, `query`; or `packages: [name, …]`
      formats: [pdf, html]

`origin` is the portal, or the address of its actions (``…/api/3/action``). `formats` are by default those
of texts (pdf, docx, odt, html, md, txt): sheets are read where csv or xlsx is named, and better as tables
(`sources.connectors.tables`). `most_packages` (1000) keeps a whole portal from being read by mistake.

`token_file` names a file with a key, `token_header` the header that takes it, with a scheme where there
is one: ``chave-api-dados-abertos``, ``Authorization: Bearer``, ``X-CKAN-API-Key``. It goes to the API alone,
never to the hosts on which files lie. `user_agent` is for portals that answer unknown programs with HTTP
status 418. Where `package_search` is switched off, name the `packages`.

Portals differ: `result` of `package_show` may be the package or a list of one (DKAN), dates may have
another form, organization and licence may lack. All of it is taken. dados.gov.br's own API
(``conjuntos-dados``) is not CKAN's and is not read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlencode, urlsplit

from pydantic import Field as Attribute

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.document import Field, Item, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError, StatusError, Unavailable
from sources.fetch import Secrets, is_address, may_lead_to
from sources.parsers import EXTENSIONS, LARGEST, Parsed, Unreadable, reader_of
from sources.parsers.apart import Reader
from sources.parsers.blocks import Block, Kind, slug
from sources.parsers.document import make
from sources.parsers.markdown import parse as parse_markdown
from sources.portals import (
    Failures,
    Portal,
    PortalOptions,
    as_json,
    options_of,
    text_of,
    token_of,
    web_address,
)
from sources.tables.values import day

_Format = Literal["pdf", "docx", "odt", "html", "md", "txt", "csv", "xlsx"]
_Name = Annotated[str, Attribute(pattern=r"^[\w.~ -]{1,100}$")]
_PAGE = 100
_ACTIONS = "/api/3/action"
_ALIASES = {
    "htm": "html",
    "xhtml": "html",
    "markdown": "md",
    "text": "txt",
    "plain": "txt",
    "tsv": "csv",
}
_OFFICE = {
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "vnd.oasis.opendocument.text": "odt",
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")


class Options(PortalOptions):
    """`options` of an entry; see the module."""

    organization: _Name | None = None
    groups: tuple[_Name, ...] = ()
    query: str | None = None
    packages: tuple[_Name, ...] = ()
    formats: tuple[_Format, ...] = Attribute(
        default=("pdf", "docx", "odt", "html", "md", "txt"), min_length=1
    )
    most_packages: int = Attribute(default=1000, ge=1, le=100_000)
    token_header: str = Attribute(
        default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*(: ?[A-Za-z]+)?$"
    )


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """Every file of the data sets that the options choose; what cannot be read is `Rejected`.

    Raises ConnectorError where the portal cannot be asked, CatalogError where an option is wrong.
    """
    options = options_of(entry, Options)
    if not is_address(origin):
        raise CatalogError(f"{entry.id}: `origin` is no web address", "Write the portal's.")
    token = token_of(entry, options)
    name, _, scheme = options.token_header.partition(":")
    headers = {name: f"{scheme.strip()} {token}".strip()} if token else {}
    with (
        Portal(options, secrets=Secrets(headers=headers)) as portal,
        Reader() as reader,
    ):
        reading = _Reading(entry, options, portal, reader, memory)
        yield from reading.failures.watched(reading.items(origin.rstrip("/")))


class _Reading:
    def __init__(
        self, entry: CatalogEntry, options: Options, portal: Portal, reader: Reader, memory: Memory
    ) -> None:
        self.entry, self.options, self.portal = entry, options, portal
        self.reader, self.memory, self.failures = reader, memory, Failures(memory)
        self.others: Counter[str] = Counter()
        self.api = ""

    def items(self, origin: str) -> Iterator[Item]:
        self.api = origin if "/api/" in f"{origin}/" else origin + _ACTIONS
        named, wanted = bool(self.options.packages), 0
        for package in self._named() if named else self._found():
            if isinstance(package, Rejected):
                wanted += 1
                yield package
                continue
            chosen = list(self._chosen(package))
            wanted += len(chosen)
            for resource, extension in chosen:
                yield from self._read(package, resource, extension, alone=len(chosen) == 1)
        if not wanted:
            there = ", ".join(f"{count} {kind}" for kind, count in self.others.most_common(5))
            raise ConnectorError(
                f"{origin} has no file of these formats: {', '.join(self.options.formats)}"
                f" (there are: {there or 'none'})",
                "Correct `options.formats`, or what chooses the data sets.",
            )

    def _named(self) -> Iterator[dict[str, Any] | Rejected]:
        for name in self.options.packages:
            try:
                result = self._ask("package_show", {"id": name})
                first = result[0] if isinstance(result, list) and result else result
                if not isinstance(first, dict):
                    raise ConnectorError("the portal gives no data set of that name")
                yield first
            except ConnectorError as error:
                # A key that is wrong or a portal that is down retires nothing.
                if isinstance(error, StatusError) and error.status not in (404, 410):
                    raise
                if isinstance(error, Unavailable):
                    raise
                yield Rejected(name=name, reason=str(error))

    def _found(self) -> Iterator[dict[str, Any]]:
        chosen = [("organization", self.options.organization)] if self.options.organization else []
        chosen += [("groups", group) for group in self.options.groups]
        asked = {"rows": str(_PAGE), "fq": " ".join(f'{key}:"{value}"' for key, value in chosen)}
        asked |= {"q": self.options.query} if self.options.query else {}
        seen: set[str] = set()
        while True:
            result = self._search(asked | {"start": str(len(seen))})
            count, packages = result.get("count"), result.get("results")
            if not isinstance(packages, list):
                raise ConnectorError(f"{self.api}/package_search gives no `results`", _NAME_THEM)
            most = self.options.most_packages
            if len(seen) + len(packages) > most or (isinstance(count, int) and count > most):
                raise ConnectorError(
                    f"{self.api} has {count or f'more than {most}'} data sets",
                    "Choose some by `organization`, `groups` or `query`, or raise `most_packages`.",
                )
            fresh = [p for p in packages if isinstance(p, dict) and _key(p) not in seen]
            seen |= {_key(package) for package in fresh}
            yield from fresh
            if not packages or (isinstance(count, int) and len(seen) >= count):
                return
            if not fresh:
                raise ConnectorError(
                    f"{self.api}/package_search gives the same data sets again and again",
                    _NAME_THEM,
                )

    def _search(self, asked: Mapping[str, str]) -> dict[str, Any]:
        try:
            result = self._ask("package_search", asked)
        except ConnectorError as error:
            raise ConnectorError(error.problem, f"{error.remedy} {_NAME_THEM}".strip()) from None
        if not isinstance(result, dict):
            raise ConnectorError(f"{self.api}/package_search gives no `results`", _NAME_THEM)
        return result

    def _ask(self, action: str, asked: Mapping[str, str]) -> Any:
        url = f"{self.api}/{action}?{urlencode({k: v for k, v in asked.items() if v})}"
        answer = as_json(self.portal.get(url, accept="application/json").data, url)
        if (
            not isinstance(answer, dict)
            or not answer.get("success", True)
            or "result" not in answer
        ):
            error = answer.get("error") if isinstance(answer, dict) else None
            detail = text_of(error.get("message")) if isinstance(error, dict) else ""
            raise ConnectorError(
                f"{url} gives no result" + (f" ({detail[:120]})" if detail else "")
            )
        return answer["result"]

    def _chosen(self, package: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
        """The package's files that are wanted, each with its format; the others are counted."""
        if package.get("private") is True or package.get("state", "active") != "active":
            return
        resources = package.get("resources")
        for resource in resources if isinstance(resources, list) else ():
            if not isinstance(resource, dict) or resource.get("state", "active") != "active":
                continue
            kind = _format(resource)
            if kind in self.options.formats:
                yield resource, kind
            else:
                self.others[kind or "without a format"] += 1

    def _read(
        self, package: dict[str, Any], resource: dict[str, Any], extension: str, *, alone: bool
    ) -> Iterator[Item]:
        label = " › ".join(filter(None, (_title(package), text_of(resource.get("name")))))
        url = web_address(text_of(resource.get("url")).replace(" ", "%20"))
        if url is None:
            yield Rejected(name=label, reason="it has no web address")
            return
        key = text_of(resource.get("id")) or url
        document_id = _document_id(self.entry.id, package, key)
        told = hashlib.sha256(
            json.dumps([_told(package), _told(resource), alone], sort_keys=True).encode()
        ).hexdigest()
        before = self.memory.before.get(key, {})
        known = before if before.get("told") == told else {}
        try:
            may_lead_to(self.api, url)
            answer = self.portal.get(url, known, with_key=False, largest=LARGEST)
        except ConnectorError as error:
            yield from self.failures.of(key, label, error)
            return
        mark = {**answer.mark, "document": document_id, "told": told}
        if answer.unchanged or known.get("sha256") == mark["sha256"]:
            self.memory.now[key] = mark
            yield Unchanged(document_id=document_id)
            return
        try:
            parsed = self._parsed(
                answer.data, f"{slug(label)[:60] or 'file'}.{extension}", extension
            )
            entry = _entry(self.entry, package)
            as_of = _day(resource, package) or answer.day
            yield make(entry, document_id, _described(parsed, package, resource, alone),
                       label, url=url, as_of=as_of)  # fmt: skip
        except Unreadable as error:
            yield Rejected(name=label, reason=str(error))
            return
        if not parsed.unread:
            self.memory.now[key] = mark
        for part, reason in parsed.unread:
            yield Rejected(name=f"{label}, {part}", reason=reason)

    def _parsed(self, data: bytes, name: str, extension: str) -> Parsed:
        wanted = EXTENSIONS[f".{extension}"]
        if reader_of(data, name) == "html" != wanted:
            raise Unreadable(
                f"it is said to be {extension.upper()}, but a web page came", "Ask the portal."
            )
        return self.reader.parse(data, name)


_NAME_THEM = "Where the portal does not search, name data sets in `options.packages`."


def _key(package: Mapping[str, Any]) -> str:
    return text_of(package.get("id")) or text_of(package.get("name")) or _title(package)


def _title(thing: Mapping[str, Any]) -> str:
    return text_of(thing.get("title")) or text_of(thing.get("name"))


def _document_id(prefix: str, package: Mapping[str, Any], key: str) -> str:
    name = slug(text_of(package.get("name")) or _title(package))[:60].strip("-")
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return "-".join(filter(None, (prefix, name, digest)))


def _format(resource: Mapping[str, Any]) -> str:
    """pdf, html …, by what the portal says, else by the address's ending; "" for none."""
    said = (text_of(resource.get(key)).casefold() for key in ("format", "mimetype"))
    ending = PurePosixPath(unquote(urlsplit(text_of(resource.get("url"))).path)).suffix.casefold()
    for text in (*said, ending):
        kind = text.partition(";")[0].rpartition("/")[2].strip(" .")
        kind = _OFFICE.get(kind, _ALIASES.get(kind, kind))
        if kind:
            return kind
    return ""


def _told(thing: Mapping[str, Any]) -> list[str]:
    """What a document takes over from the portal: where that changes, the document does."""
    names = ("title", "name", "notes", "license_title", "license_id", "url", "format")
    dates = ("last_modified", "metadata_modified")
    return [
        *(text_of(thing.get(name)) for name in (*names, *dates)),
        _organization(thing),
        *_tags(thing),
    ]


def _organization(package: Mapping[str, Any]) -> str:
    organization = package.get("organization")
    return _title(organization) if isinstance(organization, dict) else text_of(organization)


def _tags(package: Mapping[str, Any]) -> list[str]:
    tags = package.get("tags")
    named = [
        (tag.get("display_name") or tag.get("name")) if isinstance(tag, dict) else tag
        for tag in (tags if isinstance(tags, list) else ())
    ]
    return list(dict.fromkeys(filter(None, map(text_of, named))))


def _entry(entry: CatalogEntry, package: Mapping[str, Any]) -> CatalogEntry:
    """The entry with what the portal says of this data set."""
    licence = text_of(package.get("license_title")) or text_of(package.get("license_id"))
    told = {"agency": _organization(package), "licence": licence}
    return entry.model_copy(update={name: value for name, value in told.items() if value})


def _day(*things: Mapping[str, Any]) -> str | None:
    """The day of the file, else of its data set."""
    for thing in things:
        for key in ("last_modified", "metadata_modified"):
            for found in _DAY.findall(text_of(thing.get(key))):
                if read := day(found):
                    return read
    return None


def _described(
    parsed: Parsed, package: Mapping[str, Any], resource: Mapping[str, Any], alone: bool
) -> Parsed:
    """The file with the portal's title, keywords and description of its data set."""
    names = (_title(package), text_of(resource.get("name")))
    title = names[0] if alone else " – ".join(filter(None, names))
    told = {"title": title, "names": [names[1]] if names[1] else [], "keywords": _tags(package)}
    notes = package.get("notes")
    blocks = parse_markdown(notes.encode()).blocks if isinstance(notes, str) else ()
    described = [
        replace(block, hint=Field.DESCRIPTION) for block in blocks if block.kind is not Kind.HEADING
    ]
    return replace(
        parsed,
        blocks=(*map(_plain, described), *parsed.blocks),
        metadata={**{name: value for name, value in told.items() if value}, **parsed.metadata},
    )


def _plain(block: Block) -> Block:
    """A block that joins nothing: the description's last sentence introduces no list of the file's."""
    return replace(block, text=block.text.rstrip(":")) if block.text.endswith(":") else block
