"""The scripts' promises, kept with a make-believe Python: nothing real is installed here.

The scripts run in a copy of the checkout's few files they need, with a PATH that holds the plain
tools and the interpreters that a test puts there.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    *("bash", "cat", "chmod", "cp", "dirname", "env", "find", "grep", "head", "id", "mkdir", "mv"),
    *("paste", "rm", "sed", "sh", "sleep", "sort", "tail", "touch", "tr"),
)

# Answers what the scripts ask of a Python; locks and fingerprints are a real Python's work.
FAKE_PYTHON = r"""#!/bin/sh
case "$*" in
    *fcntl*|*hashlib*) exec "{real}" "$@" ;;
    *"import ensurepip"*) exit {lacks_venv} ;;
    *"sys.exit(sys.version_info"*) exit {too_old} ;;
    *"print("*) echo "{version}" ;;
    "-m venv "*)
        echo venv >>"{calls}"
        mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo "#!$3/bin/python" >"$3/bin/pip" ;;
    "-m pip --version") ;;
    "-m pip install "*)
        echo "$*" >>"{calls}"
        sleep "$(cat "{world}/pip-seconds")"
        cat "{world}/pip-says"
        [ ! -s "{world}/pip-says" ] || exit 1
        for name in ventanilla ruff mypy lint-imports; do
            cp "{world}/tool" "$(dirname "$0")/$name"
        done ;;
    "-m pytest "*) shift 2; echo "pytest $*"; echo "1 passed in 0.01s" ;;
esac
"""
# Stands for ventanilla, ruff, mypy and lint-imports: says how it was called, fails when told to.
FAKE_TOOL = r"""#!/bin/sh
echo "$(basename "$0") $*"
! grep -qx "$(basename "$0")" "{world}/failing"
"""


@dataclass
class World:
    """A copy of the scripts, a PATH, and what the make-believe pip was asked for."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.folder / "checkout"
        self.bin = self.folder / "bin"
        self.calls = self.folder / "calls"
        self.bin.mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.root)
        for tool in (*TOOLS, "basename"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        for name, text in {"calls": "", "pip-says": "", "pip-seconds": "0", "failing": ""}.items():
            (self.folder / name).write_text(text)
        self.script("tool", FAKE_TOOL.format(world=self.folder))
        self.environment = {"PATH": str(self.bin), "HOME": str(self.folder)}

    def script(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name: str = "python3.11", version: str = "3.11.9", venv: bool = True) -> Path:
        too_old = int(tuple(map(int, version.split("."))) < (3, 11))
        text = FAKE_PYTHON.format(
            real=sys.executable,
            version=version,
            too_old=too_old,
            lacks_venv=int(not venv),
            calls=self.calls,
            world=self.folder,
        )
        return self.script(f"bin/{name}", text)

    def start(self, script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.bin / "bash", self.root / "scripts" / script, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(script, *arguments, **environment)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    def made(self) -> list[str]:
        """What was made since the last call: `venv`, or the extras that pip installed."""
        calls = self.calls.read_text().splitlines()
        self.calls.write_text("")
        return [call if call == "venv" else call.split(" -e ")[1].split()[0] for call in calls]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.startswith("ventanilla: ")
    return text.strip()


# ------------------------------------------------------------------------------ which Python


@pytest.mark.parametrize("script", ["serve", "test", "check"])
def test_without_python_one_line_says_what_is_needed(world, script):
    code, out, err = world.run(script)
    assert (code, out) == (1, "")
    assert "no Python found" in one_line(err) and "3.11 or newer" in err


def test_an_old_python_is_named_with_the_remedy(world):
    world.python("python3", "3.9.2")
    world.script("bin/apt-get", "#!/bin/sh\n")
    code, _, err = world.run("serve")
    assert code == 1
    assert "Python 3.9.2 is too old" in one_line(err)
    assert "sudo apt-get install python3.11 python3.11-venv" in err


def test_a_missing_venv_module_is_named_with_its_package(world):
    world.python("python3", "3.12.3", venv=False)
    world.script("bin/apt-get", "#!/bin/sh\n")
    code, _, err = world.run("serve")
    assert code == 1
    assert "lacks its venv module: sudo apt-get install python3.12-venv" in one_line(err)


def test_the_first_python_that_serves_is_taken(world):
    world.script("bin/python3.11", "#!/bin/sh\necho 'command not found'; exit 127\n")
    world.python("python3.12", "3.12.1", venv=False)
    world.python("python3.13", "3.13.0")
    world.python("python3", "3.9.2")
    code, _, err = world.run("serve")
    assert code == 0, err
    assert "Python 3.13.0" in err


def test_PYTHON_overrides(world):
    world.python()
    mine = world.python("mine", "3.14.1")
    assert world.run("serve", PYTHON=str(mine))[0] == 0
    assert world.run("serve", PYTHON=str(mine))[0] == 0
    assert world.made() == ["venv", "."]
    assert world.run("serve", PYTHON="python3.11")[0] == 0
    assert world.made() == ["venv", "."]


@pytest.mark.parametrize(
    ("version", "expected"), [("3.10.4", "is Python 3.10.4"), (None, "does not run")]
)
def test_a_PYTHON_that_cannot_serve_is_refused(world, version, expected):
    world.python()
    mine = world.python("mine", version) if version else world.folder / "nowhere"
    code, _, err = world.run("serve", PYTHON=str(mine))
    assert code == 1
    assert expected in one_line(err)


# ------------------------------------------------------------------- installing, once only


def test_the_second_start_installs_nothing(world):
    world.python()
    assert world.run("serve")[0] == 0
    assert world.made() == ["venv", "."]
    code, out, err = world.run("serve", "--port", "80 80")
    assert (code, out, err) == (0, "ventanilla serve --port 80 80\n", "")
    assert world.made() == []


def test_only_what_pip_reads_makes_it_install_again(world):
    world.python()
    world.run("serve")
    world.made()
    project, pins = world.root / "pyproject.toml", world.root / "constraints.txt"
    project.write_text(project.read_text() + "\n[tool.something]\nelse = 1\n")
    world.run("serve")
    assert world.made() == []
    pins.write_text(pins.read_text() + "left-pad==1.0\n")
    world.run("serve")
    assert world.made() == ["."]
    project.write_text(project.read_text().replace("dependencies = [", 'dependencies = ["x",', 1))
    world.run("serve")
    assert world.made() == ["."]


def test_extras_add_up(world):
    world.python()
    world.run("serve")
    world.run("test")
    assert world.made() == ["venv", ".", ".[check,test]"]
    world.run("serve")
    world.run("check")
    assert world.made() == []
    assert world.run("serve", VENTANILLA_EXTRAS="models, bench")[0] == 0
    assert world.made() == [".[bench,check,models,test]"]


def test_an_environment_made_by_hand_is_gone_on_with(world):
    python = world.python()
    subprocess.run([python, "-m", "venv", world.root / ".venv"], check=True)
    world.made()
    assert world.run("serve")[0] == 0
    assert world.made() == ["."]


def test_starts_at_the_same_time_install_once(world):
    world.python()
    (world.folder / "pip-seconds").write_text("1")
    starts = [world.start("serve") for _ in range(3)]
    ends = [start.communicate(timeout=30) for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], ends
    assert world.made() == ["venv", "."]
    assert sum("waiting for it" in err for _, err in ends) == 2


# ------------------------------------------------------------------- when installing fails


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(…)'"
            "\nERROR: Could not find a version that satisfies the requirement langgraph",
            "the package index cannot be reached: check the network",
        ),
        (
            "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(…)'"
            "\n  error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory"
            "\nERROR: Failed building wheel for PyStemmer",
            "the compiler is missing: sudo apt-get install build-essential python3.11-dev",
        ),
        ("fatal error: Python.h: No such file or directory", "the compiler is missing"),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate",
            "set PIP_CERT",
        ),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "a file cannot be written"),
        (
            "Collecting\n" * 100
            + "ERROR: Cannot install x==1 and x==2\nERROR: ResolutionImpossible",
            "pip says: ResolutionImpossible",
        ),
        ("Killed", "pip gave no reason"),
    ],
)
def test_a_failure_of_pip_is_one_line_with_remedy_and_log(world, said, expected):
    world.python()
    world.script("bin/apt-get", "#!/bin/sh\n")
    (world.folder / "pip-says").write_text(said)
    code, out, err = world.run("serve")
    assert (code, out) == (1, "")
    *progress, last = err.splitlines()
    assert len(progress) == 2
    assert last.startswith("ventanilla: installing failed, ") and expected in last
    log = Path(last.rpartition("(log: ")[2].rstrip(")"))
    assert log.read_text() == said

    (world.folder / "pip-says").write_text("")
    world.made()
    assert world.run("serve")[0] == 0
    assert world.made() == ["."]


@pytest.mark.parametrize("cut", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_start_that_was_cut_short_is_begun_anew(world, cut):
    world.python()
    (world.folder / "pip-seconds").write_text("20")
    start = world.start("serve")
    wait_until(lambda: "pip install" in world.calls.read_text())
    os.killpg(start.pid, cut)
    start.communicate()
    (world.folder / "pip-seconds").write_text("0")
    world.made()
    assert world.run("serve")[0] == 0
    assert world.made() == ["venv", "."]


def wait_until(holds) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("waited 10 s in vain")


def test_a_broken_environment_is_made_anew(world):
    world.python()
    world.run("serve")
    world.made()
    (world.root / ".venv/bin/python").unlink()
    (world.root / ".venv/leftover").mkdir()
    assert world.run("serve")[0] == 0
    assert world.made() == ["venv", "."]
    assert not (world.root / ".venv/leftover").exists()


def test_a_checkout_that_moved_gets_its_environment_anew(world):
    world.python()
    world.run("serve")
    world.made()
    world.root = world.root.rename(world.folder / "elsewhere")
    assert world.run("serve")[0] == 0
    assert world.made() == ["venv", "."]


# --------------------------------------------------------------------------- test and check


def test_test_ends_with_the_summary_of_pytest(world):
    world.python()
    code, out, _ = world.run("test", "tests/sources", "-k", "a b")
    assert code == 0
    assert out.splitlines() == ["pytest -q tests/sources -k a b", "1 passed in 0.01s"]


def test_programs_are_installed_only_when_asked_for_and_by_root_on_debian(world):
    world.python()
    world.script("bin/apt-get", f'#!/bin/sh\necho "$*" >>"{world.folder}/apt"\n')
    fake_id = world.bin / "id"
    fake_id.unlink()
    world.script("bin/id", "#!/bin/sh\necho 0\n")
    world.run("test")
    assert not (world.folder / "apt").exists()
    if "ID=debian" not in Path("/etc/os-release").read_text().splitlines():
        pytest.skip("the rest is for Debian")
    world.run("test", CI="true")
    installed = (world.folder / "apt").read_text()
    assert "install -y --no-install-recommends chromium" in installed
    assert "tesseract-ocr tesseract-ocr-spa tesseract-ocr-por" in installed
    (world.folder / "apt").unlink()
    world.script("bin/id", "#!/bin/sh\necho 1000\n")
    world.run("test", VENTANILLA_BROWSER_TESTS="1")
    world.script("bin/id", "#!/bin/sh\necho 0\n")
    world.script("bin/chromium", "#!/bin/sh\n")
    world.script("bin/tesseract", "#!/bin/sh\necho spa\n")
    world.run("test", CI="true")
    assert "chromium" not in (world.folder / "apt").read_text()
    (world.folder / "apt").unlink()
    world.script("bin/tesseract", "#!/bin/sh\necho spa; echo por\n")
    world.run("test", CI="true")
    assert not (world.folder / "apt").exists()


def test_check_reports_each_and_fails_if_one_fails(world):
    world.python()
    code, out, _ = world.run("check")
    assert code == 0
    assert [line.split(" (")[0] for line in out.splitlines()] == [
        "ok      ruff check",
        "ok      ruff format",
        "ok      mypy --strict",
        "ok      imports",
    ]
    (world.folder / "failing").write_text("mypy\n")
    code, out, _ = world.run("check")
    assert code == 1
    assert "failed  mypy --strict" in out and "ok      imports" in out
    assert out.splitlines()[-1] == "1 of 4 checks failed: mypy --strict"


def test_check_knows_one_option(world):
    world.python()
    assert world.run("check", "--fix")[0] == 0
    code, _, err = world.run("check", "--quick")
    assert code == 1
    assert "one option: --fix" in one_line(err)
