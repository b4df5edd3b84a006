from types import SimpleNamespace

import pytest

from agents.toolkit import Age
from agents.tools.vaccines_due import _ages, vaccines_due
from sources.document import Document, Field, Provenance, TextBuilder
from tests.agents.tools.data import access


def run(searcher, country, months, language="es"):
    return vaccines_due.function(access(None, searcher, country, language), Age(months))


def test_without_a_schedule_it_says_so_and_cites_the_document_on_vaccination(house):
    found = run(house.searcher, "BR", 2, "pt")
    cited = {c.document.id for part in found.parts for c in part.lines}
    assert "br-health-vacinacao" in cited
    assert found.notices == ("no_schedule",) and not found.lines
    assert found.values == {"age": "2 meses"}


@pytest.mark.parametrize("country", ["CL", "PE", "DO"])
def test_where_no_document_speaks_of_vaccines_nothing_is_shown(house, country):
    found = run(house.searcher, country, 2)
    assert not found.lines and not found.parts and not found.notices


SCHEDULE = (
    ("Al nacer se aplica la vacuna BCG.", Field.BODY),
    ("A los 2, 4 y 6 meses se aplica la hexavalente.", Field.BODY),
    ("A los 18 meses, el refuerzo.", Field.BODY),
    ("A los 4 años se aplica la tríplice.", Field.BODY),
    ("Las vacunas se aplican en el vacunatorio.", Field.CHANNEL),
)


@pytest.fixture
def searcher():
    """Finds one document, whose sections are a schedule."""
    writer = TextBuilder()
    for text, field in SCHEDULE:
        writer.section(text, field=field)
    document = Document(
        id="cl-vacunas",
        title="Calendario de vacunas",
        language="es",
        country="CL",
        text=writer.text,
        sections=tuple(writer.sections),
        provenance=Provenance(source_id="x", agency="MINSAL"),
    )
    found = SimpleNamespace(documents=(SimpleNamespace(document=document),))
    return SimpleNamespace(search=lambda *_, **__: found)


@pytest.mark.parametrize(("months", "line"), [(0, 0), (2, 1), (4, 1), (6, 1), (18, 2), (48, 3)])
def test_a_schedule_is_cited_at_its_age(searcher, months, line):
    found = run(searcher, "CL", months)
    assert [c.document.text[c.start : c.end] for c in found.lines] == [SCHEDULE[line][0]]
    assert found.notices == ("no_advice",)
    [where] = found.parts
    assert where.heading == "where"


def test_an_age_that_the_schedule_does_not_name_is_said(searcher):
    found = run(searcher, "CL", 30)
    assert not found.lines and found.notices == ("no_age", "no_advice")
    assert [part.heading for part in found.parts] == ["schedule", "where"]
    assert len(found.parts[0].lines) == 4


@pytest.mark.parametrize(
    ("text", "language", "months"),
    [
        ("al nacer", "es", {0}),
        ("Aos 2, 4 e 6 meses", "pt", {2, 4, 6}),
        ("1 año y 6 meses", "es", {18}),
        ("A los 11 años", "es", {132}),
        ("Um documento de identidade", "pt", set()),
    ],
)
def test_ages_in_words(text, language, months):
    assert _ages(text, language) == months
