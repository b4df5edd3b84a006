"""Constrained decisions: a Pydantic model as a grammar, and its mask inside the shared batch.

A decision is a request like any other: it joins the batch of running conversations. At each step
the words that its grammar allows are written to a row of a table, and the batch reads row 0, which
allows everything, for requests without a grammar.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from pydantic import BaseModel
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
)

from agents.llm.schema import flat_schema
from sources.errors import DecisionFailed, ModelUnavailable

COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
WORD = 32


class Grammars:
    """Compiles schemas for one tokenizer; the table of its words is made once."""

    def __init__(self, tokenizer: Any, vocabulary: int, stop_ids: Sequence[int]) -> None:
        self._tokenizer, self._vocabulary, self._stop_ids = tokenizer, vocabulary, list(stop_ids)
        self._words: Any = None
        self._compiled: dict[str, Any] = {}

    def matcher(self, schema: type[BaseModel]) -> Any:
        """A fresh matcher at the beginning of `schema`; raises ModelUnavailable or DecisionFailed."""
        try:
            import llguidance
            import llguidance.hf
        except ImportError as error:
            raise ModelUnavailable(
                "The package llguidance is not installed", "Run: pip install 'ventanilla[models]'"
            ) from error
        text = json.dumps(flat_schema(schema), ensure_ascii=False)
        if text not in self._compiled:
            if self._words is None:
                self._words = llguidance.hf.from_tokenizer(
                    self._tokenizer, n_vocab=self._vocabulary, eos_token=self._stop_ids
                )
            grammar = llguidance.LLMatcher.grammar_from_json_schema(text, overrides=COMPACT)
            matcher = llguidance.LLMatcher(self._words, grammar)
            if matcher.is_error():
                reason = str(matcher.get_error()).splitlines()[0]
                raise DecisionFailed(f"{schema.__name__} is no schema to decide by: {reason}")
            self._compiled[text] = matcher
        return self._compiled[text].deep_copy()


class Progress:
    """Where one decision stands in its grammar."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher
        self._consumed = 0

    def fill(self, tokens: Sequence[int], mask: torch.Tensor) -> None:
        """Writes to `mask` the words that may follow `tokens`, the decision so far."""
        new = list(tokens[self._consumed :])
        if new and not self._matcher.is_stopped():
            self._matcher.consume_tokens(new)
        self._consumed = len(tokens)
        self._matcher.unsafe_compute_mask_ptr(mask.data_ptr(), mask.numel() * WORD // 8)


class ConstraintProcessor(ContinuousBatchingLogitsProcessor):
    """Masks the scores of those requests of a batch that have a grammar."""

    supported_kwargs = {"constraint": str}  # noqa: RUF012 - the base class declares it so
    ignored_kwargs = ()

    def __init__(self, vocabulary: int, requests: int, device: Any) -> None:
        self._vocabulary = vocabulary
        self._words = torch.zeros(-(-vocabulary // WORD), dtype=torch.int32)
        self._bits = torch.arange(WORD, dtype=torch.int32)
        self._allowed = torch.ones((requests + 1, vocabulary), dtype=torch.bool, device=device)
        self._running: dict[str, Progress] = {}

    def add(self, key: str, matcher: Any) -> None:
        """Constrains requests that name `key`."""
        self._running[key] = Progress(matcher)

    def remove(self, key: str) -> None:
        """Forgets `key`."""
        self._running.pop(key, None)

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        """Row 0 for everyone."""
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: Sequence[Any]) -> torch.Tensor:
        """The table's row for each request, its mask brought up to date."""
        rows, row = [], 0
        for request in requests_with_new_token:
            state = request.state
            progress = self._running.get(state.logit_processor_kwargs.get("constraint", ""))
            if progress is None:
                rows.append(0)
                continue
            row += 1
            rows.append(row)
            # After an eviction the tokens written so far stand at the prompt's end.
            start = state._true_initial_tokens
            earlier = state.initial_tokens[start:] if start else []
            progress.fill([*earlier, *state.generated_tokens], self._words)
            spread = (self._words.unsqueeze(1) >> self._bits) & 1
            self._allowed[row].copy_(spread.reshape(-1)[: self._vocabulary].bool())
        return torch.tensor(rows, dtype=torch.int32)

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """Forbids what the rows do not allow."""
        allowed = self._allowed[tensor_arg[: scores.size(0)].long()]
        return scores.masked_fill(~allowed, float("-inf"))
