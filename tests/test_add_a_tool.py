"""docs/add-a-tool.md, walked through command by command in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "add-a-tool.md").read_text(encoding="utf-8")
ROOMS = ("sources", "retrieval", "agents", "ui")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The four rooms and the tests' own set-up, where files may be written."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=ignored)
    for name in ("pyproject.toml", "tests/conftest.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(checkout, *arguments):
    environment = os.environ | {
        "VENTANILLA_HOME": str(checkout / "home"), "PYTHONPATH": str(checkout), "PYTHONUTF8": "1",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def test_the_guide_leads_from_the_command_to_the_answer(checkout):
    commands = [
        line for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.M | re.S)
        for line in block.splitlines()
    ]  # fmt: skip
    assert [shlex.split(c)[1] for c in commands] == ["tools", "sources", "ask", "tools"]
    told = []
    for command in commands:
        done = run(checkout, "-m", "ui.cli", *shlex.split(command)[1:])
        assert done.returncode == 0, (command, done.stderr)
        told.append(done.stdout)
    written, _, answer, listed = told
    files = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.M)
    assert [f"wrote {file}" for file in files] == written.splitlines()[: len(files)]
    assert all((checkout / file).exists() for file in files)
    assert "Vaccine centres 1" in answer
    assert "[1]" in answer
    assert "vaccine_centres" in listed


def test_the_test_that_was_written_passes(checkout):
    if not (checkout / "agents" / "tools" / "vaccine_centres.py").exists():
        run(
            checkout, "-m", "ui.cli", "tools", "new", "health", "vaccine_centres", "--country", "CL"
        )
    done = run(checkout, "-m", "pytest", "-q", "tests/agents/tools/test_vaccine_centres.py")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("country", ["PE", "BR", "DO"])
@pytest.mark.parametrize("sector", ["education", "transport"])
def test_a_tool_can_be_begun_for_every_sector_and_country(checkout, sector, country):
    name = f"own_{sector}_{country.lower()}"
    done = run(checkout, "-m", "ui.cli", "tools", "new", sector, name, "--country", country)
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_begun_is_said_in_one_line(checkout):
    for arguments, said in (
        (("health", "Vaccine Centres", "--country", "CL"), "vaccine_centres"),
        (("weather", "rain", "--country", "CL"), "health, education, transport"),
        (("health", "rain", "--country", "AR"), "CL"),
    ):
        done = run(checkout, "-m", "ui.cli", "tools", "new", *arguments)
        assert done.returncode != 0
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
