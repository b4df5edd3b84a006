"""A model in this process, on its card or on the CPU: the `local` backend.

    model = LocalModel.open("latam-gpt/Llama-3.1-70B-LatamGPT-SFT-1.0")
    async for piece in model.write([{"role": "user", "content": "¿Qué es la ClaveÚnica?"}]): ...
    await model.close()

The repository's own tokenizer and chat template are always used. All requests, written answers and
constrained decisions alike, share one batch and one cache, in which a system prompt is kept once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.llm import LATAM_GPT
from agents.llm.local.plan import (
    RESERVE,
    Plan,
    Shapes,
    Weights,
    choose_context,
    context_limit,
    plan_weights,
)
from agents.llm.local.text import Template, TextStream
from agents.llm.protocol import Health, Message, T
from agents.llm.schema import decided
from sources.errors import ModelError, ModelUnavailable

if TYPE_CHECKING:
    from agents.llm.local.batching import Batcher
    from agents.llm.local.constraint import Grammars

log = logging.getLogger(__name__)

STREAMS = 32
PAGE = 256
"""Tokens in a page of the cache; whole pages of equal prompts are shared."""
BATCH_TOKENS = 1024
"""A long prompt is read in parts of so many tokens, between which others go on writing."""
DECISION_TOKENS = 1024
MOST_CPU_TOKENS = 65536
CACHE_SHARE = 0.88
"""Of the memory beside the weights; attention masks and the batch's own tensors need the rest."""
HEALTH_SECONDS = 20.0
INSTALL = "Run: pip install 'ventanilla[models]'"


class LocalModel:
    """A model that runs here; made by `open` or, from a model already loaded, by `of`."""

    def __init__(self, name: str, context: int, template: Template, batcher: Batcher,
                 grammars: Grammars, detail: str) -> None:  # fmt: skip
        self.name = name
        self.context = context
        self.detail = detail
        self._template = template
        self._batcher = batcher
        self._grammars = grammars

    @classmethod
    def open(
        cls,
        model: str | Path = LATAM_GPT,
        *,
        weights: Weights = "auto",
        context: int | None = None,
        device: str | None = None,
        streams: int = STREAMS,
        reserve: int | None = None,
    ) -> LocalModel:
        """Reads the model and puts it where it fits; takes minutes for a large one.

        `weights` "auto" takes the finest precision that leaves room for several conversations;
        `context` is never more than config.json allows; `reserve` are the bytes to leave free.
        Raises ModelUnavailable, with the remedy, where the model cannot be used.
        """
        loading = _needs_packages()
        config, tokenizer = loading.read_repository(model)
        where = loading.choose_device(device)
        limit = choose_context(context_limit(config), context)
        on_cpu = where.type != "cuda"
        plan = plan_weights(
            Shapes.of(config),
            [loading.free_memory(where)],
            weights=weights,
            context=limit,
            supported=loading.supported(where),
            reserve=(0 if on_cpu else RESERVE) if reserve is None else reserve,
        )
        log.info("%s on %s: %s; context %d", model, where, plan, limit)
        Template(tokenizer)  # before minutes are spent on the weights
        loaded = loading.load(model, config, plan.precision, where)
        return cls.of(loaded, tokenizer, name=str(model), context=limit, plan=plan, streams=streams)

    @classmethod
    def of(
        cls,
        model: Any,
        tokenizer: Any,
        *,
        plan: Plan,
        name: str = "",
        context: int | None = None,
        streams: int = STREAMS,
        page: int = PAGE,
    ) -> LocalModel:
        """Around a model that is loaded; `plan` says how many tokens its cache may hold."""
        _needs_packages()
        from agents.llm.local.batching import Batcher, Limits
        from agents.llm.local.constraint import Grammars

        template = Template(tokenizer, model.generation_config.eos_token_id)
        if template.added_stop:
            log.warning("the model's own end ids lack the turn's end %s: added", template.turn_end)
        limit = choose_context(context_limit(model.config), context)
        most = max(limit, MOST_CPU_TOKENS) if model.device.type == "cpu" else plan.kv_tokens
        tokens = min(int(CACHE_SHARE * plan.kv_tokens), most, streams * (limit + page))
        limits = Limits(max(2, tokens // page), page, min(BATCH_TOKENS, limit), streams)
        vocabulary = model.config.get_text_config().vocab_size
        own = str(model.dtype).removeprefix("torch.")
        precision = own if plan.precision == "bf16" else plan.precision
        return cls(
            name or str(model.config.name_or_path),
            min(limit, limits.tokens),
            template,
            Batcher(model, limits, template.stop_ids),
            Grammars(tokenizer, vocabulary, template.stop_ids),
            f"{precision} on {model.device}",
        )

    async def write(
        self, messages: Sequence[Message], *, max_tokens: int = 700
    ) -> AsyncGenerator[str, None]:
        """The answer in pieces, to the turn's end; closing the iterator cancels generation."""
        tokens, room = self._prompt(messages)
        text = TextStream(self._template.tokenizer, self._template.stop_ids)
        async with aclosing(self._batcher.generate(tokens, min(max_tokens, room))) as stream:
            async for new in stream:
                if piece := text.push(new):
                    yield piece
        if piece := text.end():
            yield piece

    async def decide(self, messages: Sequence[Message], schema: type[T]) -> T:
        """A validated object of `schema`; one retry, then DecisionFailed."""

        async def say(conversation: Sequence[Message]) -> str:
            tokens, room = self._prompt(conversation)
            matcher = await asyncio.to_thread(self._grammars.matcher, schema)
            said: list[int] = []
            new_tokens = self._batcher.generate(tokens, min(DECISION_TOKENS, room), matcher)
            async with aclosing(new_tokens) as stream:
                async for new in stream:
                    said += new
            whole = TextStream(self._template.tokenizer, self._template.stop_ids)
            return whole.push(said) + whole.end()

        return await decided(say, messages, schema)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the model reads for `messages`."""
        return len(self._template.encode(messages))

    async def health(self) -> Health:
        """Whether the model writes a token now."""
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                async for _ in self.write([{"role": "user", "content": "?"}], max_tokens=1):
                    pass
        except TimeoutError:
            detail = f"no token within {HEALTH_SECONDS:.0f} s"
        except ModelError as error:
            detail = str(error)
        else:
            return Health(ok=True, model=self.name, context=self.context, detail=self.detail)
        return Health(ok=False, model=self.name, context=self.context, detail=detail)

    async def close(self) -> None:
        """Ends the model's thread; requests under way fail."""
        await asyncio.to_thread(self._batcher.close)

    def _prompt(self, messages: Sequence[Message]) -> tuple[list[int], int]:
        """The prompt's tokens, and how many may follow."""
        tokens = self._template.encode(messages)
        room = self.context - len(tokens)
        if room < 1:
            raise ModelError(
                f"The prompt has {len(tokens)} tokens and the model reads {self.context}",
                "Shorten the evidence or the history",
            )
        return tokens, room


def _needs_packages() -> Any:
    """The module that loads weights; ModelUnavailable where its packages are missing."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(f"The package {error.name} is not installed", INSTALL) from error
    from agents.llm.local import weights

    return weights
