from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.store import Store
from sources.document import Document, Field, Provenance, TextBuilder
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


# ------------------------------------------------------------------- versions and dates


def test_what_was_said_before_is_readable_by_its_hash_and_answers_nothing(filled):
    old = filled.get("cl-beca")
    new = old.model_copy(update={"title": "Beca nueva"})
    filled.put([new], {new.id: "cl-beca-2"})
    assert filled.version("cl-beca", old.content_hash) == old
    assert filled.version("cl-beca", old.content_hash[:12]) == old
    assert filled.version("cl-beca", new.content_hash) == new
    assert filled.version("cl-beca", "0" * 64) is None
    assert filled.get("cl-beca", "cl-beca-1") is None
    assert [v[0] for v in filled.versions("cl-beca")] == [old.content_hash]


def test_a_removed_document_stays_readable_until_it_is_forgotten(filled):
    old = filled.get("cl-beca")
    filled.delete(["cl-beca"])
    assert filled.version("cl-beca", old.content_hash) == old
    assert filled.forget_versions("seed") == 1
    assert filled.version("cl-beca", old.content_hash) is None


def test_reading_again_what_is_unchanged_dates_it_and_makes_no_version(filled):
    document = filled.get("cl-beca")
    provenance = document.provenance.model_copy(update={"retrieved_at": "2026-01-01"})
    filled.put([document.model_copy(update={"provenance": provenance})], {"cl-beca": "cl-beca-1"})
    filled.see({"cl-beca": "2026-03-05"})
    assert filled.get("cl-beca").provenance.retrieved_at == "2026-03-05"
    filled.see({"cl-beca": "2025-03-05"})
    assert filled.get("cl-beca").provenance.retrieved_at == "2026-01-01"
    assert filled.versions("cl-beca") == []


# ----------------------------------------------------------------------- counted words

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["cl-a", "cl-b", "pe-c"]),
        st.sampled_from(["", "beca escolar", "beca beca", "pase escolar", "licencia"]),
        st.sampled_from(["", "beka", "quiero una beca beka"]),
    ),
    max_size=12,
)


@given(CHANGES)
@settings(max_examples=60, deadline=None)
def test_counts_kept_up_are_those_of_a_fresh_count(changes):
    """After any changes and removals the counts are those of what stands there now."""
    with TemporaryDirectory() as folder:
        kept, fresh = Store(Path(folder) / "kept.sqlite"), Store(Path(folder) / "fresh.sqlite")
        for number, (name, text, asked) in enumerate(changes):
            if text:
                kept.put([made(name, text, asked)], {name: str(number)})
            else:
                kept.delete([name])
        fresh.put(list(kept.documents()), {d.id: "1" for d in kept.documents()})
        for table in ("word_counts", "document_counts"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
            assert kept.rows(query) == fresh.rows(query)
        kept.close()
        fresh.close()


def made(name, text, asked):
    writer = TextBuilder()
    writer.section(text, field=Field.BODY, heading="")
    return Document(
        id=name,
        title=text.split()[0],
        language="es",
        country=name[:2].upper(),
        asked=(asked,) if asked else (),
        text=writer.text,
        sections=tuple(writer.sections),
        provenance=Provenance(source_id="s", agency="A"),
    )


def test_a_home_from_before_the_counts_is_counted_when_it_is_opened(tmp_path, documents):
    first = Store(tmp_path / "documents.sqlite")
    first.put(documents, {d.id: "1" for d in documents})
    counted = first.rows("SELECT * FROM word_counts")
    with first.transaction() as connection:
        for table in ("counted", "word_counts", "document_counts"):
            connection.execute(f"DELETE FROM {table}")
    first.close()
    second = Store(tmp_path / "documents.sqlite")
    assert second.rows("SELECT * FROM word_counts") == counted != []
    second.close()
