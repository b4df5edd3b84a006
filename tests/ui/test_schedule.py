"""Sets are read when their cron line says so, missed times once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sources.catalog import read_entry
from sources.errors import CatalogError
from ui import schedule
from ui.assemble import House, add_entry, open_house
from ui.settings import Settings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Permiso\n\nCuesta $5.\n", encoding="utf-8")
    for name, line in (("daily", "schedule: '0 3 * * *'\n"), ("never", "")):
        yaml = f"id: {name}\ntitle: T\nconnector: files\norigin: docs\ncountry: CL\nlanguage: es\n"
        (tmp_path / f"{name}.yaml").write_text(f"{yaml}agency: A\n{line}", encoding="utf-8")
        add_entry(settings, tmp_path / f"{name}.yaml")
    with open_house(settings) as opened:
        yield opened


def read_at(house: House, moment: datetime) -> None:
    with house.store.transaction() as connection:
        row = ("daily", "done", moment.isoformat(), "{}")
        connection.execute("INSERT OR REPLACE INTO syncs VALUES (?, ?, ?, ?)", row)


@pytest.mark.parametrize(
    ("hours_ago", "is_due"), [(1, False), (8, False), (10, True), (24, True), (24 * 30, True)]
)
def test_a_set_is_due_once_its_time_has_passed_since_it_was_read(
    house: House, hours_ago: int, is_due: bool
) -> None:
    read_at(house, NOW - timedelta(hours=hours_ago))
    assert [e.id for e in schedule.due(house, NOW, NOW)] == (["daily"] if is_due else [])


def test_a_set_that_was_never_read_counts_from_the_start(house: House) -> None:
    assert schedule.due(house, NOW, NOW - timedelta(hours=1)) == []
    assert [e.id for e in schedule.due(house, NOW, NOW - timedelta(hours=12))] == ["daily"]


def test_the_thread_reads_what_is_due_and_ends_with_the_server(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOOK_S", 0.02)
    read_at(house, NOW - timedelta(days=3))
    said, told = threading.Event(), []

    def note(line: str) -> None:
        told.append(line)
        said.set()

    with schedule.scheduled(house, note):
        assert said.wait(30)
    assert told == ["daily: 1 documents indexed, 0 removed"]
    assert "schedule" not in {thread.name for thread in threading.enumerate()}


def test_a_sync_that_breaks_does_not_end_the_schedule(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOOK_S", 0.02)
    twice, told = threading.Event(), []

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("somebody's plug-in")

    def note(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            twice.set()

    monkeypatch.setattr(house, "sync", broken)
    read_at(house, NOW - timedelta(days=3))
    with schedule.scheduled(house, note):
        assert twice.wait(30)
    assert set(told) == {"daily: something of ours broke (somebody's plug-in)"}


def test_a_stop_ends_a_sync_and_the_next_one_takes_it_up(house: House) -> None:
    stop, told = threading.Event(), []
    stop.set()
    for n in range(80):
        path = house.settings.home.parent / "docs" / f"b{n}.md"
        path.write_text(f"# Permiso {n}\n\nCuesta $5.\n", encoding="utf-8")
    schedule.run(house, "daily", told.append, stop)
    assert "stopped with the server" in told[0]
    assert house.sync("daily").indexed == 81


@pytest.mark.parametrize("line", ["every day", "61 * * * *", "* * *"])
def test_a_wrong_line_of_cron_is_refused_with_an_example(tmp_path: Path, line: str) -> None:
    entry = f"id: x1\ntitle: T\nconnector: files\nschedule: '{line}'\n"
    (tmp_path / "x.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"schedule: .*0 3 \* \* \*"):
        read_entry(tmp_path / "x.yaml")
