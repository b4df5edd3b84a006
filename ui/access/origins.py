"""What a set may be read from when an agency's own people add it, and not who runs the machine.

    confined(entry, settings.uploads / "muni")

Who adds a set by the command line can read the machine's files anyway. A user of the console cannot,
and must not come to them by an `origin`; nor to a machine behind our door by an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sources.catalog import PATHS, CatalogEntry
from sources.errors import Forbidden
from sources.fetch import is_address, is_private

OPTION_PATHS = ("token_file",)
"""Options that name a file."""


def confined(entry: CatalogEntry, folder: Path) -> None:
    """Raises Forbidden where `entry` names a file outside `folder`, which is the agency's own, or an
    address in a private network; ConnectorError where the host of an address is not known.
    """
    for field, value in _places(entry):
        if is_address(value):
            if is_private(value):
                raise Forbidden(
                    f"{field}: {value} is in a private network",
                    "Ask who runs this installation to add that set.",
                )
        elif "://" in value:
            raise Forbidden(f"{field}: {value} is no web address", "Write http:// or https://.")
        elif field in (*PATHS, *OPTION_PATHS) and not _below(Path(value), folder):
            raise Forbidden(
                f"{field}: {value} is none of your agency's files",
                "Upload the file, or write a web address.",
            )


def _below(path: Path, folder: Path) -> bool:
    """Whether `path` is inside `folder` once links are followed; a relative one is nowhere."""
    return path.is_absolute() and path.resolve().is_relative_to(folder.resolve())


def _places(entry: CatalogEntry) -> Iterator[tuple[str, str]]:
    for field in PATHS:
        if value := getattr(entry, field):
            yield field, value
    yield from _within(entry.options, "options")


def _within(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text in the options, with the name of the option that it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _within(each, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _within(each, name)
