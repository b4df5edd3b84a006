"""Gradio's blocks for many visitors: little is done, and little is kept, for each of them.

- Of an event's outputs, Gradio 6.x makes each anew that an update does not name
  (`Blocks.postprocess_data`): for every line of an answer that grows, all other parts of the page.
- For every session it keeps the configuration of all parts, what they show included, so that
  ``/gradio_api/deep_link`` can write it to a file (`SessionState.config_values`): 0.1 MB a visitor, and
  a citizen's words on the disk.
"""

from __future__ import annotations

import copy
import time
from datetime import datetime, timedelta
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState, StateHolder

from ui.page.session import IDLE_S

TIDY_S = 60.0


class _Configuration(BlocksConfig):
    """The page's configuration; a session's copy of it describes nothing."""

    def __copy__(self) -> BlocksConfig:
        copied: BlocksConfig = super().__copy__()  # type: ignore[no-untyped-call]
        copied.config_for_block = lambda *_: {}  # type: ignore[method-assign]
        return copied


class Blocks(gr.Blocks):
    """A page for many visitors. Takes what `gr.Blocks` takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.default_config = _Configuration(self)
        self._dropped_at = -TIDY_S

    def drop_ended(self) -> None:
        """Drops the sessions whose state is gone and whose page is closed, or was not heard of since:
        Gradio keeps the last 10,000. To be called whenever one ends: it looks at all of them, but not
        more often than every `TIDY_S` seconds.
        """
        held: StateHolder | None = getattr(self, "state_holder", None)
        if held is None or not held.session_data:
            return
        if time.monotonic() - self._dropped_at < TIDY_S:
            return
        self._dropped_at = time.monotonic()
        long_ago = datetime.now() - timedelta(seconds=IDLE_S)
        for name, session in list(held.session_data.items()):
            silent = held.time_last_used.get(name, long_ago) <= long_ago
            if not session.state_data and (session.is_closed or silent):
                held.session_data.pop(name, None)
                held.time_last_used.pop(name, None)

    async def postprocess_data(
        self,
        block_fn: BlockFunction,
        predictions: list[Any] | dict[Any, Any],
        state: SessionState | None,
    ) -> list[Any]:
        """The outputs as the browser takes them, in the order of ``block_fn.outputs``."""
        if not isinstance(predictions, dict) or not set(predictions) <= set(block_fn.outputs):
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [block for block in block_fn.outputs if block in predictions]
        narrowed = copy.copy(block_fn)
        narrowed.outputs = changed
        values = [predictions[block] for block in changed]
        made = await super().postprocess_data(
            narrowed, values[0] if len(values) == 1 else values, state
        )
        told = dict(zip(changed, made, strict=True))
        return [
            told[block] if block in told else None if block.stateful else gr.skip()
            for block in block_fn.outputs
        ]
