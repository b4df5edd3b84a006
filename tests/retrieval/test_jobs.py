"""Syncs as jobs: held, quarantined, taken up, never two at once on one set."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from retrieval import jobs as module
from retrieval.concepts import Matcher
from retrieval.index import Index, Scope, open_index
from retrieval.ingest import Turned
from retrieval.jobs import Jobs
from retrieval.search import Searcher
from retrieval.store import Store
from sources.catalog import CatalogEntry
from sources.errors import ConnectorError, UsageError

MATCHER = Matcher({})
ALL = Scope(tenants=("public",))


def entry(folder: Path, **fields: object) -> CatalogEntry:
    given = {
        "id": "muni",
        "title": "T",
        "connector": "files",
        "origin": str(folder),
        "country": "CL",
        "language": "es",
        "agency": "Muni",
        **fields,
    }
    return CatalogEntry.model_validate(given)


def write(folder: Path, count: int, price: int = 100, first: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(first, count):
        text = f"# Certificado número {n}\n\n## Costo\n\nEl certificado {n} cuesta ${price + n}.\n"
        (folder / f"c{n:03}.md").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "docs", 20)
    return tmp_path / "docs"


@pytest.fixture
def jobs(tmp_path: Path, index: Index, store: Store) -> Jobs:
    return Jobs(tmp_path / "jobs", index, store, MATCHER)


def state(store: Store) -> str:
    return store.rows("SELECT state FROM syncs")[0][0]


def test_only_what_changed_is_parsed_again(
    jobs: Jobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sources.connectors import files

    parsed: list[str] = []
    made = files.make
    monkeypatch.setattr(files, "make", lambda *given: parsed.append(given[1]) or made(*given))
    assert jobs.run(entry(folder)).indexed == 20
    assert len(parsed) == 20
    write(folder, 4, price=500, first=3)
    (folder / "c019.md").unlink()
    report = jobs.run(entry(folder))
    assert (report.indexed, report.unchanged, report.removed) == (1, 18, 1)
    assert parsed[20:] == ["muni-c003"]


def test_an_entry_that_changed_is_read_in_full(jobs: Jobs, folder: Path, store: Store) -> None:
    jobs.run(entry(folder))
    report = jobs.run(entry(folder, agency="Otra"))
    assert report.indexed == 20
    document = store.get("muni-c003")
    assert document is not None and document.provenance.agency == "Otra"


def test_a_document_that_is_called_unchanged_and_is_not_here_comes_at_the_next_sync(
    jobs: Jobs, folder: Path, store: Store
) -> None:
    jobs.run(entry(folder))
    store.delete(["muni-c003"])
    report = jobs.run(entry(folder))
    assert (report.unchanged, report.lacking) == (19, 1)
    assert jobs.run(entry(folder)).indexed == 1
    assert store.get("muni-c003") is not None


def test_a_set_that_lost_much_is_held_until_a_person_confirms(
    jobs: Jobs, folder: Path, store: Store
) -> None:
    jobs.run(entry(folder))
    for n in range(7):
        (folder / f"c{n:03}.md").unlink()
    report = jobs.run(entry(folder))
    assert (report.state, report.removed) == ("held", 0)
    assert report.reason == "7 of 20 documents would go"
    assert "would go: muni-c000" in report.notes
    assert len(store.ids("muni")) == 20
    assert jobs.run(entry(folder)).state == "held"  # reading again does not let it through
    assert jobs.confirm(entry(folder)).removed == 7
    assert (len(store.ids("muni")), state(store)) == (13, "done")


def test_a_set_may_lose_a_few_without_a_word(jobs: Jobs, folder: Path) -> None:
    jobs.run(entry(folder))
    for n in range(6):
        (folder / f"c{n:03}.md").unlink()
    report = jobs.run(entry(folder))
    assert (report.state, report.removed) == ("done", 6)


def test_what_is_discarded_is_forgotten_and_read_anew(
    jobs: Jobs, folder: Path, store: Store
) -> None:
    jobs.run(entry(folder))
    for n in range(10):
        (folder / f"c{n:03}.md").unlink()
    jobs.run(entry(folder))
    jobs.discard(entry(folder))
    assert (len(store.ids("muni")), state(store)) == (20, "discarded")
    with pytest.raises(UsageError, match="nothing of muni waits"):
        jobs.confirm(entry(folder))
    write(folder, 20)
    assert jobs.run(entry(folder)).unchanged == 20


def test_a_gate_is_asked_only_of_what_would_change(
    tmp_path: Path, index: Index, store: Store, folder: Path
) -> None:
    asked: list[int] = []

    worse = Turned(question="¿Cuánto cuesta?", expected="$103", now="$103", then="$903")

    def gate(entry: CatalogEntry, items: object) -> list[Turned]:
        asked.append(sum(1 for _ in items()))  # type: ignore[operator]
        return [worse] if len(asked) == 2 else []

    jobs = Jobs(tmp_path / "jobs", index, store, MATCHER, gate=gate)
    assert jobs.run(entry(folder)).state == "done"
    assert jobs.run(entry(folder)).state == "done"
    assert asked == [20]
    write(folder, 4, price=900, first=3)
    report = jobs.run(entry(folder))
    assert (report.state, report.turned) == ("quarantined", [worse])
    assert report.notes == ["¿Cuánto cuesta? → expected $103; it would be $903"]
    document = store.get("muni-c003")
    assert document is not None and "$103" in document.text
    jobs.confirm(entry(folder))
    document = store.get("muni-c003")
    assert document is not None and "$903" in document.text


def test_an_origin_that_is_gone_leaves_everything_and_says_why(
    jobs: Jobs, folder: Path, store: Store
) -> None:
    jobs.run(entry(folder))
    folder.rename(folder.with_name("away"))
    with pytest.raises(ConnectorError, match="does not exist"):
        jobs.run(entry(folder))
    assert state(store).startswith("failed: ")
    assert len(store.ids("muni")) == 20


def test_a_removed_set_is_read_in_full_when_it_comes_back(
    jobs: Jobs, folder: Path, store: Store
) -> None:
    jobs.run(entry(folder))
    assert jobs.remove("muni") == 20
    assert jobs.run(entry(folder)).indexed == 20


def test_two_jobs_on_one_set_cannot_run_at_once(
    tmp_path: Path, jobs: Jobs, folder: Path, store: Store
) -> None:
    other = f"""
        import fcntl, time
        file = open({str(tmp_path / "jobs" / "muni.lock")!r}, "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        print("locked", flush=True)
        time.sleep(60)
    """
    (tmp_path / "jobs").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(other)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "locked\n"
    with pytest.raises(UsageError, match="a sync of muni is under way"):
        jobs.run(entry(folder))
    assert store.ids("muni") == {}
    process.kill()
    process.communicate()
    assert jobs.run(entry(folder)).indexed == 20  # the system freed the dead job's lock


# --------------------------------------------------------------- killed at any moment

KILLS, FEWEST = 50, 30


def _sync(home: Path) -> None:
    """One job in a process of its own, as `ventanilla sources sync` runs it."""
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    Jobs(home / "jobs", index, store, MATCHER).run(entry(home / "docs"))
    os._exit(0)


@pytest.fixture
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval import ingest

    monkeypatch.setattr(ingest, "BATCH", 8)
    monkeypatch.setattr(module, "MOST_LOST", 1.0)


def test_a_sync_killed_at_any_moment_loses_doubles_and_halves_nothing(
    tmp_path: Path, short_batches: None
) -> None:
    """Each round changes a third of the documents, takes some away and brings some, and kills the
    sync at a random moment; whatever then answers is one whole revision of a document. In the end
    one sync leaves what a clean home has.
    """
    dice, forked = random.Random(20261125), multiprocessing.get_context("fork")
    killed = 0
    for number in range(KILLS):
        count = dice.randrange(FEWEST, 60)
        write(tmp_path / "docs", count)
        for path in sorted((tmp_path / "docs").glob("*.md"))[count:]:
            path.unlink()
        for path in dice.sample(sorted((tmp_path / "docs").glob("*.md")), count // 3):
            n = int(path.stem[1:])
            write(tmp_path / "docs", n + 1, price=1000 * (number + 1), first=n)
        process = forked.Process(target=_sync, args=(tmp_path,))
        process.start()
        process.join(dice.uniform(0.01, 0.5))
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.join()
        _look(tmp_path)
    assert killed > KILLS / 3, "the moments must fall into the syncs"
    process = forked.Process(target=_sync, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    _look(tmp_path)
    _same_as_a_clean_one(tmp_path)


def _look(home: Path) -> None:
    """In a process of its own too: a fork of one that had opened an index would not be safe."""
    looking = multiprocessing.get_context("fork").Process(target=_whole, args=(home,))
    looking.start()
    looking.join(60)
    assert looking.exitcode == 0


def _whole(home: Path) -> None:
    """Whatever is found stands in the store as it was found, and once; none of the documents whose
    files were there all the time is gone that was here at the last look.
    """
    index, store = open_index(home / "index"), Store(home / "documents.sqlite")
    known, here = home / "known", set(store.ids("muni"))
    before = set(known.read_text(encoding="utf-8").split()) if known.exists() else set()
    assert before & {f"muni-c{n:03}" for n in range(FEWEST)} <= here
    known.write_text(" ".join(here), encoding="utf-8")
    searcher = Searcher(index, store, MATCHER)
    found = searcher.search("certificado costo", ALL, limit=200).passages
    assert len({f.passage_id for f in found}) == len(found)
    for each in found:
        number = int(each.document.id.removeprefix("muni-c"))
        assert each.document.title == f"Certificado número {number}"
        assert each.quote in each.document.text
        assert f"El certificado {number} cuesta $" in each.document.text
    os._exit(0)


def _same_as_a_clean_one(home: Path) -> None:
    clean = home / "clean"
    clean.mkdir()
    (clean / "docs").symlink_to(home / "docs", target_is_directory=True)
    stores, indexes = [], []
    for each in (home, clean):
        stores.append(Store(each / "documents.sqlite"))
        indexes.append(open_index(each / "index"))
    Jobs(clean / "jobs", indexes[1], stores[1], MATCHER).run(entry(clean / "docs"))
    texts = [{d.id: d.text for d in store.documents()} for store in stores]
    assert texts[0] == texts[1]
    assert indexes[0].count() == indexes[1].count() == len(texts[0])
    counted = [store.rows("SELECT * FROM word_counts ORDER BY 1, 2, 3") for store in stores]
    assert counted[0] == counted[1]
    for index, store in zip(indexes, stores, strict=True):
        index.close()
        store.close()
