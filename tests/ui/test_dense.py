"""The models of the search as an operator meets them: doctor, command, start of `serve`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval import dense
from sources.errors import UsageError
from tests.retrieval.tiny_models import cross_encoder, encoder
from ui import catalogue, cli, doctor, serve
from ui.assemble import open_house
from ui.settings import Settings

pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "a": encoder(tmp_path_factory.mktemp("a")),
        "b": encoder(tmp_path_factory.mktemp("b"), seed=1, width=64),
        "cross": cross_encoder(tmp_path_factory.mktemp("cross")),
    }


def found(settings: Settings) -> dict[str, tuple[bool, str]]:
    return {f.subject: (f.ok, f.text) for f in doctor.examine(settings)}


def ventanilla(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def with_seed(settings: Settings) -> Settings:
    with open_house(settings) as house:
        house.sync("seed")
    return settings


def test_off_is_well(tmp_path: Path) -> None:
    told = found(Settings(home=tmp_path))
    assert told["dense leg"] == (True, "off: no VENTANILLA_EMBED_MODEL is set")
    assert told["reranker"] == (True, "off: no VENTANILLA_RERANK_MODEL is set")
    with open_house(Settings(home=tmp_path)) as house, pytest.raises(UsageError, match="no embed"):
        house.embed()


def test_the_doctor_follows_a_model_and_its_successor(tmp_path: Path, models) -> None:
    with_seed(Settings(home=tmp_path))
    first = Settings(home=tmp_path, embed_model=models["a"], rerank_model=models["cross"])
    told = found(first)
    assert not told["dense leg"][0] and "ventanilla sources embed" in told["dense leg"][1]
    assert told["reranker"] == (True, models["cross"])
    report = catalogue.embed(first)
    ok, text = found(first)["dense leg"]
    assert ok and text == (
        f"{models['a']} (32 numbers) answers, {report.passages} of {report.passages} "
        "passages have a vector"
    )
    second = Settings(home=tmp_path, embed_model=models["b"])
    ok, text = found(second)["dense leg"]
    assert not ok and models["a"] in text and models["b"] in text
    assert catalogue.embed(second).replaced == models["a"]
    assert found(second)["dense leg"][0]


@pytest.mark.parametrize("setting", ["embed_model", "rerank_model"])
def test_the_doctor_names_a_model_that_is_not_there(tmp_path: Path, setting: str) -> None:
    told = found(Settings(home=tmp_path, **{setting: "nobody/nothing"}))
    ok, text = told["dense leg" if setting == "embed_model" else "reranker"]
    assert not ok and "nobody/nothing" in text and "hf download" in text and "\n" not in text


def test_the_command_embeds_and_the_search_uses_it(tmp_path, models, monkeypatch, capsys) -> None:
    monkeypatch.setenv("VENTANILLA_HOME", str(tmp_path))
    assert ventanilla("sources", "sync", "seed") == 0
    monkeypatch.setenv("VENTANILLA_EMBED_MODEL", models["a"])
    capsys.readouterr()
    assert ventanilla("search", "licencia", "--country", "DO", "--json") == 0
    assert "ventanilla sources embed" in capsys.readouterr().err
    assert ventanilla("sources", "embed") == 0
    assert "passages embedded (32 numbers); it answers" in capsys.readouterr().out
    monkeypatch.setenv("VENTANILLA_RERANK_MODEL", models["cross"])
    assert ventanilla("search", "licencia", "--country", "DO", "--json") == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert json.loads(told.out)["passages"][0]["country"] == "DO"


def test_the_command_fails_in_one_line(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("VENTANILLA_HOME", str(tmp_path))
    monkeypatch.setenv("VENTANILLA_EMBED_MODEL", "nobody/nothing")
    assert ventanilla("sources", "embed") == 1
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_a_starting_server_embeds_beside_and_says_so(tmp_path: Path, models) -> None:
    settings = with_seed(Settings(home=tmp_path))
    settings = settings.model_copy(
        update={"embed_model": models["a"], "rerank_model": models["cross"]}
    )
    said: list[str] = []
    with open_house(settings, said.append) as house:
        with serve._models_of_the_search(house, said.append):
            while not said:
                pass
        (line,) = said
        assert "answers" in line and "32 numbers" in line
        assert house.dense is not None and house.dense.active is not None


def test_a_server_starts_without_the_package(tmp_path: Path, models, monkeypatch) -> None:
    settings = with_seed(Settings(home=tmp_path)).model_copy(update={"embed_model": models["a"]})
    monkeypatch.setattr(dense.importlib.util, "find_spec", lambda name: None)
    said: list[str] = []
    with (
        open_house(settings, said.append) as house,
        serve._models_of_the_search(house, said.append),
    ):
        while not said:
            pass
    assert len(said) == 1 and "pip install 'ventanilla[models]'" in said[0]


def test_a_server_that_is_stopped_does_not_wait_for_all_passages(tmp_path: Path, models) -> None:
    settings = with_seed(Settings(home=tmp_path)).model_copy(update={"embed_model": models["a"]})
    said: list[str] = []
    with (
        open_house(settings, said.append) as house,
        serve._models_of_the_search(house, said.append),
    ):
        pass
    assert all("answers" in line for line in said)
    assert catalogue.embed(settings).finished
