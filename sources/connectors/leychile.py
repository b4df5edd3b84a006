"""Laws of Chile from LeyChile, the service of the Library of Congress (BCN): one document per norm.

    id: cl-leyes
    title: Leyes de Chile
    connector: leychile
    origin: https://www.leychile.cl/Consulta/obtxml?opt=7
    country: CL
    language: es
    agency: Biblioteca del Congreso Nacional de Chile
    options:
      norms: [210676, {ley: 19880}]        # numbers of norms (idNorma), or of laws

`origin` is the XML service or the JSON one (``https://nuevo.leychile.cl/servicios/Navegar/get_norma_json``);
what comes is told by its content. A file, or a folder of downloaded answers, is read whole, without `norms`.

Each article becomes sections headed "Artículo 5", below its title and chapter. Repealed articles are left
out; a version that has expired, or a law that was repealed, ends with that day (`valid_to`), so that it is
never today's; one that begins later begins then (`valid_from`). Where the JSON service gives an old version and
names the one in force, that one is asked for.

What is not known, and taken either way: whether `idLey` is granted by the JSON service, whether the XML
one states when a norm ends, and where in the JSON the periods stand. The firewall before the service blocks
silently: it answers 200 with a few bytes that are no norm. That ends the reading, since asking on makes it
last; nothing is retired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.document import Document, Item, Rejected, TextBuilder, Unchanged
from sources.errors import CatalogError, ConnectorError, Unavailable
from sources.fetch import is_address
from sources.parsers.articles import Part, document_of, lines_of, part_of, write
from sources.parsers.blocks import Kind, Unreadable, clean, fold
from sources.parsers.html import parse
from sources.portals import (
    Failures,
    Portal,
    PortalOptions,
    as_json,
    as_xml,
    downloaded,
    options_of,
    text_of,
)
from sources.tables.values import day

PAGE = "https://www.bcn.cl/leychile/navegar?idNorma={number}"
_BLOCKED_BELOW = 500
"""Bytes below which what is no norm is the firewall's."""
_NEVER = 2100
"""The year from which a day means "not yet known": LeyChile writes 2222-02-02."""
_REMEDY = "Try again later, or read downloaded answers with --from."

_Number = Annotated[int, Attribute(gt=0, lt=10**9)]


class Law(BaseModel):
    """A law by its number, as people cite it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ley: _Number


class Options(PortalOptions):
    """`options` of an entry; see the module."""

    norms: tuple[_Number | Law, ...] = ()


@dataclass(frozen=True, slots=True)
class Norm:
    """A norm as either service gives it; `valid_from` and `valid_to` are those of this text."""

    number: str
    title: str
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    parts: tuple[Part, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    versions: tuple[tuple[date, date | None], ...] = ()
    repealed: bool = False


def read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]:
    """Every norm that the options name; what cannot be read is `Rejected`.

    Raises ConnectorError where the service cannot be asked, CatalogError where an option is wrong.
    """
    options = options_of(entry, Options)
    if not is_address(origin):
        yield from _downloaded(entry, origin)
        return
    if not options.norms:
        raise CatalogError(
            f"{entry.id}: options.norms names no norm", "Write numbers, or `{ley: 19880}`."
        )
    failures = Failures(memory)
    with Portal(options, accept="application/json, text/xml", remedy=_REMEDY) as portal:
        norms = (_asked(entry, origin, norm, portal, failures) for norm in options.norms)
        yield from failures.watched(chain.from_iterable(norms))


def _asked(
    entry: CatalogEntry, origin: str, wanted: int | Law, portal: Portal, failures: Failures
) -> Iterator[Item]:
    memory = failures.memory
    name = f"ley {wanted.ley}" if isinstance(wanted, Law) else f"norma {wanted}"
    known = memory.before.get(name, {})
    try:
        # An expired text may be unchanged and still not today's.
        answer = portal.get(_address(origin, wanted), known)
        if answer.unchanged:
            memory.now[name] = known
            yield Unchanged(document_id=known["document"])
            return
        norm = read_norm(answer.data, name)
        mark = answer.mark
        if current := _in_force(norm):
            answer = portal.get(_address(origin, int(norm.number), current))
            norm, mark = read_norm(answer.data, name), {}
        document = _document(entry, norm, on=date.today())
    except Blocked:
        raise
    except ConnectorError as error:
        yield from failures.of(name, name, error)
        return
    except Unreadable as error:
        yield Rejected(name=name, reason=str(error))
        return
    yield document
    # A text that expires is asked for anew, whatever the server says of it.
    lasting = mark if norm.valid_to is None else {}
    memory.now[name] = {**lasting, "document": document.id}


class Blocked(Unavailable):
    """The firewall answered in place of the service."""


def _address(origin: str, wanted: int | Law, version: date | None = None) -> str:
    """The address of a norm: what `origin` holds beside it stays."""
    parts = urlsplit(origin)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.path.rstrip("/").endswith("get_norma_json"):
        empty = {"idNorma": "", "idLey": "", "tipoVersion": "", "cve": ""}
        query = {**empty, "agrupa_partes": "1", **query}
        query["idVersion"] = (version or date.today()).isoformat()
    elif version:
        query["idVersion"] = version.isoformat()
    which = ("idLey", wanted.ley) if isinstance(wanted, Law) else ("idNorma", wanted)
    query[which[0]] = str(which[1])
    return urlunsplit(parts._replace(query=urlencode(query)))


def _downloaded(entry: CatalogEntry, origin: str) -> Iterator[Item]:
    missing = "Write the service's address, or a folder of its answers (XML or JSON)."
    empty = ("no norm", "Put LeyChile's XML or JSON there.")
    for path in downloaded(origin, missing, empty):
        try:
            yield _document(entry, read_norm(path.read_bytes(), path.name), on=None)
        except (ConnectorError, Unreadable) as error:
            yield Rejected(name=path.name, reason=str(error))
        except OSError as error:
            yield Rejected(name=path.name, reason=f"it cannot be opened ({error.strerror})")


def _in_force(norm: Norm) -> date | None:
    """The first day of the version in force, where the text at hand is of another one."""
    today = date.today()
    if _holds(norm.valid_from, norm.valid_to, today) or not norm.number.isdigit():
        return None
    found = (begin for begin, end in norm.versions if _holds(begin, end, today))
    return max((begin for begin in found if begin != norm.valid_from), default=None)


def _holds(begin: date | None, end: date | None, today: date) -> bool:
    return (begin is None or begin <= today) and (end is None or today <= end)


def _document(entry: CatalogEntry, norm: Norm, on: date | None) -> Document:
    """Raises Unreadable where there is no article to cite, or nothing that may be shown as today's."""
    if norm.repealed and norm.valid_to is None:
        raise Unreadable("it was repealed, on a day that is not told", "Take it out of `norms`.")
    language = entry.language or "es"
    builder = TextBuilder()
    builder.heading(norm.title)
    write(builder, norm.parts, language)
    if not builder.sections:
        raise Unreadable("there is no article in it")
    return document_of(
        entry,
        builder,
        name=norm.number,
        title=norm.title,
        names=norm.names,
        keywords=norm.keywords,
        language=language,
        country=entry.country or "CL",
        url=PAGE.format(number=norm.number),
        licence=entry.licence,
        read_on=on,
        valid_from=norm.valid_from,
        valid_to=norm.valid_to,
    )


def read_norm(data: bytes, name: str) -> Norm:
    """A norm from either service. Raises Blocked where the firewall answered, Unavailable where the
    answer is broken, Unreadable where it holds no norm.
    """
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        if start[:1] == b"{":
            return _from_json(as_json(data, name))
        if start[:1] == b"<" and b"<html" not in start[:1000].lower():
            return _from_xml(as_xml(data, name))
    except Unavailable:
        if len(data) >= _BLOCKED_BELOW or start[:1] == b"{":
            raise
    if len(data) < _BLOCKED_BELOW:
        raise Blocked(
            f"{name}: {len(data)} bytes came that are no norm: a firewall blocks without saying so",
            "Wait some hours, ask for fewer norms at a time, or read downloaded answers with --from.",
        )
    raise Unavailable(f"{name}: a page came, not a norm", _REMEDY)


def _from_json(payload: Any) -> Norm:
    told = payload.get("metadatos") if isinstance(payload, dict) else None
    nodes = payload.get("html") if isinstance(payload, dict) else None
    if not isinstance(told, dict) or not isinstance(nodes, list):
        raise Unreadable("it has no `html` and `metadatos`: the service gives no such norm")
    stated = told.get("vigencia")
    period: dict[str, Any] = stated if isinstance(stated, dict) else {}
    versions = tuple(_versions(told.get("vigencias") or payload.get("vigencias")))
    begin = _date(period.get("inicio_vigencia") or period.get("desde"))
    end = _date(period.get("fin_vigencia") or period.get("hasta"))
    if not period and len(versions) == 1:
        begin, end = versions[0]
    number = text_of(told.get("id_norma") or told.get("idNorma"))
    kinds = told.get("tipos_numeros")
    first = kinds[0] if isinstance(kinds, list) and kinds else None
    kind = text_of(first.get("compuesto")) if isinstance(first, dict) else ""
    return _norm(
        number,
        kind,
        text_of(told.get("titulo_norma") or told.get("titulo")),
        common=_texts(told.get("nombres_uso_comun")),
        subjects=_texts(told.get("materias")),
        parts=tuple(_parts(_lines(nodes))),
        valid_from=begin,
        valid_to=end,
        versions=versions,
        repealed=_yes(told.get("derogado")),
    )


def _norm(
    number: str, kind: str, title: str, *, common: list[str], subjects: list[str], **fields: Any
) -> Norm:
    """Raises Unreadable where the norm has no number or no name."""
    full = ": ".join(filter(None, (kind, title)))
    if not number or not full:
        raise Unreadable(f"it has no {'title' if number else 'number'}")
    names = dict.fromkeys(name for name in (*common, kind) if name and fold(name) != fold(full))
    return Norm(number, full, tuple(names), tuple(subjects), **fields)


def _texts(values: object) -> list[str]:
    given = values if isinstance(values, list) else [values]
    return [text for text in map(text_of, given) if text]


def _yes(value: object) -> bool:
    return value is True or fold(text_of(value)) in ("derogado", "derogada", "si", "true", "1")


def _versions(periods: object) -> Iterator[tuple[date, date | None]]:
    for period in periods if isinstance(periods, list) else ():
        if isinstance(period, Mapping):
            begin = _date(period.get("desde") or period.get("inicio_vigencia"))
            if begin:
                yield begin, _date(period.get("hasta") or period.get("fin_vigencia"))


def _date(value: object) -> date | None:
    found = day(text_of(value))
    read = date.fromisoformat(found) if found else None
    return read if read and read.year < _NEVER else None


def _lines(nodes: Iterable[Any]) -> Iterator[str]:
    """The lines of a tree of nodes: `t` is HTML, `h` what lies below."""
    for node in nodes:
        if not isinstance(node, dict):
            continue
        if isinstance(markup := node.get("t"), str) and markup.strip():
            for block in parse(markup.encode("utf-8", "replace")).blocks:
                text = f"{block.marker} {block.text}" if block.marker else block.text
                yield from text.split("\n") if block.kind is not Kind.ROW else [text]
        below = node.get("h")
        yield from _lines(below if isinstance(below, list) else ())


def _parts(lines: Iterable[str], valid_from: date | None = None) -> Iterator[Part]:
    for line in lines:
        part = part_of(line)
        yield Part(part.text, part.article, part.level, part.closes, valid_from)


def _from_xml(root: Any) -> Norm:
    if _tag(root) != "Norma":
        raise Unreadable(f"its root is <{_tag(root)[:40]}>, not <Norma>: there is no such norm")
    identity, told = _child(root, "Identificador"), _child(root, "Metadatos")
    kinds = [element for element in root.iter() if _tag(element) == "TipoNumero"]
    kind = " ".join(_text(kinds[0], name) for name in ("Tipo", "Numero")) if kinds else ""
    repealed = fold(root.get("derogado", "")) == "derogado"
    ended = _date(_text(told, "FechaDerogacion"))
    begin = _date(root.get("fechaVersion")) or _date(
        identity.get("fechaPublicacion") if identity is not None else None
    )
    every = [] if told is None else list(told.iter())
    return _norm(
        text_of(root.get("normaId")),
        kind.strip(),
        _text(told, "TituloNorma"),
        common=[clean(e.text or "") for e in every if _tag(e) == "NombreUsoComun"],
        subjects=[text for e in every if _tag(e) == "Materia" and (text := clean(e.text or ""))],
        parts=tuple(_structure(_child(root, "EstructurasFuncionales"))),
        valid_from=begin,
        # On the day of its repeal a law does not hold any more.
        valid_to=ended - timedelta(days=1) if ended and repealed else None,
        repealed=repealed,
    )


def _structure(within: Any) -> Iterator[Part]:
    """The lines of the articles, without those that were repealed."""
    for element in within if within is not None else ():
        if _tag(element) != "EstructuraFuncional":
            continue
        if fold(element.get("derogado", "")) != "derogado":
            since = _date(element.get("fechaVersion"))
            yield from _parts(lines_of(_raw(element, "Texto")), since)
        yield from _structure(_child(element, "EstructurasFuncionales"))


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Any, name: str) -> Any:
    if element is None:
        return None
    return next((child for child in element if _tag(child) == name), None)


def _raw(element: Any, name: str) -> str:
    found = _child(element, name)
    return "" if found is None else "".join(found.itertext())


def _text(element: Any, name: str) -> str:
    return " ".join(clean(_raw(element, name)).split())
