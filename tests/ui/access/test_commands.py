"""`ventanilla access …` as a person types it: one line for what went wrong, and no secret shown twice."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ui import cli
from ui.access.store import AccessStore
from ui.settings import read_settings

PASSWORD = "cuatro palabras bien largas"
Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object, fails: bool = False) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["access", *(str(a) for a in arguments)])
        printed = capsys.readouterr()
        assert bool(ended.value.code) is fails, printed.err
        if fails:
            assert printed.err.startswith("ventanilla: ")
            assert printed.err.strip().count("\n") == 0
            return printed.err
        return printed.out

    return call


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "clave"
    path.write_text(f"{PASSWORD}\nnot this\n", encoding="utf-8")
    return path


def store() -> AccessStore:
    return AccessStore.open(read_settings().access)


def test_the_first_administrator_is_made_by_a_command(run: Run, password: Path) -> None:
    run("agencies", "add", "muni", "--title", "Municipalidad de Ejemplo")
    added = run(
        "users", "add", "ana", "--agency", "muni", "--role", "administrator",
        "--password-file", password,
    )  # fmt: skip
    assert added == "ana: added (administrator of muni)\n"
    with store() as opened:
        principal = opened.sessions.principal(opened.login("ana", PASSWORD, "console"))
    assert (principal.agency, principal.role) == ("muni", "administrator")
    assert run("agencies", "list").split()[:3] == ["muni", "1", "users"]
    assert json.loads(run("users", "list", "--json"))["name"] == "ana"


def test_without_an_agency_they_are_of_the_house(run: Run, password: Path) -> None:
    run("users", "add", "jefa", "--role", "administrator", "--password-file", password)
    with store() as opened:
        assert opened.users.get("jefa").agency is None
    assert "(house)" in run("users", "list")


def test_a_password_comes_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    run("users", "add", "ana")
    other = "otra clave bien larga"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{other}\n"))
    run("users", "set-password", "ana", "--password-file", "-")
    with store() as opened:
        assert opened.users.check("ana", other).name == "ana"


def test_a_key_is_printed_once(run: Run) -> None:
    run("agencies", "add", "muni")
    token = run("keys", "add", "--agency", "muni", "--label", "sitio web", "--daily-quota", 5)
    token = token.strip()
    prefix = token.split("_")[1]
    with store() as opened:
        assert opened.keys.principal(token).agency == "muni"
    listed = run("keys", "list", "--json")
    assert token not in listed
    assert (json.loads(listed)["prefix"], json.loads(listed)["daily_quota"]) == (prefix, 5)
    assert run("keys", "revoke", prefix) == f"{prefix}: revoked\n"
    assert "revoked" in run("keys", "list")


def test_the_trail_is_shown_and_exported(run: Run, password: Path, tmp_path: Path) -> None:
    run("agencies", "add", "muni")
    run("users", "add", "ana", "--agency", "muni", "--password-file", password)
    run("users", "set-role", "ana", "editor")
    run("users", "remove", "ana")
    out = tmp_path / "trail.csv"
    run("audit", "--format", "csv", "--out", out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["action"] for r in rows] == ["user.remove", "user.role", "user.add", "agency.add"]
    assert {r["door"] for r in rows} == {"cli"}
    assert all(r["who"].startswith("os:") for r in rows)
    told = [json.loads(line) for line in run("audit", "--format", "json").splitlines()]
    assert [t["action"] for t in told] == [r["action"] for r in rows]
    assert run("audit", "--agency", "muni").count("\n") == 4


ENTRY = "id: internos\ntitle: Internos\nconnector: files\norigin: .\ncountry: CL\nagency: Muni\n"


def test_an_agencys_set_is_its_own_and_keeps_it_from_being_removed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("agencies", "add", "muni")
    run("agencies", "add", "hospital")
    (tmp_path / "e.yaml").write_text(ENTRY + "tenant: muni\n", encoding="utf-8")

    def add(agency: str) -> str:
        capsys.readouterr()
        path = str(tmp_path / "e.yaml")
        with pytest.raises(SystemExit):
            cli.main(["sources", "add", path, "--no-sync", "--agency", agency])
        printed = capsys.readouterr()
        return printed.out + printed.err

    assert "no agency 'x'" in add("x")
    assert "tenant: it must be public" in add("hospital")
    assert "internos: added" in add("muni")
    kept = (read_settings().catalog / "internos.yaml").read_text(encoding="utf-8")
    assert "owner: muni" in kept
    (tmp_path / "e.yaml").write_text(ENTRY, encoding="utf-8")
    assert "the id 'internos' is taken" in add("hospital")
    assert "still owns internos" in run("agencies", "remove", "muni", fails=True)
    assert "add  internos  readers: muni" in run("audit", "--agency", "muni")
    (read_settings().catalog / "internos.yaml").unlink()
    run("agencies", "remove", "muni")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("agencies", "add", "Muni!"), "no id of an agency"),
        (("agencies", "remove", "x"), "no agency 'x'"),
        (("users", "add", "ana", "--agency", "x"), "no agency 'x'"),
        (("users", "add", "ana", "--password-file", "no-such-file"), "cannot be read"),
        (("users", "remove", "x"), "no user 'x'"),
        (("users", "set-role", "ana", "jefa"), "no role 'jefa'"),
        (("audit", "--format", "xml"), "no format 'xml'"),
        (("users", "set-password", "x"), "no user 'x'"),
        (("keys", "add", "--agency", "x", "--label", "y"), "no agency 'x'"),
        (("keys", "revoke", "x"), "no key 'x'"),
    ],
)
def test_an_error_is_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in run(*arguments, fails=True)


def test_a_short_password_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clave").write_text("corta", encoding="utf-8")
    said = run("users", "add", "ana", "--password-file", tmp_path / "clave", fails=True)
    assert "too short" in said
    assert "corta" not in said.replace("too short", "")
