"""Settings are read from the environment alone, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.errors import UsageError
from ui.settings import Settings, read_settings


def test_without_any_variable_there_are_defaults() -> None:
    settings = read_settings({})
    assert settings.home == Path.cwd() / ".ventanilla"
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert settings.qdrant_url is None
    assert settings.qdrant_collection == "ventanilla"


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "VENTANILLA_HOME": str(tmp_path),
            "VENTANILLA_HOST": "0.0.0.0",
            "VENTANILLA_PORT": "8000",
            "VENTANILLA_QDRANT_URL": "http://127.0.0.1:6333",
            "VENTANILLA_QDRANT_API_KEY": "hush",
            "VENTANILLA_QDRANT_COLLECTION": "mine",
        }
    )
    assert settings.home == tmp_path
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert settings.qdrant_url == "http://127.0.0.1:6333"
    assert settings.qdrant_api_key == "hush"
    assert settings.qdrant_collection == "mine"


def test_a_key_is_not_shown() -> None:
    assert "hush" not in repr(read_settings({"VENTANILLA_QDRANT_API_KEY": "hush"}))


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings({"VENTANILLA_PORT": ""}).port == 7860


@pytest.mark.parametrize("port", ["many", "-1", "65536", "80.5"])
def test_a_wrong_port_is_named(port: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings({"VENTANILLA_PORT": port})
    assert "VENTANILLA_PORT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_that_is_written_lies_below_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for path in (
        *(settings.index, settings.documents, settings.checkpoints),
        *(settings.catalog, settings.door),
    ):
        assert path.is_relative_to(tmp_path)


def test_a_home_beside_the_user_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_settings({"VENTANILLA_HOME": "~/v"}).home == tmp_path / "v"
    monkeypatch.chdir(tmp_path)
    assert read_settings({"VENTANILLA_HOME": "v"}).home == tmp_path / "v"
