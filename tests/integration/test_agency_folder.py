"""An agency's own folder answers minutes later: Markdown, HTML, PDF and DOCX; edits and removals too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from reportlab.pdfgen import canvas

from ui import cli

ENTRY = """id: comuna
title: Trámites de la comuna
connector: files
origin: ./documentos
country: CL
language: es
agency: Municipalidad de Ejemplo
as_of: 2026-11-01
"""
MARKDOWN = """# Retiro de escombros
## Costo
El retiro de escombros cuesta $4.321 por viaje.
## Requisitos
Debe vivir en la comuna.
"""
HTML = """<!doctype html><html lang="es"><head><title>Poda de árboles</title></head><body>
<h1>Poda de árboles</h1><h2>Costo</h2><p>La poda de árboles cuesta $7.654 por árbol.</p>
</body></html>"""

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(a) for a in arguments])
        printed = capsys.readouterr()
        assert not ended.value.code, printed.err
        return printed.out

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documentos"
    made.mkdir()
    (made / "escombros.md").write_text(MARKDOWN, encoding="utf-8")
    (made / "poda.html").write_text(HTML, encoding="utf-8")
    page = canvas.Canvas(str(made / "patente.pdf"))
    page.setTitle("Patente de alcoholes")
    page.setFont("Helvetica-Bold", 20)
    page.drawString(72, 760, "Patente de alcoholes")
    page.setFont("Helvetica", 11)
    page.drawString(72, 720, "La patente de alcoholes cuesta $98.765 por semestre.")
    page.save()
    written = docx.Document()
    written.add_heading("Arriendo de la cancha municipal", 0)
    written.add_heading("Costo", 1)
    written.add_paragraph("El arriendo de la cancha municipal cuesta $13.579 por hora.")
    written.save(str(made / "cancha.docx"))
    (tmp_path / "comuna.yaml").write_text(ENTRY, encoding="utf-8")
    return made


def asked(run: Run, question: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run("ask", question, "--country", "CL", "--json"))
    return told


def test_a_folder_answers_changes_and_goes(run: Run, folder: Path) -> None:
    added = run("sources", "add", folder.parent / "comuna.yaml")
    assert "comuna: 4 indexed, 0 unchanged, 0 removed, 0 not read" in added
    questions = {
        "¿Cuánto cuesta el retiro de escombros?": "$4.321",
        "¿Cuánto cuesta la poda de árboles?": "$7.654",
        "¿Cuánto cuesta la patente de alcoholes?": "$98.765",
        "¿Cuánto cuesta arrendar la cancha municipal?": "$13.579",
    }
    for question, value in questions.items():
        answer = asked(run, question)
        assert answer["status"] == "answered", question
        assert any(value in c["quote"] for c in answer["citations"]), question
        assert {c["agency"] for c in answer["citations"]} == {"Municipalidad de Ejemplo"}
        assert {c["as_of"] for c in answer["citations"]} == {"2026-11-01"}
    pdf = asked(run, "¿Cuánto cuesta la patente de alcoholes?")
    assert pdf["citations"][0]["page"] == 1

    page = folder / "escombros.md"
    page.write_text(MARKDOWN.replace("4.321", "5.678"), encoding="utf-8")
    (folder / "poda.html").unlink()
    synced = run("sources", "sync", "comuna")
    assert "1 indexed, 2 unchanged, 1 removed" in synced
    changed = json.dumps(asked(run, "¿Cuánto cuesta el retiro de escombros?"))
    assert "5.678" in changed
    assert "4.321" not in changed
    pruned = asked(run, "¿Cuánto cuesta la poda de árboles?")
    assert pruned["status"] != "answered"
    assert "7.654" not in json.dumps(pruned)

    assert "3 documents removed" in run("sources", "remove", "comuna")
    for question, value in questions.items():
        gone = asked(run, question)
        assert value not in json.dumps(gone)
        assert not any(c["document_id"].startswith("comuna") for c in gone["citations"])
    found = json.loads(run("search", "retiro de escombros", "--json"))["passages"]
    assert not any(p["agency"] == "Municipalidad de Ejemplo" for p in found)
