"""A document set that came in a pack: its documents as they were signed, one JSON object a line.

    id: pe-tramites
    title: Trámites del Perú
    connector: pack
    origin: ../packs/sets/pe-tramites/pe-tramites-3-1a2b3c4d

`ventanilla pack import` writes the folder and the entry. Where the set has another id here than where
it was made, its documents bear that id, too, and everything else stays as it was signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sources.catalog import CatalogEntry, one_line
from sources.document import PUBLIC, Document
from sources.errors import ConnectorError

DOCUMENTS, STATE = "documents.jsonl", "state.json"
AGAIN = "Import the pack again."


class Installed(BaseModel):
    """What stands in a folder: from which pack of which series, signed by whom; `origin` is the set's
    id where it was made, `sha256` that of the documents' file, `state` document id → content hash.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str
    name: str
    sequence: int
    made_at: str
    agency: str
    key: str
    origin: str
    sha256: str
    state: dict[str, str]
    vectors: dict[str, Any] | None = None

    @classmethod
    def read(cls, path: Path) -> Installed:
        """Raises ConnectorError where the file is missing or spoilt."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ConnectorError(f"{path} cannot be read ({error.strerror})", AGAIN) from None
        except ValidationError as error:
            raise ConnectorError(f"{path} is spoilt ({one_line(error)})", AGAIN) from None


def read(entry: CatalogEntry, origin: str) -> Iterator[Document]:
    """Every document of the pack. Raises ConnectorError where the files are not those that came."""
    if not origin:
        raise ConnectorError("the entry names no folder of a pack", AGAIN)
    folder = Path(origin)
    installed = Installed.read(folder / STATE)
    path = folder / DOCUMENTS
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != installed.sha256:
                raise ConnectorError(f"{path} is not what the pack brought", AGAIN)
            if entry.tenant != PUBLIC:
                raise ConnectorError("documents of a pack are public", "Leave out `tenant`.")
            file.seek(0)
            for line in file:
                yield named(Document.model_validate_json(line), installed.origin, entry.id)
    except OSError as error:
        raise ConnectorError(f"{path} cannot be read ({error.strerror})", AGAIN) from None
    except ValidationError as error:
        raise ConnectorError(f"{path} is spoilt ({one_line(error)})", AGAIN) from None


def local_id(document_id: str, origin: str, source_id: str) -> str:
    """The id of a document of the set `origin` where that set is called `source_id`."""
    return document_id if source_id == origin else f"{source_id}-{document_id}"


def named(document: Document, origin: str, source_id: str) -> Document:
    """The document as one of the set `source_id`."""
    if source_id == origin:
        return document
    provenance = document.provenance.model_copy(update={"source_id": source_id})
    own = local_id(document.id, origin, source_id)
    return document.model_copy(update={"id": own, "provenance": provenance})
