"""What `test_sync` does not show: sets beside each other, sets with faults, the record of runs."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from retrieval.concepts import Matcher
from retrieval.index import Scope, open_index
from retrieval.ingest import BATCH, FORMAT, remove, revision_of, sync
from retrieval.search import Searcher
from retrieval.store import Store
from sources.document import Document, Rejected


def moved(documents, source):
    return [
        d.model_copy(
            update={
                "id": f"{source}-{d.id}",
                "provenance": d.provenance.model_copy(update={"source_id": source}),
            }
        )
        for d in documents
    ]


def many(document, count):
    return [document.model_copy(update={"id": f"n-{n:04}"}) for n in range(count)]


def everything(index):
    return index.count(Scope(tenants=("public",)))


def test_sets_do_not_touch_each_other(index, store, matcher, documents):
    first, second = moved(documents, "a"), moved(documents, "b")
    sync(first, "a", index, store, matcher)
    sync(second, "b", index, store, matcher)
    assert sync(first[:2], "a", index, store, matcher).removed == 3
    assert sync(second, "b", index, store, matcher).unchanged == 5
    assert remove("a", index, store) == 2
    assert set(store.ids("b")) == {d.id for d in second}
    assert everything(index) == 5
    assert sync(first, "a", index, store, matcher).indexed == 5


def test_an_empty_set_removes_all_of_its_own(index, store, matcher, documents):
    sync(moved(documents, "a"), "a", index, store, matcher)
    sync(moved(documents, "b"), "b", index, store, matcher)
    assert sync([], "a", index, store, matcher).removed == 5
    assert everything(index) == len(store.ids("b")) == 5


@pytest.mark.parametrize("gone", ["vanished", "removed", "replaced"])
def test_what_is_gone_is_neither_found_nor_quoted(searcher, index, store, matcher, documents, gone):
    scope = Scope(tenants=("public",))
    old = searcher.search("beca de alimentación escolar", scope).passages[0]
    assert old.quote == "No cuesta nada."
    if gone == "vanished":
        sync([d for d in documents if d.id != "cl-beca"], "seed", index, store, matcher)
    elif gone == "removed":
        remove("seed", index, store)
    else:
        new = [
            d.model_copy(update={"text": d.text.replace("No cuesta nada.", "Ya cuesta algo.")})
            for d in documents
        ]
        assert sync(new, "seed", index, store, matcher).indexed == 1
    for asked in (searcher, Searcher(index, store, matcher)):  # also before it is refreshed
        quotes = [f.quote for f in asked.search("beca de alimentación escolar", scope).passages]
        assert "No cuesta nada." not in quotes
        assert ("Ya cuesta algo." in quotes) == (gone == "replaced")


def test_a_deleted_text_is_not_quoted_even_if_the_index_still_points_at_it(searcher, store):
    store.delete(["cl-beca"])  # a run that dies here has not yet reached the index
    found = searcher.search("beca de alimentación escolar", Scope(tenants=("public",))).passages
    assert "cl-beca" not in {f.document.id for f in found}


def test_a_faulty_document_does_not_stop_the_others(index, store, matcher, documents):
    empty = documents[0].model_copy(update={"id": "cl-vacio", "sections": ()})
    items = [Rejected(name="x.pdf", reason="it is encrypted"), empty, *documents, documents[0]]
    report = sync(items, "seed", index, store, matcher)
    assert (report.read, report.indexed) == (7, 5)
    assert report.rejected == [
        "x.pdf: it is encrypted",
        "cl-vacio: it has no text",
        "cl-licencia: two documents of this set have that id",
    ]


def test_a_stolen_id_leaves_the_owner_as_it_was(index, store, matcher, documents):
    sync(documents, "seed", index, store, matcher)
    stolen = documents[0].model_copy(
        update={"provenance": documents[0].provenance.model_copy(update={"source_id": "b"})}
    )
    report = sync([stolen], "b", index, store, matcher)
    assert report.indexed == 0 and report.rejected == [
        "cl-licencia: the id belongs to the set 'seed'"
    ]
    assert remove("b", index, store) == 0
    assert store.get("cl-licencia") == documents[0]
    assert everything(index) == 5


def test_a_set_that_is_anothers_own_is_not_named(index, store, matcher, documents):
    internal = documents[0].model_copy(update={"tenant": "muni"})
    sync([internal], "muni-internos", index, store, matcher)
    taken = documents[0].model_copy(
        update={"provenance": documents[0].provenance.model_copy(update={"source_id": "b"})}
    )
    report = sync([taken], "b", index, store, matcher)
    assert report.rejected == ["cl-licencia: the id belongs to another set"]


@pytest.mark.parametrize("read_before", [0, 1, BATCH, BATCH + 1])
def test_a_run_that_dies_anywhere_is_recorded_and_taken_up(
    index, store, matcher, documents, read_before
):
    wanted = many(documents[0], BATCH + 3)

    def broken():
        yield from wanted[:read_before]
        raise ConnectionError("the portal hung up")

    with pytest.raises(ConnectionError):
        sync(broken(), "seed", index, store, matcher)
    ((state, report),) = store.rows("SELECT state, report FROM syncs")
    assert state == "failed: the portal hung up"
    assert f'"read":{read_before}' in report
    done = sync(wanted, "seed", index, store, matcher)
    assert done.indexed + done.unchanged == len(wanted)
    assert set(store.ids("seed")) == {d.id for d in wanted}
    assert everything(index) == len(wanted)


def test_an_origin_out_of_reach_leaves_what_was_there(index, store, matcher, documents):
    sync(documents, "seed", index, store, matcher)

    def unreachable():
        raise ConnectionError("no route")
        yield

    with pytest.raises(ConnectionError):
        sync(unreachable(), "seed", index, store, matcher)
    assert len(store.ids("seed")) == everything(index) == 5


def test_another_vocabulary_indexes_everything_again(index, store, matcher, documents):
    sync(documents, "seed", index, store, matcher)
    assert sync(documents, "seed", index, store, Matcher({})).indexed == 5


def test_a_revision_stands_for_document_and_vocabulary(documents):
    again = documents[0].model_copy(
        update={
            "provenance": documents[0].provenance.model_copy(update={"retrieved_at": "2020-02-02"})
        }
    )
    assert FORMAT
    assert revision_of(again, "v") == revision_of(documents[0], "v")
    assert len({revision_of(d, v) for d in documents for v in ("v", "w")}) == 10


def test_a_date_that_only_says_when_it_was_read_changes_no_revision(documents):
    def read_on(day):
        dated = documents[0].provenance.model_copy(update={"retrieved_at": day, "as_of": day})
        return documents[0].model_copy(update={"provenance": dated})

    assert revision_of(read_on("2026-11-01"), "v") == revision_of(read_on("2026-11-02"), "v")


def test_what_is_read_again_unchanged_holds_on_the_day_of_the_reading(
    index, store, matcher, documents
):
    for day in ("2026-11-01", "2026-11-02"):
        dated = documents[0].provenance.model_copy(update={"retrieved_at": day, "as_of": day})
        again = documents[0].model_copy(update={"provenance": dated})
        report = sync([again], "seed", index, store, matcher)
    assert (report.indexed, report.unchanged) == (0, 1)
    assert store.get(documents[0].id).provenance.as_of == "2026-11-02"


def test_progress_is_told_per_batch(index, store, matcher, documents):
    told = []
    sync(
        many(documents[0], BATCH + 1), "seed", index, store, matcher,
        progress=lambda report: told.append(report.indexed),
    )  # fmt: skip
    assert told == [BATCH, BATCH + 1, BATCH + 1]


DIES = """if True:
    import os, signal, sys
    from pathlib import Path
    from retrieval.concepts import Matcher
    from retrieval.index import edge, open_index
    from retrieval.ingest import sync
    from retrieval.pipeline import KVDocumentStore
    from retrieval.store import Store
    from sources.document import Document
    home, where, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    owner = {"upsert": edge.EdgeIndex, "put": Store, "add_documents": KVDocumentStore}[where]
    original = getattr(owner, where)
    def dies(*args, **kwargs):
        if when == "after":
            original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, where, dies)
    lines = (home / "new.jsonl").read_text(encoding="utf-8").splitlines()
    items = [Document.model_validate_json(line) for line in lines]
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    sync(items, "seed", index, store, Matcher({}))
    """


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("where", ["upsert", "put", "add_documents"])
def test_a_process_killed_between_two_writes_is_taken_up(tmp_path, documents, where, when):
    matcher, scope = Matcher({}), Scope(tenants=("public",))
    changed = [d.model_copy(update={"title": f"{d.title} nueva"}) for d in documents[:4]]
    index, store = open_index(tmp_path / "index"), Store(tmp_path / "documents.sqlite")
    sync(documents, "seed", index, store, matcher)
    index.close()
    store.close()
    lines = [d.model_dump_json() for d in changed]
    (tmp_path / "new.jsonl").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-c", DIES, str(tmp_path), where, when]
    killed = subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL
    index, store = open_index(tmp_path / "index"), Store(tmp_path / "documents.sqlite")
    sync(changed, "seed", index, store, matcher)
    assert sorted(store.documents(), key=_id) == sorted(changed, key=_id)
    assert everything(index) == 4
    revisions = store.ids("seed")
    found = Searcher(index, store, matcher).search("licencia beca CNH nueva", scope).passages
    assert {f.document.id for f in found} == set(revisions)
    index.close()
    store.close()


def _id(document: Document) -> str:
    return document.id
