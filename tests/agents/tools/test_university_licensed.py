import random

import pandas as pd
import pytest

from agents.toolkit.passages import rules_of
from agents.tools import university_licensed as module
from agents.tools.university_licensed import matching, university_licensed
from retrieval.analyse import fold
from retrieval.tables import Tables
from sources.document import Sector
from tests.agents.tools import reference_health as reference
from tests.agents.tools.data import SUNEDU, access, catalogued, dataset, write

NAMES = rules_of(module.__file__)["names"]
SMALL = [
    {
        "id": "1",
        "name": "UNIVERSIDAD DE PIURA",
        "status": "licensed",
        "status_label": "LICENCIA OTORGADA",
    },
    {
        "id": "2",
        "name": "UNIVERSIDAD NACIONAL DE PIURA",
        "status": "licensed",
        "status_label": "LICENCIA OTORGADA",
    },
    {
        "id": "3",
        "name": "UNIVERSIDAD NACIONAL DE TRUJILLO",
        "status": "licensed",
        "status_label": "LICENCIA OTORGADA",
    },
    {
        "id": "4",
        "name": "UNIVERSIDAD PRIVADA DE TRUJILLO",
        "status": "denied",
        "status_label": "LICENCIA DENEGADA",
    },
    {"id": "5", "name": "UNIVERSIDAD SIN DATO", "status": "", "status_label": ""},
]


@pytest.fixture
def small(tmp_path):
    made = Tables(None)
    path = write(tmp_path / "u.csv", "universities", SMALL)
    made.replace(
        dataset("pe-u", "PE", as_of="2021-01-14", sectors=(Sector.EDUCATION,)),
        {"universities": path},
    )
    yield made
    made.close()


def ask(tables, house, name, country="PE"):
    return university_licensed.function(access(tables, house.searcher, country), name=name)


def test_the_line_states_the_status(small, house):
    found = ask(small, house, "universidad privada de trujillo")
    [line] = found.lines
    assert "LICENCIA DENEGADA" in line.document.text[line.start : line.end]
    assert found.notices == ("is_denied",)


def test_the_reader_is_told_where_to_confirm(small, house):
    [confirm] = ask(small, house, "universidad de piura").parts
    assert {c.document.id for c in confirm.lines} == {"pe-education-licenciamiento-universidades"}


def test_the_kind_decides_between_names_that_are_otherwise_alike(small, house):
    assert (
        ask(small, house, "Universidad de Piura").lines[0].document.title == "UNIVERSIDAD DE PIURA"
    )
    found = ask(small, house, "univ. nacional de piura")
    assert found.lines[0].document.title == "UNIVERSIDAD NACIONAL DE PIURA"


def test_several_candidates_are_asked_about(small, house):
    found = ask(small, house, "la universidad de Trujillo")
    assert found.alternatives == (
        "name",
        ("UNIVERSIDAD NACIONAL DE TRUJILLO", "UNIVERSIDAD PRIVADA DE TRUJILLO"),
    )
    assert ask(small, house, "una universidad nacional").alternatives == ("name", ())


def test_a_name_that_is_not_there_is_not_called_unlicensed(small, house):
    found = ask(small, house, "Universidad de Harvard")
    assert not found.lines and found.notices == ("not_found",)
    said = " ".join(t for key in ("not_found", "empty") for t in texts().said[key].values())
    assert "denega" not in fold(said) and "no esta licenciada" not in fold(said)


def texts():
    from agents.toolkit.texts import read_texts

    return read_texts(university_licensed)


def test_a_row_without_a_status_says_so(small, house):
    assert ask(small, house, "universidad sin dato").notices == ("no_status",)


def test_a_table_of_another_country_never_answers(small, house):
    found = ask(small, house, "Universidad de Piura", "CL")
    assert not found.lines and found.unable == "no_data"


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    if not SUNEDU.exists():
        pytest.skip("the register of SUNEDU is not beside the project")
    made = Tables(None)
    catalogued("pe-sunedu", SUNEDU, made, tmp_path_factory.mktemp("sunedu"))
    yield made, pd.read_csv(SUNEDU, dtype=str, keep_default_na=False)
    made.close()


def distorted(name, chance):
    """A name as people type it: small, without accents, without the company's form, with slips."""
    typed = reference.folded(name).replace(" s.a.c.", "").replace(" s.a.", "")
    typed = typed.replace(" asociacion civil", "")
    if chance.random() < 0.3:
        typed = typed.replace(
            "universidad", chance.choice(("univ.", "u.", "unibersidad", "universida")), 1
        )
    parts = typed.split()
    long = [n for n, word in enumerate(parts) if len(word) >= 7 and n and word.isalpha()]
    if long and chance.random() < 0.7:
        at = chance.choice(long)
        word, spot = parts[at], chance.randint(1, len(parts[at]) - 3)
        parts[at] = chance.choice(
            (
                word[:spot] + word[spot + 1 :],
                word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :],
                word[:spot] + chance.choice("aeiorst") + word[spot + 1 :],
            )
        )
    typed = " ".join(parts)
    return chance.choice((typed, typed.upper(), typed.title()))


@pytest.mark.parametrize("seed", range(200))
def test_a_distorted_name_is_the_one_with_fewest_edits(register, house, seed):
    tables, rows = register
    chance = random.Random(seed)
    name = chance.choice(list(rows["nombre"]))
    typed = distorted(name, chance)
    found = ask(tables, house, typed)
    assert (
        [c.document.title for c in found.lines]
        == reference.closest(rows["nombre"], typed)
        == [name]
    ), typed
    label = rows.set_index("nombre")["estado"][name]
    line = found.lines[0]
    assert label == "NA" or label in line.document.text[line.start : line.end]


@pytest.mark.parametrize(("short", "full"), NAMES["abbreviations"].items())
def test_an_abbreviation_means_one_university(register, short, full):
    _, rows = register
    [found] = matching(short.lower(), list(rows["nombre"]), NAMES) or []
    assert fold(full) in fold(found)
