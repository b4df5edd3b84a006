"""The process that reads one file after another for `sources.parsers.apart`, within limits.

It takes ``{"name": …, "size": …}`` and so many bytes on its standard input, and answers with one
line of JSON on its standard output: what was parsed, or what is wrong. It ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from typing import Any

from sources.parsers import Unreadable, parse
from sources.parsers.wire import packed

MEGABYTES = 1024
"""Memory that reading a file may take, the interpreter's included."""

CPU_SECONDS = 300
"""Computing time that one file may take; Tesseract's is not counted, drawing its pages is."""

_KILO = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit in which the system tells the peak."""


def main(megabytes: int = MEGABYTES, cpu_seconds: int = CPU_SECONDS) -> None:
    """Answers until its input ends. The system ends the process where a limit is passed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not spoil the answers
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, megabytes * 1024**2)
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["size"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + cpu_seconds + 1)
        answers.write(json.dumps(_answer(data, request["name"])).encode() + b"\n")
        answers.flush()


def _limit(what: int, value: int) -> None:
    # The soft limit alone: the next file needs a later end. Some systems (macOS) know no limit on
    # the address space; the one on time holds there too.
    hard = resource.getrlimit(what)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (value, hard))


def _answer(data: bytes, name: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = {"parsed": packed(parse(data, name))}
    except Unreadable as error:
        answer = {"problem": error.problem, "remedy": error.remedy}
    return answer | {"peak_bytes": _peak_bytes()}


def _peak_bytes() -> int:
    """The most memory of this program: Linux counts its starter's into `ru_maxrss` (proc(5))."""
    with (
        contextlib.suppress(FileNotFoundError),
        open("/proc/self/status", encoding="latin-1") as own,
    ):
        return next(int(line.split()[1]) * 1024 for line in own if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILO


if __name__ == "__main__":
    main()
