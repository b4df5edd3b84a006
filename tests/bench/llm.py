"""The `local` backend on one card, with random weights in exactly Latam-GPT's shapes.

    python tests/bench/llm.py [--weights auto|bf16|fp8|int4] [--shapes latam|tiny] [--device cuda]

Nothing is downloaded: weights are drawn on the card, a tokenizer is trained on a few sentences. It
needs torch and transformers; decisions are measured where llguidance is there too. Speed does not
depend on what the weights are worth. Measured, each beside `generate` of transformers in the same
run and the limit that the card's own memory bandwidth sets: memory, time to first token and prefill
tokens/s by prompt length, decode tokens/s by number of conversations, a constrained decision, and
what our own code adds to the first token. Prints a table, then one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LATAM = {
    "vocab_size": 128256,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "max_position_embeddings": 16384,
    "rope_theta": 500000.0,
}
TINY = {"max_position_embeddings": 1024}
TIMES = 3
NEVER = (-1,)


@dataclass(frozen=True)
class Size:
    """What is measured: prompt lengths, numbers of conversations, new tokens, copied bytes."""

    shapes: dict[str, Any]
    prompts: tuple[int, ...]
    streams: tuple[int, ...]
    new: int
    short: int
    copied: int


SIZES = {
    "latam": Size(LATAM, (1024, 4096, 8192), (1, 8, 32), 128, 256, 2**31),
    "tiny": Size(TINY, (64, 128, 256), (1, 4, 8), 12, 32, 2**24),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="The local backend, in Latam-GPT's shapes.")
    parser.add_argument("--shapes", choices=SIZES, default="latam")
    parser.add_argument("--weights", choices=("auto", "bf16", "fp8", "int4"), default="auto")
    parser.add_argument("--device", help="default: the card with most free memory, else the CPU")
    options = parser.parse_args()
    report = measure(SIZES[options.shapes], options.shapes, options.weights, options.device)
    show(report)
    print(json.dumps({"bench": "llm", **report}))


def measure(size: Size, shapes: str, weights: Any, asked: str | None) -> dict[str, Any]:
    """Builds the model and takes every figure."""
    import torch
    import transformers

    from agents.llm.local import LocalModel
    from agents.llm.local import weights as loading
    from agents.llm.local.plan import RESERVE, Shapes, plan_weights
    from sources.errors import ModelUnavailable
    from tests.agents.llm import tiny

    device = loading.choose_device(asked)
    on_card = device.type == "cuda"
    if shapes == "latam" and not on_card:
        sys.exit("llm: no CUDA card here; `--shapes tiny` runs the script on a CPU.")
    words = tiny.tokenizer()
    config = tiny.config(words, **size.shapes)
    context = min(max(size.prompts) + 1024, config.max_position_embeddings)
    bandwidth = measured_bandwidth(torch, device, size.copied)
    try:
        plan = plan_weights(
            Shapes.of(config),
            [loading.free_memory(device)],
            weights=weights,
            context=context,
            supported=loading.supported(device),
            reserve=RESERVE if on_card else 0,
        )
    except ModelUnavailable as error:
        sys.exit(f"llm: {error}")
    began = time.perf_counter()
    model = build(torch, loading, config, plan.precision, device)
    report: dict[str, Any] = {
        "shapes": shapes,
        "card": torch.cuda.get_device_name(device) if on_card else "CPU",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "weights": plan.precision,
        "computes_in": str(model.dtype).removeprefix("torch."),
        "build_s": round(time.perf_counter() - began, 1),
        "bandwidth_gb_s": round(bandwidth / 1e9, 1),
        "weights_gib": round(held_bytes(model) / 2**30, 3),
    }
    report["generate"] = plain_generate(torch, model, size)
    local = LocalModel.of(model, words, plan=plan, name="bench", context=context,
                          streams=max(size.streams))  # fmt: skip
    report["local"] = asyncio.run(through_local(local, size))
    report["attention"] = model.config._attn_implementation
    report["limit"] = limits(model, Shapes.of(config), bandwidth, size)
    if on_card:
        report["peak_gib"] = round(torch.cuda.max_memory_allocated(device) / 2**30, 1)
        report["free_gib"] = round(torch.cuda.mem_get_info(device)[0] / 2**30, 1)
    return report


def build(torch: Any, weights: Any, config: Any, precision: Any, device: Any) -> Any:
    """The model with random weights, drawn where they stay."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    torch.manual_seed(0)

    def drawn(name: str, shape: Any) -> Any:
        made = torch.empty(shape, dtype=dtype, device=device)
        return made.fill_(1.0) if len(shape) == 1 else made.normal_(0, 0.02)

    model = weights.fill(weights.empty(config, dtype), precision, device, drawn, dtype)
    model.generation_config.pad_token_id = 0
    return model


def held_bytes(model: Any, *, without_embeddings: bool = False) -> int:
    """Bytes of all weights; a token reads all of them but the embedding table."""
    tensors = [*model.parameters(), *model.buffers()]
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if without_embeddings:
        table = model.get_input_embeddings().weight
        total -= table.numel() * table.element_size()
    return int(total)


def measured_bandwidth(torch: Any, device: Any, size: int) -> float:
    """Bytes a second, reading and writing, of the best of ten copies."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = min(timed(torch, lambda: target.copy_(source)) for _ in range(10))
    return 2 * size / best


def timed(torch: Any, work: Callable[[], Any]) -> float:
    """Seconds that `work` takes, the card's part included."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def limits(model: Any, shapes: Any, bandwidth: float, size: Size) -> dict[str, Any]:
    """Decode tokens/s if every step did nothing but read the weights and the cache once."""
    weights = held_bytes(model, without_embeddings=True)
    cache = shapes.kv_bytes(model.dtype.itemsize) * (size.short + size.new // 2)
    rates = {n: round(n * bandwidth / (weights + n * cache), 1) for n in size.streams}
    return {"decode_tokens_s": rates}


def prompt(length: int, seed: int) -> list[int]:
    """Tokens that no other prompt begins with, so that nothing is found in the cache."""
    return [3 + (seed * 7919 + place * 31 + place // 7) % 400 for place in range(length)]


def plain_generate(torch: Any, model: Any, size: Size) -> dict[str, Any]:
    """What transformers' `generate` reaches alone, in equal batches."""

    def run(length: int, streams: int, new: int, seed: int) -> float:
        ids = torch.tensor(
            [prompt(length, seed + stream) for stream in range(streams)], device=model.device
        )
        mask = torch.ones_like(ids)
        return timed(
            torch,
            lambda: model.generate(
                ids, attention_mask=mask, do_sample=False, min_new_tokens=new, max_new_tokens=new
            ),
        )

    run(size.short, 1, 2, 0)
    first = {n: statistics.median(run(n, 1, 1, k) for k in range(TIMES)) for n in size.prompts}
    decode = {}
    for streams in size.streams:
        only_prompt = run(size.short, streams, 1, 1)
        whole = run(size.short, streams, size.new, 2)
        decode[streams] = round(streams * (size.new - 1) / max(whole - only_prompt, 1e-9), 1)
    return {**by_length(first), "decode_tokens_s": decode}


def by_length(first: dict[int, float]) -> dict[str, Any]:
    """Time to first token and prefill rate, by prompt length."""
    return {
        "first_token_ms": {n: round(1000 * s, 1) for n, s in first.items()},
        "prefill_tokens_s": {n: round(n / s, 1) for n, s in first.items()},
    }


async def through_local(local: Any, size: Size) -> dict[str, Any]:
    """The same through our backend, and what only it has."""
    batcher = local._batcher

    async def arrivals(tokens: Sequence[int], new: int) -> list[float]:
        times = [time.perf_counter()]
        async for arrived in batcher.generate(tokens, new, stop_ids=NEVER):
            times += [time.perf_counter()] * len(arrived)
        return times

    async def first_token(length: int, seed: int) -> float:
        times = await arrivals(prompt(length, seed), 1)
        return times[1] - times[0]

    try:
        await arrivals(prompt(size.short, 99), 4)
        first = {
            n: statistics.median([await first_token(n, 100 + k) for k in range(TIMES)])
            for n in size.prompts
        }
        decode = {}
        for streams in size.streams:
            runs = await asyncio.gather(
                *(arrivals(prompt(size.short, 200 + streams + k), size.new) for k in range(streams))
            )
            decode[streams] = steady_rate(runs)
        return {
            **by_length(first),
            "decode_tokens_s": decode,
            "cache_tokens": batcher.limits.tokens,
            "decision_ms": await decisions(local),
            "added_to_first_token_ms": await added(local, batcher),
        }
    finally:
        await local.close()


def steady_rate(runs: Sequence[Sequence[float]]) -> float:
    """Tokens a second while all conversations are being written."""
    begin = max(run[1] for run in runs)
    end = min(run[-1] for run in runs)
    if end <= begin:  # the first had ended before the last began
        begin, end = min(run[1] for run in runs), max(run[-1] for run in runs)
    count = sum(begin < moment <= end for run in runs for moment in run[1:])
    return round(count / max(end - begin, 1e-9), 1)


async def decisions(local: Any) -> float | None:
    """Milliseconds of one constrained decision, the median; None without llguidance."""
    import importlib.util
    from typing import Literal

    from pydantic import BaseModel, Field

    if importlib.util.find_spec("llguidance") is None:
        return None

    class Decision(BaseModel):
        sector: Literal["education", "health", "transport", "general"]
        country: Literal["CL", "PE", "BR", "DO"]
        question: str = Field(max_length=40)

    taken = []
    for number in range(TIMES + 1):  # the first compiles the grammar
        began = time.perf_counter()
        await local.decide([{"role": "user", "content": f"{number} licencia"}], Decision)
        taken.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(taken[1:]), 1)


async def added(local: Any, batcher: Any) -> float:
    """Milliseconds that template, tokenizer and decoding add to a request of one token."""

    async def whole(messages: Any) -> None:
        async for _ in local.write(messages, max_tokens=1):
            pass

    async def bare(tokens: Sequence[int]) -> None:
        async for _ in batcher.generate(tokens, 1):
            pass

    extra = []
    for number in range(5):
        messages = [{"role": "user", "content": f"{number} ¿Cuánto cuesta la licencia?"}]
        tokens = local._template.encode(messages)
        await bare(tokens)  # both find the same in the cache
        began = time.perf_counter()
        await whole(messages)
        middle = time.perf_counter()
        await bare(tokens)
        extra.append(1000 * ((middle - began) - (time.perf_counter() - middle)))
    return round(statistics.median(extra), 2)


def show(report: dict[str, Any]) -> None:
    """Prints the table."""
    print(f"{report['card']}: {report['shapes']} shapes, {report['weights']} weights, "
          f"{report['weights_gib']} GiB, {report['attention']} attention; "
          f"memory {report['bandwidth_gb_s']} GB/s")  # fmt: skip
    print(f"{'':<28}{'local':>12}{'generate':>12}{'limit':>12}")
    rows = (("first_token_ms", "first token, ms, at"), ("prefill_tokens_s", "prefill, tokens/s, at"),
            ("decode_tokens_s", "decode, tokens/s, of"))  # fmt: skip
    for key, name in rows:
        for number, value in report["local"][key].items():
            bound = report["limit"].get(key, {}).get(number, "")
            print(f"{name} {number:<{27 - len(name)}}{value:>12}"
                  f"{report['generate'][key][number]:>12}{bound:>12}")  # fmt: skip
    print(f"a decision {report['local']['decision_ms']} ms; our code adds "
          f"{report['local']['added_to_first_token_ms']} ms to the first token; the cache holds "
          f"{report['local']['cache_tokens']} tokens")  # fmt: skip
    if "peak_gib" in report:
        print(f"{report['peak_gib']} GiB of the card used at most, {report['free_gib']} GiB free")
    print()


if __name__ == "__main__":
    main()
