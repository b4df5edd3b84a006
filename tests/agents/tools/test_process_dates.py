from datetime import date, datetime

import pytest

from agents.toolkit.passages import Period, period
from agents.tools.process_dates import process_dates
from sources.document import Field
from tests.agents.tools.data import access


def run(house, country, process, now=datetime(2026, 11, 23, 12), language="es"):
    return process_dates.function(access(None, house.searcher, country, language, now), process)


def parts(result):
    return {p.heading: [c.document.text[c.start : c.end] for c in p.lines] for p in result.parts}


def test_windows_that_passed_are_labelled_as_past(house):
    found = run(house, "CL", "fuas")
    assert set(parts(found)) == {"past", "unknown", "where"}
    assert len(parts(found)["past"]) == 5
    assert found.notices == ("none_known",)


def test_the_same_windows_were_open_and_to_come(house):
    groups = parts(run(house, "CL", "fuas", datetime(2025, 10, 10, 12)))
    assert groups["open"] == [
        "La postulación al FUAS para el proceso 2026 fue del 1 al 22 de octubre de 2025."
    ]
    assert len(groups["next"]) == 4 and "past" not in groups
    assert run(house, "CL", "fuas", datetime(2025, 10, 10, 12)).notices == ()


def test_the_last_day_is_still_open(house):
    assert len(parts(run(house, "CL", "fuas", datetime(2025, 10, 22, 23)))["open"]) == 1
    assert "open" not in parts(run(house, "CL", "fuas", datetime(2025, 10, 23, 0)))


def test_rules_of_every_year_are_kept_apart(house):
    groups = parts(run(house, "PE", "school"))
    assert "La matrícula regular es de diciembre a marzo." in groups["always"]
    assert run(house, "PE", "school").notices == ("only_rules",)


@pytest.mark.parametrize(
    ("country", "process"),
    [("BR", "prouni"), ("BR", "fies"), ("CL", "paes"), ("DO", "scholarship")],
)
def test_where_no_date_is_known_it_says_so_and_where_to_look(house, country, process):
    found = run(house, country, process, language="pt")
    assert set(parts(found)) == {"where"} and found.notices == ("none_known",)


def test_a_process_of_another_country_finds_nothing(house):
    found = run(house, "PE", "enem")
    assert not found.parts and found.values["name"] == "el Enem"


@pytest.mark.parametrize("country", ["CL", "PE", "BR", "DO"])
def test_every_line_is_a_section_on_dates_or_a_channel_of_that_country(house, country):
    for process in process_dates.arguments[0].choices:
        for part in run(house, country, process).parts:
            for cited in part.lines:
                [section] = [s for s in cited.document.sections if s.start == cited.start]
                assert section.field in (Field.TEMPORAL, Field.CHANNEL)
                assert cited.document.country == country


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Del 1 al 22 de octubre de 2025.", (2025, 10, 1), (2025, 10, 22)),
        ("Entre el 15 y el 21 de octubre de 2025.", (2025, 10, 15), (2025, 10, 21)),
        ("Corrió el 29 y 30 de octubre de 2025.", (2025, 10, 29), (2025, 10, 30)),
        ("De 28 de novembro a 3 de dezembro de 2026", (2026, 11, 28), (2026, 12, 3)),
        ("Del 28 de diciembre de 2025 al 3 de enero de 2026", (2025, 12, 28), (2026, 1, 3)),
        ("Vence el 5 de setiembre de 2026", (2026, 9, 5), (2026, 9, 5)),
    ],
)
def test_dates_in_words(text, first, last):
    assert period(text) == Period(date(*first), date(*last))


@pytest.mark.parametrize(
    "text", ["De diciembre a marzo.", "Hay 20 días (regla de 2020).", "El 31 de abril de 2026"]
)
def test_what_is_no_full_date(text):
    assert period(text) is None
