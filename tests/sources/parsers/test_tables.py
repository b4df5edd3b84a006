"""Every row of a table can be quoted by itself."""

from __future__ import annotations

from sources.document import Field
from sources.parsers.blocks import Kind
from sources.parsers.tables import table_blocks


def texts(rows: list[list[str]], headers: int | None = None) -> list[str]:
    return [block.text for block in table_blocks(rows, headers=headers) if block.text]


def test_rows_carry_their_headers_and_leave_out_empty_cells() -> None:
    rows = [["Tipo", "Valor", "Plazo"], ["Simple", "$ 1.000", ""], ["Legal.", "$ 2.000", "1 día"]]
    assert texts(rows) == [
        "Tipo: Simple; Valor: $ 1.000.",
        "Tipo: Legal.; Valor: $ 2.000; Plazo: 1 día.",
    ]


def test_labels_beside_values_are_told_from_a_header() -> None:
    assert texts([["Costo", "Gratis"], ["Plazo", "Un día"]]) == ["Costo: Gratis.", "Plazo: Un día."]
    assert texts([["Trámite", "Costo"], ["Copia", "Gratis"]]) == ["Trámite: Copia; Costo: Gratis."]


def test_figures_in_the_first_row_make_no_header() -> None:
    assert texts([["A1", "10", "x"], ["B2", "20", "y"]]) == ["A1; 10; x.", "B2; 20; y."]


def test_a_row_of_one_cell_heads_the_rows_below_it() -> None:
    rows = [["Tipo", "Valor"], ["Vehículos livianos"], ["Auto", "1"], ["El pago es anual."]]
    found = [(block.kind, block.text) for block in table_blocks(rows, headers=1)]
    assert found == [
        (Kind.HEADING, "Vehículos livianos"),
        (Kind.ROW, "Tipo: Auto; Valor: 1."),
        (Kind.TEXT, "El pago es anual."),
        (Kind.HEADING, ""),
    ]


def test_one_column_with_a_known_header_says_what_a_row_speaks_of() -> None:
    (block,) = table_blocks([["Trámite", "Costo"], ["Copia", "$ 100"]])
    assert block.hint is Field.COST
    (block,) = table_blocks([["Trámite", "Costo", "Plazo"], ["Copia", "$ 100", "1 día"]])
    assert block.hint is None


def test_merged_cells_and_repeated_headers_are_said_once() -> None:
    header = ["Zona", "Valor", "Valor"]
    assert texts([header, ["Norte", "5", "5"], header], headers=1) == ["Zona: Norte; Valor: 5."]


def test_nothing_comes_of_nothing() -> None:
    assert texts([]) == []
    assert texts([["", ""], []]) == []
    assert texts([["Sola"]]) == ["Sola."]
