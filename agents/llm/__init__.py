"""Language models: one protocol, one file or folder per backend, and the one door through which all come in.

    model = open_model("server", ModelOptions(url="http://vllm:8000/v1"))

A backend is a function from `ModelOptions` to a `Model`, or to None where no model is to write: then
rules decide and the extractive writer quotes. Another package adds one by an entry point in the
group ``ventanilla.models``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute

from agents.llm.protocol import Model
from sources.errors import UsageError

LATAM_GPT = "latam-gpt/Llama-3.1-70B-LatamGPT-SFT-1.0"
GROUP = "ventanilla.models"


class ModelOptions(BaseModel):
    """What a backend may need: which model, where it is served, its key, how long a context (in
    tokens), and the weights' precision.
    """

    model_config = ConfigDict(frozen=True)

    model: str = LATAM_GPT
    url: str | None = None
    api_key: str | None = Attribute(default=None, repr=False)
    context: int | None = None
    weights: str = "auto"


Backend = Callable[[ModelOptions], Model | None]


def _extractive(options: ModelOptions) -> Model | None:
    return None


def _server(options: ModelOptions) -> Model | None:
    from agents.llm.server import ServerModel

    if not options.url:
        raise UsageError("the server of the model has no address", "Set VENTANILLA_MODEL_URL.")
    return ServerModel.open(
        options.url, options.model, key=options.api_key, context=options.context
    )


def _local(options: ModelOptions) -> Model | None:
    from agents.llm.local import LocalModel
    from agents.llm.local.plan import PRECISIONS, Weights

    known: dict[str, Weights] = {"auto": "auto", **{name: name for name in PRECISIONS}}
    if options.weights not in known:
        raise UsageError(f"there are no {options.weights!r} weights", f"Known: {', '.join(known)}.")
    weights = known[options.weights]
    return LocalModel.open(options.model, weights=weights, context=options.context)


def _scripted(options: ModelOptions) -> Model | None:
    from agents.llm.scripted import ScriptedModel

    return ScriptedModel.open(Path(options.model))


BUILT_IN: dict[str, Backend] = {
    "extractive": _extractive,
    "server": _server,
    "local": _local,
    "scripted": _scripted,
}


def backends() -> dict[str, Backend]:
    """All backends by name, those of other packages included."""
    added = {point.name: point.load() for point in entry_points(group=GROUP)}
    return {**added, **BUILT_IN}


def open_model(backend: str, options: ModelOptions) -> Model | None:
    """The model, ready to be asked; None for `extractive`.

    Raises UsageError for a backend that does not exist, ModelUnavailable where it cannot start.
    """
    known = backends()
    if backend not in known:
        raise UsageError(f"there is no model backend {backend!r}", f"Known: {', '.join(known)}.")
    return known[backend](options)


def attribution(model: str) -> str | None:
    """What the model's licence asks a product to show, if it asks for anything.

    The Llama licences (3.1 and later, section 1.b.i) ask for "Built with Llama"; models that are
    built on Llama carry the word in their name, as that section asks, too.
    """
    return "Built with Llama" if "llama" in model.casefold() else None
