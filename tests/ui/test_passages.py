"""`search` as the doors give it: where the text asks, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sources.errors import UsageError
from ui.assemble import House, add_entry, open_house
from ui.passages import SearchRequest, search
from ui.settings import Settings

TOWNS = {"nunoa": ("Ñuñoa", "CL-RM"), "vina": ("Viña del Mar", "CL-VS")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("towns")
    settings = Settings(home=folder / "home")
    sets = {name: (f"territory: {code}\n", town) for name, (town, code) in TOWNS.items()}
    for name, (line, town) in (sets | {"pais": ("", "todo Chile")}).items():
        (folder / name).mkdir()
        text = f"# Retiro de escombros\n\n## Costo\n\nRetirar escombros en {town} es gratis.\n"
        (folder / name / "escombros.md").write_text(text, encoding="utf-8")
        entry = f"id: {name}\ntitle: {town}\nconnector: files\norigin: {name}\ncountry: CL\n"
        entry += f"language: es\nagency: {town}\nas_of: 2026-11-01\n{line}"
        (folder / f"{name}.yaml").write_text(entry, encoding="utf-8")
        add_entry(settings, folder / f"{name}.yaml")
    with open_house(settings) as opened:
        for name in sets | {"pais": ()}:
            opened.sync(name)
        yield opened


def found(house: House, question: str, **more: str) -> set[str]:
    request = SearchRequest(question=question, **({"country": "CL"} | more))
    answer = search(house.searcher, house.places, request)
    return {p.document_id.split("-")[0] for p in answer.passages}


@pytest.mark.parametrize(("town", "other"), [("nunoa", "vina"), ("vina", "nunoa")])
def test_a_named_town_leaves_other_towns_out_and_keeps_the_country(
    house: House, town: str, other: str
) -> None:
    where = found(house, f"retiro de escombros en {TOWNS[town][0]}")
    assert where >= {town, "pais"}
    assert other not in where


def test_without_a_town_all_are_found(house: House) -> None:
    assert found(house, "retiro de escombros") == {"nunoa", "vina", "pais"}


def test_where_the_reader_is_counts_unless_the_text_names_a_place(house: House) -> None:
    assert found(house, "retiro de escombros", territory="CL-VS") == {"vina", "pais"}
    assert found(house, "retiro de escombros", territory="CL-13120") == {"nunoa", "pais"}
    where = found(house, "retiro de escombros en Ñuñoa", territory="CL-VS")
    assert "nunoa" in where and "vina" not in where


@pytest.mark.parametrize("wrong", ["CL-99", "13120"])
def test_a_territory_that_there_is_not_is_told(house: House, wrong: str) -> None:
    with pytest.raises(UsageError, match="no such territory"):
        found(house, "escombros", territory=wrong)


def test_a_territory_of_another_country_is_told(house: House) -> None:
    with pytest.raises(UsageError, match="not in that country"):
        found(house, "escombros", country="PE", territory="CL-VS")
