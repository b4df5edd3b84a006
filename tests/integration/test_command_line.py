"""The commands as a person types them: each in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.integration

PAGE = """---
title: Retiro de muebles y residuos voluminosos
names: [retiro de muebles viejos, botar un sillón]
---
# Retiro de residuos voluminosos
## Costo
El retiro de muebles cuesta $4.321 por viaje.
## Requisitos
Debe vivir en la comuna de Ejemplo.
"""
ENTRY = """
id: ejemplo
title: Trámites de Ejemplo
connector: files
origin: ./documentos
country: CL
language: es
agency: Municipalidad de Ejemplo
as_of: 2026-11-01
"""


def run(home: Path, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"VENTANILLA_HOME": str(home)},
        timeout=120,
    )
    assert (done.returncode == 0) is ok, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli")
    run(made, "sources", "sync")
    return made


def test_ask_and_search_print_the_contract(home: Path) -> None:
    answer = json.loads(run(home, "ask", "quanto custa o Enem?", "--json").stdout)
    assert answer["status"] == "answered"
    assert {"id", "citations", "notices", "timings_ms", "clarification", "tools"} <= set(answer)
    found = json.loads(run(home, "search", "pase escolar", "--country", "CL", "--json").stdout)
    assert found["passages"][0]["document_id"] == "cl-education-tarjeta-nacional-estudiantil"


def test_a_batch_keeps_order_and_says_what_is_wrong_with_a_line(home: Path, tmp_path: Path) -> None:
    lines = ['{"id": "a", "question": "¿Qué es Beca 18?"}', "no json", '{"id": 7, "question": "x"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    run(home, "ask", "--batch", str(tmp_path / "in.jsonl"), "--out", str(out))
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [a["id"] for a in answers] == ["a", "2", "7"]
    assert answers[1]["status"] == "error_input"


def test_an_agencys_folder_answers_changes_and_goes(home: Path, tmp_path: Path) -> None:
    (tmp_path / "documentos").mkdir()
    page = tmp_path / "documentos" / "muebles.md"
    page.write_text(PAGE, encoding="utf-8")
    entry = tmp_path / "ejemplo.yaml"
    entry.write_text(ENTRY, encoding="utf-8")
    question = ("ask", "¿cuánto cuesta el retiro de muebles viejos?", "--country", "CL", "--json")

    assert "1 indexed" in run(home, "sources", "add", str(entry)).stdout
    first = json.loads(run(home, *question).stdout)
    assert "$4.321" in first["answer"]
    assert first["citations"][0]["agency"] == "Municipalidad de Ejemplo"

    page.write_text(PAGE.replace("4.321", "5.678"), encoding="utf-8")
    run(home, "sources", "sync", "ejemplo")
    second = json.loads(run(home, *question).stdout)
    assert "$5.678" in second["answer"]
    assert "4.321" not in second["answer"]

    assert "1 documents removed" in run(home, "sources", "remove", "ejemplo").stdout
    third = json.loads(run(home, *question).stdout)
    assert "5.678" not in third["answer"]
    assert third["status"] != "answered"


@pytest.mark.parametrize(
    "arguments",
    [
        ("sources", "sync", "no-such-set"),
        ("sources", "add", "no-such-file.yaml"),
        ("ask",),
        ("ask", "--batch", "no-such-file.jsonl", "--out", "x.jsonl"),
        ("eval", "no-such-file.jsonl"),
    ],
)
def test_an_error_is_one_line_with_the_remedy(home: Path, arguments: tuple[str, ...]) -> None:
    done = run(home, *arguments, ok=False)
    assert done.stderr.strip().startswith("ventanilla: ")
    assert done.stderr.strip().count("\n") == 0


def test_doctor_finds_nothing_to_mend(home: Path) -> None:
    assert "MEND" not in run(home, "doctor").stdout


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[tuple[Path, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"VENTANILLA_HOME": str(home), "VENTANILLA_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "serve"], env=environment, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=1)
            break
        except httpx.HTTPError:
            time.sleep(0.2)
    yield home, port
    process.terminate()
    process.wait(20)


def test_commands_work_while_serve_holds_the_index(
    served: tuple[Path, int], tmp_path: Path
) -> None:
    home, port = served
    answer = json.loads(run(home, "ask", "¿Qué es Beca 18?", "--json").stdout)
    assert answer["status"] == "answered"
    assert "unchanged" in run(home, "sources", "sync", "seed").stdout
    assert "held by a running" in run(home, "doctor").stdout
    busy = run(home, "serve", "--port", str(port), ok=False)
    assert f"port {port} is busy" in busy.stderr


def test_the_api_answers_and_keeps_its_own_doors_shut(served: tuple[Path, int]) -> None:
    base = f"http://127.0.0.1:{served[1]}"
    asked = httpx.post(f"{base}/api/ask", json={"question": "¿Qué es Beca 18?", "country": "PE"})
    assert asked.json()["status"] == "answered"
    found = httpx.post(f"{base}/api/search", json={"question": "brevete", "country": "PE"})
    assert found.json()["passages"]
    assert httpx.post(f"{base}/api/local/sync", json={"source": "seed"}).status_code == 401
    assert httpx.post(f"{base}/api/ask", json={}).status_code == 422
    assert "Ventanilla" in httpx.get(base).text
