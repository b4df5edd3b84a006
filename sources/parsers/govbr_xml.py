"""XML → service cards: schema v3 of the gov.br catalogue (``http://servicos.gov.br/v3/schema``),
with the departures from it that published cards show (``valorVariavel``, ``documento/descricao``,
``validade-documento/quantidade``, ``dbId`` for ``dbID``, cards without a number).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from sources.parsers.govbr_card import (
    Applicant,
    Card,
    Channel,
    Cost,
    Duration,
    Evidence,
    NotACard,
    Step,
    Validity,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

V3 = "http://servicos.gov.br/v3/schema"

# The last day on which anyone edited the published catalogue of v3 XML cards: whatever is newer
# was written to the live API only. A card bears no date of its own.
V3_AS_OF = "2018-12"

_DURATIONS = {
    "ate": "up_to",
    "entre": "between",
    "em-media": "on_average",
    "atendimento-imediato": "immediate",
    "nao-estimado-ainda": "not_estimated",
}


def read_cards(content: bytes) -> list[Card]:
    """The cards in one XML file. Raises NotACard saying in one line what is wrong."""
    if not content.strip():
        raise NotACard("the file is empty")
    try:
        root = ElementTree.fromstring(content)
    except DefusedXmlException:
        raise NotACard("it declares XML entities, which may be an attack") from None
    except ParseError as error:
        raise NotACard(f"broken XML or not in the encoding that it declares ({error})") from None
    except (LookupError, UnicodeError, ValueError) as error:
        raise NotACard(f"its encoding cannot be read ({error})") from None
    try:
        return [_card(element) for element in _services(root)]
    except RecursionError:
        raise NotACard("its elements are nested too deeply") from None


def _services(root: Element) -> list[Element]:
    found = [root] if _name(root) == "servico" else list(_children(root, "servico"))
    if not found:
        raise NotACard(f"its root element is <{_name(root)[:40]}>, a service card has <servico>")
    return found


def read_file(path: Path) -> list[Card]:
    """As `read_cards`. Raises NotACard, also where the file cannot be opened."""
    try:
        return read_cards(path.read_bytes())
    except OSError as error:
        raise NotACard(f"it cannot be opened ({error.strerror})") from None


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _name(element: Element) -> str:
    tag = element.tag
    return _local(tag) if isinstance(tag, str) else ""


def _children(element: Element | None, *names: str) -> Iterator[Element]:
    for child in element if element is not None else ():
        if _name(child) in names:
            yield child


def _child(element: Element | None, *names: str) -> Element | None:
    return next(_children(element, *names), None)


def _own_text(element: Element | None) -> str:
    """The text inside; HTML that was not escaped comes out as if it had been."""
    if element is None:
        return ""
    return (_inner(element) if len(element) else element.text or "").strip()


def _inner(element: Element) -> str:
    parts = [element.text or ""]
    for child in element:
        name = _name(child)
        attributes = "".join(f' {_local(key)}="{value}"' for key, value in child.items())
        parts += [f"<{name}{attributes}>", _inner(child), f"</{name}>", child.tail or ""]
    return "".join(parts)


def _text(element: Element | None, *names: str) -> str:
    return _own_text(_child(element, *names))


def _items(element: Element | None) -> tuple[str, ...]:
    return tuple(text for child in _children(element, "item") if (text := _own_text(child)))


def _card(root: Element) -> Card:
    parts: dict[str, Element] = {}
    for child in root:
        parts.setdefault(_name(child), child)

    def text(name: str) -> str:
        return _own_text(parts.get(name))

    name = text("nome")
    if not name:
        raise NotACard("the card has no name (<nome>)")
    return Card(
        origin="xml",
        name=name,
        number=text("dbId") or text("dbID"),
        slug=text("id"),
        revision=_revision(root),
        as_of=V3_AS_OF if V3 in str(root.tag) else None,
        acronym=text("sigla"),
        popular_names=_items(parts.get("nomes-populares")),
        description=text("descricao"),
        contact=text("contato"),
        free={"true": True, "false": False}.get(text("gratuito").lower()),
        digital_url=text("link-servico-digital"),
        applicants=tuple(
            Applicant(kind=_text(one, "tipo"), requirements=_text(one, "requisitos"))
            for one in _children(parts.get("solicitantes"), "solicitante")
        ),
        duration=_duration(parts.get("tempo-total-estimado")),
        validity=_validity(parts.get("validade-documento")),
        steps=tuple(_step(one) for one in _children(parts.get("etapas"), "etapa")),
        agency=_text(parts.get("orgao"), "nomeOrgao", "nome"),
        areas=_items(parts.get("areas-de-interesse")),
        keywords=_items(parts.get("palavras-chave")),
        laws=_items(parts.get("legislacoes")),
        accessibility=text("condicoes-acessibilidade"),
        priority=text("tratamento-prioritario"),
        treatment=text("tratamento-dispensado-atendimento"),
    )


def _revision(root: Element) -> int:
    """Steps and applicants only: other rows are sometimes carried over to the next revision."""
    rows = (
        row.get("id", "") for group in _children(root, "etapas", "solicitantes") for row in group
    )
    return max((int(row) for row in rows if re.fullmatch(r"[0-9]{1,18}", row)), default=0)


def _duration(element: Element | None) -> Duration | None:
    if element is None:
        return None
    text = _text(element, "descricao")
    for child in element:
        if kind := _DURATIONS.get(_name(child)):
            return Duration.model_validate(
                {
                    "kind": kind,
                    "minimum": child.get("min", "").strip(),
                    "maximum": child.get("max", "").strip(),
                    "unit": child.get("unidade", "").strip(),
                    "text": text,
                }
            )
    return Duration(text=text) if text else None


def _validity(element: Element | None) -> Validity | None:
    if element is None:
        return None
    term = _child(element, "valido-por")
    if term is not None:
        amount, unit = term.get("max", ""), term.get("unidade", "")
    else:
        amount, unit = _text(element, "quantidade"), _text(element, "unidade")
    kind = _text(element, "tipo").lower()
    return Validity(
        amount=amount.strip(),
        unit=unit.strip(),
        unlimited=kind.startswith("sem") or _child(element, "sem-validade") is not None,
        text=_text(element, "descricao"),
    )


def _cases(element: Element | None) -> Iterator[tuple[str, Element]]:
    """The circumstance and its rows: ``default`` holds always, ``caso`` in the case it names."""
    for group in _children(element, "default", "caso"):
        case = group.get("descricao", "").strip() or _text(group, "descricao")
        yield ("" if _name(group) == "default" else case), group


def _step(element: Element) -> Step:
    return Step(
        title=_text(element, "titulo"),
        text=_text(element, "descricao"),
        evidence=tuple(
            Evidence(text=_text(row, "descricao", "nome") or _own_text(row), case=case)
            for case, group in _cases(_child(element, "documentos"))
            for row in _children(group, "item", "documento")
        ),
        costs=tuple(
            _cost(row, case)
            for case, group in _cases(_child(element, "custos"))
            for row in _children(group, "custo")
        ),
        channels=tuple(
            _channel(row, case)
            for case, group in _cases(_child(element, "canais-de-prestacao"))
            for row in _children(group, "canal-de-prestacao")
        ),
        duration=_duration(_child(element, "tempo-total-estimado")),
    )


def _cost(row: Element, case: str) -> Cost:
    return Cost(
        text=_text(row, "descricao"),
        currency=_text(row, "moeda"),
        value=_text(row, "valor"),
        variable=_text(row, "valorVariavel", "valor-variavel"),
        is_variable=_text(row, "statusCustoVariavel") == "1",
        case=case,
    )


def _channel(row: Element, case: str) -> Channel:
    return Channel(
        kind=row.get("tipo", ""),
        text="\n".join(filter(None, map(_own_text, _children(row, "descricao")))),
        wait=row.get("tempo-estimado-espera", ""),
        wait_unit=row.get("tempo-estimado-periodo", ""),
        if_unavailable=row.get("procedimento-sistema-indisponivel", ""),
        case=case,
    )
