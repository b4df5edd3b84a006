"""A vocabulary of four concepts, five documents of three countries, and an index that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.concepts import Matcher
from retrieval.index import Index, open_index
from retrieval.ingest import sync
from retrieval.search import Searcher
from retrieval.store import Store
from sources.document import Document, PublicService
from sources.vocabulary import Concept

CONCEPTS = (
    Concept(
        id="driving-licence",
        prefLabel={"es": "licencia de conducir", "pt": "carteira de motorista"},
        altLabel={"es-PE": ("brevete",), "pt-BR": ("CNH",), "es-CL": ("carnet",)},
        related=("eye-test",),
    ),
    Concept(
        id="identity-card",
        prefLabel={"es": "cédula de identidad", "pt": "carteira de identidade"},
        altLabel={"es-CL": ("carnet de identidad",), "es-PE": ("carnet", "DNI")},
    ),
    Concept(id="birth-certificate", prefLabel={"es": "acta de nacimiento"}),
    Concept(id="eye-test", prefLabel={"es": "examen de la vista", "pt": "exame de vista"}),
)


def _service(number: str, title: str, country: str, sector: str, cost: str) -> Document:
    return PublicService(
        id=number,
        title=title,
        country=country,
        language="pt" if country == "BR" else "es",
        sector=(sector,),
        competent_authority={"name": "Oficina"},
        cost=({"text": cost},),
    ).to_document(source_id="seed", licence=None)


@pytest.fixture
def matcher() -> Matcher:
    return Matcher({concept.id: concept for concept in CONCEPTS})


@pytest.fixture
def documents() -> list[Document]:
    return [
        _service("cl-licencia", "Licencia de conducir", "CL", "transport", "Cuesta $ 20.000."),
        _service("pe-licencia", "Licencia de conducir", "PE", "transport", "Cuesta S/ 24.50."),
        _service("br-cnh", "Primeira CNH", "BR", "transport", "A taxa é de R$ 90,00."),
        _service("cl-beca", "Beca de alimentación escolar", "CL", "education", "No cuesta nada."),
        _service("br-certidao", "Certidão de nascimento", "BR", "general", "É gratuita."),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "documents.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(tmp_path / "index")
    yield opened
    opened.close()


@pytest.fixture
def searcher(index: Index, store: Store, matcher: Matcher, documents: list[Document]) -> Searcher:
    assert sync(documents, "seed", index, store, matcher).indexed == len(documents)
    return Searcher(index, store, matcher)
