"""Figures in a text (money, dates, telephones, laws, percentages); whether a quote holds them."""

from __future__ import annotations

import re

_BLANK = " \u00a0\u202f"
_NUMBER = re.compile(rf"\d+(?:[.,'’{_BLANK}]\d+)*")
_SEPARATOR = re.compile(rf"[.,'’{_BLANK}]")
_BLANKS = re.compile(f"[{_BLANK}]")
_TELEPHONE = 7
"""Digits from which a number may be given without its first ones: a country's or an area's code."""

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


def amount(written: str) -> str:
    """A number as written → its value: "1.900", "1,900", "1 900" and "1900,00" are "1900", "6.70" is
    "6.7". What follows the last of several different marks, or a single one with other than three
    digits behind it, are decimals.
    """
    groups = _SEPARATOR.split(written)
    marks = _SEPARATOR.findall(written)
    decimals = ""
    single = len(marks) == 1 and marks[0] in ".," and (len(groups[1]) != 3 or groups[0] == "0")
    if single or (len(set(marks)) > 1 and marks[-1] in ".,"):
        decimals = groups.pop().rstrip("0")
    whole = "".join(groups).lstrip("0") or "0"
    return f"{whole}.{decimals}" if decimals else whole


def figures(text: str) -> set[str]:
    """The values of the numbers of `text`."""
    return {amount(match.group()) for match in _NUMBER.finditer(text)}


def unsupported(sentence: str, quotes: list[str]) -> set[str]:
    """The figures of `sentence` that stand in none of `quotes`."""
    values: set[str] = set()
    for quote in quotes:
        values |= figures(quote) | figures(_BLANKS.sub("\n", quote))
    missing = set()
    for match in _NUMBER.finditer(sentence):
        value = amount(match.group())
        parts = [amount(part) for part in _BLANKS.split(match.group())]
        local = len(value) >= _TELEPHONE and any(known.endswith(value) for known in values)
        if value not in values and not local and not (len(parts) > 1 and values.issuperset(parts)):
            missing.add(value)
    return missing
