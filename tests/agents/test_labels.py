"""How far a value can be trusted is said from its own day, standing and term."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agents.labels import as_of, labels, section_at, stale, verification
from sources.document import Document, Field, Provenance, Section, Verification

TODAY = date(2026, 11, 23)
TEXT = "Cuesta 10 pesos."


def document(
    field: Field = Field.COST, provenance: dict[str, Any] | None = None, **own: Any
) -> Document:
    return Document(
        id="x-1",
        title="Un trámite",
        language="es",
        country="CL",
        text=TEXT,
        sections=(Section(field=field, start=0, end=len(TEXT), **own),),
        provenance=Provenance(
            source_id="x", agency="Agencia", **({"as_of": "2026-11-01"} | (provenance or {}))
        ),
    )


def told(made: Document, language: str = "es") -> list[str]:
    return labels(made, made.sections[0], TODAY, language)


def test_a_fresh_official_value_bears_no_label() -> None:
    assert told(document()) == []


def test_the_section_goes_before_the_document() -> None:
    made = document(as_of="2020", verification=Verification.PRESS)
    assert as_of(made, made.sections[0]) == "2020"
    assert verification(made, made.sections[0]) is Verification.PRESS
    plain = document()
    assert as_of(plain, plain.sections[0]) == "2026-11-01"
    assert verification(plain, plain.sections[0]) is Verification.OFFICIAL
    assert section_at(plain, 3) is plain.sections[0]


@pytest.mark.parametrize(("language", "label"), [("es", "por confirmar"), ("pt", "a confirmar")])
def test_an_unverified_value_says_so(language: str, label: str) -> None:
    assert told(document(verification=Verification.UNVERIFIED), language) == [label]


@pytest.mark.parametrize(
    ("field", "held", "old"),
    [
        (Field.COST, "2025-06-01", False),
        (Field.COST, "2025-04-30", True),
        (Field.COST, "2024", True),
        (Field.DESCRIPTION, "2022", False),
        (Field.LEGAL_RESOURCE, "2017", False),
        (Field.LEGAL_RESOURCE, "2015", True),
    ],
)
def test_a_value_ages_by_its_field(field: Field, held: str, old: bool) -> None:
    made = document(field, as_of=held)
    assert stale(made, made.sections[0], TODAY) is old
    assert any("puede haber cambiado" in label for label in told(made)) is old


def test_an_undated_cost_says_so_and_an_undated_description_does_not() -> None:
    assert told(document(provenance={"as_of": None})) == ["la fuente no tiene fecha"]
    assert told(document(Field.DESCRIPTION, provenance={"as_of": None})) == []


def test_a_term_that_ended_or_has_not_begun_is_told() -> None:
    assert told(document(valid_to=date(2026, 11, 22))) == ["ya no rige: su plazo terminó"]
    assert told(document(valid_to=TODAY)) == []
    assert told(document(valid_from=date(2026, 11, 24))) == ["todavía no rige"]
    assert told(document(valid_from=TODAY)) == []


def test_a_remark_of_ours_is_told_as_such_and_nothing_else() -> None:
    made = document(note=True, verification=Verification.UNVERIFIED)
    assert told(made) == ["nota sobre las fuentes"]


def test_the_first_label_is_the_weightiest() -> None:
    made = document(verification=Verification.UNVERIFIED, as_of="2019")
    assert told(made)[0] == "por confirmar"
    assert len(told(made)) == 2
