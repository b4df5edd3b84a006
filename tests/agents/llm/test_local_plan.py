"""Which weights fit which cards, against the table of what is known of Latam-GPT."""

from types import SimpleNamespace

import pytest

from agents.llm.local.plan import GIB, Shapes, choose_context, context_limit, plan_weights
from sources.errors import ModelUnavailable

LATAM = Shapes(80, 8192, 28672, 64, 8, 128, 128256)
H200, H100 = int(140.4 * GIB), int(79.6 * GIB)


def test_the_shapes_give_the_known_size():
    assert LATAM.parameters == pytest.approx(70.55e9, rel=1e-3)
    assert LATAM.kv_bytes() == 320 * 1024
    sizes = {p: LATAM.weight_bytes(p) / GIB for p in ("bf16", "fp8", "int4")}
    assert sizes == pytest.approx({"bf16": 131.4, "fp8": 67.7, "int4": 37.8}, abs=0.15)


@pytest.mark.parametrize(
    ("cards", "precision"), [([H200], "fp8"), ([H100], "int4"), ([H100] * 2, "fp8"),
                             ([H200] * 2, "bf16")]
)  # fmt: skip
def test_the_card_decides_the_precision(cards, precision):
    plan = plan_weights(LATAM, cards)
    assert plan.precision == precision
    assert plan.weight_bytes + plan.kv_bytes <= sum(cards) - 8 * GIB * len(cards)
    assert plan.kv_tokens >= 8 * 8192


def test_a_precision_asked_for_is_taken_or_refused():
    assert plan_weights(LATAM, [H200], weights="int4").precision == "int4"
    with pytest.raises(ModelUnavailable, match="needs 142 GiB in bf16 and 140 GiB are free"):
        plan_weights(LATAM, [H200], weights="bf16")
    with pytest.raises(ModelUnavailable, match="cannot compute with fp8"):
        plan_weights(LATAM, [H200], weights="fp8", supported=("bf16", "int4"))


def test_a_card_without_fp8_falls_to_int4_and_a_small_one_is_refused():
    assert plan_weights(LATAM, [H200], supported=("bf16", "int4")).precision == "int4"
    with pytest.raises(ModelUnavailable, match="`server` backend"):
        plan_weights(LATAM, [24 * GIB])


def test_eight_billion_fit_a_small_card():
    eight = Shapes(32, 4096, 14336, 32, 8, 128, 128256)
    assert plan_weights(eight, [80 * GIB]).precision == "bf16"
    assert plan_weights(eight, [int(23.6 * GIB)]).precision == "int4"


def test_shapes_are_read_from_a_config():
    config = SimpleNamespace(
        num_hidden_layers=80, hidden_size=8192, intermediate_size=28672, num_attention_heads=64,
        num_key_value_heads=8, head_dim=None, vocab_size=128256,
    )  # fmt: skip
    assert Shapes.of(config) == LATAM


@pytest.mark.parametrize(
    ("rope", "limit"),
    [
        (None, 8192),
        ({"rope_type": "default"}, 8192),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 8192),
        ({"rope_type": "linear", "factor": 2.0}, 16384),
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8192}, 32768),
    ],
)
def test_the_context_is_what_the_config_allows(rope, limit):
    config = SimpleNamespace(max_position_embeddings=8192, rope_parameters=rope)
    assert context_limit(config) == limit


def test_the_context_is_8k_unless_asked():
    assert choose_context(131072, None) == 8192
    assert choose_context(131072, 32768) == 32768
    assert choose_context(4096, 32768) == 4096
    with pytest.raises(ModelUnavailable, match="holds nothing"):
        choose_context(4096, 0)
