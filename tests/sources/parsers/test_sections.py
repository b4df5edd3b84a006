"""Blocks become sections that quote exactly, with their heading, page and property."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sources.document import Field
from sources.parsers.blocks import Block, Kind, clean, heading
from sources.parsers.sections import write


def sections(*blocks: Block, title: str = "T") -> list[tuple[Field, str, str]]:
    built = write(blocks, title)
    return [(s.field, s.heading, built.text[s.start : s.end]) for s in built.sections]


def test_a_heading_that_says_nothing_falls_back_on_its_parent() -> None:
    found = sections(
        heading("Costos", 2), heading("Licencia A1", 3), Block("S/ 10."), heading("Otros", 2),
        Block("Nada."),
    )  # fmt: skip
    assert found == [
        (Field.COST, "Costos › Licencia A1", "S/ 10."),
        (Field.BODY, "Otros", "Nada."),
    ]


def test_the_title_speaks_only_for_what_stands_right_below_it() -> None:
    found = sections(
        heading("Tarifas del metro", 1), Block("$ 800."), heading("Avisos", 2), Block("Hoy abre."),
        title="Tarifas del metro",
    )  # fmt: skip
    assert found == [(Field.COST, "", "$ 800."), (Field.BODY, "Avisos", "Hoy abre.")]


def test_two_procedures_in_one_file_keep_their_costs_apart() -> None:
    blocks = [
        part
        for name, price in (("Licencia", "S/ 20"), ("Duplicado", "S/ 10"))
        for part in (heading(name, 2), heading("Costo", 3), Block(price))
    ]
    assert [h for _, h, _ in sections(*blocks)] == ["Licencia › Costo", "Duplicado › Costo"]


def test_a_label_wins_over_the_heading() -> None:
    found = sections(heading("Costo", 2), Block("Plazo: 5 días"), Block("Nota: pague antes"))
    assert [field for field, _, _ in found] == [Field.PROCESSING_TIME, Field.COST]


def test_labelled_lines_of_one_paragraph_part() -> None:
    found = sections(Block("Oficina central\nAv. Uno 5\nTeléfono: 600\nCosto: gratis"))
    assert found == [
        (Field.BODY, "", "Oficina central\nAv. Uno 5"),
        (Field.CONTACT_POINT, "", "Teléfono: 600"),
        (Field.COST, "", "Costo: gratis"),
    ]


def test_a_known_label_heads_the_list_below_it_and_no_more() -> None:
    found = sections(
        Block("Requisitos:"), Block("Uno", Kind.ITEM), Block("Dos", Kind.ITEM), Block("Fin.")
    )
    assert found == [
        (Field.REQUIREMENT, "Requisitos", "Uno"),
        (Field.REQUIREMENT, "Requisitos", "Dos"),
        (Field.BODY, "", "Fin."),
    ]


def test_a_short_list_stays_with_its_sentence_and_a_long_one_is_headed_by_it() -> None:
    sentence = "Si es extranjero, además debe presentar:"
    assert sections(Block(sentence), Block("Visa", Kind.ITEM), Block("Pasaporte", Kind.ITEM)) == [
        (Field.EVIDENCE, "", f"{sentence}\n- Visa\n- Pasaporte")
    ]
    long = [Block(f"Documento {n}: " + "x" * 90, Kind.ITEM) for n in range(20)]
    found = sections(Block(sentence), *long)
    assert len(found) == 20
    assert {h for _, h, _ in found} == {sentence.rstrip(":")}


def test_ordered_items_keep_their_number() -> None:
    found = sections(heading("Pasos", 2), Block("Entre.", Kind.ITEM, marker="1)"))
    assert found == [(Field.STEPS, "Pasos", "1) Entre.")]


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80)
BLOCKS = st.lists(
    st.builds(
        lambda text, kind, level: (
            heading(clean(text), level) if kind is Kind.HEADING else Block(clean(text), kind)
        ),
        TEXTS | st.sampled_from(["Requisitos:", "Costo: 1", "a:", "¿Qué? Sí\nPlazo: 2"]),
        st.sampled_from(Kind),
        st.integers(1, 7),
    ),
    max_size=12,
)


@given(BLOCKS, TEXTS)
def test_every_section_quotes_exactly_and_nothing_is_lost(blocks: list[Block], title: str) -> None:
    built = write(blocks, title)
    position = 0
    for section in built.sections:
        quote = built.text[section.start : section.end]
        assert quote
        assert quote == quote.strip()
        assert section.start >= position
        position = section.end
    for block in blocks:
        for line in filter(str.strip, block.text.rstrip(":").split("\n")):
            assert line.strip() in built.text or block.kind is Kind.HEADING
