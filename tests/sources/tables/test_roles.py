"""The roles, the synonyms and the words of the data files are whole, and say what they mean."""

from __future__ import annotations

import pytest

from sources.catalog import read_yaml
from sources.errors import CatalogError, ConnectorError
from sources.tables import FOLDER, role_named, roles, values
from sources.tables.headers import match, squash


def test_every_role_is_whole() -> None:
    assert len(roles()) == 18
    for role in roles().values():
        assert set(role.labels) == {"es", "pt"}
        for column in role.columns:
            assert (column.es is None) == (column.pt is None), f"{role.name}.{column.name}"
            for words in column.values.values():
                assert set(words) == {"es", "pt"}


def test_synonyms_name_columns_that_exist_and_have_marks() -> None:
    for name, fields in read_yaml(FOLDER / "columns.yaml").items():
        assert fields["marks"]
        assert set(fields["columns"]) <= set(role_named(name).names), name


def test_meanings_stay_within_the_closed_lists() -> None:
    data = read_yaml(FOLDER / "values.yaml")
    known = {
        "kind": roles()["health_facilities"].column("kind").values,
        "ownership": roles()["schools"].column("ownership").values,
        "university_status": roles()["universities"].column("status").values,
        "station_status": roles()["station_status"].column("status").values,
    }
    for scheme, allowed in known.items():
        assert set(data[scheme]) <= set(allowed)


def test_an_unknown_role_names_those_that_exist() -> None:
    with pytest.raises(CatalogError, match=r"no role 'hospitals'.*health_facilities"):
        role_named("hospitals")


@pytest.mark.parametrize(
    ("headers", "role"),
    [
        ("Nombre;Dirección;Comuna;Tipo de establecimiento;Teléfono;Urgencia", "health_facilities"),
        ("CNES;Nome do estabelecimento;Endereço;Município;Telefone", "health_facilities"),
        ("codMod;anexo;cenEdu;nlatIE;nlongIE;estado.valor", "schools"),
        ("RBD;NOM_RBD;NOM_COM_RBD;COD_DEPE2;MATRICULA", "schools"),
        ("Año;Regional;Distrito;Provincia;Municipio;Centros;Sector;Nivel", "schools"),
        ("fecha;local_id;local_nombre;comuna_nombre;local_lat", "pharmacies_on_duty"),
        ("Farmacia;Dirección;Fecha;Desde;Hasta", "pharmacies_on_duty"),
        ("nombre;codigo;estado;linea", "station_status"),
        ("Paradero;Distrito;Latitud;Longitud", "transit_stops"),
        ("Universidad;Departamento;Estado licenciamiento", "universities"),
        ("codigo_ibge;nome;latitude;longitude;codigo_uf", "territories"),
    ],
)
def test_headers_tell_the_role(headers: str, role: str) -> None:
    assert match(headers.split(";"), None, {}).role.name == role


def test_what_cannot_be_told_is_asked_for() -> None:
    with pytest.raises(ConnectorError, match=r"cannot be told from: nombre, codigo") as caught:
        match(["nombre", "codigo"], None, {})
    assert "options" in caught.value.remedy
    assert match(["nombre", "codigo"], "schools", {}).role.name == "schools"


def test_single_columns_are_overridden_or_left_out() -> None:
    headers = ["RBD", "NOM_RBD", "SEDE", "MATRICULA"]
    found = match(headers, None, {"municipality": "SEDE", "students": None})
    assert [take.headers for take in found.takes["municipality"]] == [("sede",)]
    assert "students" not in found.takes
    with pytest.raises(CatalogError, match="schools has no column 'town'"):
        match(headers, None, {"town": "SEDE"})
    with pytest.raises(CatalogError, match="there is no header like 'otro'"):
        match(headers, None, {"municipality": "OTRO"})
    with pytest.raises(ConnectorError, match="no header holds the name of schools"):
        match(["RBD"], "schools", {})


def test_headers_are_compared_without_dress() -> None:
    assert squash("Coordenadas  Latitud") == squash("COORDENADAS_LATITUD") == "coordenadaslatitud"
    assert squash("Año") == "ano"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Hospital", "hospital"),
        ("HOSPITALES O CLINICAS DE ATENCION GENERAL", "hospital"),
        ("Posta de Salud Rural (PSR)", "primary_care"),
        ("PUESTOS DE SALUD O POSTAS DE SALUD", "primary_care"),
        ("Centro de saúde / unidade básica", "primary_care"),
        ("Servicio de Atención Primaria de Urgencia (SAPU)", "emergency"),
        ("Pronto-socorro geral", "emergency"),
        ("Pronto atendimento", "emergency"),
        ("SAPU Dental", "dental"),
        ("Consultório isolado", "clinic"),
        ("Centro de atenção psicossocial", "mental_health"),
        ("Laboratorio Clínico", "laboratory"),
        ("Centro de Regulación Médica de las Urgencias (SAMU)", "other"),
        ("Programa especial", None),
    ],
)
def test_official_types_have_a_kind(words: str, kind: str | None) -> None:
    assert values.meaning("kind", words) == kind


@pytest.mark.parametrize(
    ("words", "active"),
    [
        ("Vigente en Operación Habitual", "yes"),
        ("No vigente", "no"),
        ("INACTIVO", "no"),
        ("Activa", "yes"),
        ("Cerrado", "no"),
        ("Cierre definitivo", "no"),
    ],
)
def test_official_statuses_say_whether_it_works(words: str, active: str) -> None:
    assert values.meaning("active", words) == active


@pytest.mark.parametrize(
    ("given", "expected"),
    [("-33,45", -33.45), (" -70.6 ", -70.6), (",1-71.01", None), ("1.2.3", None), ("", None)],
)
def test_numbers(given: str, expected: float | None) -> None:
    assert values.number(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1.234", 1234), ("1 234", 1234), ("45", 45), ("45,0", 45), ("4,5", None), ("x", None)],
)
def test_whole_numbers(given: str, expected: int | None) -> None:
    assert values.whole(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("10:30 hrs.", "10:30:00"),
        ("09:00:00", "09:00:00"),
        ("9h", "09:00:00"),
        ("18h30", "18:30:00"),
        ("8:00 PM", "20:00:00"),
        ("12:15 a.m.", "00:15:00"),
        ("24:00 hrs", "00:00:00"),
        ("25:00", None),
        ("10", None),
        ("todo el día", None),
    ],
)
def test_times_of_day(given: str, expected: str | None) -> None:
    assert values.moment(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("29-10-2019", "2019-10-29"),
        ("29/10/2019", "2019-10-29"),
        ("20261101", "2026-11-01"),
        ("2026-11-01T03:00:00Z", "2026-11-01"),
        ("31-02-2026", None),
        ("ayer", None),
    ],
)
def test_days(given: str, expected: str | None) -> None:
    assert values.day(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("00:00:00", 0), ("25:10:05", 90605), ("7:05:00", 25500), ("7:65:00", None), ("7:05", None)],
)
def test_service_times_may_go_beyond_midnight(given: str, expected: int | None) -> None:
    assert values.seconds(given) == expected


@pytest.mark.parametrize(
    ("country", "code", "expected"),
    [
        ("CL", "1101", "CL-01101"),
        ("CL", "12201", "CL-12201"),
        ("PE", "150101", "PE-150101"),
        ("PE", "80101.0", "PE-080101"),
        ("BR", "355030", "BR-3550308"),
        ("BR", "220191", "BR-2201919"),
        ("BR", "BR-3550308", "BR-3550308"),
        ("CL", "Santiago Centro", ""),
    ],
)
def test_codes_of_territories_name_their_country(country: str, code: str, expected: str) -> None:
    assert values.territory(country, code) == expected


def test_the_many_words_for_nothing() -> None:
    nothing = ["", "NA", " - ", "No Aplica", "SIN DATO", "null", "S/I"]
    assert [values.text(v) for v in nothing] == [""] * len(nothing)
    assert values.text("  Av.  Siempre\nViva ") == "Av. Siempre Viva"
