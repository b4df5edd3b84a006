"""Ingestion end to end over the embedded index: what is read, what changes, what vanishes."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from retrieval.concepts import Matcher
from retrieval.index import Index, Scope, open_index
from retrieval.ingest import remove, sync
from retrieval.search import Searcher
from retrieval.store import Store
from sources.document import Document, Provenance, PublicService, Rejected
from sources.errors import IndexUnavailable
from sources.vocabulary import Concept

TODAY = date(2026, 11, 23)
PUBLIC = Scope(tenants=("public",), on=TODAY)
MATCHER = Matcher(
    {
        "driving-licence": Concept(
            id="driving-licence",
            prefLabel={"es": "licencia de conducir", "pt": "carteira de habilitação"},
            altLabel={"es-PE": ("brevete",), "pt": ("CNH",)},
        )
    }
)


def service(number: int, *, cost: str = "El trámite cuesta $100.", **changes: object) -> Document:
    fields: dict[str, object] = {
        "id": f"cl-{number}",
        "title": f"Certificado de residencia número {number}",
        "country": "CL",
        "language": "es",
        "sector": ["general"],
        "competent_authority": {"name": "Municipalidad"},
        "cost": [{"text": cost}],
    }
    return PublicService(**fields | changes).to_document(source_id="a", licence=None)  # type: ignore[arg-type]


def found(index: Index, store: Store, question: str, scope: Scope = PUBLIC) -> list[str]:
    result = Searcher(index, store, MATCHER).search(question, scope)
    return [f.quote for f in result.passages]


def test_only_what_changed_is_indexed_again(index: Index, store: Store) -> None:
    documents = [service(n) for n in range(5)]
    assert sync(documents, "a", index, store, MATCHER).indexed == 5
    again = sync(documents, "a", index, store, MATCHER)
    assert (again.indexed, again.unchanged) == (0, 5)
    documents[2] = service(2, cost="El trámite cuesta $250.")
    changed = sync(documents, "a", index, store, MATCHER)
    assert (changed.indexed, changed.unchanged) == (1, 4)


def test_replaced_text_no_longer_answers(index: Index, store: Store) -> None:
    sync([service(1, cost="Cuesta exactamente $777.")], "a", index, store, MATCHER)
    sync([service(1, cost="Cuesta exactamente $888.")], "a", index, store, MATCHER)
    quotes = found(index, store, "certificado de residencia cuesta exactamente")
    assert quotes == ["Cuesta exactamente $888."]


def test_a_vanished_document_no_longer_answers(index: Index, store: Store) -> None:
    sync([service(1), service(2)], "a", index, store, MATCHER)
    report = sync([service(2)], "a", index, store, MATCHER)
    assert report.removed == 1
    assert store.get("cl-1") is None
    assert index.count(Scope(tenants=("public",), documents=("cl-1",))) == 0


def test_a_removed_source_leaves_nothing_and_others_stay(index: Index, store: Store) -> None:
    other = service(9).model_copy(update={"provenance": Provenance(source_id="b", agency="X")})
    sync([service(1)], "a", index, store, MATCHER)
    sync([other], "b", index, store, MATCHER)
    assert remove("a", index, store) == 1
    assert list(store.ids("b")) == ["cl-9"]
    assert index.count() == index.count(Scope(tenants=("public",), sources=("b",)))


def test_the_id_of_another_set_is_refused(index: Index, store: Store) -> None:
    sync([service(1)], "a", index, store, MATCHER)
    stolen = service(1).model_copy(update={"provenance": Provenance(source_id="b", agency="X")})
    report = sync([stolen], "b", index, store, MATCHER)
    assert report.indexed == 0
    assert "belongs to the set 'a'" in report.rejected[0]


def test_a_run_that_dies_says_why_and_the_next_one_completes(index: Index, store: Store) -> None:
    def breaking() -> Iterator[Document | Rejected]:
        yield service(1)
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        sync(breaking(), "a", index, store, MATCHER)
    assert store.rows("SELECT state FROM syncs") == [("failed: the disk went away",)]
    assert sync([service(1), service(2)], "a", index, store, MATCHER).read == 2
    assert store.rows("SELECT state FROM syncs") == [("done",)]


def test_a_killed_run_is_taken_up(tmp_path: Path) -> None:
    code = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import test_sync as t
        from retrieval.index import open_index
        home = Path({str(tmp_path)!r})
        def items():
            for n in range(400):
                if n == 300:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield t.service(n)
        store = t.Store(home / "documents.sqlite")
        t.sync(items(), "a", open_index(home / "index"), store, t.MATCHER)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    index, store = open_index(tmp_path / "index"), Store(tmp_path / "documents.sqlite")
    report = sync([service(n) for n in range(400)], "a", index, store, MATCHER)
    assert report.read == 400
    assert len(store.ids("a")) == 400
    assert index.count() == 400  # one passage each, none twice
    index.close()
    store.close()


@pytest.mark.parametrize(
    ("changes", "scope"),
    [
        ({"tenant": "other"}, PUBLIC),
        ({"country": "PE"}, Scope(tenants=("public",), countries=("CL",), on=TODAY)),
    ],
)
def test_filters_stand_in_the_index(
    index: Index, store: Store, changes: dict[str, str], scope: Scope
) -> None:
    hidden = service(1).model_copy(update=changes)
    sync([hidden, service(2)], "a", index, store, MATCHER)
    quotes = Searcher(index, store, MATCHER).search("certificado de residencia", scope).passages
    assert {f.document.id for f in quotes} == {"cl-2"}


def test_only_documents_that_hold_today_are_found(index: Index, store: Store) -> None:
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    ended = service(1, valid_to=yesterday)
    coming = service(2, valid_from=tomorrow)
    current = service(3, valid_from=yesterday, valid_to=tomorrow)
    sync([ended, coming, current], "a", index, store, MATCHER)
    passages = Searcher(index, store, MATCHER).search("certificado de residencia", PUBLIC).passages
    assert {f.document.id for f in passages} == {"cl-3"}


def test_a_second_holder_is_told_in_one_line(tmp_path: Path, index: Index) -> None:
    with pytest.raises(IndexUnavailable) as caught:
        open_index(tmp_path / "index")
    assert "another process" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_concepts_join_countries_and_languages(index: Index, store: Store) -> None:
    licence = service(
        1, id="pe-1", country="PE", title="Licencia de conducir", cost="Cuesta S/ 10."
    )
    cnh = service(2, id="br-1", country="BR", language="pt", title="Primeira CNH")
    sync([licence, cnh, service(3)], "a", index, store, MATCHER)
    peru = Scope(tenants=("public",), countries=("PE",), on=TODAY)
    brazil = Scope(tenants=("public",), countries=("BR",), on=TODAY)
    searcher = Searcher(index, store, MATCHER)
    assert searcher.search("brevete", peru).passages[0].document.id == "pe-1"
    assert searcher.search("licencia de conducir", brazil).passages[0].document.id == "br-1"
    assert not searcher.read("brevete", brazil).mentions  # a word of Peru only


def test_misspelt_words_still_find(index: Index, store: Store) -> None:
    sync([service(1), service(2, title="Permiso de edificación")], "a", index, store, MATCHER)
    passages = Searcher(index, store, MATCHER).search("sertificado de recidencia", PUBLIC).passages
    assert passages[0].document.id == "cl-1"


def test_searching_never_loads_the_ingestion_library() -> None:
    code = "import sys, retrieval.search; sys.exit('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
