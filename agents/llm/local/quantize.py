"""Linear layers in fp8 and int4, with torch alone.

fp8: a scale per row of weights and one per token, multiplied by the card's own fp8 units
(`torch._scaled_mm`). int4: round to nearest in groups, each with a scale and a middle
(`torch._weight_int4pack_mm`). Both have a CPU path in torch, by which they are tested.
"""

from __future__ import annotations

import torch
from torch import nn

from agents.llm.local.plan import INT4_GROUP, Precision

FP8_MAX = 448.0
INNER_TILES = 8
GROUPS = (INT4_GROUP, 64, 32)


class Fp8Linear(nn.Module):
    """A linear layer with fp8 weights; activations are rounded to fp8 token by token."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        scale = weight.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / FP8_MAX
        rounded = (weight.float() / scale).to(torch.float8_e4m3fn)
        self.out_features, self.in_features = weight.shape
        self.register_buffer("weight", rounded)
        self.register_buffer("scale", scale.reshape(1, -1).contiguous())
        self.register_buffer("bias", bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """X · Wᵀ."""
        rows = x.reshape(-1, self.in_features)
        scale = rows.abs().amax(dim=1, keepdim=True).float().clamp(min=1e-12) / FP8_MAX
        rounded = (rows / scale).to(torch.float8_e4m3fn)
        out = torch._scaled_mm(
            rounded, self.weight.t(), scale_a=scale, scale_b=self.scale, out_dtype=torch.bfloat16
        ).to(x.dtype)
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(*x.shape[:-1], self.out_features)


class Int4Linear(nn.Module):
    """A linear layer with int4 weights, rounded to nearest in groups of up to 128."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.group = next(size for size in GROUPS if self.in_features % size == 0)
        groups = weight.float().reshape(self.out_features, -1, self.group)
        low, high = groups.amin(dim=2, keepdim=True), groups.amax(dim=2, keepdim=True)
        scale = ((high - low) / 15).clamp(min=1e-8)
        levels = ((groups - low) / scale).round().clamp(0, 15).to(torch.int32)
        middle = low + 8 * scale
        pairs = torch.cat([scale, middle], dim=2).transpose(0, 1).contiguous()
        self.register_buffer("packed", _pack(levels.reshape(weight.shape)))
        self.register_buffer("scales", pairs.to(torch.bfloat16))
        self.register_buffer("bias", bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """X · Wᵀ."""
        rows = x.reshape(-1, self.in_features).to(torch.bfloat16)
        multiply = torch._weight_int4pack_mm if rows.is_cuda else torch._weight_int4pack_mm_for_cpu
        out = multiply(rows, self.packed, self.group, self.scales).to(x.dtype)
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(*x.shape[:-1], self.out_features)


def _pack(levels: torch.Tensor) -> torch.Tensor:
    """Levels 0 … 15 in the layout that torch multiplies with."""
    if levels.is_cuda:
        pairs = ((levels[:, ::2] << 4) | levels[:, 1::2]).to(torch.uint8)
        return torch._convert_weight_to_int4pack(pairs, INNER_TILES)
    return torch._convert_weight_to_int4pack_for_cpu(levels, INNER_TILES)


def can_quantise(module: nn.Module, precision: Precision) -> bool:
    """Whether a linear layer's shape suits the multiplication in `precision`."""
    if precision == "bf16" or not isinstance(module, nn.Linear):
        return False
    step = 16 if precision == "fp8" else GROUPS[-1]
    return bool(module.in_features % step == 0 and module.out_features % 16 == 0)


def quantise(
    weight: torch.Tensor, bias: torch.Tensor | None, precision: Precision
) -> Fp8Linear | Int4Linear:
    """The layer with these weights in `precision`, on the device where they are."""
    return Fp8Linear(weight, bias) if precision == "fp8" else Int4Linear(weight, bias)
