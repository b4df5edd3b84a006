"""However the crawler ends, it is an end that was written down, or one error in one line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sources.crawl import Job
from sources.crawl import run as module
from sources.crawl.run import crawl
from sources.errors import ConnectorError
from tests.sources.portal import portal


def job(**fields: object) -> Job:
    known = {"origin": "http://127.0.0.1/", "start": [], "hosts": [], "user_agent": "Prueba/1"}
    return Job(**(known | fields))  # type: ignore[arg-type]


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "code 0"),
        ("raise SystemExit(3)", "code 3"),
        ("import no_such_module", "code 1, ModuleNotFoundError: No module named 'no_such_module'"),
        ("import os; os.abort()", "SIGABRT"),
        ("open('found.jsonl', 'w').write('{\"kind\": \"pa')", "code 0"),
    ],
)
def test_a_crawler_that_breaks_off(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConnectorError, match="broke off") as error:
        crawl(job(), tmp_path, program(text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_crawler_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE_S", 0.2)
    hanging = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(ConnectorError, match="not read to its end within"):
        crawl(job(seconds=1.0), tmp_path, program(hanging))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_a_site_that_takes_too_long_is_read_in_part(tmp_path: Path) -> None:
    with portal() as web:
        links = "".join(f'<a href="/{n}">ver</a>' for n in range(500))
        for name in ("", *map(str, range(500))):
            web.put(f"/{name}", f"<html><body><p>Texto {name}</p>{links}</body></html>")
        host = web.url.removeprefix("http://")
        site = job(origin=web.url, start=[f"{web.url}/"], hosts=[host], private=True)
        found = crawl(replace(site, per_second=20.0, seconds=2.0), tmp_path)
    assert 1 < len([each for each in found if each.kind == "page"]) < 500
    assert "not read to its end" in next(each for each in found if each.kind == "note").reason
