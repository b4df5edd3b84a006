"""CSV and XLSX as documents: rows are lines with their headers, registers are refused."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from sources.parsers import csv, parse, xlsx
from sources.parsers.blocks import Block, Kind, Unreadable
from sources.parsers.grid import MOST_ROWS, grid_blocks

FEES = "Trámite;Costo;Plazo\nLicencia;S/ 24,50;5 días\nDuplicado;S/ 9;\n"
ROWS = [
    "Trámite: Licencia; Costo: S/ 24,50; Plazo: 5 días.",
    "Trámite: Duplicado; Costo: S/ 9.",
]
REGISTER = "RBD;NOM_RBD;MAT_TOTAL;LATITUD;LONGITUD\n1;Escuela;300;-33,4;-70,6\n"


def workbook(sheets: dict[str, list[list[Any]]], title: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = title
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def shown(blocks: tuple[Block, ...]) -> list[tuple[str, str]]:
    return [(b.kind.value, b.text) for b in blocks if b.text]


@pytest.mark.parametrize(
    "text",
    [
        FEES,
        FEES.replace(",", ".").replace(";", "\t").replace("24.50", "24,50"),
        FEES.replace(";", "|"),
        "sep=;\n" + FEES,
        FEES.replace("\n", "\r\n"),
        '"Trámite","Costo","Plazo"\n"Licencia","S/ 24,50","5 días"\n"Duplicado","S/ 9",\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_of_any_kind(text: str, encoding: str) -> None:
    assert [b.text for b in csv.parse(text.encode(encoding)).blocks] == ROWS


def test_a_title_above_and_remarks_below() -> None:
    rows = [
        ["Tarifas municipales", "", ""],
        ["", "", ""],
        ["", "Trámite", "Costo", "Plazo"],
        ["", "Licencia", "S/ 24", "5 días"],
        [],
        ["Los pagos se hacen en caja."],
    ]
    assert shown(tuple(grid_blocks(rows))) == [
        ("heading", "Tarifas municipales"),
        ("row", "Trámite: Licencia; Costo: S/ 24; Plazo: 5 días."),
        ("text", "Los pagos se hacen en caja."),
    ]


def test_a_table_without_headers_after_an_empty_row_keeps_the_last_ones() -> None:
    rows = [["Trámite", "Costo", "Plazo"], ["A", "1", "2"], [], ["B", "3", "4"]]
    assert [b.text for b in grid_blocks(rows)] == [
        "Trámite: A; Costo: 1; Plazo: 2.",
        "Trámite: B; Costo: 3; Plazo: 4.",
    ]


def test_a_row_with_one_cell_among_others_heads_nothing() -> None:
    rows = [["Trámite", "Costo", "Plazo"], ["Licencia", "", ""], ["Patente", "20", "1 día"]]
    assert shown(tuple(grid_blocks(rows))) == [
        ("row", "Trámite: Licencia."),
        ("row", "Trámite: Patente; Costo: 20; Plazo: 1 día."),
    ]


def test_labels_and_values_are_pairs() -> None:
    found = tuple(grid_blocks([["Costo", "S/ 24.50"], ["Plazo", "5 días"]]))
    assert shown(found) == [("item", "Costo: S/ 24.50."), ("item", "Plazo: 5 días.")]


def test_an_open_quotation_mark_swallows_no_rows() -> None:
    data = 'Trámite;Costo;Plazo\n"Licencia;1;2\nPatente;3;4\nVisa;5;6\n'.encode()
    assert len(csv.parse(data).blocks) == 3


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_register_is_a_table_set(name: str) -> None:
    rows = [line.split(";") for line in REGISTER.splitlines()]
    data = REGISTER.encode() if name == "a.csv" else workbook({"Hoja1": rows})
    with pytest.raises(Unreadable, match=r"it is a table of schools\. Read it as a table set"):
        parse(data, name)


def test_too_many_rows_are_a_register_too() -> None:
    with pytest.raises(Unreadable, match="more than 5000 rows"):
        csv.parse(b"a;b;c\n" * (MOST_ROWS + 1))


def test_sheets_are_sections() -> None:
    data = workbook(
        {
            "Tarifas": [["Trámite", "Costo", "Vence", "Rebaja"], ["Licencia", 24.5, None, None]],
            "Escuelas": [line.split(";") for line in REGISTER.splitlines()],
            "Vacía": [],
            "Horario": [["Lunes a viernes de 9 a 14 horas."]],
        },
        title="Tarifas 2026",
    )
    parsed = xlsx.parse(data)
    assert parsed.title == "Tarifas 2026"
    assert shown(parsed.blocks) == [
        ("heading", "Tarifas"),
        ("row", "Trámite: Licencia; Costo: 24.5."),
        ("heading", "Horario"),
        ("text", "Lunes a viernes de 9 a 14 horas."),
    ]
    ((part, reason),) = parsed.unread
    assert part == "sheet 'Escuelas'"
    assert reason.startswith("it is a table of schools")


def test_values_read_as_they_are_shown() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Nombre", "Uno", "Dos", "Tres", "Cuatro", "Cinco", "Seis"])
    sheet.append(["x", 0.1 + 0.2, 5.0, date(2026, 3, 5), datetime(2026, 3, 5, 9, 30), True, 0.195])
    sheet["G2"].number_format = "0.0%"
    buffer = BytesIO()
    book.save(buffer)
    (row,) = (b.text for b in xlsx.parse(buffer.getvalue()).blocks if b.kind is Kind.ROW)
    assert row == (
        "Nombre: x; Uno: 0.3; Dos: 5; Tres: 2026-03-05; Cuatro: 2026-03-05 09:30:00; "
        "Cinco: true; Seis: 19.5%."
    )


def test_hidden_sheets_and_formulas_without_a_value() -> None:
    book = openpyxl.Workbook()
    book.active.append(["El trámite es gratuito."])
    book.active.append(["=1+1"])
    hidden = book.create_sheet("Oculta")
    hidden.append(["Secreto."])
    hidden.sheet_state = "hidden"
    buffer = BytesIO()
    book.save(buffer)
    parsed = xlsx.parse(buffer.getvalue())
    assert [b.text for b in parsed.blocks][1:] == ["El trámite es gratuito."]
    assert parsed.unread == (("sheet 'Oculta'", "it is hidden. Show it, if it is for readers."),)
