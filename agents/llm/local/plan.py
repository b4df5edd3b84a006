"""Which weights fit which cards: arithmetic over the shapes in a model's config.json.

Nothing here needs torch. A precision is chosen so that the weights leave room for the keys and
values of several whole conversations, with a reserve of every card left free of surprises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sources.errors import ModelUnavailable

Precision = Literal["bf16", "fp8", "int4"]
Weights = Literal["auto", "bf16", "fp8", "int4"]

PRECISIONS: tuple[Precision, ...] = ("bf16", "fp8", "int4")
GIB = 2**30
RESERVE = 8 * GIB
"""What stays free on each card: activations, fragmentation, and what nobody foresaw."""
CONVERSATIONS = 8
"""A precision is comfortable when so many whole conversations fit beside its weights."""
DEFAULT_CONTEXT = 8192
INT4_GROUP = 128
BYTES = {"bf16": 2.0, "fp8": 1.0, "int4": 0.5 + 4 / INT4_GROUP}
"""Bytes per weight of a linear layer; int4 keeps a scale and a zero point per group."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What decides a dense decoder's size."""

    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = False

    @classmethod
    def of(cls, config: Any) -> Shapes:
        """From a transformers config."""
        hidden, heads = config.hidden_size, config.num_attention_heads
        return cls(
            layers=config.num_hidden_layers,
            hidden=hidden,
            ffn=config.intermediate_size,
            heads=heads,
            kv_heads=getattr(config, "num_key_value_heads", None) or heads,
            head_dim=getattr(config, "head_dim", None) or hidden // heads,
            vocabulary=config.vocab_size,
            tied=bool(getattr(config, "tie_word_embeddings", False)),
        )

    @property
    def linear(self) -> int:
        """Weights in the layers' linear maps: these are what is quantised."""
        attention = self.hidden * self.head_dim * 2 * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.ffn)

    @property
    def rest(self) -> int:
        """Embeddings, output layer and norms: always in bf16."""
        tables = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return tables + self.hidden * (2 * self.layers + 1)

    @property
    def parameters(self) -> int:
        """All weights."""
        return self.linear + self.rest

    def weight_bytes(self, precision: Precision) -> int:
        """Memory of the weights in `precision`."""
        return int(self.linear * BYTES[precision]) + 2 * self.rest

    def kv_bytes(self, bytes_per_value: int = 2) -> int:
        """Memory of one token's keys and values."""
        return 2 * self.layers * self.kv_heads * self.head_dim * bytes_per_value


@dataclass(frozen=True, slots=True)
class Plan:
    """Weights that fit, and what they leave."""

    precision: Precision
    weight_bytes: int
    kv_bytes: int
    kv_tokens: int

    def __str__(self) -> str:
        return (
            f"{self.precision} weights, {self.weight_bytes / GIB:.1f} GiB; "
            f"{self.kv_bytes / GIB:.1f} GiB for {self.kv_tokens} tokens of conversations"
        )


def plan_weights(
    shapes: Shapes,
    free: Sequence[int],
    *,
    weights: Weights = "auto",
    context: int = DEFAULT_CONTEXT,
    supported: Iterable[Precision] = PRECISIONS,
    reserve: int = RESERVE,
) -> Plan:
    """The finest precision that leaves room for `CONVERSATIONS` whole contexts on `free` bytes.

    Where none is comfortable, the one that leaves most; with a `weights` asked for, that one. Raises
    ModelUnavailable where not even one context fits.
    """
    able = [precision for precision in PRECISIONS if precision in set(supported)]
    if weights != "auto" and weights not in able:
        raise ModelUnavailable(
            f"This card cannot compute with {weights} weights", f"Choose one of {', '.join(able)}"
        )
    asked = able if weights == "auto" else [weights]
    room = sum(max(0, card - reserve) for card in free)
    per_token = shapes.kv_bytes()
    plans = []
    for precision in asked:
        size = shapes.weight_bytes(precision)
        left = max(0, room - size)
        plans.append(Plan(precision, size, left, left // per_token))
    comfortable = [plan for plan in plans if plan.kv_tokens >= CONVERSATIONS * context]
    best = comfortable[0] if comfortable else max(plans, key=lambda plan: plan.kv_tokens)
    if best.kv_tokens < context:
        needed = best.weight_bytes + context * per_token + reserve * len(free)
        raise ModelUnavailable(
            f"The model needs {needed / GIB:.0f} GiB in {best.precision} and "
            f"{sum(free) / GIB:.0f} GiB are free",
            "Free memory, choose a smaller model, or serve it on other machines with the "
            "`server` backend",
        )
    return best


def context_limit(config: Any) -> int:
    """The longest context that config.json allows, its rope scaling counted.

    For `llama3` and `longrope` the stated maximum is that of the scaled model already.
    """
    stated = int(config.max_position_embeddings)
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kind = rope.get("rope_type") or rope.get("type") or "default"
    factor = float(rope.get("factor") or 1.0)
    if kind in {"linear", "dynamic"}:
        return int(stated * factor)
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings")
        return max(stated, int(original * factor)) if original else stated
    return stated


def choose_context(limit: int, asked: int | None) -> int:
    """The context to use: what was asked for or 8k, and never more than `limit`."""
    if asked is not None and asked < 1:
        raise ModelUnavailable(f"A context of {asked} tokens holds nothing", "Ask for more")
    return min(limit, asked or DEFAULT_CONTEXT)
