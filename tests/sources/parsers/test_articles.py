"""Laws are cut at their articles, whatever their texts call them."""

from __future__ import annotations

import pytest

from sources.document import Document, Provenance, TextBuilder
from sources.parsers.articles import lines_of, part_of, write
from sources.parsers.sections import GROUP_LIMIT


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Artículo 5°.- Las solicitudes se presentan.", "5"),
        ("Artículo 5° bis.- Las solicitudes.", "5 bis"),
        ("ARTÍCULO ÚNICO.- Apruébase.", "único"),
        ("Artículo primero transitorio.- Rige.", "primero transitorio"),
        ("Artículo transitorio.- Rige.", "transitorio"),
        ("Artículo 3 A.- Se entiende.", "3 A"),
        ("Art. 5º A lei regula.", "5"),
        ("Art.  1o A lei regula.", "1"),
        ("Art. 12-A. O pedido.", "12-A"),
        ("Art. 1.035. O recurso.", "1.035"),
        ("Artículos 5 y 6 de la ley.", ""),
        ("Parágrafo único. O prazo.", ""),
        ("El artículo 5 se aplica.", ""),
        ("Artefacto 5 se aplica.", ""),
    ],
)
def test_an_article_is_known_by_its_first_words(line: str, number: str) -> None:
    assert part_of(line).article == number


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("TÍTULO I", 4),
        ("Título III Disposiciones generales", 4),
        ("CAPÍTULO II – DOS DIREITOS.", 6),
        ("Párrafo 2º", 9),
        ("Disposiciones transitorias", 1),
        ("Capítulo 3 del reglamento, que se cita.", 0),
        ("Título de dominio vigente", 0),
        ("Parágrafo único", 0),
    ],
)
def test_a_division_is_told_from_a_sentence(line: str, level: int) -> None:
    assert part_of(line).level == level


LAW = """
Por cuanto el Congreso Nacional ha aprobado la siguiente ley:
TÍTULO I
De las normas generales
Artículo 1°.- La presente ley regula:
a) Los permisos.
Párrafo 2º
Artículo 2°.- Rige desde su publicación.
TÍTULO II
Artículo 3°.- Se deroga la anterior.
Anótese y publíquese.
Juan Pérez, Presidente.
Artículos transitorios
Artículo primero.- Habrá un año de plazo.
"""


def test_articles_become_sections_below_their_divisions() -> None:
    builder = TextBuilder()
    builder.heading("Ley 1")
    assert write(builder, map(part_of, LAW.strip().split("\n")), "es") == 4
    document = Document(
        id="x",
        title="Ley 1",
        language="es",
        country="CL",
        text=builder.text,
        sections=tuple(builder.sections),
        provenance=Provenance(source_id="x", agency="x"),
    )
    told = [(section.heading, document.quote(section)) for section in document.sections]
    assert told == [
        (
            "TÍTULO I De las normas generales › Artículo 1",
            "Artículo 1°.- La presente ley regula:\na) Los permisos.",
        ),
        (
            "TÍTULO I De las normas generales › Párrafo 2º › Artículo 2",
            "Artículo 2°.- Rige desde su publicación.",
        ),
        ("TÍTULO II › Artículo 3", "Artículo 3°.- Se deroga la anterior."),
        ("Artículos transitorios › Artículo primero", "Artículo primero.- Habrá un año de plazo."),
    ]
    assert "Juan Pérez" not in document.text and "Congreso" not in document.text


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        ("Santiago, 22 de mayo de 2003.", True),
        ("Brasília, 29 de janeiro de 1999; 178º da Independência", True),
        ("Santiago, Providencia y Ñuñoa.", False),
        ("Y por cuanto he tenido a bien aprobarlo", True),
    ],
)
def test_what_ends_a_law_is_told_from_its_text(line: str, closes: bool) -> None:
    assert part_of(line).closes is closes


def test_a_long_article_becomes_several_sections_of_one_heading() -> None:
    builder = TextBuilder()
    lines = ["Art. 5º São direitos:", *(f"{n} - {'direito ' * 20}" for n in range(12))]
    assert write(builder, map(part_of, lines), "pt") == 1
    assert {section.heading for section in builder.sections} == {"Art. 5"}
    assert len(builder.sections) > 2
    assert all(s.end - s.start <= GROUP_LIMIT + 12 for s in builder.sections)


def test_a_text_without_articles_is_written_whole() -> None:
    builder = TextBuilder()
    assert write(builder, map(part_of, ["Apruébase el reglamento.", "Rige ya."]), "es") == 0
    assert len(builder.sections) == 2


def test_wrapped_lines_are_joined() -> None:
    text = "     Artículo 1º.- Las disposiciones de la\npresente ley rigen.\n"
    text += "     En todo caso:\na) Uno\nb) Dos\n\nFin."
    assert lines_of(text) == [
        "Artículo 1º.- Las disposiciones de la presente ley rigen.",
        "En todo caso:",
        "a) Uno",
        "b) Dos",
        "Fin.",
    ]
