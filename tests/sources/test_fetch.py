"""Downloads end in a file, in "nothing newer", or in one line that says what went wrong."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest

from sources import fetch as module
from sources.errors import ConnectorError, StatusError, Unavailable
from sources.fetch import AGENT, Secrets, fetch, is_private
from tests.sources.portal import Portal, portal


def test_a_file_comes_with_what_the_server_says_of_it(web: Portal, tmp_path: Path) -> None:
    url = web.put("/a.csv", "a;b\n", etag='"1"')
    web.headers["/a.csv"] = {"Last-Modified": "Tue, 10 Mar 2026 10:00:00 GMT"}
    got = fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"a;b\n"
    assert got.day == "2026-03-10"
    assert got.known == {"etag": '"1"', "last_modified": "Tue, 10 Mar 2026 10:00:00 GMT"}
    assert web.asked[0][1]["User-Agent"] == AGENT
    again = fetch(url, tmp_path / "b", known=got.known)
    assert again.unchanged and not (tmp_path / "b").exists()
    assert web.asked[1][1]["If-Modified-Since"] == "Tue, 10 Mar 2026 10:00:00 GMT"


def test_a_redirect_inside_an_agencys_own_network_is_followed(web: Portal, tmp_path: Path) -> None:
    web.put("/new.csv", "x")
    web.redirects["/old.csv"] = "/new.csv"
    fetch(f"{web.url}/old.csv", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "no web address"),
        ("ftp://127.0.0.1/a", "no web address"),
        ("/old.csv", "from one address to the next"),
    ],
)
def test_a_redirect_elsewhere_is_refused(
    web: Portal, tmp_path: Path, target: str, said: str
) -> None:
    web.redirects["/old.csv"] = target
    with pytest.raises(ConnectorError, match=said):
        fetch(f"{web.url}/old.csv", tmp_path / "a")


def test_a_public_portal_may_not_lead_behind_our_door(
    web: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = web.put("/inner.csv", "secret")
    web.redirects["/old.csv"] = inner.replace("127.0.0.1", "localhost")
    monkeypatch.setattr(module, "is_private", lambda url: "localhost" in url)
    with pytest.raises(ConnectorError, match="leads into a private network"):
        fetch(f"{web.url}/old.csv", tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("address", "private"),
    [("10.0.0.7", True), ("169.254.169.254", True), ("::1", True), ("200.1.2.3", False)],
)
def test_private_addresses_are_known(
    monkeypatch: pytest.MonkeyPatch, address: str, private: bool
) -> None:
    def look_up(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert is_private("http://portal.example/a") is private


def test_too_large_too_late_and_out_of_reach_are_one_line(web: Portal, tmp_path: Path) -> None:
    url = web.put("/a.csv", b"x" * 3000)
    with pytest.raises(ConnectorError, match="sends more than 0 MB"):
        fetch(url, tmp_path / "a", largest=1000)
    with pytest.raises(ConnectorError, match="HTTP status 404"):
        fetch(f"{web.url}/none", tmp_path / "a")
    with pytest.raises(ConnectorError, match="cannot be read"):
        fetch("http://127.0.0.1:9/a", tmp_path / "a")
    web.slow_s = 1.0
    with pytest.raises(ConnectorError, match=r"did not answer within 0.2 s") as caught:
        fetch(url, tmp_path / "a", seconds=0.2)
    assert "\n" not in str(caught.value) and "--from" in caught.value.remedy


def test_a_key_goes_to_the_host_that_was_asked_and_to_no_other(
    web: Portal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = Secrets(query={"token": "llave 1"}, headers={"X-Key": "llave-2"})
    with portal() as elsewhere:
        elsewhere.put("/a.csv", "x")
        web.redirects["/old.csv"] = "/here.csv"
        web.redirects["/here.csv"] = f"{elsewhere.url}/a.csv"
        fetch(f"{web.url}/old.csv?a=1", tmp_path / "a", secrets=secrets)
        assert web.asked[0][0] == "/old.csv?a=1&token=llave+1"
        assert [headers.get("X-Key") for _, headers in web.asked] == ["llave-2", "llave-2"]
        assert "llave" not in str(elsewhere.asked)
    assert "HTTP Request" in caplog.text
    assert "llave" not in caplog.text and "llave" not in repr(secrets)
    web.redirects["/old.csv"] = "ftp://x.example/?token=llave+1&key=llave-2"
    with pytest.raises(ConnectorError) as caught:
        fetch(f"{web.url}/old.csv", tmp_path / "a", secrets=secrets)
    assert "llave" not in f"{caught.value} {caught.value.problem} {caught.value.args}"


def test_what_may_come_later_is_told_from_what_was_refused(web: Portal, tmp_path: Path) -> None:
    with pytest.raises(StatusError) as refused:
        fetch(f"{web.url}/none", tmp_path / "a")
    assert refused.value.status == 404
    with pytest.raises(Unavailable):
        fetch("http://127.0.0.1:9/a", tmp_path / "a")
    web.slow_s = 1.0
    with pytest.raises(Unavailable):
        fetch(web.put("/a", "x"), tmp_path / "a", seconds=0.2)
