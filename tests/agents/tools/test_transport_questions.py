"""Which questions call the transport tools, which do not, and what they say of the arguments."""

from __future__ import annotations

import re

import pytest

from agents.toolkit.loader import loaded, refused
from agents.toolkit.reading import chosen, shown
from retrieval.places import Places

TOOLS = ("fares", "licence_category", "next_departures", "routes_between", "stops_near")
PLACES = Places.built_in()


def calls(question, country):
    found, _ = chosen(question, loaded().values(), [country] if country else [], PLACES)
    return {c.tool: c for c in found if c.tool in TOOLS}


CALLED = [
    # -------------------------------------------------------------------- stops_near
    ("¿Dónde hay paraderos de micro en Maipú?", "CL", "stops_near", {"place": "Maipú"}),
    ("paraderos cerca de Miraflores, Lima", "PE", "stops_near", {"place": "Miraflores"}),
    ("Onde tem ponto de ônibus em Campinas?", "BR", "stops_near", {"place": "Campinas"}),
    ("en qué paraderos puedo tomar la combi en Trujillo", "PE", "stops_near",
     {"place": "Trujillo"}),
    ("¿Cuál es el paradero más cercano?", "CL", "stops_near", {}),
    ("quais são os pontos de parada no Recife?", "BR", "stops_near", {"place": "Recife"}),
    # -------------------------------------------------------------------- routes_between
    ("¿Qué micro me lleva de Plaza de Armas a Estación Central?", "CL", "routes_between",
     {"origin": "Plaza de Armas", "destination": "Estación Central"}),
    ("como voy desde av. españa hasta el mall aventura en combi", "PE", "routes_between",
     {"origin": "av. españa", "destination": "el mall aventura"}),
    ("Que ônibus vai do Terminal Lapa para a Av. Paulista, 1578?", "BR", "routes_between",
     {"origin": "Terminal Lapa", "destination": "Av. Paulista, 1578"}),
    ("Estoy en Jr. Pizarro y quiero ir a Huanchaco, ¿qué micro tomo?", "PE", "routes_between",
     {"origin": "Jr. Pizarro", "destination": "Huanchaco"}),
    ("como chego ao Butantã saindo da Lapa?", "BR", "routes_between",
     {"origin": "Lapa", "destination": "Butantã"}),
    ("combi de la Av. Larco a Moche", "PE", "routes_between",
     {"origin": "la Av. Larco", "destination": "Moche"}),
    ("De Parque Dom Pedro até o Metrô Tucuruvi de ônibus, qual linha vai?", "BR", "routes_between",
     {"origin": "Parque Dom Pedro", "destination": "Metrô Tucuruvi"}),
    # -------------------------------------------------------------------- next_departures
    ("¿A qué hora pasa la próxima micro por Av. Grecia con Tobalaba?", "CL", "next_departures",
     {"stop": "Av. Grecia con Tobalaba"}),
    ("Que horas passa o próximo ônibus no Terminal Lapa?", "BR", "next_departures",
     {"stop": "Terminal Lapa"}),
    ("cuándo pasa la línea 8000 por Av. Mansiche", "PE", "next_departures",
     {"stop": "Av. Mansiche", "route": "8000"}),
    ("a que horas passa o 8700 na Av. Paulista?", "BR", "next_departures",
     {"stop": "Av. Paulista", "route": "8700"}),
    ("¿cada cuánto pasa el bus en el paradero Óvalo Papal?", "PE", "next_departures",
     {"stop": "Óvalo Papal"}),
    ("próximas salidas desde Plaza Egaña", "CL", "next_departures", {"stop": "Plaza Egaña"}),
    ("cuándo pasa la 506?", "CL", "next_departures", {"route": "506"}),
    # -------------------------------------------------------------------- fares
    ("¿Cuánto cuesta el pasaje de metro en Santiago?", "CL", "fares", {"system": "metro"}),
    ("cuanto vale la micro para estudiantes", "CL", "fares",
     {"system": "red", "passenger": "student"}),
    ("Quanto custa a passagem de ônibus em São Paulo?", "BR", "fares",
     {"system": "bus", "place": "São Paulo"}),
    ("precio del medio pasaje en el Metropolitano", "PE", "fares",
     {"system": "metropolitano", "passenger": "student"}),
    ("cuánto sale el tren eléctrico", "PE", "fares", {"system": "linea1"}),
    ("¿Cuánto cuesta la guagua de la OMSA?", "DO", "fares", {}),
    ("a cómo está el pasaje del teleférico, cuánto cobran", "DO", "fares",
     {"system": "cablecar"}),
    ("idoso paga ônibus?", "BR", "fares", {"passenger": "senior"}),
    # -------------------------------------------------------------------- licence_category
    ("¿Qué licencia necesito para manejar moto?", "CL", "licence_category",
     {"vehicle": "motorcycle"}),
    ("que categoria de CNH preciso para dirigir caminhão?", "BR", "licence_category",
     {"vehicle": "truck"}),
    ("qué brevete se necesita para mototaxi", "PE", "licence_category",
     {"vehicle": "mototaxi"}),
    ("¿qué categoría de licencia es para una patana?", "DO", "licence_category",
     {"vehicle": "trailer"}),
    ("con qué clase de licencia puedo conducir un bus", "CL", "licence_category",
     {"vehicle": "bus"}),
    ("qual categoria de habilitação eu tiro?", "BR", "licence_category", {}),
]  # fmt: skip

NOT_CALLED = [
    ("¿Cuánto cuesta renovar la licencia de conducir?", "CL"),
    ("quiero denunciar a un chofer de micro", "CL"),
    ("¿Qué documentos necesito para renovar el brevete?", "PE"),
    ("tuve un paro cardíaco hace un año", "PE"),
    ("Como faço para tirar o Bilhete Único?", "BR"),
    ("perdí mi tarjeta bip, ¿qué hago?", "CL"),
    ("¿a qué hora abre el consultorio?", "CL"),
    ("cómo paso de la beca 18 a otra universidad", "PE"),
    ("quanto custa a segunda via da CNH?", "BR"),
    ("multa por pasar en rojo en una moto", "CL"),
    ("¿Cómo saco el carné de medio pasaje?", "PE"),
    ("me chocó una guagua, ¿a quién le reclamo?", "DO"),
    ("¿cuánto vale el permiso de circulación de mi auto?", "CL"),
    ("meu filho precisa ir de ônibus escolar, como matriculo?", "BR"),
]


@pytest.mark.parametrize(("question", "country", "tool", "arguments"), CALLED)
def test_a_question_calls_the_tool_with_its_arguments(question, country, tool, arguments):
    found = calls(question, country)
    assert set(found) == {tool}
    told = shown(found[tool].arguments)
    assert {name: told.get(name) for name in arguments} == arguments


@pytest.mark.parametrize(("question", "country"), NOT_CALLED)
def test_a_question_calls_none(question, country):
    assert calls(question, country) == {}


@pytest.mark.parametrize(
    ("question", "country", "missing"),
    [
        ("¿Cuál es el paradero más cercano?", "CL", ("place",)),
        ("cuándo pasa la 506?", "CL", ("stop",)),
        ("qual categoria de habilitação eu tiro?", "BR", ("vehicle",)),
    ],
)
def test_what_a_question_leaves_out_is_asked(question, country, missing):
    [call] = calls(question, country).values()
    assert call.missing == missing


def test_none_is_offered_where_there_are_no_timetables():
    assert "stops_near" not in calls("¿Dónde hay paradas de guagua en Santiago?", "DO")


# ------------------------------------------------------------------------------ texts


def test_no_transport_tool_is_refused():
    assert not [name for name in refused() if name.rpartition(".")[2] in TOOLS]


@pytest.mark.parametrize("name", TOOLS)
def test_every_text_is_there_in_both_languages_with_the_same_blanks(name):
    for key, said in loaded()[name].texts.said.items():
        assert set(said) == {"es", "pt"}, key
        blanks = {language: sorted(re.findall(r"{(\w+)}", text)) for language, text in said.items()}
        assert blanks["es"] == blanks["pt"], key


KEYS = {
    "stops_near": {"made", "far", "routes", "many routes"},
    "routes_between": {"made", "leg", "ride", "often", "then", "walk", "change", "unknown origin",
                       "unknown destination"},
    "next_departures": {"made", "exact", "every", "next day", "day before", "old", "unknown stop",
                        "unknown route"},
    "fares": {"made", "search", "dated", "undated", "fare", "fare of", "fare of many", "timetable",
              "no discount"},
    "licence_category": {"requirements", "unknown", "undated"},
}  # fmt: skip


@pytest.mark.parametrize("name", TOOLS)
def test_every_key_that_a_tool_uses_is_written(name):
    texts = loaded()[name].texts
    assert all(texts.has(key) for key in KEYS[name])
    for argument, values in texts.values.items():
        assert all(texts.has(f"{argument} {value}") for value in values)
