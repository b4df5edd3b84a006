"""Which questions call which tool of health and education, with what."""

from pathlib import Path

import pytest

from agents.toolkit.loader import loaded
from agents.toolkit.reading import chosen
from retrieval.places import Places
from tests.agents.tools.test_rules import OURS

LINES = Path(__file__).with_name("questions_health.txt").read_text(encoding="utf-8").splitlines()
QUESTIONS = [tuple(line.split("|", 3)) for line in LINES if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def places():
    return Places.built_in()


def called(question, country, places):
    return chosen(question, [loaded()[name] for name in OURS], [country], places)[0]


@pytest.mark.parametrize(("country", "tool", "arguments", "question"), QUESTIONS)
def test_the_tool_that_is_called(places, country, tool, arguments, question):
    calls = called(question, country, places)
    assert [call.tool for call in calls] == ([] if tool == "-" else [tool])
    if tool == "-":
        return
    [call] = calls
    assert call.country == country
    given = {k: v["name"] if isinstance(v, dict) else v for k, v in call.arguments.items()}
    given |= dict.fromkeys(["missing"] if call.missing else [], ",".join(call.missing))
    for name, value in wanted(arguments).items():
        assert str(given.get(name)) == value


def wanted(arguments):
    """``place=La Florida kind=clinic`` → what each must be."""
    found = {}
    for part in arguments.split():
        name, sign, value = part.partition("=")
        if sign:
            found[name] = value
        else:
            last = next(reversed(found))
            found[last] += f" {name}"
    return found


@pytest.mark.parametrize(("question", "country"), [
    ("quando é o Sisu?", "BR"), ("cumplo con prouni si tengo 500 puntos de promedio", "BR"),
    ("¿cuándo es el FUAS?", "CL"),
])  # fmt: skip
def test_a_process_that_one_country_knows_tells_the_country(places, question, country):
    [call] = chosen(question, [loaded()[name] for name in OURS], [], places)[0]
    assert call.country == country


@pytest.mark.parametrize(
    ("question", "calls"),
    [("¿qué piden para cuarto medio con exámenes libres?", []),
     ("¿quanto custa o pasaje de los onibuz?", ["fares"]), ("cuanto kuesta la guaggua", ["fares"])],
)  # fmt: skip
def test_a_word_of_the_vocabulary_is_no_slip_of_another(places, question, calls):
    found = chosen(question, loaded().values(), ["CL", "DO"], places)[0]
    assert [call.tool for call in found] == calls
