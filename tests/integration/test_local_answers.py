"""The real local backend in the whole house: a random Llama proves nothing, so the sources answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from agents.assistant import Assistant
from agents.context import Context, Patience
from agents.llm import ModelOptions, open_model
from agents.replies import reply
from agents.state import Request, Status
from ui.assemble import open_house
from ui.settings import Settings

REASON = "the extra `models` is not installed"


async def test_a_model_that_rambles_costs_the_citizen_nothing(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason=REASON)
    pytest.importorskip("transformers", reason=REASON)
    from tests.agents.llm import tiny

    folder = tiny.repository(tmp_path / "model", max_position_embeddings=4096)
    model = open_model("local", ModelOptions(model=str(folder)))
    assert model is not None
    question = Request(question="¿Cuánto cuesta renovar la licencia de conducir?", country="DO")
    unclear = Request(question="mi viejo quedó sin carnet de manejar, ¿qué hace?", country="CL")
    try:
        with open_house(Settings(home=tmp_path / "home")) as house:
            house.sync("seed")
            plain = Context(searcher=house.searcher, today=lambda: date(2026, 11, 23))
            patience = Patience(decide=60, first=60, write=120)
            made = Assistant(replace(plain, model=model, patience=patience), None)
            answer = await made.ask(question)
            quoted = await Assistant(plain, None).ask(question)
            assert answer.status is Status.ANSWERED
            assert answer.answer == quoted.answer
            told = {reply("es", "notices", f"model_{how}") for how in ("broken", "unproved")}
            assert told & set(answer.notices)
            # Its decision is one of those allowed, whatever its weights say.
            decided = await made.ask(unclear)
            assert decided.status in (Status.ANSWERED, Status.UNANSWERABLE, Status.CLARIFICATION)
    finally:
        await model.close()
