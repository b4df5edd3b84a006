"""Every backend comes in through one door, and so does a plug-in."""

import importlib.metadata

import pytest
from pydantic import BaseModel

from agents import llm
from agents.llm import LATAM_GPT, ModelOptions, attribution, backends, open_model
from agents.llm.scripted import ScriptedModel
from sources.errors import CatalogError, DecisionFailed, ModelTimeout, ModelUnavailable, UsageError

ASKED = [{"role": "user", "content": "¿Cuánto cuesta?"}]


class Choice(BaseModel):
    service: str


def test_no_model_is_a_backend_too():
    assert open_model("extractive", ModelOptions()) is None


def test_an_unknown_backend_is_told_with_those_that_exist():
    with pytest.raises(UsageError, match=r"gpt9.*extractive, server, local, scripted"):
        open_model("gpt9", ModelOptions())


def test_a_server_without_an_address_is_told_the_setting():
    with pytest.raises(UsageError, match="VENTANILLA_MODEL_URL"):
        open_model("server", ModelOptions())


def test_weights_that_do_not_exist_are_told():
    with pytest.raises(UsageError, match=r"int3.*auto, bf16, fp8, int4"):
        open_model("local", ModelOptions(weights="int3"))


def test_another_package_adds_a_backend(monkeypatch):
    made = ScriptedModel(["Hola. [1]"])

    class Point:
        name = "ours"

        @staticmethod
        def load():
            return lambda options: made

    monkeypatch.setattr(llm, "entry_points", lambda group: [Point] if group == llm.GROUP else [])
    assert open_model("ours", ModelOptions()) is made
    assert {"ours", "server", "local"} <= backends().keys()
    assert importlib.metadata.entry_points is not llm.entry_points


def test_the_key_is_never_shown():
    assert "hush" not in repr(ModelOptions(api_key="hush"))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (LATAM_GPT, "Built with Llama"),
        ("/models/llama-3.1-8b", "Built with Llama"),
        ("Qwen/Qwen3-8B", None),
    ],
)
def test_the_licence_of_llama_asks_for_its_line(model, expected):
    assert attribution(model) == expected


async def test_a_script_is_played_in_order_and_its_last_lines_again(tmp_path):
    path = tmp_path / "play.yaml"
    path.write_text(
        "answers: ['Uno. [1]', \"Dos. [1]\\nTres. [2]\"]\ndecisions: [{service: '2'}]\n",
        encoding="utf-8",
    )
    model = open_model("scripted", ModelOptions(model=str(path)))
    said = [[p async for p in model.write(ASKED)] for _ in range(3)]
    assert said == [["Uno. [1]"], ["Dos. [1]\n", "Tres. [2]"], ["Dos. [1]\n", "Tres. [2]"]]
    assert (await model.decide(ASKED, Choice)).service == "2"
    assert model.heard == [ASKED] * 4
    assert model.count_tokens(ASKED) == 5
    assert (await model.health()).ok
    await model.close()
    assert not (await model.health()).ok


async def test_a_script_breaks_off_where_it_says(tmp_path):
    model = ScriptedModel([["Cuesta ", ModelTimeout("slow")], ModelUnavailable("gone")])
    seen = []
    with pytest.raises(ModelTimeout):  # noqa: PT012 – what was said before is kept
        async for piece in model.write(ASKED):
            seen.append(piece)
    assert seen == ["Cuesta "]
    with pytest.raises(ModelUnavailable):
        await anext(model.write(ASKED))
    with pytest.raises(ModelUnavailable):
        await model.decide(ASKED, Choice)
    with pytest.raises(DecisionFailed):
        await ScriptedModel([{"other": 1}]).decide(ASKED, Choice)
    with pytest.raises(CatalogError):
        open_model("scripted", ModelOptions(model=str(tmp_path / "none.yaml")))
