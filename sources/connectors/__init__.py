"""One module per kind of source. A connector is a function

    read(entry: CatalogEntry, origin: str, memory: Memory) -> Iterator[Item]

that yields every document of the set, and a `Rejected` with the reason for every item that it could
not read: one broken file never stops the rest. It raises ConnectorError only where the origin as a
whole cannot be read. In `memory` it finds what it noted of each item at the last reading, and notes
it anew: what is as it was need not be read again and is yielded as `Unchanged`. A connector that
notes nothing leaves the third parameter out. A connector of tables is a function

    tables(entry: CatalogEntry, origin: str, folder: Path, reading: Reading | None) -> TableSet

that writes normalised CSV files into `folder` (`sources.tables`). A module here is found by its
name; a package of its own joins through the entry-point groups ``ventanilla.connectors`` and
``ventanilla.tables``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sources.asked import read_asked, with_asked
from sources.catalog import CatalogEntry
from sources.document import Item
from sources.errors import CatalogError
from sources.tables import Reading, TableSet

Connector = Callable[..., Iterator[Item]]

Mark = Mapping[str, str]
"""What is noted of one item: an ETag, a hash, a date. With the id of its one document under `document`,
a reading that was cut off is taken up there.
"""


@dataclass(slots=True)
class Memory:
    """What a connector remembers from one reading to the next, by the item's own name (a path, a URL).

    `before` holds the marks of the last reading that came to its end with the same entry; empty at
    the first. `now` takes those of this reading: an item without a mark is read in full next time.
    """

    before: Mapping[str, Mark] = field(default_factory=dict)
    now: dict[str, Mark] = field(default_factory=dict)


TableConnector = Callable[[CatalogEntry, str, Path, Reading | None], TableSet]

GROUP = "ventanilla.connectors"
TABLES = "ventanilla.tables"


def available() -> list[str]:
    """The names that an entry's `connector` may take."""
    plugged = (*entry_points(group=GROUP), *entry_points(group=TABLES))
    return sorted({m.name for m in iter_modules(__path__)} | {p.name for p in plugged})


def load(name: str) -> Connector:
    """The connector of documents called `name`. Raises CatalogError naming those that exist."""
    found: Connector | None = _find(name, GROUP, "read")
    if found is None:
        raise CatalogError(f"{name!r} reads tables, not documents", "Use `load_tables`.")
    return found


def load_tables(name: str) -> TableConnector:
    """The connector of tables called `name`. Raises CatalogError naming those that exist."""
    found: TableConnector | None = _find(name, TABLES, "tables")
    if found is None:
        raise CatalogError(f"{name!r} reads documents, not tables", "Use `load`.")
    return found


def gives_tables(name: str) -> bool:
    """Whether a connector reads tables. Raises CatalogError where there is none of that name."""
    return _find(name, TABLES, "tables") is not None


def _find(name: str, group: str, function: str) -> Any:
    """The function, or None where the connector is of the other kind."""
    if name in {module.name for module in iter_modules(__path__)}:
        return getattr(import_module(f"{__name__}.{name}"), function, None)
    for point in entry_points(group=group, name=name):
        return point.load()
    if name in available():
        return None
    raise CatalogError(f"there is no connector {name!r}", f"Use one of: {', '.join(available())}.")


def read(
    entry: CatalogEntry, origin: str | None = None, memory: Memory | None = None
) -> Iterator[Item]:
    """All documents of `entry`, from `origin` in place of the entry's own where one is given, with
    the questions that citizens ask of them. Without `memory` everything is read.
    """
    asked = read_asked(Path(entry.questions)) if entry.questions else {}
    connector, place = load(entry.connector), origin or entry.origin or ""
    remembers = len(signature(connector).parameters) > 2
    items = connector(entry, place, memory or Memory()) if remembers else connector(entry, place)
    return with_asked(items, asked)
