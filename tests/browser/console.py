"""An agency's first hour with the console, as a browser does it: a server of its own, and the steps."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "cuatro palabras bien largas"
USER = "ana"


@dataclass(frozen=True)
class Story:
    """What an agency of one language adds and asks."""

    language: str
    path: str
    agency: str
    set_id: str
    title: str
    country: str
    country_name: str
    page: str
    question: str
    answer: str
    add_tab: str
    try_tab: str
    insight_tab: str
    locale: str


STORIES = {
    "es": Story(
        "es", "/consola/", "Municipalidad de Ejemplo", "muni-mascotas", "Trámites de mascotas",
        "CL", "Chile",
        "---\ntitle: Registro municipal de mascotas\n---\n# Registro municipal de mascotas\n\n"
        "## Costo\n\nLa inscripción de una mascota es gratuita. El microchip cuesta $ 8.500.\n\n"
        "## Requisitos\n\nSer mayor de 18 años y vivir en la comuna.\n\n"
        "## Dónde se hace\n\nEn la oficina de Tenencia Responsable, de lunes a viernes.\n",
        "¿Cuánto cuesta el microchip de mi mascota?", "8.500",
        "Agregar", "Probar preguntas", "Informes", "es-CL",
    ),
    "pt": Story(
        "pt", "/consola/pt/", "Prefeitura de Exemplo", "prefeitura-animais", "Serviços para animais",
        "BR", "Brasil",
        "---\ntitle: Registro municipal de animais\n---\n# Registro municipal de animais\n\n"
        "## Custo\n\nO registro do animal é gratuito. O microchip custa R$ 85,00.\n\n"
        "## Requisitos\n\nSer maior de 18 anos e morar no município.\n\n"
        "## Onde fazer\n\nNo setor de bem-estar animal, de segunda a sexta.\n",
        "Quanto custa o microchip do animal?", "85,00",
        "Adicionar", "Testar perguntas", "Relatórios", "pt-BR",
    ),
}  # fmt: skip


@contextlib.contextmanager
def serving(home: Path, story: Story) -> Iterator[str]:
    """A `ventanilla serve` of its own with one agency and its administrator, as its address."""
    environment = {**os.environ, "VENTANILLA_HOME": str(home)}
    secret = home.parent / f"{home.name}.password"
    secret.write_text(PASSWORD, encoding="utf-8")

    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "ui.cli", *words]

    for words in (
        ("access", "agencies", "add", "muni", "--title", story.agency),
        ("access", "users", "add", USER, "--agency", "muni", "--role", "administrator",
         "--password-file", str(secret)),
    ):  # fmt: skip
        subprocess.run(command(*words), env=environment, check=True, capture_output=True)
    log = home.parent / f"{home.name}.log"
    with log.open("w", encoding="utf-8") as out:
        server = subprocess.Popen(
            command("serve", "--port", "0"), env=environment, stdout=out, stderr=out
        )
        try:
            yield _address(server, log)
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    import time

    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        if found := re.search(r"Ventanilla: (http://\S+)", log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.2)
    raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def archive(folder: Path, story: Story) -> Path:
    """A ZIP with the agency's one document."""
    path = folder / f"{story.set_id}.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("documentos/registro-mascotas.md", story.page)
        made.writestr("documentos/.DS_Store", b"\x00")
    return path


def log_in(page: Any, url: str, story: Story) -> None:
    """From the login form to the console."""
    page.goto(f"{url}{story.path}")
    page.fill("#name", USER)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"**{story.path}")
    page.wait_for_selector(".c-header")


def open_tab(page: Any, name: str) -> None:
    """Opens a part of the console; where the row of tabs is too narrow it lies in its menu."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if tab.count() == 0 or not tab.first.is_visible():
        page.locator(".overflow-menu > button").first.click()
        page.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
        return
    tab.first.click()


def fill_in(page: Any, story: Story, zipped: Path) -> None:
    """The form of a set of files, with the ZIP uploaded."""
    open_tab(page, story.add_tab)
    page.fill("#c-id input, #c-id textarea", story.set_id)
    page.fill("#c-title input, #c-title textarea", story.title)
    page.fill("#c-agency input, #c-agency textarea", story.agency)
    page.fill("#c-as_of input, #c-as_of textarea", "2026-11-01")
    page.locator("#c-country input").click()
    page.get_by_role("option", name=story.country_name, exact=True).click()
    page.locator("#c-files input[type=file]").set_input_files(str(zipped))
    page.get_by_text(zipped.stem).first.wait_for()


def dry_run(page: Any) -> None:
    """Tries the reading and waits for what it shows."""
    page.click("#c-dry")
    page.wait_for_selector("#c-preview .c-table")


def add(page: Any) -> None:
    """Adds the set and waits until it was read."""
    page.click("#c-add")
    page.wait_for_selector("#c-add-progress .c-good:nth-of-type(2)")


def ask(page: Any, story: Story) -> None:
    """Asks the story's question as a citizen of its country."""
    open_tab(page, story.try_tab)
    page.fill("#c-question input, #c-question textarea", story.question)
    page.locator("#c-test-country input").click()
    page.get_by_role("option", name=story.country_name, exact=True).click()
    page.click("#c-ask")
    page.wait_for_selector("#c-answer .c-text")


def report(page: Any, url: str, story: Story) -> None:
    """A citizen asks, and the report of use and quality shows it."""
    asked = {"question": story.question, "country": story.country}
    assert page.request.post(f"{url}/api/ask", data=asked).ok
    open_tab(page, story.insight_tab)
    for _ in range(20):  # what was asked is written down beside the answers
        page.click("#c-report-show")
        page.wait_for_timeout(500)
        if page.locator("#c-report-rows .c-table").count():
            break
    page.wait_for_selector("#c-plot-use :is(canvas, svg.marks)")
