"""JSON → service cards: the shapes of the live API (``servicos.gov.br/api/v1/servicos``).

An answer is one service, a list of services or ``{"resposta": …}`` of either. Lists appear as
``[…]``, ``{"item": […]}`` or ``{"item": [{"item": …}]}``; figures as numbers or as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from sources.catalog import one_line
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

_DURATIONS = {
    "ate": "up_to",
    "entre": "between",
    "emMedia": "on_average",
    "atendimentoImediato": "immediate",
    "naoEstimadoAinda": "not_estimated",
}
_ENVELOPES = ("resposta", "servicos", "servico")
_DATES = (
    "dataUltimaAtualizacao",
    "dataAtualizacao",
    "ultimaAtualizacao",
    "ultimaModificacao",
    "dataModificacao",
    "dataPublicacao",
)


def decode(content: bytes) -> Any:
    """Parses JSON in UTF-8 or UTF-16. Raises NotACard saying in one line what is wrong."""
    if not content.strip():
        raise NotACard("the file is empty")
    try:
        return json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        raise NotACard("it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise NotACard(f"it is no JSON ({str(error)[:80]})") from None


def services(payload: Any) -> list[Any]:
    """The services in an answer, unchecked. Raises NotACard where there is none."""
    for key in _ENVELOPES:
        if isinstance(payload, dict) and "nome" not in payload and key in payload:
            payload = payload[key]
    if isinstance(payload, list):
        return payload
    if isinstance(payload, dict) and "nome" in payload:
        return [payload]
    raise NotACard('it holds no service: expected one, a list, or {"resposta": …}')


def read_card(service: Any) -> Card:
    """One service as a card. Raises NotACard saying in one line what is wrong."""
    if not isinstance(service, dict):
        raise NotACard("it is no JSON object")
    name = _text(service.get("nome"))
    if not name:
        raise NotACard("the card has no name (`nome`)")
    try:
        return _card(name, service)
    except ValidationError as error:
        raise NotACard(one_line(error)) from None


def _text(value: Any) -> str:
    """Text of a value in any of the shapes that the API gives to one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if _is_figure(value) else ""
    if isinstance(value, dict):
        return next(
            (t for key in ("descricao", "nome", "item") if (t := _text(value.get(key)))),
            "",
        )
    return ""


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _rows(value: Any, *keys: str) -> list[Any]:
    """The list in `value`, or under the first of `keys` that it has; a lone row counts as one."""
    if isinstance(value, dict):
        value = next((value[key] for key in keys if value.get(key) is not None), None)
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for row in _rows(value, "item") if (text := _text(row)))


def _is_figure(value: Any) -> bool:
    """Whether `value` is a number that a card may state; JSON may hold NaN and 1e400 too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _brazilian(value: float) -> str:
    """As money is written in Brazil: 1364.2 gives 1.364,20."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _number(value: Any) -> str:
    """A count, as Brazilians write it where the API gives a number."""
    if isinstance(value, float) and _is_figure(value):
        return str(int(value)) if value.is_integer() else _brazilian(value)
    return _text(value)


def _price(value: Any) -> str:
    """A sum of money, as Brazilians write it where the API gives a number."""
    return _brazilian(value) if _is_figure(value) else _text(value)


def _card(name: str, service: dict[str, Any]) -> Card:
    applicants = _rows(service.get("solicitantes"), "solicitante", "item")
    identifier = _text(service.get("id")) or _text(service.get("dbId"))
    tail = re.search(r"(\d+)/?$", identifier)
    url = _text(service.get("url"))
    slug = url.rstrip("/").rpartition("/")[2].partition("?")[0]
    return Card(
        origin="json",
        name=name,
        number=tail[1] if tail else "",
        slug=slug if not slug.isdigit() else "",
        revision=_revision(service),
        as_of=_date(service),
        acronym=_text(service.get("sigla")),
        popular_names=_texts(service.get("nomesPopulares")),
        description=_text(service.get("descricao")),
        contact=_text(service.get("contato")),
        free={"true": True, "false": False}.get(_text(service.get("gratuito")).lower()),
        url=url,
        digital_url=_text(service.get("linkServicoDigital")),
        applicants=tuple(
            Applicant(
                kind=_text(_get(row, "tipo") or row),
                requirements=_text(_get(row, "requisitos")),
            )
            for row in applicants
        ),
        duration=_duration(service.get("tempoTotalEstimado")),
        validity=_validity(service.get("validadeDocumento")),
        steps=tuple(_step(row) for row in _rows(service.get("etapas"), "etapa", "item")),
        agency=_text(_get(service.get("orgao"), "nomeOrgao") or service.get("orgao")),
        areas=_texts(service.get("areasDeInteresse")),
        keywords=_texts(service.get("palavrasChave")),
        laws=_texts(service.get("legislacoes")),
        accessibility=_text(service.get("condicoesAcessibilidade")),
        priority=_text(service.get("tratamentoPrioritario")),
        treatment=_text(service.get("tratamentoDispensadoAtendimento")),
    )


def _revision(service: dict[str, Any]) -> int:
    rows = (
        _get(row, "id")
        for key in ("etapas", "solicitantes")
        for row in _rows(service.get(key), "solicitante", "etapa", "item")
    )
    return max((row for row in rows if isinstance(row, int) and 0 <= row < 10**18), default=0)


def _date(service: dict[str, Any]) -> str | None:
    """The day on which the service was last edited, if the payload names one."""
    for key in _DATES:
        value = service.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 10**11 < value < 10**13:
            return datetime.fromtimestamp(value / 1000, UTC).date().isoformat()
        text = _text(value)
        brazilian = re.match(r"(\d{2})/(\d{2})/(\d{4})", text)
        written = "-".join(reversed(brazilian.groups())) if brazilian else text[:10]
        try:
            return date.fromisoformat(written).isoformat()
        except ValueError:
            continue  # an unreadable date is no date; the caller falls back on the retrieval day
    return None


def _duration(value: Any) -> Duration | None:
    if not isinstance(value, dict):
        return None
    text = _text(value.get("descricao"))
    for key, kind in _DURATIONS.items():
        if value.get(key) is None or value[key] is False:
            continue
        row = value[key] if isinstance(value[key], dict) else {}
        if kind in ("up_to", "between", "on_average") and not _number(row.get("max")).strip("0"):
            continue  # the API sends empty variants beside the one that is meant
        return Duration.model_validate(
            {
                "kind": kind,
                "minimum": _number(row.get("min")),
                "maximum": _number(row.get("max")),
                "unit": _text(row.get("unidade")),
                "text": text,
            }
        )
    return Duration(text=text) if text else None


def _validity(value: Any) -> Validity | None:
    if not isinstance(value, dict):
        return None
    term = value.get("validoPor")
    return Validity(
        amount=_number(_get(term, "max") or value.get("quantidade")),
        unit=_text(_get(term, "unidade") or value.get("unidade")),
        unlimited=_text(value.get("tipo")).lower().startswith("sem")
        or value.get("semValidade") is not None,
        text=_text(value.get("descricao")),
    )


def _cases(value: Any, plural: str, singular: str) -> Iterator[tuple[str, Any]]:
    """Each row with the circumstance in which it holds, empty for always."""
    for row in _rows(value, plural, singular, "item"):
        yield "", row
    for group in _rows(_get(value, "casos"), "caso", "item"):
        for row in _rows(group, singular, plural, "item"):
            yield _text(_get(group, "descricao")), row


def _step(value: Any) -> Step:
    return Step(
        title=_text(_get(value, "titulo")),
        text=_text(_get(value, "descricao")),
        evidence=tuple(
            Evidence(text=text, case=case)
            for case, row in _cases(_get(value, "documentos"), "documentos", "documento")
            if (text := _evidence(row))
        ),
        costs=tuple(
            _cost(row, case)
            for case, row in _cases(_get(value, "custos"), "custos", "custo")
            if isinstance(row, dict)
        ),
        channels=tuple(
            _channel(row, case)
            for case, row in _cases(
                _get(value, "canaisDePrestacao"),
                "canaisDePrestacao",
                "canalDePrestacao",
            )
        ),
        duration=_duration(_get(value, "tempoTotalEstimado")),
    )


def _evidence(row: Any) -> str:
    """Name, then where to get it and remarks where the API gives them."""
    parts = [_text(_get(row, "nome")) or _text(row)]
    parts += [_text(_get(row, key)) for key in ("ondeObter", "observacoes")]
    return "\n".join(part for part in dict.fromkeys(parts) if part)


def _cost(row: dict[str, Any], case: str) -> Cost:
    return Cost(
        text=_text(row.get("descricao")),
        currency=_text(row.get("moeda")),
        value=_price(row.get("valor")),
        variable=_price(row.get("valorVariavel")),
        is_variable=_text(row.get("statusCustoVariavel")) in ("1", "true"),
        case=case,
    )


def _channel(row: Any, case: str) -> Channel:
    return Channel(
        kind=_text(_get(row, "tipo")),
        text=_text(_get(row, "descricao") if isinstance(row, dict) else row),
        wait=_number(_get(row, "tempoEstimadoEspera")),
        wait_unit=_text(_get(row, "tempoEstimadoPeriodo")),
        if_unavailable=_text(_get(row, "procedimentoSistemaIndisponivel")),
        case=case,
    )
