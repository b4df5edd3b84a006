"""The reranker: what it may move, and what happens where it is late, broken or absent."""

import threading
import time

import numpy as np
import pytest

from retrieval import dense, ranking, rerank
from retrieval.index import Scope
from retrieval.rerank import CrossEncoderReranker
from retrieval.search import Searcher
from tests.retrieval.tiny_models import cross_encoder

pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")

ALL = Scope(tenants=("public",))
LONG = 600.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return cross_encoder(tmp_path_factory.mktemp("cross"))


@pytest.fixture
def said():
    return []


class Fake:
    """A cross-encoder that scores by `judge`; waits where it is told to."""

    device = "cpu"

    def __init__(self, judge, gate=None):
        self.judge, self.gate, self.calls = judge, gate, 0

    def predict(self, pairs, **_):
        self.calls += 1
        if self.gate is not None:
            self.gate.wait()
        return np.array([self.judge(question, passage) for question, passage in pairs])


def made(judge, said, *, gate=None, seconds=LONG):
    fake = Fake(judge, gate)
    opener = lambda model, device: fake  # noqa: E731
    return CrossEncoderReranker("fake", seconds=seconds, note=said.append, opener=opener), fake


class Fixed:
    def __init__(self, judge):
        self.judge = judge

    def scores(self, question, passages):
        return [self.judge(passage) for passage in passages]


def order(searcher, question, **narrow):
    scope = Scope(tenants=("public",), **narrow)
    return [(f.document.id, f.trust) for f in searcher.search(question, scope).documents]


def test_a_real_cross_encoder_scores_each_passage_alone(tiny, said):
    reranker = CrossEncoderReranker(tiny, seconds=LONG, note=said.append)
    passages = [f"Licencia de conducir {'y más ' * n}" for n in range(9)]  # three batches
    scores = reranker.scores("licencia", passages)
    assert all(0 <= score <= 1 for score in scores) and len(set(scores)) > 1
    for n in (0, 8):
        assert reranker.scores("licencia", [passages[n]]) == pytest.approx([scores[n]], abs=1e-4)
    assert reranker.scores("licencia", []) == []
    assert reranker.scores("licencia", ["más largo que el modelo " * 200]) is not None
    assert said == []
    reranker.close()


def test_it_moves_documents_and_leaves_trust(index, store, matcher, searcher):
    plain = order(searcher, "licencia de conducir")
    assert {plain[0][0], plain[1][0]} == {"cl-licencia", "pe-licencia"}
    for wanted, cost in [("cl-licencia", "20.000"), ("pe-licencia", "24.50")]:
        reranker = Fixed(lambda passage, cost=cost: 0.9 if cost in passage else 0.1)
        moved = order(Searcher(index, store, matcher, reranker=reranker), "licencia de conducir")
        assert moved[0][0] == wanted
        assert dict(moved) == dict(plain)


def test_it_moves_a_document_by_no_more_than_its_bound(index, store, matcher, searcher):
    against = Fixed(lambda passage: float("alimentación" in passage))
    moved = Searcher(index, store, matcher, reranker=against)
    for each in moved.search("licencia de conducir", ALL).passages:
        assert 0 <= each.score - each.near <= ranking.RERANK
    assert order(moved, "licencia de conducir")[0][0].endswith("-licencia")


@pytest.mark.parametrize(
    ("scores", "bonuses"),
    [([], []), ([0.4], [0.0]), ([1.0, 0.0], [ranking.RERANK, 0.0]), ([0.5, 0.5], [0.0, 0.0])],
)
def test_scores_become_a_bounded_bonus(scores, bonuses):
    assert ranking.reranked(scores) == pytest.approx(bonuses)


def test_a_late_one_leaves_the_order(index, store, matcher, searcher, said):
    gate = threading.Event()
    reranker, fake = made(lambda question, passage: 0.5, said, gate=gate, seconds=0.05)
    late = Searcher(index, store, matcher, reranker=reranker)
    assert dict(order(late, "licencia de conducir")) == dict(
        order(searcher, "licencia de conducir")
    )
    assert reranker.scores("beca", ["a"]) is None  # busy: it is not queued behind the late one
    assert fake.calls == 1
    gate.set()
    reranker.close()
    assert fake.calls == 1  # between two batches it saw that it was late
    assert said == []


def test_it_is_asked_again_after_it_was_late(said):
    gate = threading.Event()
    reranker, _ = made(lambda question, passage: 0.5, said, gate=gate, seconds=0.05)
    assert reranker.scores("a", ["b"]) is None
    gate.set()
    reranker._seconds = LONG
    while (scores := reranker.scores("a", ["b"])) is None:
        time.sleep(0.01)
    assert scores == [0.5]
    reranker.close()


def test_while_it_is_read_searches_go_on(said):
    gate = threading.Event()

    def opener(model, device):
        gate.wait()
        return Fake(lambda question, passage: 0.5)

    reranker = CrossEncoderReranker("fake", seconds=LONG, note=said.append, opener=opener)
    reranker.warm()
    assert reranker.scores("a", ["b"]) is None
    gate.set()
    while (scores := reranker.scores("a", ["b"])) is None:
        time.sleep(0.01)
    assert scores == [0.5]
    reranker.close()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1])
def test_scores_that_are_none_count_for_nothing(said, value):
    reranker, _ = made(lambda question, passage: value, said)
    assert reranker.scores("a", ["b"]) is None
    assert len(said) == 1 and "no numbers" in said[0]
    reranker.close()


def test_a_failing_one_says_so_once(said):
    def judge(question, passage):
        raise RuntimeError("CUDA\nout of memory")

    reranker, _ = made(judge, said)
    assert [reranker.scores("a", ["b"]) for _ in range(3)] == [None] * 3
    (line,) = said
    assert "out of memory" in line and "\n" not in line
    reranker.close()


def test_an_absent_one_is_one_line(index, store, matcher, searcher, said):
    reranker = CrossEncoderReranker("nobody/nothing", note=said.append)
    found = Searcher(index, store, matcher, reranker=reranker)
    for question in ("licencia de conducir", "beca escolar"):
        assert dict(order(found, question)) == dict(order(searcher, question))
    (line,) = said
    assert "nobody/nothing" in line and "hf download" in line
    reranker.close()


def test_a_missing_package_is_one_line(said, monkeypatch):
    monkeypatch.setattr(dense.importlib.util, "find_spec", lambda name: None)
    reranker = CrossEncoderReranker("any", note=said.append)
    assert reranker.scores("a", ["b"]) is None
    assert "pip install 'ventanilla[models]'" in said[0]
    reranker.close()


def test_batches_follow_the_device(said, monkeypatch):
    reranker, fake = made(lambda question, passage: 0.5, said)
    monkeypatch.setattr(rerank, "BATCHES", {"cpu": 2, "cuda": 8})
    reranker.scores("a", ["b"] * 8)
    assert fake.calls == 4
    fake.device = "cuda:0"
    reranker.scores("a", ["b"] * 8)
    assert fake.calls == 5
    reranker.close()
