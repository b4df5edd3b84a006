"""A set made in Peru answers in Chile: the same words, agency, address, day and version."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ui import cli, packs
from ui.api import create_app
from ui.assemble import House, open_house
from ui.settings import Settings

ENTRY = """id: pe-muni
title: Trámites de la Municipalidad de Prueba
connector: files
origin: ./documentos
country: PE
language: es
agency: Municipalidad de Prueba
url: https://www.gob.pe/prueba
licence: CC-BY-4.0
as_of: 2026-11-01
"""
EMOLIENTE = """# Licencia para vender emoliente

## Costo

La licencia para vender emoliente cuesta S/ {price}.
"""
QUESTION = "¿Cuánto cuesta la licencia para vender emoliente?"
KEPT = ("document_id", "title", "agency", "country", "url", "as_of", "verification", "version")
KEPT += ("quote", "start", "end")

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def call(home: str, *arguments: object, fails: bool = False) -> str:
        monkeypatch.setenv("VENTANILLA_HOME", str(tmp_path / home))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(a) for a in arguments])
        printed = capsys.readouterr()
        assert bool(ended.value.code) == fails, printed.err
        return printed.err if fails else printed.out

    return call


def asked(run: Run, home: str, *, country: str = "PE", question: str = QUESTION) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run(home, "ask", question, "--country", country, "--json"))
    return told


def write(folder: Path, price: str) -> None:
    (folder / "documentos").mkdir(exist_ok=True)
    text = EMOLIENTE.format(price=price)
    (folder / "documentos" / "emoliente.md").write_text(text, encoding="utf-8")
    (folder / "pe-muni.yaml").write_text(ENTRY, encoding="utf-8")


@pytest.fixture
def peru(run: Run, tmp_path: Path) -> Path:
    """The folder with the pack, the first of its series."""
    write(tmp_path, "31.40")
    run("peru", "sources", "add", tmp_path / "pe-muni.yaml")
    run("peru", "pack", "keys", "new", "Agencia del Perú")
    run("peru", "pack", "export", "pe-muni", "--out", tmp_path / "1.zip")
    return tmp_path


def test_a_pack_made_in_peru_answers_in_chile(run: Run, peru: Path) -> None:
    refused = run("chile", "pack", "import", peru / "1.zip", fails=True)
    assert "which is not trusted here" in refused and refused.count("\n") == 1
    assert "pe-muni" not in run("chile", "sources", "list")
    run("chile", "pack", "keys", "trust", peru / "peru" / "keys" / "own.pub.json")
    told = run("chile", "pack", "verify", peru / "1.zip")
    assert "signed by Agencia del Perú" in told and "PE, licence: CC-BY-4.0" in told
    run("chile", "pack", "import", peru / "1.zip")

    listed = [line for line in run("chile", "sources", "list").splitlines() if "pe-muni" in line]
    assert len(listed) == 1 and "of Agencia del Perú" in listed[0] and "1 documents" in listed[0]
    there, here = asked(run, "peru"), asked(run, "chile")
    assert here["status"] == "answered"
    assert "S/ 31.40" in here["answer"]
    cited = [[{key: c[key] for key in KEPT} for c in a["citations"]] for a in (there, here)]
    assert cited[0] == cited[1]
    assert cited[1][0]["agency"] == "Municipalidad de Prueba"
    assert (cited[1][0]["url"], cited[1][0]["as_of"]) == ("https://www.gob.pe/prueba", "2026-11-01")
    first = cited[1][0]
    shown = run("chile", "sources", "version", first["document_id"], first["version"])
    text = shown.split("\n", 2)[2]
    assert text[first["start"] : first["end"]] == first["quote"]
    # It is Peru's, and no answer to a question on Chile.
    chilean = asked(run, "chile", country="CL")
    assert "31.40" not in json.dumps(chilean)


def test_differences_replace_and_a_removal_ends_it(run: Run, peru: Path) -> None:
    run("chile", "pack", "keys", "trust", peru / "peru" / "keys" / "own.pub.json")
    run("chile", "pack", "import", peru / "1.zip")
    write(peru, "44.70")
    run("peru", "sources", "sync", "pe-muni")
    made = run("peru", "pack", "export", "pe-muni", "--since", "last", "--out", peru / "2.zip")
    assert "pe-muni: 1 of 1 documents, 0 removed" in made
    again = run("peru", "pack", "export", "pe-muni", "--since", "last", "--out", peru / "3.zip")
    assert "nothing has changed" in again and not (peru / "3.zip").exists()
    run("chile", "pack", "import", peru / "2.zip")
    told = json.dumps(asked(run, "chile"))
    assert "44.70" in told and "31.40" not in told
    assert "unchanged" in run("chile", "sources", "sync", "pe-muni")
    run("chile", "sources", "remove", "pe-muni")
    assert "44.70" not in json.dumps(asked(run, "chile"))
    assert not (peru / "chile" / "packs" / "sets" / "pe-muni").exists()
    needs = run("chile", "pack", "import", peru / "2.zip", fails=True)
    assert "only what changed since pe-muni-1-" in needs


@pytest.mark.parametrize("stopped_at", ["take_up", "sync"])
def test_what_an_import_left_is_taken_up_by_the_next_question(
    run: Run, peru: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: str
) -> None:
    """The process ended after the one step: before its files stood, or before they were indexed."""
    run("chile", "pack", "keys", "trust", peru / "peru" / "keys" / "own.pub.json")
    run("chile", "sources", "sync", "seed")

    def stopped(*_: object) -> None:
        if stopped_at == "sync" or (peru / "chile" / "packs" / "pending").exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(
            *((packs, "take_up") if stopped_at == "take_up" else (House, "sync")), stopped
        )
        run("chile", "pack", "import", peru / "1.zip", fails=True)
    assert (peru / "chile" / "packs" / "pending").exists() == (stopped_at == "take_up")
    assert asked(run, "chile")["status"] == "answered"


def test_a_running_server_exports_and_takes_in(run: Run, peru: Path) -> None:
    """The endpoints that commands use while `serve` holds the index."""
    run("chile", "pack", "keys", "trust", peru / "peru" / "keys" / "own.pub.json")
    settings = Settings(home=peru / "chile")
    opened = {"Authorization": "Bearer t0ken"}
    with open_house(settings) as house, asyncio.Runner() as runner:
        house.sync("seed")
        stack = AsyncExitStack()
        assistant = runner.run(stack.enter_async_context(house.assistant()))
        with TestClient(create_app(house, assistant, "t0ken")) as client:
            body: dict[str, Any] = {"path": str(peru / "1.zip")}
            assert client.post("/api/local/pack/import", json=body).status_code == 401
            made = client.post("/api/local/pack/import", json=body, headers=opened)
            assert made.status_code == 200
            assert [r["indexed"] for r in made.json()["reports"]] == [1]
            asking = {"question": QUESTION, "country": "PE"}
            assert client.post("/api/ask", json=asking).json()["status"] == "answered"
            (peru / "1.zip").write_bytes(b"x")
            spoilt = client.post("/api/local/pack/import", json=body, headers=opened)
            assert (spoilt.status_code, "no signed pack" in spoilt.text) == (422, True)
            body = {"sets": ["pe-muni"], "out": str(peru / "9.zip")}
            unsigned = client.post("/api/local/pack/export", json=body, headers=opened)
            assert "there is no key to sign with" in unsigned.text
        runner.run(stack.aclose())
