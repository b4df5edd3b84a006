"""One module per kind of source. A connector is a function

    read(entry: CatalogEntry, origin: str) -> Iterator[Document | Rejected]

that yields every document of the set, and a `Rejected` with the reason for every item that it could
not read: one broken file never stops the rest. It raises ConnectorError only where the origin as a
whole cannot be read. A module here is found by its name; a package of its own joins through the
entry-point group ``ventanilla.connectors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules

from sources.asked import read_asked, with_asked
from sources.catalog import CatalogEntry
from sources.document import Document, Rejected
from sources.errors import CatalogError

Connector = Callable[[CatalogEntry, str], Iterator[Document | Rejected]]

GROUP = "ventanilla.connectors"


def available() -> list[str]:
    """The names that an entry's `connector` may take."""
    return sorted(
        {m.name for m in iter_modules(__path__)} | {p.name for p in entry_points(group=GROUP)}
    )


def load(name: str) -> Connector:
    """The connector called `name`. Raises CatalogError naming those that exist."""
    if name in {module.name for module in iter_modules(__path__)}:
        read: Connector = import_module(f"{__name__}.{name}").read
        return read
    for point in entry_points(group=GROUP, name=name):
        plugged: Connector = point.load()
        return plugged
    raise CatalogError(f"there is no connector {name!r}", f"Use one of: {', '.join(available())}.")


def read(entry: CatalogEntry, origin: str | None = None) -> Iterator[Document | Rejected]:
    """All documents of `entry`, from `origin` in place of the entry's own where one is given, with
    the questions that citizens ask of them.
    """
    asked = read_asked(Path(entry.questions)) if entry.questions else {}
    return with_asked(load(entry.connector)(entry, origin or entry.origin or ""), asked)
