"""Tokens and text: the repository's own template, the turn's end, and text as tokens arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.llm.protocol import Message
from sources.errors import ModelUnavailable

MARK = "ventanilla"
BROKEN = "\N{REPLACEMENT CHARACTER}"


class Template:
    """The chat template of a tokenizer: messages to tokens, and which tokens end a turn."""

    def __init__(self, tokenizer: Any, eos: int | Sequence[int] | None = None) -> None:
        """`eos` are the ids that the model's own configuration ends with."""
        if not getattr(tokenizer, "chat_template", None):
            raise ModelUnavailable(
                "The model's repository has no chat template",
                "Choose a model that was tuned for chat, with its tokenizer_config.json complete",
            )
        self.tokenizer = tokenizer
        stated = [eos] if isinstance(eos, int) else list(eos or ())
        self.turn_end = self._turn_end()
        known = (self.turn_end, tokenizer.eos_token_id, *stated)
        self.stop_ids = sorted({token for token in known if token is not None and token >= 0})
        self.added_stop = self.turn_end is not None and self.turn_end not in stated
        if not self.stop_ids:
            raise ModelUnavailable(
                "Neither the template nor the configuration says what ends a turn",
                "Set eos_token in tokenizer_config.json",
            )

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that the model reads, up to where its own turn begins."""
        ids = self.tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
        return [int(token) for token in ids]

    def _turn_end(self) -> int | None:
        """The special token that the template puts after an assistant's words."""
        shown = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": "?"}, {"role": "assistant", "content": MARK}],
            tokenize=False,
        )
        after = str(shown).rpartition(MARK)[2].lstrip()
        special = {
            token.content: token_id
            for token_id, token in self.tokenizer.added_tokens_decoder.items()
            if token.content and after.startswith(token.content)
        }
        return int(special[max(special, key=len)]) if special else None


class TextStream:
    """Text of tokens that arrive one by one; a letter is held back until all its bytes are there.

    What `push` and `end` give, joined, is what decoding all tokens at once gives.
    """

    def __init__(self, tokenizer: Any, stop_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._stop_ids = frozenset(stop_ids)
        self._tokens: list[int] = []
        self._before = 0
        self._read = 0

    def push(self, tokens: Sequence[int]) -> str:
        """The text that `tokens` complete."""
        self._tokens += [token for token in tokens if token not in self._stop_ids]
        return self._new(hold=True)

    def end(self) -> str:
        """What was held back."""
        return self._new(hold=False)

    def _new(self, *, hold: bool) -> str:
        if self._read == len(self._tokens):
            return ""
        known = self._decode(self._tokens[self._before : self._read])
        text = self._decode(self._tokens[self._before :])
        if hold and text.endswith(BROKEN):
            return ""
        self._before, self._read = self._read, len(self._tokens)
        return text[len(known) :]

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(
                tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
