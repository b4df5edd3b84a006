"""Brings a model's weights to the card, in bf16 as they are or rounded to fp8 or int4 on the way.

Rounded weights are read tensor by tensor, so that the card never holds more than the rounded model
and one layer in full; main memory never holds the model at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from agents.llm.local.plan import Precision
from agents.llm.local.quantize import can_quantise, quantise
from sources.errors import ModelUnavailable

FP8_CAPABILITY = (8, 9)
INT4_CAPABILITY = (8, 0)

Source = Callable[[str, torch.Size], torch.Tensor]
"""Gives a weight by its name and shape."""


def read_repository(model: str | Path) -> tuple[Any, Any]:
    """(config, tokenizer) of a folder or a repository; ModelUnavailable where they cannot be read."""
    try:
        return AutoConfig.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        first = next(iter(str(error).strip().splitlines()), "no reason given")
        raise ModelUnavailable(
            f"The model {model} cannot be read: {first}",
            "Name a folder that holds it, or fetch it once while the hub can be reached",
        ) from error


def choose_device(asked: Any = None) -> torch.device:
    """The device asked for, else the CUDA card with most free memory, else the CPU."""
    if asked is not None:
        return torch.device(asked)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    free = [torch.cuda.mem_get_info(card)[0] for card in range(torch.cuda.device_count())]
    return torch.device("cuda", free.index(max(free)))


def free_memory(device: torch.device) -> int:
    """Bytes free on `device`; for the CPU what the machine has available."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


def supported(device: torch.device) -> tuple[Precision, ...]:
    """The precisions that `device` computes with."""
    if device.type != "cuda":
        return ("bf16", "fp8", "int4")
    able: list[Precision] = ["bf16"]
    capability = torch.cuda.get_device_capability(device)
    if capability >= FP8_CAPABILITY:
        able.append("fp8")
    if capability >= INT4_CAPABILITY:
        able.append("int4")
    return tuple(able)


def load(model: str | Path, config: Any, precision: Precision, device: torch.device) -> Any:
    """The model on `device` in `precision`; ModelUnavailable where that fails."""
    dtype = torch.bfloat16 if device.type == "cuda" else (config.dtype or torch.float32)
    try:
        if precision == "bf16":
            # Straight to the card; on a CPU without `accelerate` too.
            place = {"device_map": {"": device}} if device.type == "cuda" else {}
            return AutoModelForCausalLM.from_pretrained(model, dtype=dtype, **place).eval()
        return fill(empty(config, dtype), precision, device, stored(model), dtype)
    except torch.OutOfMemoryError as error:
        raise ModelUnavailable(
            f"The weights in {precision} do not fit on {device}",
            "Free memory there, or ask for fp8 or int4 weights",
        ) from error
    except (OSError, ValueError, KeyError) as error:
        first = next(iter(str(error).strip().splitlines()), "no reason given")
        raise ModelUnavailable(
            f"The weights of {model} cannot be read: {first}", "Fetch the model again"
        ) from error


def empty(config: Any, dtype: torch.dtype) -> Any:
    """The model without memory for its weights; its constant tables are there."""
    with _weights_on_meta():
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


@contextmanager
def _weights_on_meta() -> Iterator[None]:
    register = nn.Module.register_parameter

    def on_meta(self: Any, name: str, parameter: Any) -> None:
        register(self, name, parameter)
        if parameter is not None:
            self._parameters[name] = nn.Parameter(parameter.to("meta"), requires_grad=False)

    nn.Module.register_parameter = on_meta
    try:
        yield
    finally:
        nn.Module.register_parameter = register


def fill(
    model: Any, precision: Precision, device: torch.device, source: Source, dtype: torch.dtype
) -> Any:
    """Gives an empty model its weights from `source`, rounding the layers' linear maps."""
    output = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        weights = dict(module.named_parameters(recurse=False))
        if not weights:
            continue
        if module is output and getattr(model.config, "tie_word_embeddings", False):
            continue
        read = {
            key: source(f"{name}.{key}" if name else key, value.shape).to(device, dtype)
            for key, value in weights.items()
        }
        if module is not output and can_quantise(module, precision):
            parent, _, leaf = name.rpartition(".")
            layer = quantise(read["weight"], read.get("bias"), precision)
            setattr(model.get_submodule(parent), leaf, layer)
        else:
            for key, value in read.items():
                setattr(module, key, nn.Parameter(value, requires_grad=False))
    model.tie_weights()
    left = [name for name, value in model.named_parameters() if value.is_meta]
    if left:
        raise ModelUnavailable(
            f"{left[0]} has no weights in this repository", "Use bf16 weights or another model"
        )
    for module in model.modules():
        for key, value in list(module.named_buffers(recurse=False)):
            module._buffers[key] = value.to(device)
    return model.eval()


def stored(model: str | Path) -> Source:
    """Weights of a folder or a repository, read from its safetensors files."""
    import json

    from safetensors import safe_open
    from transformers.utils import cached_file

    def path(name: str) -> str | None:
        found = cached_file(model, name, _raise_exceptions_for_missing_entries=False)
        return str(found) if found else None

    index = path("model.safetensors.index.json")
    if index:
        files = json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"]
        open_files: dict[str, Any] = {}
    else:
        single = path("model.safetensors")
        if single is None:
            raise OSError("there is no safetensors file")
        open_files = {single: safe_open(single, framework="pt")}
        files = dict.fromkeys(open_files[single].keys(), single)

    def read(name: str, shape: torch.Size) -> torch.Tensor:
        file = files[name]
        if file not in open_files:
            found = path(file)
            if found is None:
                raise OSError(f"{file} is missing")
            open_files[file] = safe_open(found, framework="pt")
        tensor = open_files[file].get_tensor(name)
        if tensor.shape != shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}, not {tuple(shape)}")
        return tensor

    return read
