from datetime import date, datetime

import pytest

from agents.toolkit.passages import in_force
from agents.tools.eligibility import eligibility
from tests.agents.tools.data import access

COUNTRY = {"beca-18": "PE", "gratuidad": "CL", "prouni": "BR", "fies": "BR"}


def verdicts(house, programme, country="", now=datetime(2026, 11, 23, 12), **said):
    """Verdict → the first words that tell a condition."""
    given = access(None, house.searcher, country or COUNTRY[programme], now=now)
    found = eligibility.function(given, programme, **said)
    return {
        p.heading: [c.document.text[c.start : c.end] for c in p.lines] for p in found.parts
    }, found


def standing(house, programme, words, **said):
    groups, _ = verdicts(house, programme, **said)
    [verdict] = [v for v, lines in groups.items() if any(words in line for line in lines)]
    return verdict


CASES = [
    ("gratuidad", "60 %", {"percent": "40"}, "met"),
    ("gratuidad", "60 %", {"percent": "60"}, "met"),
    ("gratuidad", "60 %", {"percent": "70"}, "not_met"),
    ("gratuidad", "60 %", {"decile": "6"}, "met"),
    ("gratuidad", "60 %", {"decile": "septimo"}, "not_met"),
    ("gratuidad", "60 %", {}, "unknown"),
    ("gratuidad", "adscrita", {"mode": "presence"}, "unknown"),
    ("gratuidad", "adscrita", {"mode": "distance"}, "not_met"),
    ("gratuidad", "título profesional", {"degree": "have"}, "not_met"),
    ("gratuidad", "título profesional", {"degree": "technical"}, "unknown"),
    ("gratuidad", "título profesional", {"degree": "none"}, "met"),
    ("gratuidad", "chileno o extranjero", {"nationality": "CL"}, "met"),
    ("gratuidad", "chileno o extranjero", {"nationality": "other"}, "unknown"),
    ("gratuidad", "chileno o extranjero", {"nationality": "irregular"}, "not_met"),
    (
        "gratuidad",
        "residencia temporal",
        {"nationality": "temporary", "schooling": "abroad"},
        "not_met",
    ),
    ("gratuidad", "residencia temporal", {"nationality": "temporary", "schooling": "here"}, "met"),
    ("gratuidad", "residencia temporal", {}, "unknown"),
    ("beca-18", "debe ser peruano", {"nationality": "PE"}, "met"),
    ("beca-18", "debe ser peruano", {"nationality": "other"}, "not_met"),
    ("beca-18", "SISFOH", {"poverty": "poor"}, "met"),
    ("beca-18", "SISFOH", {"poverty": "not_poor"}, "unknown"),
    ("beca-18", "rendimiento", {"merit": "high"}, "met"),
    ("beca-18", "ENP", {"exam": "not_taken"}, "not_met"),
    ("prouni", "450 pontos", {"marks": "450"}, "met"),
    ("prouni", "450 pontos", {"marks": "449,9"}, "not_met"),
    ("prouni", "450 pontos", {"exam": "not_taken"}, "not_met"),
    ("prouni", "redação", {"essay": "zerei"}, "not_met"),
    ("prouni", "redação", {"essay": "600"}, "met"),
    ("prouni", "edições", {"exam_year": "2025"}, "met"),
    ("prouni", "edições", {"exam_year": "2024"}, "unknown"),
    ("prouni", "edições", {"exam_year": "2026"}, "unknown"),
    ("prouni", "edições", {"exam_year": "2023"}, "not_met"),
    ("prouni", "1,5 salário", {"income": "1", "per_person": True}, "met"),
    ("prouni", "1,5 salário", {"income": "um e meio", "per_person": True}, "met"),
    ("prouni", "1,5 salário", {"income": "2", "per_person": True}, "not_met"),
    ("prouni", "3 salários", {"income": "2", "per_person": True}, "met"),
    ("prouni", "1,5 salário", {"income": "1"}, "met"),
    ("prouni", "1,5 salário", {"income": "3"}, "unknown"),
    ("prouni", "1,5 salário", {"income": "4", "household": "quatro"}, "met"),
    ("prouni", "1,5 salário", {"income": "4", "household": "2"}, "not_met"),
    ("prouni", "diploma", {"degree": "have"}, "not_met"),
    ("fies", "a partir de 2010", {"exam_year": "2009"}, "not_met"),
    ("fies", "a partir de 2010", {"exam_year": "2015"}, "met"),
    ("fies", "3 salários", {"income": "3,5", "per_person": True}, "not_met"),
    ("fies", "maior que 0", {"essay": "0"}, "not_met"),
]


@pytest.mark.parametrize(("programme", "words", "said", "verdict"), CASES)
def test_a_condition_by_what_was_said(house, programme, words, said, verdict):
    assert standing(house, programme, words, **said) == verdict


@pytest.mark.parametrize("programme", COUNTRY)
def test_with_nothing_said_all_is_unknown_and_nothing_promised(house, programme):
    groups, found = verdicts(house, programme)
    assert list(groups) == ["unknown"] and found.notices == ("no_promise", "dated")


def test_a_condition_that_is_not_for_the_person_is_left_out(house):
    groups, _ = verdicts(house, "gratuidad", nationality="CL")
    assert not any("residencia temporal" in line for lines in groups.values() for line in lines)


@pytest.mark.parametrize(("programme", "home"), COUNTRY.items())
def test_the_programme_of_another_country_is_not_offered(house, programme, home):
    for country in {"CL", "PE", "BR"} - {home}:
        groups, found = verdicts(house, programme, country=country)
        assert groups == {} and found.notices == ()


def test_a_rule_counts_only_while_it_is_in_force():
    rules = [{"valid_to": date(2026, 1, 31)}, {"valid_from": date(2026, 2, 1)}, {}]
    assert in_force(rules, date(2026, 1, 31)) == [rules[0], rules[2]]
    assert in_force(rules, date(2026, 2, 1)) == [rules[1], rules[2]]
