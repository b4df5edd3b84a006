"""Golden questions keep a sync that would turn a right answer wrong from answering."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.errors import UsageError
from ui.assemble import House, add_entry, open_house
from ui.settings import Settings

QUESTION = "¿Cuánto cuesta el permiso de mudanza?"


def write(folder: Path, price: str, title: str = "Permiso de mudanza") -> None:
    text = f"# {title}\n\n## Costo\n\nCuesta {price} pesos.\n\n## Plazo\n\nDemora 3 días.\n"
    (folder / "docs" / "mudanza.md").write_text(text, encoding="utf-8")


def golden(folder: Path, figure: str = "5000") -> None:
    expected = {"documents": ["muni-mudanza"], "figures": [figure]}
    line = {"question": QUESTION, "country": "CL", "expect": expected}
    (folder / "golden.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "muni.yaml").write_text(
        "id: muni\ntitle: T\nconnector: files\norigin: docs\ncountry: CL\nlanguage: es\n"
        "agency: Municipalidad\nas_of: 2026-11-01\ngolden: golden.jsonl\n",
        encoding="utf-8",
    )
    write(tmp_path, "5.000")
    golden(tmp_path)
    return tmp_path


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    settings = Settings(home=folder / "home")
    add_entry(settings, folder / "muni.yaml")
    with open_house(settings) as opened:
        assert opened.sync("muni").indexed == 1
        yield opened


def text(house: House) -> str:
    document = house.store.get("muni-mudanza")
    assert document is not None
    return document.text


def test_a_right_answer_that_would_turn_wrong_is_quarantined_until_accepted(
    house: House, folder: Path
) -> None:
    write(folder, "9.000")
    report = house.sync("muni")
    assert report.state == "quarantined"
    (line,) = report.notes
    assert QUESTION in line and "5000" in line and "9.000" in line
    (turned,) = report.turned
    assert "5.000" in turned.now and "9.000" in turned.then and turned.question == QUESTION
    assert "5.000" in text(house)
    assert house.confirm("muni").indexed == 1
    assert "9.000" in text(house)


def test_what_leaves_right_answers_right_goes_through(house: House, folder: Path) -> None:
    file = folder / "docs" / "mudanza.md"
    file.write_text(file.read_text(encoding="utf-8").replace("3 días", "8 días"), encoding="utf-8")
    assert (house.sync("muni").state, "8 días" in text(house)) == ("done", True)


def test_an_agencys_own_words_are_known_on_the_copy_too(folder: Path) -> None:
    settings = Settings(home=folder / "home")
    settings.vocabulary.mkdir(parents=True)
    (settings.vocabulary / "palabras.yaml").write_text(
        "title: {es: Palabras}\nconcepts:\n  - id: permiso-mudanza\n"
        "    prefLabel: {es: permiso de mudanza}\n    altLabel: {es: [papeleta de trasteo]}\n",
        encoding="utf-8",
    )
    line = {
        "question": "¿Cuánto cuesta la papeleta de trasteo?",
        "country": "CL",
        "expect": {"documents": ["muni-mudanza"], "figures": ["5000"]},
    }
    (folder / "golden.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    add_entry(settings, folder / "muni.yaml")
    with open_house(settings) as opened:
        opened.sync("muni")
        file = folder / "docs" / "mudanza.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("3 días", "8 días"), encoding="utf-8")
        assert opened.sync("muni").state == "done"
        write(folder, "9.000")
        assert opened.sync("muni").state == "quarantined"


def test_a_question_that_is_answered_wrongly_already_holds_nothing_up(
    house: House, folder: Path
) -> None:
    golden(folder, figure="123456")
    write(folder, "9.000")
    assert house.sync("muni").state == "done"


def test_another_sets_questions_are_a_gate_too(house: House, folder: Path) -> None:
    mine = house.settings.catalog / "muni.yaml"
    lines = mine.read_text(encoding="utf-8").splitlines()
    mine.write_text("\n".join(x for x in lines if not x.startswith("golden")), encoding="utf-8")
    yaml = (folder / "muni.yaml").read_text(encoding="utf-8")
    (folder / "otra.yaml").write_text(yaml.replace("id: muni", "id: otra"), encoding="utf-8")
    add_entry(house.settings, folder / "otra.yaml")
    write(folder, "9.000")
    report = house.sync("muni")
    assert (report.state, QUESTION in report.notes[0]) == ("quarantined", True)


def test_a_spoilt_file_of_questions_stops_the_sync_in_one_line(house: House, folder: Path) -> None:
    (folder / "golden.jsonl").write_text("{}\n", encoding="utf-8")
    write(folder, "9.000")
    with pytest.raises(UsageError, match=r"golden.jsonl:1: .*question"):
        house.sync("muni")
    assert "5.000" in text(house)
    assert house.store.rows("SELECT state FROM syncs")[0][0].startswith("failed: ")
