import pytest

from retrieval.store import Store
from sources.errors import IndexUnavailable


@pytest.fixture
def filled(store, documents):
    store.put(documents, {d.id: f"{d.id}-1" for d in documents})
    return store


def test_a_document_comes_back_as_it_was(filled, documents):
    assert [filled.get(d.id) for d in documents] == documents
    assert [d.id for d in filled.documents()] == sorted(d.id for d in documents)


def test_another_revision_does_not_answer(filled):
    assert filled.get("cl-beca", "cl-beca-1") is not None
    assert filled.get("cl-beca", "cl-beca-0") is None


def test_what_was_read_before_is_forgotten_when_it_is_deleted(filled):
    assert filled.get("cl-beca") is not None
    filled.delete(["cl-beca"])
    assert filled.get("cl-beca") is None
    assert "cl-beca" not in filled.ids("seed")


def test_a_replaced_text_is_the_new_one(filled):
    old = filled.get("cl-beca")
    new = old.model_copy(update={"title": "Beca nueva"})
    filled.put([new], {new.id: "cl-beca-2"})
    assert filled.get("cl-beca").title == "Beca nueva"
    assert filled.get("cl-beca", "cl-beca-1") is None


def test_a_failed_transaction_leaves_nothing(filled):
    def fail():
        with filled.transaction() as connection:
            connection.execute("DELETE FROM documents")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert len(filled.ids("seed")) == 5


def test_the_file_is_read_again_after_it_was_closed(tmp_path, documents):
    first = Store(tmp_path / "again" / "documents.sqlite")
    first.put(documents, {d.id: "1" for d in documents})
    first.close()
    second = Store(tmp_path / "again" / "documents.sqlite")
    assert len(second.ids("seed")) == 5
    second.close()


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_no_database_names_the_remedy(tmp_path):
    path = tmp_path / "documents.sqlite"
    path.write_bytes(b"this is no database " * 100)
    with pytest.raises(IndexUnavailable) as caught:
        Store(path)
    assert "\n" not in str(caught.value) and caught.value.remedy
