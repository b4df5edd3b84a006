import pytest

from retrieval.places import Places
from retrieval.places.covering import Covering
from retrieval.places.place import Place


@pytest.fixture(scope="module")
def places():
    return Places.built_in()


@pytest.mark.parametrize(
    ("text", "country", "holds", "not_there"),
    [
        ("hospital en nunoa", "CL", {"CL-13120", "CL-131", "CL-RM"}, {"CL-13123", "CL-VS"}),
        ("farmacia en Miraflores", "PE", {"PE-150122", "PE-1501", "PE-LIM"}, {"PE-150101"}),
        ("escolas em Campinas", "BR", {"BR-3509502", "BR-SP"}, {"BR-3550308", "BR-RJ"}),
        ("escuela en Puerto Plata", "DO", {"DO-18"}, {"DO-25", "DO-2501"}),
        ("en la Región de Valparaíso", "CL", {"CL-VS", "CL-05"}, {"CL-05101", "CL-RM"}),
    ],
)
def test_a_place_has_the_codes_of_what_it_lies_in(places, text, country, holds, not_there):
    codes = places.territories(text, [country])
    assert holds <= codes
    assert not codes & not_there


@pytest.mark.parametrize("text", ["renovar la licencia", "", "soy médica"])
def test_no_place_narrows_nothing(places, text):
    assert places.territories(text, ["CL"]) == frozenset()


def test_a_place_of_nobody_knows_where_narrows_nothing():
    town = Place("CL", "", "Villa Nueva", "city", (), None, None)
    assert Covering([town]).codes([town]) == frozenset()


def test_a_town_without_a_code_has_those_of_its_region():
    region = Place("CL", "CL-VS", "Valparaíso", "region", (), None, None)
    town = Place("CL", "", "Villa Nueva", "city", ("Valparaíso",), None, None)
    assert Covering([region, town]).codes([town]) == {"CL-VS"}


def test_a_country_without_levels_keeps_the_place_alone():
    town = Place("UY", "1234", "Melo", "city", (), None, None)
    assert Covering([town]).codes([town]) == {"UY-1234"}
