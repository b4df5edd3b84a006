"""fp8 and int4 layers multiply nearly as the layers that they were made from."""

import pytest

torch = pytest.importorskip("torch", reason="the extra `models` is not installed")

from agents.llm.local.quantize import can_quantise, quantise  # noqa: E402


@pytest.mark.parametrize(("precision", "most"), [("fp8", 0.05), ("int4", 0.15)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(5, 256), (1, 256), (2, 3, 256)])
def test_the_product_is_nearly_the_same(precision, most, bias, shape):
    torch.manual_seed(1)
    layer = torch.nn.Linear(256, 64, bias=bias).requires_grad_(False)
    x = torch.randn(shape)
    exact = layer(x)
    near = quantise(layer.weight.data, layer.bias.data if bias else None, precision)(x)
    assert near.shape == exact.shape and near.dtype == exact.dtype
    assert (near - exact).norm() / exact.norm() < most


def test_layers_of_odd_shapes_stay_as_they_are():
    assert can_quantise(torch.nn.Linear(64, 64), "int4")
    assert not can_quantise(torch.nn.Linear(60, 64), "fp8")
    assert not can_quantise(torch.nn.Linear(64, 20), "int4")
    assert not can_quantise(torch.nn.LayerNorm(64), "fp8")
    assert not can_quantise(torch.nn.Linear(64, 64), "bf16")
