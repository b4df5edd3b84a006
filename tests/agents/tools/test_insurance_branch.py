from dataclasses import replace

import pytest

from agents.toolkit import Age
from agents.tools.insurance_branch import insurance_branch
from tests.agents.tools.data import access


def run(house, country, **facts):
    return insurance_branch.function(access(None, house.searcher, country), **facts)


def headings(result):
    return [part.heading for part in result.parts]


CASES = [
    ("CL", {}, ["fonasa", "check"], {"unsaid_insurance", "unsaid_work"}),
    ("CL", {"insurance": "unsure"}, ["fonasa", "check"], {"unsaid_insurance", "unsaid_work"}),
    ("CL", {"insurance": "public"}, ["fonasa_now", "check"], set()),
    ("CL", {"insurance": "private"}, ["not_fonasa", "check"], {"no_isapre"}),
    ("CL", {"insurance": "forces"}, ["not_fonasa", "check"], {"no_isapre"}),
    ("CL", {"insurance": "none", "work": "self_employed"}, ["fonasa", "check"], set()),
    (
        "PE",
        {},
        ["sis_all", "sis_paid", "check"],
        {"unsaid_insurance", "unsaid_work", "unsaid_poor", "no_essalud"},
    ),
    ("PE", {"insurance": "social"}, ["sis_other", "check"], {"no_essalud"}),
    (
        "PE",
        {"poor": True, "insurance": "none"},
        ["sis_poor", "sis_all", "check"],
        {"unsaid_work", "no_essalud"},
    ),
    (
        "PE",
        {"pregnant": True, "insurance": "none"},
        ["sis_group", "sis_all", "sis_paid", "check"],
        {"unsaid_work", "unsaid_poor", "no_essalud"},
    ),
    (
        "PE",
        {"age": Age(36), "insurance": "none"},
        ["sis_group", "sis_all", "sis_paid", "check"],
        {"unsaid_work", "unsaid_poor", "no_essalud"},
    ),
    (
        "PE",
        {"age": Age(60), "insurance": "none"},
        ["sis_all", "sis_paid", "check"],
        {"unsaid_work", "unsaid_poor", "no_essalud"},
    ),
    ("PE", {"insurance": "public"}, ["check"], {"unsaid_work", "unsaid_poor", "no_essalud"}),
    ("BR", {}, ["sus", "check"], {"sus_unverified"}),
    ("BR", {"insurance": "private"}, ["sus", "check"], {"sus_unverified"}),
    ("DO", {}, ["senasa", "ars", "check"], {"unsaid_work", "unsaid_poor", "no_ars_finder"}),
    ("DO", {"work": "unemployed", "poor": True}, ["senasa", "check"], {"no_ars_finder"}),
    ("DO", {"work": "employed"}, ["senasa_not", "ars", "check"], {"no_ars_finder"}),
    ("DO", {"work": "pensioner"}, ["senasa_pension", "check"], {"unsaid_poor", "no_ars_finder"}),
]


@pytest.mark.parametrize(("country", "facts", "parts", "notices"), CASES)
def test_the_branch_and_what_is_not_known(house, country, facts, parts, notices):
    found = run(house, country, **facts)
    assert headings(found) == parts
    assert set(found.notices) == notices | {"dated"}


def test_only_documents_of_the_country_are_cited(house):
    for country, facts, _, _ in CASES:
        found = run(house, country, **facts)
        cited = [c for part in found.parts for c in part.lines]
        assert cited and {c.document.country for c in cited} == {country}


def test_another_tenant_sees_nothing_of_what_is_not_its_own(house):
    shut = replace(access(None, house.searcher, "CL"), tenants=("other",))
    assert insurance_branch.function(shut).parts == ()
