"""A house of two agencies, and the console over it in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from argon2 import PasswordHasher

from agents.assistant import Assistant
from retrieval.index.holes import copy_tree
from ui.access.passwords import Passwords
from ui.access.permissions import By, Principal
from ui.access.store import AccessStore
from ui.assemble import House, add_entry, open_house
from ui.console.desk import Desk
from ui.settings import Settings

BY = By("tester", "cli")
PASSWORD = "cuatro palabras bien largas"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PEOPLE = {
    "ana": ("muni", "administrator"),
    "edu": ("muni", "editor"),
    "lea": ("muni", "reader"),
    "hugo": ("hospital", "administrator"),
    "jefa": (None, "administrator"),
}
ENTRY = """id: {id}
title: {title}
connector: files
origin: ./{id}
country: CL
language: es
agency: {agency}
as_of: 2026-11-01
tenant: {tenant}
"""
PAGE = (
    "# {title}\n\n## Costo\n\nEl trámite cuesta $ {price}.\n\n## Requisitos\n\nSer mayor de edad.\n"
)


def furnish(
    settings: Settings, folder: Path, set_id: str, agency: str, *, internal: bool, title: str,
    price: str,
) -> None:  # fmt: skip
    (folder / set_id).mkdir()
    page = PAGE.format(title=title, price=price)
    (folder / set_id / "uno.md").write_text(page, encoding="utf-8")
    tenant = agency if internal else "public"
    text = ENTRY.format(id=set_id, title=title, agency=f"Agencia {agency}", tenant=tenant)
    (folder / f"{set_id}.yaml").write_text(text, encoding="utf-8")
    add_entry(settings, folder / f"{set_id}.yaml", agency)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which everything was read: each test takes a copy of it."""
    folder = tmp_path_factory.mktemp("furnished")
    settings = Settings(home=folder / "home")
    with AccessStore.open(settings.access, passwords=Passwords(CHEAP)) as store:
        for agency in ("muni", "hospital"):
            store.agencies.add(agency, f"Agencia {agency}", BY)
        for name, (agency, role) in PEOPLE.items():
            store.users.add(name, PASSWORD, agency=agency, role=role, by=BY)
    for set_id, title, price in (
        ("muni-perros", "Registro de perros", "5.000"),
        ("muni-interno", "Circular de zapatos", "6.000"),
        ("hospital-interno", "Protocolo gavilán", "7.000"),
    ):
        furnish(
            settings, folder, set_id, set_id.partition("-")[0], title=title, price=price,
            internal=set_id.endswith("interno"),
        )  # fmt: skip
    with open_house(settings) as opened:
        for set_id in ("muni-perros", "muni-interno", "hospital-interno"):
            assert opened.sync(set_id).indexed == 1
    return folder


@contextmanager
def copied(furnished: Path, to: Path) -> Iterator[House]:
    """The house of a copy of `furnished`."""
    copy_tree(furnished, to)
    for path in (to / "home" / "catalog").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace(str(furnished), str(to))
        path.write_text(text, encoding="utf-8")
    with open_house(Settings(home=to / "home")) as opened:
        opened._access = AccessStore.open(opened.settings.access, passwords=Passwords(CHEAP))
        yield opened


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[House]:
    with copied(furnished, tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(house: House) -> Desk:
    """For what asks no question."""
    return Desk(house, cast(Assistant, None))


@pytest.fixture
def who(house: House) -> Callable[[str], Principal]:
    """A person of `PEOPLE`, logged in."""

    def logged_in(name: str) -> Principal:
        return house.access.sessions.principal(house.access.login(name, PASSWORD, "console"))

    return logged_in
