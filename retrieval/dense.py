"""Embedding models: texts → dense vectors, by any model that sentence-transformers can read.

    encoder = open_encoder("intfloat/multilingual-e5-small")
    vectors = encoder.encode(["¿Cómo saco el pasaporte?"], query=True)   # (1, 384)

A model is a name on the hub or a folder. What it wants before its texts is data
(``dense_models.yaml``). It is read when it is first needed, and from this machine only: to fetch
it from the hub is a step of the operator's (`hf download`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sources.catalog import read_yaml
from sources.errors import CatalogError, ModelBroken, ModelUnavailable, reason_of

MODELS = Path(__file__).with_name("dense_models.yaml")
BATCHES = {"cpu": 16, "cuda": 128}
"""Texts in one call of the model, by kind of device: more waste time on a CPU, less on a card."""

FORMAT = "1"
"""Raise it when texts are put before a model differently: every passage is then embedded anew."""

_SAMPLE = 65536
INSTALL = "Run: pip install 'ventanilla[models]'"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model wants its texts. A prompt of None leaves it to the model's own."""

    query: str | None
    passage: str | None
    max_length: int
    normalize: bool


class Encoder(Protocol):
    """What makes dense vectors of texts; safe to share between threads."""

    @property
    def model(self) -> str:
        """Its name, as it was set."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector. Raises ModelUnavailable."""

    @property
    def fingerprint(self) -> str:
        """The same only where vectors are comparable. Raises ModelUnavailable."""

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """(texts, dimension). Raises ModelUnavailable, or ModelBroken where only this call failed."""


@cache
def _entries() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    data = read_yaml(MODELS)
    return data["models"], data["unknown"]


def manner_of(model: str) -> Manner:
    """How `model` (a name or a folder) wants its texts. Raises CatalogError for a spoilt file."""
    entries, unknown = _entries()
    name = model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].casefold()
    found = next((e for e in entries if fnmatchcase(name, e["match"])), unknown)
    try:
        return Manner(
            found.get("query"),
            found.get("passage"),
            int(found["max_length"]),
            bool(found["normalize"]),
        )
    except (KeyError, ValueError) as error:
        raise CatalogError(f"{MODELS.name} is wrong ({error!r})", "Mend that entry.") from None


def problem_of(model: str) -> ModelUnavailable | None:
    """Why `model` cannot be used, as far as can be told without reading it; None where it may."""
    if not _installed():
        return ModelUnavailable(
            f"the model {model!r} needs sentence-transformers, which is missing", INSTALL
        )
    if Path(model).is_dir() or _cached(model):
        return None
    return _absent(model, "it is neither a folder nor in this machine's cache")


def _installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers"))


def _cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError:
        return False  # a path that is not there: no name on the hub looks like it


def _absent(model: str, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"the model {model!r} cannot be read ({reason})",
        f"Run `hf download {model}` where the hub can be reached, or name its folder.",
    )


def choose_device(device: str | None = None) -> str:
    """`device`, or the first card where there is one, or "cpu"."""
    import torch

    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def load(kind: Any, model: str, device: str, **given: Any) -> Any:
    """A model of sentence-transformers (`kind` is its class): in half precision on a card.

    Raises ModelUnavailable whatever the reading of a foreign repository stumbles over.
    """
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # the bar of reading weights, which would run through our lines
    half = {"dtype": torch.float16} if device.startswith("cuda") else {}
    try:
        return kind(model, device=device, local_files_only=True, model_kwargs=half, **given).eval()
    except Exception as error:
        raise _absent(model, reason_of(error, 160)) from error


def batches(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """The places of `texts`, `size` at a time: those of like length together, for little padding."""
    by_length = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    for first in range(0, len(texts), size):
        yield by_length[first : first + size]


class SentenceTransformersEncoder:
    """See `Encoder`. `device` None takes a card where there is one."""

    def __init__(self, model: str, *, device: str | None = None) -> None:
        self.model = model
        self._manner = manner_of(model)
        self._device = device
        self._loading, self._using = threading.Lock(), threading.Lock()
        self._loaded: Any = None
        self._fingerprint = ""
        self._batch = BATCHES["cpu"]

    @property
    def dimension(self) -> int:
        """See `Encoder.dimension`."""
        return int(self._ready().get_embedding_dimension())

    @property
    def fingerprint(self) -> str:
        """Of the weights and of how texts are put before them; a moved folder keeps its own."""
        self._ready()
        return self._fingerprint

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """See `Encoder.encode`. Others get their turn between two batches."""
        model = self._ready()
        prompt = self._manner.query if query else self._manner.passage
        own = model.encode_query if query else model.encode_document
        encode = own if prompt is None else model.encode
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for chosen in batches(texts, self._batch):
            try:
                with self._using:
                    vectors[chosen] = encode(
                        [(prompt or "") + texts[n] for n in chosen],
                        batch_size=self._batch,
                        show_progress_bar=False,
                        convert_to_numpy=True,
                        normalize_embeddings=self._manner.normalize,
                    )
            except (RuntimeError, ValueError, IndexError) as error:  # no memory, a spoilt tokenizer
                reason = reason_of(error, 160)
                raise ModelBroken(f"the model {self.model!r} failed ({reason})") from error
        if not np.isfinite(vectors).all():
            raise ModelBroken(f"the model {self.model!r} gives vectors that are no numbers")
        return vectors

    def _ready(self) -> Any:
        """The model, read at the first call. A failure is told again without another try."""
        with self._loading:
            if isinstance(self._loaded, ModelUnavailable):
                raise ModelUnavailable(self._loaded.problem, self._loaded.remedy)
            if self._loaded is None:
                try:
                    self._loaded = self._read()
                except ModelUnavailable as error:
                    self._loaded = error
                    raise
            return self._loaded

    def _read(self) -> Any:
        if problem := problem_of(self.model):
            raise problem
        from sentence_transformers import SentenceTransformer

        device = choose_device(self._device)
        model = load(SentenceTransformer, self.model, device)
        own = model.max_seq_length
        model.max_seq_length = min(own or self._manner.max_length, self._manner.max_length)
        self._batch = BATCHES["cuda" if device.startswith("cuda") else "cpu"]
        self._fingerprint = self._identify(model)
        return model

    def _identify(self, model: Any) -> str:
        prompts = (
            (self._manner.query, self._manner.passage)
            if self._manner.query is not None
            else sorted(model.prompts.items())
        )
        told = (FORMAT, model.get_embedding_dimension(), prompts, model.max_seq_length)
        digest = hashlib.sha256(repr((*told, self._manner.normalize)).encode())
        folder = Path(self.model)
        if folder.is_dir():
            for part in _samples(folder):
                digest.update(part)
        else:
            commit = getattr(getattr(model[0], "config", None), "_commit_hash", None)
            digest.update(f"{self.model}@{commit}".encode())
        return digest.hexdigest()[:16]


def _samples(folder: Path) -> Iterator[bytes]:
    """Enough of a repository to tell it from another: names, sizes, both ends and the middle of files."""
    kept = (".safetensors", ".bin", ".json", ".txt", ".model")
    for path in sorted(p for p in folder.rglob("*") if p.suffix in kept and p.is_file()):
        size = path.stat().st_size
        yield f"{path.relative_to(folder).as_posix()}:{size}".encode()
        with path.open("rb") as file:
            for start in sorted({0, max(0, size // 2 - _SAMPLE), max(0, size - _SAMPLE)}):
                file.seek(start)
                yield file.read(_SAMPLE)


def open_encoder(model: str) -> Encoder:
    """The encoder of a model, not read yet."""
    return SentenceTransformersEncoder(model)
