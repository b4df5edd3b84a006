"""The embedded seed corpus: one YAML file per procedure, with the properties of CPSV-AP.

An agency that writes its procedures in the same form reads them with this connector too: give the
folder as `origin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from sources.catalog import CatalogEntry, one_line, read_yaml
from sources.document import Document, PublicService, Rejected
from sources.errors import CatalogError, ConnectorError

BUILT_IN = Path(__file__).parents[1] / "corpus"


def read_service(path: Path) -> PublicService:
    """Reads one procedure. Raises CatalogError with the field that is wrong."""
    try:
        return PublicService(**read_yaml(path))
    except ValidationError as error:
        raise CatalogError(f"{path.name}: {one_line(error)}", "Correct that field.") from None


def read(entry: CatalogEntry, origin: str) -> Iterator[Document | Rejected]:
    """Every procedure below `origin`, or of the corpus that comes with Ventanilla."""
    root = Path(origin) if origin else BUILT_IN
    if not root.is_dir():
        raise ConnectorError(f"{root} is no folder", "Give a folder of procedure files (YAML).")
    for path in sorted(root.rglob("*.yaml")):
        try:
            service = read_service(path)
            yield service.to_document(
                source_id=entry.id, licence=entry.licence, tenant=entry.tenant
            )
        except (CatalogError, ValidationError) as error:
            yield Rejected(name=path.name, reason=str(error))
