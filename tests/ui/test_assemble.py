"""What a house gives its assistants, and that it follows what is read and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.tables import Tables
from sources.catalog import read_entry
from ui.assemble import House, add_entry, open_house
from ui.settings import Settings

ENTRY = """\
id: mis-distritos
title: Distritos
connector: tables
origin: distritos.csv
country: PE
options: {role: territories}
"""
INVENTED = "Villa Quinuapampa"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(Settings(home=tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def districts(house: House, tmp_path: Path) -> str:
    """A set with one district that no gazetteer has, in the catalogue and not read yet."""
    rows = f"country,code,name,kind\nPE,259999,{INVENTED},district\n"
    (tmp_path / "distritos.csv").write_text(rows, encoding="utf-8")
    path = tmp_path / "mi.yaml"
    path.write_text(ENTRY, encoding="utf-8")
    return add_entry(house.settings, path).id


def known(house: House) -> bool:
    return any(place.name == INVENTED for place in house.places.places)


def test_places_follow_what_is_read_and_removed(house: House, districts: str) -> None:
    assert not known(house)
    house.sync(districts)
    assert known(house)
    house.remove(districts)
    assert not known(house)


def test_places_asked_for_during_a_load_are_not_kept(
    house: House, districts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Tables.replace

    def asked_meanwhile(tables: Tables, *given: object) -> None:
        assert not known(house)
        load(tables, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Tables, "replace", asked_meanwhile)
    house.sync(districts)
    assert known(house)


async def test_tables_that_are_read_later_reach_an_open_assistant(
    house: House, districts: str
) -> None:
    async with house.assistant() as assistant:
        assert not assistant.context.tables_of(("territories",), ("PE",))
        house.sync(districts)
        assert assistant.context.tables_of(("territories",), ("PE",))


def test_an_added_entry_finds_its_key_from_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "llave").write_text("abc", encoding="utf-8")
    path = tmp_path / "mi.yaml"
    path.write_text(
        "id: mis-tramites\ntitle: x\nconnector: chileatiende\norigin: https://x.example/api\n"
        "country: CL\noptions: {token_file: llave, query: salud}\n",
        encoding="utf-8",
    )
    settings = Settings(home=tmp_path / "home")
    add_entry(settings, path)
    kept = read_entry(settings.catalog / "mis-tramites.yaml")
    assert kept.options == {"token_file": str(tmp_path / "llave"), "query": "salud"}
    assert "abc" not in (settings.catalog / "mis-tramites.yaml").read_text(encoding="utf-8")
