"""The house is in order: its top level, its modules' size, the direction of its imports."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("sources", "retrieval", "agents", "ui")
TOP_LEVEL = {
    *("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "constraints.txt", "compose.yaml"),
    *("scripts", *ROOMS, "tests", "docs", ".ci", ".gitignore", ".dockerignore"),
}
NOT_YET = {"CHANGELOG.md", "docs"}
LONGEST_MODULE = 400
HEAVY = {"gradio", "torch", "transformers", "sentence_transformers", "llama_index", "langgraph"}
HEAVY |= {"duckdb", "openpyxl", "rdflib"}

# One letter stands in brackets, so that no pattern finds itself in this file.
FOREIGN = {
    "a path of one machine": r"(?<![\w./:-])/(?:[w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/",
    "a package index": r"[p]ypi\.org|[p]ythonhosted\.org|[r]egistry\.npmjs|[d]eb\.debian\.org"
    r"|--(?:extra-)?[i]ndex-url|--[f]ind-links",
}


@pytest.fixture(scope="module")
def files():
    """Paths of what belongs to the project: all that git does not ignore."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [PurePosixPath(name) for name in os.fsdecode(listed.stdout).split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


def test_the_top_level_is_as_designed(files):
    there = {path.parts[0] for path in files}
    assert there <= TOP_LEVEL
    assert there >= TOP_LEVEL - NOT_YET


def test_the_scripts_are_the_developers_whole_interface(files):
    scripts = {path.name for path in files if path.parts[0] == "scripts"}
    assert scripts == {"serve", "test", "check", "_environment"}
    for name in ("scripts/serve", "scripts/test", "scripts/check", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), f"{name} is not executable"


def test_modules_stay_short(files):
    lengths = {
        str(path): (ROOT / path).read_text(encoding="utf-8").count("\n")
        for path in files
        if path.suffix == ".py" and path.parts[0] in ROOMS
    }
    too_long = {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE}
    assert not too_long


@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_names(files, what):
    pattern = re.compile(FOREIGN[what])
    found = []
    for path in files:
        try:
            lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # pictures and the like
        found += [
            f"{path}:{number}: {match[0]}"
            for number, line in enumerate(lines, 1)
            if (match := pattern.search(line))
        ]
    assert not found


def test_what_the_rooms_read_is_installed_with_them(files):
    """An editable install hides a data file that pyproject.toml forgets."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    data = setup["setuptools"]["package-data"]
    forgotten = [
        str(path)
        for path in files
        if path.parts[0] in ROOMS
        and path.suffix not in {".py", ".typed"}
        and not any(
            re.fullmatch(_as_regex(pattern), "/".join(path.parts[1:]))
            for pattern in data.get(path.parts[0], ())
        )
    ]
    assert not forgotten


def _as_regex(pattern):
    """A glob of setuptools as a regular expression: `**/` stands for any number of folders."""
    return re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")


@pytest.mark.parametrize("module", ["ui.cli", "ui.settings", "retrieval.embed", "agents.state"])
def test_importing_it_loads_nothing_heavy(module):
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == []


# ------------------------------------------------------------------ the direction of imports


LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint_imports(folder):
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def verdicts(told):
    """The contracts' names with KEPT or BROKEN."""
    return dict(re.findall(r"^(\S.*?) (KEPT|BROKEN)", told.stdout, re.MULTILINE))


def test_imports_keep_their_direction():
    pytest.importorskip("importlinter", reason="the extra `check` is not installed")
    told = lint_imports(ROOT)
    assert told.returncode == 0, told.stdout + told.stderr


ALLOWED = {
    "ui/page.py": "import gradio, fastapi\nimport agents.graph",
    "agents/graph.py": "import langgraph.graph\nimport retrieval.search",
    "agents/llm/local/__init__.py": "def load():\n    import torch, transformers",
    "retrieval/search.py": "import retrieval.index\nimport sources.document",
    "retrieval/dense.py": "def load():\n    import sentence_transformers",
    "retrieval/pipeline.py": "import llama_index.core",
    "retrieval/index/__init__.py": "import qdrant_client",
    "retrieval/index/edge.py": "import qdrant_edge",
    "retrieval/tables.py": "def connect():\n    import duckdb",
    "sources/document.py": "",
}
FORBIDDEN = [
    ("sources/document.py", "import retrieval.search", "ui → agents → retrieval → sources"),
    ("retrieval/search.py", "import agents.graph", "ui → agents → retrieval → sources"),
    ("agents/graph.py", "def f():\n    import ui.page", "ui → agents → retrieval → sources"),
    ("agents/graph.py", "import gradio.themes", "The doors' frameworks"),
    ("ui/page.py", "from langgraph.types import Command", "LangGraph"),
    ("agents/graph.py", "def f():\n    import llama_index.core", "LlamaIndex"),
    ("retrieval/search.py", "import qdrant_client.models", "Qdrant"),
    ("ui/page.py", "import qdrant_edge", "Qdrant"),
    ("retrieval/search.py", "def f():\n    import duckdb", "DuckDB"),
    ("agents/graph.py", "import duckdb", "DuckDB"),
    ("ui/page.py", "import rdflib", "RDF"),
    ("ui/page.py", "def f():\n    import mcp.server", "The Model Context Protocol"),
    ("agents/graph.py", "import torch", "Models"),
    ("retrieval/search.py", "def f():\n    import transformers", "Models"),
]


@pytest.fixture(scope="module")
def small_house(tmp_path_factory):
    """Four rooms with one import of each allowed kind, under our contracts."""
    pytest.importorskip("importlinter", reason="the extra `check` is not installed")
    house = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", house)
    for name, text in ALLOWED.items():
        path = house / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(house).parents[:-1]:
            (house / folder / "__init__.py").touch()
    return house


def test_the_contracts_allow_what_the_design_allows(small_house):
    told = lint_imports(small_house)
    assert set(verdicts(told).values()) == {"KEPT"}, told.stdout + told.stderr


@pytest.mark.parametrize(("name", "line", "contract"), FORBIDDEN)
def test_the_contracts_refuse(small_house, name, line, contract):
    path = small_house / name
    path.write_text(f"{ALLOWED[name]}\n{line}\n", encoding="utf-8")
    told = lint_imports(small_house)
    path.write_text(ALLOWED[name], encoding="utf-8")
    assert told.returncode != 0
    broken = [title for title, verdict in verdicts(told).items() if verdict == "BROKEN"]
    assert len(broken) == 1 and broken[0].startswith(contract), told.stdout
