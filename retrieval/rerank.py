"""A second look at the first documents: a cross-encoder reads question and passage together.

    reranker = CrossEncoderReranker("BAAI/bge-reranker-v2-m3", seconds=1.0)
    reranker.scores("¿Cómo saco el pasaporte?", passages)      # [0.97, 0.02, …], or None if late

It may be late, broken or not there: then there are no scores, and the order stays as it was.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any, Protocol

from retrieval.dense import batches, choose_device, load, problem_of
from sources.errors import ModelBroken, ModelError, reason_of

log = logging.getLogger(__name__)

SECONDS = 1.5
"""How long a search waits for the scores."""

BATCHES = {"cpu": 4, "cuda": 32}
"""Pairs in one call of the model; a late one is noticed between two calls."""

MAX_LENGTH = 512
"""Tokens of question and passage together: twice our longest passages."""


class Reranker(Protocol):
    """What scores passages against a question; safe to share between threads."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float] | None:
        """From 0 (irrelevant) to 1 for each passage, or None where there are none in time."""


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers; reads one question at a time.

    The first search waits until the model is read, unless `warm` was called: then searches go on
    without it meanwhile. `note` gets a line, once, for what went wrong.
    """

    def __init__(
        self,
        model: str,
        *,
        seconds: float = SECONDS,
        device: str | None = None,
        note: Callable[[str], None] = log.warning,
        opener: Callable[[str, str | None], Any] | None = None,
    ) -> None:
        self.model = model
        self._seconds, self._device, self._note = seconds, device, note
        self._opener = opener or _open
        self._lock, self._busy = threading.Lock(), threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rerank")
        self._loading: Future[Any] | None = None
        self._warming = False
        self._noted: set[str] = set()

    def warm(self) -> None:
        """Starts to read the model, and returns at once."""
        self._warming = True
        self._load()

    def scores(self, question: str, passages: Sequence[str]) -> list[float] | None:
        """See `Reranker.scores`."""
        loading = self._load()
        if self._warming and not loading.done():
            return None
        try:
            model = loading.result()
            if not self._busy.acquire(blocking=False):
                return None  # another question is being read: to queue up would make both late
            until = time.monotonic() + self._seconds
            reading = self._worker.submit(self._read, model, question, list(passages), until)
            return reading.result(timeout=self._seconds)
        except Late:
            log.info("the reranker was late")
            return None
        except ModelError as error:
            line = f"{error} Meanwhile documents keep their order."
            if line not in self._noted:
                self._noted.add(line)
                self._note(line)
            return None

    def close(self) -> None:
        """Lets the worker end."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _load(self) -> Future[Any]:
        with self._lock:
            if self._loading is None:
                self._loading = self._worker.submit(self._opener, self.model, self._device)
            return self._loading

    def _read(self, model: Any, question: str, passages: list[str], until: float) -> list[float]:
        """In the worker: batch by batch until the time is over."""
        try:
            size = BATCHES["cuda" if str(model.device).startswith("cuda") else "cpu"]
            given = [0.0] * len(passages)
            for chosen in batches(passages, size):
                if time.monotonic() > until:
                    raise Late
                pairs = [(question, passages[n]) for n in chosen]
                for n, score in zip(chosen, _predict(model, pairs), strict=True):
                    given[n] = score
            return given
        except (RuntimeError, ValueError, IndexError) as error:
            reason = reason_of(error, 160)
            raise ModelBroken(f"the reranker {self.model!r} failed ({reason})") from error
        finally:
            self._busy.release()


def _predict(model: Any, pairs: list[tuple[str, str]]) -> list[float]:
    """Raises ModelBroken for what is no score between 0 and 1."""
    from torch.nn import Sigmoid

    scores = model.predict(
        pairs, batch_size=len(pairs), show_progress_bar=False, activation_fn=Sigmoid()
    )
    given = [float(score) for score in scores]
    if not all(math.isfinite(score) and 0 <= score <= 1 for score in given):
        raise ModelBroken("the reranker gives scores that are no numbers from 0 to 1")
    return given


def _open(model: str, device: str | None) -> Any:
    if problem := problem_of(model):
        raise problem
    from sentence_transformers import CrossEncoder

    made = load(CrossEncoder, model, choose_device(device))
    made.max_seq_length = min(made.max_seq_length or MAX_LENGTH, MAX_LENGTH)
    return made
