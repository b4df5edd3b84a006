"""Our own modules as processes of their own: what they get to know, and how they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


def environment(*more: str) -> dict[str, str]:
    """What a process that meets strangers' files and sites gets to know of our environment, `more`
    names included: no settings, no secrets. It finds our modules.
    """
    own = {name: os.environ[name] for name in (*_PASSED_ON, *more) if name in os.environ}
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**own, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a session of its own, and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGKILL)


def how_it_ended(code: int) -> str:
    """A return code as it is told: "SIGKILL", "code 1"."""
    return signal.Signals(-code).name if code < 0 else f"code {code}"
