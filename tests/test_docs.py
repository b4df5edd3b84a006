"""The README does what it says: its session runs, and its list of files is the tree."""

import os
import re
import shlex
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
