"""An agency's municipal documents are found for their own territory, and never for its sibling."""

from __future__ import annotations

from datetime import date

import pytest

from agents.context import Context
from agents.found import evidence_of
from agents.state import Errand
from retrieval.concepts import Matcher
from retrieval.index import open_index
from retrieval.ingest import sync
from retrieval.search import Searcher
from retrieval.store import Store
from sources.document import PublicService
from sources.vocabulary import concepts


def permit(number, territory):
    return PublicService(
        id=number,
        title="Permiso de circulación",
        country="CL",
        language="es",
        sector=("transport",),
        spatial=territory,
        competent_authority={"name": f"Oficina {number}"},
        cost=({"text": f"El permiso de circulación de {number} se paga en marzo."},),
    ).to_document(source_id="municipal", licence=None)


@pytest.fixture
def context(tmp_path):
    index, store = open_index(tmp_path / "index"), Store(tmp_path / "documents.sqlite")
    matcher = Matcher(concepts())
    documents = [
        permit("nunoa", "CL-13120"),
        permit("maipu", "CL-13119"),
        permit("region", "CL-RM"),
        permit("valparaiso", "CL-VS"),
        permit("nacional", None),
    ]
    sync(documents, "municipal", index, store, matcher)
    yield Context(Searcher(index, store, matcher), today=lambda: date(2026, 11, 1))
    store.close()
    index.close()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("permiso de circulación en Ñuñoa", {"nunoa", "region", "nacional"}),
        ("permiso de circulación en maipu", {"maipu", "region", "nacional"}),
        ("permiso de circulación en Viña del Mar", {"valparaiso", "nacional"}),
        ("permiso de circulación", {"nunoa", "maipu", "region", "valparaiso", "nacional"}),
    ],
)
def test_documents_of_the_named_territory_and_of_what_it_lies_in(context, question, found):
    errand: Errand = {
        "agent": "general", "question": question, "asked": question, "before": [],
        "language": "es", "minor": [], "country": "CL", "part": 0,
    }  # fmt: skip
    assert {e["document_id"] for e in evidence_of(errand, context)} == found
