"""From the command line: a set that is held, what was cited before, and what is erased for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_command_line import run

pytestmark = pytest.mark.integration

ENTRY = """
id: muni
title: Trámites de Ejemplo
connector: files
origin: ./docs
country: CL
language: es
agency: Municipalidad de Ejemplo
as_of: 2026-11-01
"""


def write(folder: Path, count: int, price: int) -> None:
    (folder / "docs").mkdir(exist_ok=True)
    for path in (folder / "docs").glob("*.md"):
        path.unlink()
    for n in range(count):
        text = f"# Permiso de ocupación {n}\n\n## Costo\n\nEl permiso {n} cuesta ${price + n}.\n"
        (folder / "docs" / f"p{n}.md").write_text(text, encoding="utf-8")


def test_a_set_is_held_confirmed_and_what_was_cited_stays_readable(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "muni.yaml").write_text(ENTRY, encoding="utf-8")
    write(tmp_path, 12, price=1000)
    run(home, "sources", "add", str(tmp_path / "muni.yaml"))
    question = "¿Cuánto cuesta el permiso de ocupación 3?"
    asked = run(home, "ask", question, "--country", "CL", "--json").stdout
    cited = next(c for c in json.loads(asked)["citations"] if c["document_id"] == "muni-p3")
    assert "$1003" in cited["quote"]

    write(tmp_path, 6, price=2000)
    held = run(home, "sources", "sync", "muni", ok=False).stderr
    assert "muni is held: 6 of 12 documents would go" in held
    assert "ventanilla sources confirm muni" in held
    (row,) = [r for r in overview(home) if r["id"] == "muni"]
    assert (row["state"], row["documents"]) == ("held", 12)

    assert "6 indexed" in run(home, "sources", "confirm", "muni").stdout
    now = run(home, "sources", "version", "muni-p3").stdout
    assert "as it is now" in now and cited["version"] in now
    then = run(home, "sources", "version", "muni-p3", cited["version"]).stdout
    assert cited["quote"] in then and "$2003" not in then

    run(home, "sources", "remove", "muni", "--purge")
    gone = run(home, "sources", "version", "muni-p3", cited["version"], ok=False).stderr
    assert gone.startswith("ventanilla: there is no muni-p3 in version ")


def overview(home: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(home, "sources", "list", "--json").stdout)
    return found
