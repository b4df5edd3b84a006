"""Work that somebody watches ends with what came of it, or with a line that says why not."""

from __future__ import annotations

import threading

import pytest

from sources.errors import CatalogError, VentanillaError
from ui.console import desk
from ui.console.desk import watched


def test_looks_come_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "LOOK_S", 0.01)
    go = threading.Event()
    looks = watched("t", "the reading", lambda: go.wait(20))
    assert next(looks) is None
    go.set()
    assert [each for each in looks if each is not None] == [True]


def test_work_goes_on_where_nobody_looks() -> None:
    done = threading.Event()
    watched("t", "the reading", done.set)
    assert done.wait(20)


def test_what_we_know_of_is_raised_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise CatalogError("the entry is wrong", "Mend it.")

    with pytest.raises(CatalogError, match="the entry is wrong"):
        list(watched("t", "the reading", work))
    assert caplog.text == ""


def test_what_broke_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise ZeroDivisionError("three shoes by none")

    with pytest.raises(VentanillaError, match=r"^the reading broke off\. .*the log says why"):
        list(watched("t", "the reading", work))
    assert "the reading broke off" in caplog.text and "three shoes by none" in caplog.text
