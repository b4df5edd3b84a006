"""An agency's user comes to no file and no machine that is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sources.catalog import CatalogEntry
from sources.errors import Forbidden
from ui.access import origins
from ui.access.origins import confined


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    private = ("http://10.0.0.7/", "https://inner.example/x")
    monkeypatch.setattr(origins, "is_private", lambda url: url in private)


def entry(**fields: Any) -> CatalogEntry:
    return CatalogEntry.model_validate(
        {"id": "muni-1", "title": "T", "connector": "files", **fields}
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"origin": "{own}/docs"},
        {"origin": "https://www.example.cl/"},
        {"golden": "{own}/golden.jsonl", "questions": "{own}/q.jsonl", "origin": "{own}"},
        {"options": {"start": ["https://www.example.cl/a"], "main": "#main", "exclude": ["/x/*"]}},
        {"options": {"token_file": "{own}/key"}},
    ],
)
def test_what_is_the_agencys_own_or_public_is_allowed(tmp_path: Path, fields: Any) -> None:
    confined(entry(**_filled(fields, tmp_path)), tmp_path / "muni")


@pytest.mark.parametrize(
    "fields",
    [
        {"origin": "/etc"},
        {"origin": "{own}/../otra/docs"},
        {"origin": "{own}/link"},
        {"origin": "docs"},
        {"origin": "file:///etc/passwd"},
        {"origin": "HTTP://10.0.0.7/".lower()},
        {"golden": "/etc/passwd", "origin": "{own}"},
        {"questions": "{own}/../../access.sqlite", "origin": "{own}"},
        {"options": {"token_file": "/srv/keys/id_ed25519"}},
        {"options": {"start": ["https://www.example.cl/a", "https://inner.example/x"]}},
        {"options": {"live": {"url": "http://10.0.0.7/"}}},
        {"options": {"sitemap": "ftp://www.example.cl/"}},
    ],
)
def test_other_files_and_private_addresses_are_not(tmp_path: Path, fields: Any) -> None:
    (tmp_path / "muni").mkdir()
    (tmp_path / "muni" / "link").symlink_to("/etc")
    with pytest.raises(Forbidden) as caught:
        confined(entry(**_filled(fields, tmp_path)), tmp_path / "muni")
    assert "\n" not in str(caught.value)


def _filled(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, folder) for each in value]
    return value.replace("{own}", str(folder / "muni"))
