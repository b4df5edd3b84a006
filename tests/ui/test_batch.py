"""Files of questions: what is opened for a whole run, and what stays of it afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.llm import BUILT_IN
from agents.llm.protocol import Model
from agents.llm.scripted import ScriptedModel
from agents.state import Request
from sources.errors import ModelUnavailable
from ui import batch
from ui.assemble import open_house
from ui.settings import Settings


class Watched(ScriptedModel):
    """A model that tells when it is closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home", model_backend="scripted")
    with open_house(made) as house:
        house.sync("seed")
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """The models that were opened, in order."""
    models: list[Watched] = []

    def open_one(options: object) -> Model:
        models.append(Watched([]))
        return models[-1]

    monkeypatch.setitem(BUILT_IN, "scripted", open_one)
    return models


def test_one_model_serves_all_parts_of_a_file(
    settings: Settings, opened: list[Watched], tmp_path: Path
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    # Read in parts of 64 lines; blank lines cost no answer.
    lines = [json.dumps({"question": "¿Qué es el SIS Gratuito?", "country": "PE"})]
    lines += [""] * 63 + [json.dumps({"question": "", "id": "none"})] + [""] * 63 + lines
    source.write_text("\n".join(lines), encoding="utf-8")
    with batch.answers(settings, pytest.fail) as work:
        batch.run(source, target, work)
        assert [model.closed for model in opened] == [0]
    assert [model.closed for model in opened] == [1]
    answered = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [a["id"] for a in answered] == ["1", "none", "129"]
    assert [a["status"] for a in answered] == ["answered", "error_input", "answered"]


def test_a_run_without_a_question_opens_no_model(settings: Settings, opened: list[Watched]) -> None:
    with batch.answers(settings, pytest.fail):
        pass
    assert opened == []


def test_the_model_is_closed_where_the_run_breaks_off(
    settings: Settings, opened: list[Watched]
) -> None:
    def broken_off() -> None:
        with batch.answers(settings, pytest.fail) as work:
            work([Request(question="¿Qué es el SIS Gratuito?", country="PE")])
            raise KeyError

    with pytest.raises(KeyError):
        broken_off()
    assert [model.closed for model in opened] == [1]


def test_a_model_that_cannot_be_opened_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(options: object) -> Model:
        raise ModelUnavailable("there is no card", "Use another backend.")

    monkeypatch.setitem(BUILT_IN, "scripted", none)
    with (
        pytest.raises(ModelUnavailable, match="there is no card"),
        batch.answers(settings, pytest.fail) as work,
    ):
        work([Request(question="¿Qué es el SIS Gratuito?")])
