"""The README does what it says: its session runs, and its list of files is the tree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = ("sources", "retrieval", "agents", "ui")


def block(language: str) -> str:
    """The README's only code block in `language`."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)
    assert len(found) == 1
    return str(found[0])


def session() -> list[tuple[str, str]]:
    """(command, what the README shows below it)."""
    parts = re.split(r"^\$ (ventanilla .*)\n", block("console"), flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture
def agency(tmp_path):
    """The folder and the catalogue entry of "An agency's own folder"."""
    named = dict(re.findall(r"\(`([^`]+\.(yaml|md))`\)", README))
    for name, language in named.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        text = block({"yaml": "yaml", "md": "markdown"}[language])
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_session_runs(agency):
    environment = os.environ | {
        "VENTANILLA_HOME": str(agency / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
    }
    assert len(session()) == 5
    for command, shown in session():
        arguments = shlex.split(command)[1:]
        told = subprocess.run(
            [sys.executable, "-m", "ui.cli", *arguments],
            cwd=agency, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        quoted = [line for line in shown.splitlines() if re.match(r"- .*\[\d+\]", line)]
        assert quoted or arguments[0] != "ask"
        assert set(quoted) <= set(told.stdout.splitlines()), command


def test_every_module_is_named_and_every_name_exists():
    named = set(re.findall(r"^\| `((?:sources|retrieval|agents|ui)/[^`]+\.py)` \|", README, re.M))
    there = {str(p.relative_to(ROOT)) for room in ROOMS for p in (ROOT / room).rglob("*.py")}
    assert named == there


def test_every_path_of_the_list_exists():
    paths = re.findall(r"^\| `((?:sources|retrieval|agents|ui)/[^`]+)` \|", README, re.M)
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize(
    "document", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_setting_is_in_the_table():
    from ui.settings import PREFIX, Settings

    named = set(re.findall(r"^\| `(VENTANILLA_\w+)` \|", README, re.M))
    assert named == {PREFIX + name.upper() for name in Settings.model_fields}


# ------------------------------------------------------------------ the guide for other programs

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
WRITTEN = "http://127.0.0.1:7860"
PRINTS = "# prints: "


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The API over the seed corpus, on a free port."""
    from tests.ui.api.conftest import running
    from ui.assemble import open_house
    from ui.settings import Settings

    with open_house(Settings(home=tmp_path_factory.mktemp("api"))) as house:
        house.sync("seed")
        with running(house) as (url, _):
            yield url


def api_commands():
    blocks = re.findall(r"^```console\n(.*?)^```$", API, re.M | re.S)
    parts = re.split(r"^\$ (curl .*)\n", "".join(blocks), flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_the_guide_shows_each_kind_of_door():
    assert len(api_commands()) == 4
    assert len(re.findall(r"^```python$", API, re.M)) == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("command", "shown"), api_commands())
def test_its_commands_show_what_they_say(served, command, shown):
    arguments = shlex.split(command.replace(WRITTEN, served))
    told = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    expected = shown.splitlines()
    assert expected
    assert [line for line in expected if line not in told.stdout] == []


@pytest.mark.parametrize("program", re.findall(r"^```python\n(.*?)^```$", API, re.M | re.S))
def test_its_programs_print_what_they_say(served, program):
    program = program.replace(WRITTEN, served)
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "PYTHONUTF8": "1"}, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    expected = [
        line.removeprefix(PRINTS) for line in program.splitlines() if line.startswith(PRINTS)
    ]
    assert expected
    assert [line for line in expected if line not in told.stdout] == []
