"""Many conversations through one model at once: transformers' continuous batching, kept alive.

One thread runs the model. A request is a list of tokens; its new tokens come back to the event
loop that asked. When the thread dies, of a lack of memory or of a fault, the requests under way end
with an error of ours, and the next request starts a new thread with an empty cache.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessorList,
)
from transformers.generation.continuous_batching.continuous_api import OutputRouter

from agents.llm.local.constraint import ConstraintProcessor
from sources.errors import ModelBroken, ModelError, ModelUnavailable

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
MEMORY_SHARE = 0.98
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "available memory",
             "no requests can be scheduled", "memoryerror")  # fmt: skip

Sink = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the batch holds: `blocks` of `page` tokens in the cache, `streams` at once."""

    blocks: int
    page: int
    batch_tokens: int
    streams: int

    @property
    def tokens(self) -> int:
        """The longest request that the cache can hold."""
        return self.blocks * self.page


class Router(OutputRouter):
    """Hands each output to the request's own sink, in whichever event loop that lives."""

    def __init__(self) -> None:
        super().__init__()
        self.sinks: dict[str, Sink] = {}

    def deliver(self, output: Any) -> None:
        """One output."""
        sink = self.sinks.get(output.request_id)
        if sink is not None:
            sink(output)

    def deliver_batch(self, outputs: list[Any]) -> None:
        """The outputs of one step."""
        for output in outputs:
            self.deliver(output)


class Batcher:
    """The model's thread, its cache and its requests."""

    def __init__(self, model: Any, limits: Limits, stop_ids: Sequence[int]) -> None:
        self.limits = limits
        self._model = model
        self._stop_ids = list(stop_ids)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._router = Router()
        vocabulary = model.config.get_text_config().vocab_size
        self._masks = ConstraintProcessor(vocabulary, limits.streams, model.device)
        self._manager: Any = None
        self._closed = False

    async def generate(
        self,
        tokens: Sequence[int],
        max_new: int,
        matcher: Any = None,
        stop_ids: Sequence[int] | None = None,
    ) -> AsyncGenerator[list[int], None]:
        """New tokens as they come; closing the generator ends the request.

        `matcher` constrains them; `stop_ids` end the request in place of the model's own.

        Raises ModelUnavailable where memory is lacking, ModelBroken where the model failed.
        """
        key = f"v{next(self._numbers)}"
        loop = asyncio.get_running_loop()
        outputs: asyncio.Queue[Any] = asyncio.Queue()

        def sink(output: Any) -> None:
            try:
                loop.call_soon_threadsafe(outputs.put_nowait, output)
            except RuntimeError:  # the loop that asked is closed: nobody listens any more
                self._forget(key)

        self._router.sinks[key] = sink
        if matcher is not None:
            self._masks.add(key, matcher)
        finished, seen = False, 0
        try:
            request = {
                "request_id": key,
                "max_new_tokens": max_new,
                "streaming": True,
                "eos_token_id": self._stop_ids if stop_ids is None else list(stop_ids),
                **({} if matcher is None else {"constraint": key}),
            }
            manager = await asyncio.to_thread(self._submit, list(tokens), request)
            while not finished:
                output = await self._next(outputs, manager)
                if output.error is not None:
                    finished = True
                    raise self._failure(output.error)
                finished = output.is_finished()
                new, seen = output.generated_tokens[seen:], len(output.generated_tokens)
                if new:
                    yield new
        finally:
            self._forget(key)
            if not finished:
                self._cancel(key)

    def _submit(self, tokens: list[int], request: dict[str, Any]) -> Any:
        for _ in range(2):  # the thread may die between our look and our request
            manager = self._ready()
            if manager.add_request(tokens, **request) is not None:
                if request["request_id"] not in self._router.sinks:  # given up while it started
                    manager.cancel_request(request["request_id"])
                return manager
        raise ModelBroken("The model stopped while it was asked", "Ask again")

    async def _next(self, outputs: asyncio.Queue[Any], manager: Any) -> Any:
        while True:
            try:
                async with asyncio.timeout(WATCH_SECONDS):
                    return await outputs.get()
            except TimeoutError:
                if manager.is_running() or not outputs.empty():
                    continue
                cause = manager.background_thread_status.fatal_error
                raise self._failure(str(cause or "its thread ended")) from cause

    def _failure(self, reason: str) -> ModelError:
        line = " ".join(reason.split())[:200] or "no reason given"
        if self._closed:
            return ModelUnavailable("The model was closed while it wrote", "Start it again")
        if any(sign in line.lower() for sign in NO_MEMORY):
            return ModelUnavailable(
                f"The model ran out of memory: {line}",
                "Ask again; if it happens often, lower the context or the number of streams",
            )
        return ModelBroken(f"The model failed: {line}", "Ask again")

    def _ready(self) -> Any:
        """A manager whose thread runs."""
        with self._lock:
            if self._closed:
                raise ModelUnavailable("The model is closed", "Open it again")
            if self._manager is not None:
                status = self._manager.background_thread_status
                if self._manager.is_running() and status.can_accept_new_requests() is None:
                    return self._manager
                log.warning("the model's thread had ended; starting it anew")
                self._end(self._manager)
                self._manager = None
            try:
                self._manager = self._start()
            except (RuntimeError, MemoryError) as error:
                raise self._failure(str(error)) from error
            return self._manager

    def _start(self) -> Any:
        manager = self._model.init_continuous_batching(
            generation_config=GenerationConfig(
                do_sample=False, eos_token_id=self._stop_ids, max_new_tokens=1
            ),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=self.limits.page,
                num_blocks=self.limits.blocks,
                max_batch_tokens=self.limits.batch_tokens,
                # The plan has left its reserve already; without this a tenth more would stay free.
                max_memory_percent=MEMORY_SHARE if self._model.device.type == "cuda" else None,
                max_requests_per_batch=self.limits.streams,
                allow_block_sharing=True,
                # A grammar needs the last token before the next mask: no step runs ahead.
                use_async_batching=False,
            ),
        )
        manager.output_router = self._router
        manager.logit_processor = ContinuousBatchingLogitsProcessorList(
            LogitsProcessorList([self._masks])
        )
        manager.logit_processor.tensors_required = 1
        manager.background_thread_status.clear()
        # Our own thread: a daemon, so that a process which forgets `close` can still end.
        manager._generation_thread = threading.Thread(
            target=manager._run_generation_loop, name="ventanilla-model", daemon=True
        )
        manager._generation_thread.start()
        return manager

    def _cancel(self, key: str) -> None:
        manager = self._manager
        if manager is not None:
            manager.cancel_request(key)

    def _forget(self, key: str) -> None:
        self._router.sinks.pop(key, None)
        self._masks.remove(key)

    def _end(self, manager: Any) -> None:
        if manager._generation_thread is not None:
            manager.stop(block=True, hard_stop=True)
        manager.destroy()
        manager.batch_processor = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Ends the thread; requests under way fail, later ones are refused."""
        with self._lock:
            self._closed = True
            manager, self._manager = self._manager, None
            if manager is not None:
                self._end(manager)
