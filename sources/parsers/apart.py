"""Reads files in a process of its own, with limits on time and memory.

    with Reader() as reader:
        parsed = reader.parse(data, "guia.pdf")     # raises Unreadable, as `parse` does

A library that hangs, eats memory or crashes costs that one file: the process is ended and the next
file gets a new one. It starts at the first file that needs it and serves the following ones too.
Small files of mere text are read here, where no start has to be paid.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from threading import Event, Timer
from typing import Any

from sources.closing import Closing
from sources.parsers import Parsed, Unreadable, parse, reader_of
from sources.parsers.wire import unpacked
from sources.process import environment, how_it_ended, kill

SECONDS = 3600.0
"""Seconds from giving a file to its answer; scanned pages may need many."""

SMALL = 64 * 1024
"""Bytes up to which a file of text is read in this process."""

_RISKY = ("pdf", "docx", "odt", "xlsx")
_RENEW_ABOVE = 400 * 1024**2
"""Bytes of memory after which the next file gets a new process: libraries do not give all back."""
_COMMAND = (sys.executable, "-P", "-m", "sources.parsers.child")


class Reader(Closing):
    """The process, started when first needed. Not for several threads at once."""

    def __init__(self, command: Sequence[str] = _COMMAND, seconds: float = SECONDS) -> None:
        """`command` starts the process, `seconds` limits one file."""
        self._command = command
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.peak_bytes = 0
        """The most memory that the process has taken so far, as it told after its last file."""

    def close(self) -> None:
        """Ends the process, and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it was not given any more is not wanted
                    pipe.close()

    def parse(self, data: bytes, name: str) -> Parsed:
        """Reads the file called `name`. Raises Unreadable."""
        if len(data) <= SMALL and reader_of(data, name) not in _RISKY:
            return parse(data, name)
        answer = self._ask(data, name)
        if "problem" in answer:
            raise Unreadable(str(answer["problem"]), str(answer["remedy"]))
        parsed = unpacked(answer["parsed"])
        self.peak_bytes = int(answer["peak_bytes"])
        if self.peak_bytes > _RENEW_ABOVE:
            self.close()
        return parsed

    def _ask(self, data: bytes, name: str) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin and process.stdout
        late = Event()

        def end() -> None:
            late.set()
            kill(process)

        timer = Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps({"name": name, "size": len(data)}).encode() + b"\n")
            process.stdin.write(data)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:  # it ended before it had taken the file
            line = b""
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.close()
        raise _ended(process.returncode, was_late=late.is_set())

    def _start(self) -> subprocess.Popen[bytes]:
        # One thread each: those of numeric libraries take address space, Tesseract's only time.
        single = {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(  # noqa: S603 – our own interpreter and module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment("TESSDATA_PREFIX"), **single},
            start_new_session=True,  # so that Tesseract ends with it
        )


def _ended(code: int, *, was_late: bool) -> Unreadable:
    """The error for a process that ended without an answer."""
    if was_late or code == -signal.SIGXCPU:
        return Unreadable("reading it takes too long", "Split it, or export it again.")
    return Unreadable(
        f"it breaks its reader, or needs too much memory ({how_it_ended(code)})",
        "Export it again, or split it.",
    )
