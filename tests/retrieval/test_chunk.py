import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunk import LIMIT, passages, sentences, widened
from sources.document import Document, Field, Provenance, TextBuilder

WORD = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
TEXT = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
LONG = st.tuples(TEXT, st.integers(1, 60)).map(lambda t: f"{t[0]}. " * t[1])
SECTION = st.tuples(
    LONG, st.sampled_from([Field.BODY, Field.COST]), st.sampled_from(["", "Costo"]),
    st.sampled_from([None, 1, 2]),
)  # fmt: skip


def document(sections):
    writer = TextBuilder()
    writer.heading("Título")
    for text, field, heading, page in sections:
        writer.section(text, field=field, heading=heading, page=page)
    return Document(
        id="x", title="Título", language="es", country="CL", text=writer.text,
        sections=tuple(writer.sections), provenance=Provenance(source_id="s", agency="A"),
    )  # fmt: skip


@given(st.lists(SECTION, max_size=6))
def test_a_passage_is_a_stretch_of_the_document_within_the_limit(sections):
    made = document(sections)
    found = passages(made)
    assert [p.ordinal for p in found] == list(range(len(found)))
    assert len({p.id for p in found}) == len(found)
    end = 0
    for passage in found:
        assert end <= passage.start < passage.end <= len(made.text)
        assert 0 < len(made.text[passage.start : passage.end]) <= LIMIT
        end = passage.end


@given(st.lists(SECTION, max_size=6))
def test_every_word_of_a_section_stands_in_a_passage_of_its_kind(sections):
    made = document(sections)
    found = passages(made)
    for section in made.sections:
        key = (section.field, section.heading, section.page)
        mine = [p for p in found if (p.field, p.heading, p.page) == key]
        inside = {n for p in mine for n in range(p.start, p.end)}
        left_out = [n for n in range(section.start, section.end) if n not in inside]
        assert not "".join(made.text[n] for n in left_out).strip()


def test_small_neighbours_are_joined_and_other_kinds_are_not():
    same = [("Uno.", Field.COST, "Costo", None), ("Dos.", Field.COST, "Costo", None)]
    made = document([*same, ("Tres.", Field.BODY, "", None)])
    assert [made.text[p.start : p.end] for p in passages(made)] == ["Uno.\nDos.", "Tres."]


def test_a_section_that_fits_is_never_split():
    text = "Una frase corta. " * 50
    made = document([("A" * 600, Field.BODY, "", None), (text, Field.BODY, "", None)])
    assert [made.text[p.start : p.end] for p in passages(made)] == ["A" * 600, text.strip()]


def test_a_long_section_is_cut_between_sentences():
    made = document([("Debe presentar su cédula vigente. " * 80, Field.BODY, "", None)])
    quotes = [made.text[p.start : p.end] for p in passages(made)]
    assert len(quotes) > 1
    assert all(q.startswith("Debe") and q.endswith("vigente.") for q in quotes)


@pytest.mark.parametrize("text", ["x" * 5000, "palabra " * 700])
def test_a_text_without_sentences_is_cut_all_the_same(text):
    made = document([(text, Field.BODY, "", None)])
    joined = "".join(made.text[p.start : p.end] for p in passages(made))
    assert joined.replace(" ", "") == text.replace(" ", "")


@given(TEXT, st.integers(0, 1000))
def test_sentences_have_no_blanks_around_them(text, start):
    for left, right in sentences(text, start):
        piece = text[left - start : right - start]
        assert piece == piece.strip() != ""


def test_a_cut_passage_is_shown_with_its_neighbours():
    text = " ".join(f"Esta es la oración número {n} del texto." for n in range(120))
    made = document([(text, Field.BODY, "", None)])
    found = passages(made)
    assert len(found) > 3
    middle = found[1]
    start, end = widened(made, middle.start, middle.end)
    assert (start, end) == (found[0].start, found[2].end)
    assert made.text[start:end].endswith(".")
    assert widened(made, found[0].start, found[0].end) == (found[0].start, found[1].end)


def test_a_passage_of_whole_sections_is_shown_as_it_is():
    made = document([("Una sola oración.", Field.COST, "Costo", None)])
    (only,) = passages(made)
    assert widened(made, only.start, only.end) == (only.start, only.end)
