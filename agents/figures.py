"""Figures in a text (money, dates, telephones, laws, percentages); whether a quote holds them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:[.,  '’]\d+)*")
_SEPARATORS = re.compile(r"\D")

SHOWS = {
    "number": re.compile(r"\d"),
    "money": re.compile(
        r"(?:R\$|RD\$|S/\.?|US\$|USD|\$|UF\b|UTM\b)\s?\d|\d[\d.,]*\s?(?:pesos|soles|reais|dólares|UF|UTM)\b"
        r"|\b(?:gratuit[oa]s?|gratis|grátis|sin costo|sem custo|no tiene costo|não tem custo)\b",
        re.IGNORECASE,
    ),
    "duration": re.compile(
        r"\b\d+(?:[.,]\d+)?\s*(?:h|horas?|min|minutos?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|anos?)\b"
        r"|\b(?:inmediat[oa]|imediat[oa])\w*|\b(?:un[ao]?|dos|tres|cuatro|cinco|seis|um|uma|dois|três|quatro)\s"
        r"(?:d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|horas?)\b",
        re.IGNORECASE,
    ),
    "date": re.compile(
        r"\b\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b|\b\d{1,2}:\d{2}\b|\b(?:19|20)\d{2}\b"
        r"|\b(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre"
        r"|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro)\b"
        r"|\b(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo|segunda|terça|quarta|quinta|sexta)\b",
        re.IGNORECASE,
    ),
    "phone": re.compile(
        r"(?:\+?\d[\d\s().-]{6,}\d)|\b(?:tel[eé]fono|telefone|fono|ligue|llame)\b[^.\n]{0,30}\d{3}|[\w.+-]+@[\w-]+\.\w+",
        re.IGNORECASE,
    ),
    "law": re.compile(
        r"\b(?:ley|lei|decreto|resoluci[oó]n|resolução|portaria|instrução normativa|instrucción|"
        r"D\.?S\.?|D\.?L\.?|D\.?F\.?L\.?|"
        r"constitui[cç][aã]o|constituci[oó]n|c[oó]digo|norma|edita(?:l|is)|reglamento|regulamento|RDC|MP)\b",
        re.IGNORECASE,
    ),
    "place": re.compile(
        r"https?://|www\.|\.gob\.|\.gov\.|@|"
        r"\b(?:presencial|en l[ií]nea|online|internet|"
        r"oficina|sucursal|municipalidad|"
        r"aplicativo|portal|sitio|site|posto|agência|calle|avenida|av\.|rua|piso|local|direcci[oó]n|endereço)\b",
        re.IGNORECASE,
    ),
}
"""By what an aspect shows (``agents/rules/aspects.yaml``): how a sentence that answers it looks."""


def shows(kind: str, text: str) -> bool:
    """Whether `text` holds a thing of that kind; "list" and "any" hold in every text."""
    pattern = SHOWS.get(kind)
    return pattern is None or bool(pattern.search(text))


def figures(text: str) -> set[str]:
    """The numbers of `text` as bare digits; "1.900", "1,900" and "1900" are one figure."""
    return {_SEPARATORS.sub("", match.group()) for match in _NUMBER.finditer(text)}


def unsupported(sentence: str, quotes: list[str]) -> set[str]:
    """The figures of `sentence` that stand in none of `quotes`."""
    return figures(sentence) - set().union(*(figures(quote) for quote in quotes))
