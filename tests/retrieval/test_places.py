"""Names of territories in questions: found, told apart, and not seen where there are none."""

import csv
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analyse import fold
from retrieval.places import Place, Places, regions
from retrieval.places.rows import built_in, from_rows, key_of, other_names
from retrieval.places.slips import Slips
from tests.bench import places as bench

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DEIS = DATA / "cl-deis-establecimientos" / "establecimientos_20260310.csv"
PROVINCES = DATA / "do-provincias" / "provincias_rd_postgres.sql"
TABLES = DATA / "pe-ubigeo" / "ubigeo_distrito.csv"


@pytest.fixture(scope="module")
def places():
    return Places.built_in()


@pytest.fixture(scope="module")
def complete():
    if not TABLES.is_file():
        pytest.skip("the official lists are not there")
    return bench.gazetteer()


def codes(found):
    return [[place.code for place in one.places] for one in found]


# ------------------------------------------------------------------ what is found


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("hospital con urgencia en Ñuñoa", "CL", "13120"),
        ("hospital con urgencia en nunoa", "CL", "13120"),
        ("hospital en Nun\u0303oa", "CL", "13120"),
        ("HOSPITAL EN ÑUÑOA", "CL", "13120"),
        ("farmacias en huechurava", "CL", "13107"),
        ("farmacias en wechuraba", "CL", "13107"),
        ("farmacias en Peñalolen", "CL", "13122"),
        ("farmacias en til til", "CL", "13303"),
        ("Tiltil", "CL", "13303"),
        ("farmacia en Puerto Mont", "CL", "10101"),
        ("farmacia en Pto. Montt", "CL", "10101"),
        ("hospitales en Stgo", "CL", "13101"),
        ("hospitales en Conce", "CL", "08101"),
        ("hospitales en Viña", "CL", "05109"),
        ("colegios en ohiggins", "CL", "CL-LI"),
        ("en la región del Maule", "CL", "CL-ML"),
        ("provincia de Cautín", "CL", "091"),
        ("paraderos cerca de San Martin de Porres", "PE", "150135"),
        ("paraderos san martin porrez", "PE", "150135"),
        ("paraderos en SMP", "PE", "150135"),
        ("paraderos en smp", "PE", "150135"),
        ("hospital en Sta. Anita", "PE", "150137"),
        ("Arequipa cercado", "PE", "040101"),
        ("en Arequipa", "PE", "0401"),
        ("distrito de Lima", "PE", "150101"),
        ("en Lima", "PE", "1501"),
        ("departamento de Lima", "PE", "PE-LIM"),
        ("Gral. Sánchez Cerro", "PE", "1802"),
        ("escolas em Belém", "BR", "1501402"),
        ("escolas em belem", "BR", "1501402"),
        ("ubs em BH", "BR", "3106200"),
        ("ubs em Sampa", "BR", "3550308"),
        ("no estado de São Paulo", "BR", "BR-SP"),
        ("em São Paulo", "BR", "3550308"),
        ("escolas em S. Paulo", "BR", "3550308"),
        ("em Sao Jose do Rio Preto", "BR", "3549805"),
        ("escolas em Pdte. Prudente", "BR", "3541406"),
        ("no Pará", "BR", "BR-PA"),
        ("em Goiás", "BR", "BR-GO"),
        ("en San Pedro Macorís", "DO", "2301"),
        ("en Santiago de los Caballeros", "DO", "2501"),
        ("provincia Santiago", "DO", "DO-25"),
        ("en la Romana", "DO", "1201"),
    ],
)
def test_a_name_is_found(places, text, country, code):
    meant = places.one(text, [country])
    assert isinstance(meant, Place), meant
    assert (meant.country, meant.code) == (country, code)


def test_offsets_are_code_points_of_the_text_as_it_came(places):
    text = "👩‍⚕️ ¿hospital en Nun\u0303oa o Maipú?"
    for found in places.find(text, ["CL"]):
        assert text[found.start : found.end] == found.words
    assert [f.words for f in places.find(text, ["CL"])] == ["Nun\u0303oa", "Maipú"]


def test_a_slip_is_told(places):
    assert places.find("en Ñuñoa", ["CL"])[0].exact
    assert places.find("en nunoa", ["CL"])[0].exact
    assert not places.find("en huechurava", ["CL"])[0].exact


def test_the_country_decides(places):
    assert places.one("hospitales en Santiago", ["CL"]).code == "13101"
    assert places.one("hospitales en Santiago", ["DO"]).code == "2501"
    assert {p.country for p in places.one("hospitales en Santiago")} == {"CL", "DO"}
    assert places.one("hospitales en Santiago, Chile").code == "13101"
    assert places.find("hospitales en Santiago de Chile", ["DO"]) == []


def test_the_kind_decides(places):
    assert codes(places.find("en Valparaíso", ["CL"])) == [["05101"]]
    assert codes(places.find("en Valparaíso", ["CL"], kinds=["region"])) == [["CL-VS"]]
    assert codes(places.find("la región de Valparaíso", ["CL"])) == [["CL-VS"]]


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("San Martín, Lima", "PE", "150135"),
        ("en Bellavista, Callao", "PE", "070102"),
        ("vivo en la florida, santiago", "CL", "13110"),
        ("Puente Alto, Región Metropolitana", "CL", "13201"),
        ("Victoria, Araucanía", "CL", "09211"),
        ("em Santa Luzia (MG)", "BR", "3157807"),
        ("Barueri-SP", "BR", "3505708"),
    ],
)
def test_the_territory_around_it_decides(places, text, country, expected):
    assert places.one(text, [country]).code == expected


def test_what_stays_open_is_asked_about(places):
    assert {p.code for p in places.one("Santo Domingo", ["DO"])} == {"0101", "DO-32"}
    assert {p.code for p in places.one("en San Martín", ["PE"])} == {"PE-SAM", "2209"}
    assert {p.code for p in places.one("¿hay hospital en Ñuñoa y Maipú?", ["CL"])} == {
        "13120",
        "13119",
    }
    assert places.one("¿cómo renuevo mi licencia?", ["CL"]) is None


def test_homonyms_in_the_complete_lists(complete):
    assert len(complete.one("en Miraflores", ["PE"])) == 4
    assert complete.one("en Miraflores", ["PE"])[0].code == "150122"
    assert complete.one("en Miraflores, Arequipa", ["PE"]).code == "040110"
    assert complete.one("em Bonito - MS", ["BR"]).code == "5002209"
    assert complete.one("em Rio Branco", ["BR"]).code == "1200401"


# ------------------------------------------------------------------ what is none


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("avenida Arequipa", "PE"),
        ("Av. Arequipa 1234", "PE"),
        ("jr. Lima cuadra 3", "PE"),
        ("rua São Paulo", "BR"),
        ("rua do Recife", "BR"),
        ("calle Lima", "PE"),
        ("avenida General San Martín", "PE"),
        ("colegio San Martín", "PE"),
        ("universidad de Chile", "CL"),
        ("universidad de Concepción", "CL"),
        ("Universidade Federal do Rio de Janeiro", "BR"),
        ("Perú", "PE"),
        ("en Chile", "CL"),
        ("Victoria quiere renovar su licencia", "CL"),
        ("me llamo Victoria Carmen", "CL"),
        ("mi hijo Santiago", "CL"),
        ("paz y salvo", "CL"),
        ("acta de nacimiento", "CL"),
        ("constitución de una empresa", "CL"),
        ("feriado de navidad", "CL"),
        ("serviços para mim", "BR"),
        ("dívida com a União", "BR"),
        ("lojas no natal", "BR"),
        ("Fundación Joaquim Nabuco", "DO"),
        ("mora em Angola", "CL"),
        ("salgo de viaje", "BR"),
    ],
)
def test_no_place(places, text, country):
    assert places.find(text, [country]) == []


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("comuna de independencia", "CL", "13108"),
        ("hospital en independencia", "CL", "13108"),
        ("¿dónde atienden? Vivo por Independencia", "CL", "13108"),
        ("hospital de victoria", "CL", "09211"),
        ("cerca de victoria", "CL", "09211"),
        ("Victoria", "CL", "09211"),
        ("comuna de Navidad", "CL", "06205"),
        ("municipio de esperanza", "DO", "2702"),
        ("municipalidad de La Unión", "CL", "14201"),
    ],
)
def test_an_everyday_word_is_a_place_where_the_words_around_it_say_so(places, text, country, code):
    assert places.one(text, [country]).code == code


def test_a_place_beside_a_street_is_found(places):
    assert places.one("av. Arequipa en Lima", ["PE"]).code == "1501"
    assert places.one("Avda. Libertador Bernardo O'Higgins en Santiago", ["CL"]).code == "13101"


def test_ordinary_questions_name_none(places):
    asked = bench.placeless()
    assert len(asked) >= 200
    assert bench.false_finds(places, asked) == []


def test_ordinary_questions_name_none_of_ten_thousand(complete):
    assert bench.false_finds(complete, bench.placeless()) == []


# ------------------------------------------------------------------ the official lists


@pytest.mark.parametrize("country", bench.COUNTRIES)
def test_official_names_are_found_as_people_write_them(complete, country):
    rates = {
        how: bench.recall(complete, country, how)[0] for how in ("exact", "folded", "misspelt")
    }
    assert rates["exact"] >= 0.99 and rates["folded"] >= 0.97 and rates["misspelt"] >= 0.92, rates


def test_the_comunas_are_those_of_the_register(places):
    if not DEIS.is_file():
        pytest.skip("the register is not there")
    seen: dict[str, Counter[str]] = {}
    with DEIS.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            seen.setdefault(row["ComunaCodigo"].zfill(5), Counter())[row["ComunaGlosa"]] += 1
    ours = {p.code: p for p in built_in() if p.kind == "comuna"}
    assert len(ours) == 346
    # No health facility stands in Antártica and in Primavera.
    assert set(ours) - set(seen) == {"12202", "12302"} and set(seen) <= set(ours)
    for code, names in seen.items():
        spelled = {key_of(n) for n in (ours[code].name, *other_names().get(("CL", code), ()))}
        assert key_of(names.most_common(1)[0][0]) in spelled, code


def test_the_dominican_municipalities_are_those_of_the_list():
    if not PROVINCES.is_file():
        pytest.skip("the list is not there")
    text = PROVINCES.read_text(encoding="utf-8")
    text = text[text.index("INTO municipios") : text.index("INTO distritos")]
    listed = {key_of(name) for name in re.findall(r"\(\d+,'([^']+)',\d+\)", text)}
    ours = {
        key_of(name)
        for p in built_in()
        if p.country == "DO"
        for name in (p.name, *other_names().get(("DO", p.code), ()))
    }
    assert listed <= ours


def test_peru_and_brazil_are_those_of_the_lists(complete):
    rows = {(r["country"], r["code"]): r["name"] for r in bench.rows()}
    for place in built_in():
        if (place.country, place.code) in rows and place.kind == "municipality":
            assert rows[place.country, place.code] == place.name
        if place.country == "PE" and len(place.code) == 6 and place.parents[:1] == ("Lima",):
            assert fold(rows["PE", place.code]) == fold(place.name)


def test_the_built_in_places_are_whole():
    every = built_in()
    assert len({(p.country, p.code) for p in every if p.code}) == len([p for p in every if p.code])
    kinds = Counter((p.country, p.kind) for p in every)
    assert kinds["CL", "region"] == 16 and kinds["CL", "province"] == 56
    assert kinds["PE", "department"] == 25 and kinds["PE", "province"] == 196
    assert kinds["BR", "state"] == 27 and kinds["DO", "province"] == 32
    assert all(p.parents for p in every if p.kind in {"comuna", "district", "municipality"})


def test_every_nickname_leads_to_a_place(complete):
    there = {(p.country, p.code) for p in complete.places}
    assert {where for where in other_names() if where[1]} - there <= {("PE", "PE-LMA")}


# ------------------------------------------------------------------ rows of open data


def row(**fields):
    return {"country": "PE", "kind": "district", **fields}


def test_rows_become_places():
    found = from_rows(
        [
            row(code="PE-LIM", name="LIMA", kind="department"),
            row(code="1501", name="LIMA", kind="province", parent_code="PE-LIM"),
            row(
                code="150135", name="SAN MARTIN DE PORRES", parent_code="1501",
                iso_3166_2="PE-LIM", latitude="-12.03", longitude=-77.06,
            ),
        ]
    )  # fmt: skip
    assert found[2] == Place(
        "PE", "150135", "San Martin de Porres", "district", ("Lima", "Lima"), -12.03, -77.06
    )


def test_rows_are_joined_with_our_own_files():
    rows = [
        row(code="PE-150135", name="SAN MARTIN DE PORRES", latitude="x", longitude="1"),
        row(code="150135", name="SAN MARTIN DE PORRES", latitude="-12.03", longitude="-77.06"),
    ]
    smp = [p for p in from_rows(rows, built_in()) if p.code == "150135"]
    assert smp == [
        Place("PE", "150135", "San Martín de Porres", "district", ("Lima", "Lima"), -12.03, -77.06)
    ]


def test_a_municipality_that_only_a_facility_names_is_joined_or_added():
    rows = [
        {
            "country": "DO", "municipality": "Moca", "region": "Espaillat",
            "latitude": 19.39, "longitude": -70.52,
        },
        {"country": "DO", "municipality": "Moca", "region": "Espaillat", "territory_code": None},
        {"country": "DO", "municipality": "Veragua", "region": "Espaillat"},
        {"country": "DO", "municipality": "NA"},
    ]  # fmt: skip
    places = Places.of_rows(rows, built_in())
    assert len(places.places) == len(built_in()) + 1
    moca = places.one("municipio de Moca", ["DO"])
    assert (moca.code, moca.latitude) == ("0901", 19.39)
    assert places.near(19.4, -70.5, ["DO"]) == moca
    assert places.near(19.4, -70.5, ["CL"]) is None
    veragua = places.one("en Veragua", ["DO"])
    assert (veragua.code, veragua.parents) == ("", ("Espaillat",))


def test_coordinates_lead_back_to_the_place(complete):
    recife = complete.one("em Recife", ["BR"])
    assert complete.near(recife.latitude, recife.longitude, ["BR"]) == recife


@pytest.mark.parametrize(
    ("country", "text", "label"),
    [
        ("PE", "provincia de San Martín", "San Martín (San Martín, Perú)"),
        ("PE", "departamento de Lima", "Lima (departamento, Perú)"),
        ("PE", "distrito de Lima", "Lima (distrito, Lima, Perú)"),
        ("BR", "em São Paulo", "São Paulo (município, São Paulo, Brasil)"),
        ("BR", "em Belém", "Belém (Pará, Brasil)"),
        ("DO", "en Santiago", "Santiago (municipio, Santiago, República Dominicana)"),
    ],
)
def test_a_label_tells_homonyms_apart(places, country, text, label):
    assert places.one(text, [country]).label == label


def test_labels_of_homonyms_differ(complete):
    seen = Counter((key_of(p.name), p.label) for p in complete.places)
    assert [label for label, times in seen.items() if times > 1] == []


# ------------------------------------------------------------------ where the reader is


@pytest.fixture(scope="module")
def two(places):
    """Our own places, and the Miraflores of Arequipa beside that of Lima."""
    more = Place("PE", "040110", "Miraflores", "district", ("Arequipa", "Arequipa"), None, None)
    return Places((*places.places, more))


@pytest.mark.parametrize(
    ("home", "text", "meant"),
    [
        (None, "la comisaría de Miraflores", None),
        ("PE-ARE", "la comisaría de Miraflores", "040110"),
        ("PE-LIM", "la comisaría de Miraflores", "150122"),
        ("PE-CUS", "la comisaría de Miraflores", None),
        ("PE-ARE", "la comisaría de Miraflores, Lima", "150122"),
        ("PE-0401", "la comisaría de Miraflores", "040110"),
        ("PE-ARE", "la comisaría de Cusco", "0801"),
    ],
)
def test_a_name_means_what_bears_it_where_the_reader_is(two, home, text, meant):
    found = two.seen_from(home).one(text, ["PE"])
    assert getattr(found, "code", None) == meant
    assert meant or {place.code for place in found} == {"150122", "040110"}


def test_a_text_without_a_place_asks_about_where_the_reader_is(places):
    home = places.seen_from("cl-vs")
    assert home.territories("licencia de conducir", ["CL"]) == places.territories(
        "licencia de conducir en la región de Valparaíso", ["CL"]
    )
    assert home.home("licencia de conducir", ["CL"]).territory == "CL-VS"
    assert home.territories("licencia en Ñuñoa", ["CL"]) == places.territories("en Ñuñoa", ["CL"])
    assert home.home("licencia en Ñuñoa", ["CL"]) is None
    assert home.territories("licencia de conducir", ["PE"]) == frozenset()
    assert home.home("licencia de conducir", ["PE"]) is None
    assert places.territories("licencia de conducir", ["CL"]) == frozenset()


@pytest.mark.parametrize("code", [None, "", "XX-1", "13120", "CL"])
def test_an_unknown_territory_changes_nothing(places, code):
    assert places.seen_from(code) is places


def test_every_territory_has_a_code_of_its_own(complete):
    coded = [place.territory for place in complete.places if place.code]
    assert len(coded) == len(set(coded))
    assert all(complete.at(code).territory == code for code in coded)


def test_the_regions_to_choose_from():
    assert {country: len(regions(country)) for country in ("CL", "PE", "BR", "DO", "AR")} == {
        "CL": 16, "PE": 25, "BR": 27, "DO": 32, "AR": 0,
    }  # fmt: skip
    names = [place.name for place in regions("BR")]
    assert names[:3] == ["Acre", "Alagoas", "Amapá"] and names[-1] == "Tocantins"


# ------------------------------------------------------------------ parts


def test_slips():
    slips = Slips(["chillan", "chillanes", "nunoa", "huechuraba", "lima"])
    assert slips.of("chilan") == (("chillan", 1),)
    assert slips.of("huechurava") == (("huechuraba", 0),)
    assert [word for word, _ in slips.of("chllan")] == ["chillan"]
    assert slips.of("lina") == ()


@pytest.mark.parametrize(
    "text", ["San Pedro, ", "Santa Maria de los ", "a", "s. sta. sto. ", "en Lima "]
)
def test_a_long_text_takes_no_longer_than_it_is(complete, text):
    begin = time.thread_time()
    complete.one(text * 1000)
    assert time.thread_time() - begin < 5


@given(st.text(alphabet="aeiounstñÇÁ., /-'\u0301\n¿SLMLima😀٣", max_size=60))
def test_any_text_can_be_asked_for_places(places, text):
    for found in places.find(text):
        assert found.places and text[found.start : found.end] == found.words
