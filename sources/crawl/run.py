"""Starts the crawler as a process of its own and takes over what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sources.crawl import FOUND, JOB, Found, Job, Part
from sources.errors import ConnectorError
from sources.process import environment, how_it_ended, kill

COMMAND = (sys.executable, "-P", "-m", "sources.crawl.child")
_GRACE_S = 120.0
"""Seconds beyond the job's own limit, in which the crawler ends by itself."""


def crawl(job: Job, folder: Path, command: Sequence[str] = COMMAND) -> list[Found]:
    """Reads the site; the files of its texts lie in `folder`, which is to be the job's own.

    Raises ConnectorError where the crawler did not come to its end.
    """
    (folder / JOB).write_text(json.dumps(asdict(job)), encoding="utf-8")
    with (folder / "errors.txt").open("wb") as errors:
        process = _start(command, folder, errors.fileno())
        try:
            process.wait(job.seconds + _GRACE_S)
        except subprocess.TimeoutExpired:
            raise ConnectorError(
                f"{job.origin} was not read to its end within {job.seconds / 3600:.2g} hours",
                "Lower `most_pages`, or name what is wanted with `include`.",
            ) from None
        finally:
            _end(process)
    found = _taken(folder / FOUND)
    if found is None:
        raise ConnectorError(
            f"the crawler broke off while it read {job.origin} ({_how(process, folder)})",
            "Read it again: `ventanilla sources sync`.",
        )
    return found


def _start(command: Sequence[str], folder: Path, errors: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 – our own interpreter and module
        (*command, str(folder)),
        stdin=subprocess.PIPE,  # never written to: it closes when we end, and the crawler with it
        stdout=subprocess.DEVNULL,
        stderr=errors,
        cwd=folder,
        env=environment("SSL_CERT_FILE", "SSL_CERT_DIR"),
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        kill(process)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _taken(path: Path) -> list[Found] | None:
    """What was found, or None where the crawler did not write that it had come to its end."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    try:
        *rows, last = map(json.loads, lines)
    except ValueError:  # nothing was written, or half a line
        return None
    if "end" not in last:
        return None
    return [Found(**{**row, "parts": [Part(**part) for part in row["parts"]]}) for row in rows]


def _how(process: subprocess.Popen[bytes], folder: Path) -> str:
    ended = how_it_ended(process.returncode)
    if process.returncode < 0:
        return ended
    told = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(told) if line.strip()), "")
    return ended + (f", {last[:120]}" if last else "")
