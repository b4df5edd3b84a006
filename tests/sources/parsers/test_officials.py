"""Officials' names are left out, units stay."""

from __future__ import annotations

import pytest

from sources.parsers.blocks import Block, Kind, heading
from sources.parsers.officials import without_officials


def kept(*blocks: Block, drop: tuple[str, ...] = ()) -> list[str]:
    return [block.text for block in without_officials(blocks, drop)]


@pytest.mark.parametrize(
    ("written", "stays"),
    [
        ("Gerencia de Servicios de Salud", "Gerencia de Servicios de Salud"),
        ("Gerencia de Salud, Lic. María Pérez", "Gerencia de Salud"),
        ("Gerencia de Salud – María Pérez de la Cruz", "Gerencia de Salud"),
        ("Gerencia de Salud (Juan Pérez)", "Gerencia de Salud"),
        ("Departamento de Afiliación Encargada: Ana Gómez", "Departamento de Afiliación"),
        (
            "Dirección de Registro, afiliación y cobranza",
            "Dirección de Registro, afiliación y cobranza",
        ),
        (
            "Dirección de Salud\nDra. Ana Gómez\nOficina Central",
            "Dirección de Salud\nOficina Central",
        ),
        ("Directora de la División de Cobros: Ana Gómez", ""),
        ("Juan Pérez", ""),
        ("Lic. Juan Pérez, Director", ""),
    ],
)
def test_of_an_area_only_the_unit_stays(written: str, stays: str) -> None:
    found = kept(
        heading("Área Responsable", 2), Block(written), heading("Costo", 2), Block("Gratis")
    )
    assert found == ["Área Responsable", *([stays] if stays else []), "Costo", "Gratis"]


def test_labels_and_cells_are_held_to_the_same() -> None:
    label = Block("Área responsable: Gerencia de Salud, Lic. María Pérez\nCosto: gratis")
    row = Block("Trámite: Carné; Unidad responsable: Ana Gómez; Costo: RD$ 50.", Kind.ROW)
    assert kept(label, row) == [
        "Área responsable: Gerencia de Salud\nCosto: gratis",
        "Trámite: Carné; Costo: RD$ 50.",
    ]


def test_a_dropped_heading_takes_its_content_along() -> None:
    blocks = (
        heading("Autoridades", 2),
        Block("Ministra: Ana Gómez"),
        heading("Viceministros", 3),
        Block("Juan Pérez"),
        heading("Requisitos", 2),
        Block("Cédula"),
        heading("Historia de la casa", 2),
        Block("Fundada en 1950"),
    )
    assert kept(*blocks) == ["Requisitos", "Cédula", "Historia de la casa", "Fundada en 1950"]
    assert kept(*blocks, drop=("Historia*",)) == ["Requisitos", "Cédula"]


def test_other_text_is_as_it_was() -> None:
    blocks = (
        heading("Requisitos", 2),
        Block("Carta del Director, con sello"),
        Block("Nota: x; y: z"),
    )
    assert list(without_officials(blocks)) == list(blocks)
