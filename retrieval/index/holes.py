"""Copies of files with holes that keep them: Qdrant Edge sets aside 250 MB for an index of one passage."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_PIECE = 1 << 20


def copy_tree(source: Path, target: Path) -> None:
    """Copies a folder into `target`, which is made where it is not there. Raises OSError."""
    shutil.copytree(source, target, copy_function=copy, dirs_exist_ok=True)


def copy(source: str | Path, target: str | Path) -> None:
    """Copies one file; what was never written to it takes no room in the copy either."""
    with Path(source).open("rb", buffering=0) as given, Path(target).open("wb") as made:
        size, at = os.fstat(given.fileno()).st_size, 0
        made.truncate(size)
        while at < size:
            try:
                start = os.lseek(given.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole is left
                    return
                raise
            at = os.lseek(given.fileno(), start, os.SEEK_HOLE)
            given.seek(start)
            made.seek(start)
            while (left := at - given.tell()) > 0:
                made.write(given.read(min(left, _PIECE)))
