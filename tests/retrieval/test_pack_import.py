"""A pack's way into a home: whole, as differences, beside what is there, and killed at any moment."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.dense_leg import DenseLeg
from retrieval.index.holes import copy_tree
from retrieval.pack_import import IMPORTED, take_up
from retrieval.pack_vectors import PackVectors
from sources.catalog import read_catalog
from sources.document import Document
from sources.errors import ConnectorError, PackRefused
from tests.retrieval.packing import Home, document, entry, forged

Made = Callable[..., Home]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    homes: list[Home] = []

    def make(name: str, encoder: object = None) -> Home:
        homes.append(Home(tmp_path / name, encoder))
        return homes[-1]

    yield make
    for home in homes:
        home.close()


@pytest.fixture
def peru(made: Made) -> Home:
    home = made("peru")
    home.keys.new("Agencia del Perú")
    home.have([document(n) for n in range(12)])
    return home


@pytest.fixture
def chile(made: Made, peru: Home) -> Home:
    home = made("chile")
    home.keys.trust(peru.keys.public_file)
    return home


def chain(peru: Home, folder: Path, length: int) -> list[Path]:
    """Packs of differences, each after a change: some dearer, one gone, one new."""
    paths = []
    for step in range(length):
        kept = [document(n, price=100 * (1 + (n % 4 == step))) for n in range(step, 12 + step)]
        peru.have(kept)
        paths.append(folder / f"{step}.zip")
        peru.export(paths[-1], since="last" if step else None)
    return paths


# ------------------------------------------------------------------------- whole and differences


def test_the_documents_are_those_that_were_signed(chile: Home, peru: Home, tmp_path: Path) -> None:
    made = peru.export(tmp_path / "p.zip")
    assert chile.take(tmp_path / "p.zip") == ["done"]
    assert chile.documents() == peru.documents()
    taken = read_catalog(chile.catalog)["pe-muni"]
    assert (taken.connector, taken.agency, taken.country) == (
        "pack",
        "Municipalidad de Prueba",
        "PE",
    )
    assert (taken.licence, taken.as_of) == ("CC-BY-4.0", "2026-11-01")
    assert taken.options["pack"] == made.pack
    assert taken.options["made_by"] == "Agencia del Perú"
    assert chile.take(tmp_path / "p.zip") == ["done"]  # once more changes nothing
    assert chile.documents() == peru.documents()


def test_a_chain_of_differences_is_the_whole(chile: Home, peru: Home, tmp_path: Path) -> None:
    for path in chain(peru, tmp_path, 4):
        assert chile.take(path) == ["done"]
        written = chile.catalog / "pe-muni.yaml"  # what is decided here outlives the next pack
        written.write_text(
            written.read_text(encoding="utf-8") + "enabled: false\n" * (path.stem == "0")
        )
    assert chile.documents() == peru.documents()
    assert len(list((chile.packs / "sets" / "pe-muni").iterdir())) == 1  # earlier ones are gone
    assert read_catalog(chile.catalog)["pe-muni"].enabled is False
    gone = chile.store.versions("pe-muni-c000")
    assert len(gone) == 1  # what it said stays readable, as after any sync


def test_differences_without_their_base_name_the_pack_they_need(
    chile: Home, peru: Home, tmp_path: Path
) -> None:
    first, second, third = chain(peru, tmp_path, 3)
    with pytest.raises(PackRefused, match=r"since pe-muni-1-\w+, and of pe-muni there is nothing"):
        chile.take(second)
    chile.take(first)
    before = chile.files()
    with pytest.raises(PackRefused, match=r"Import pe-muni-2-\w+ first"):
        chile.take(third)
    assert chile.files() == before
    chile.take(second)
    assert chile.take(third) == ["done"]
    assert chile.documents() == peru.documents()


def test_a_whole_pack_may_come_at_any_time_but_not_an_older_one(
    chile: Home, peru: Home, tmp_path: Path
) -> None:
    first, _ = chain(peru, tmp_path, 2)
    peru.export(tmp_path / "whole.zip")
    chile.take(first)
    assert chile.take(tmp_path / "whole.zip") == ["done"]
    assert chile.documents() == peru.documents()
    with pytest.raises(PackRefused, match=r"pe-muni-1-\w+ is older than pe-muni-3-\w+"):
        chile.take(first)


def test_differences_that_lead_elsewhere_than_they_say_are_refused(
    chile: Home, peru: Home, tmp_path: Path
) -> None:
    first, second = chain(peru, tmp_path, 2)
    chile.take(first)

    def keep_the_removed(manifest: dict, members: dict) -> None:
        manifest["sets"][0]["removed"] = []

    before = chile.files()
    with pytest.raises(PackRefused, match="what it would leave is not what it says"):
        chile.take(forged(peru.keys, second, keep_the_removed))
    assert chile.files() == before


def test_a_pack_that_would_take_much_away_is_held(chile: Home, peru: Home, tmp_path: Path) -> None:
    peru.export(tmp_path / "a.zip")
    chile.take(tmp_path / "a.zip")
    peru.have([document(n) for n in range(5)])
    peru.export(tmp_path / "b.zip", since="last")
    assert chile.take(tmp_path / "b.zip") == ["held"]
    assert len(chile.documents()) == 12
    chile.jobs.confirm(read_catalog(chile.catalog)["pe-muni"])
    assert chile.documents() == peru.documents()


# ------------------------------------------------------------------- beside what is there already


def test_a_set_of_that_id_is_never_replaced(chile: Home, peru: Home, tmp_path: Path) -> None:
    peru.have([document(1, source="seed")], "seed")
    peru.export(tmp_path / "p.zip", entry("seed"))
    with pytest.raises(PackRefused, match=r"a set 'seed' here.*--as seed=NEW-ID") as told:
        chile.take(tmp_path / "p.zip")
    assert "\n" not in str(told.value)
    assert chile.take(tmp_path / "p.zip", seed="pe-semilla") == ["done"]
    (taken,) = chile.documents().values()
    (origin,) = (d for d in peru.documents().values() if d.provenance.source_id == "seed")
    assert (taken.id, taken.provenance.source_id) == ("pe-semilla-seed-c001", "pe-semilla")
    assert (taken.text, taken.sections) == (origin.text, origin.sections)
    peru.have([document(1, price=700, source="seed")], "seed")
    peru.export(tmp_path / "q.zip", entry("seed"), since="last")
    assert chile.take(tmp_path / "q.zip") == ["done"]  # its id here is remembered
    assert "701" in chile.documents()["pe-semilla-seed-c001"].text
    with pytest.raises(PackRefused, match="is here already as 'pe-semilla'"):
        chile.take(tmp_path / "q.zip", seed="otra")


@pytest.mark.parametrize(
    ("renamed", "why"),
    [({"pe_muni": "../x"}, "no id of a set"), ({"otra": "y"}, "has no set 'otra'")],
)
def test_a_wrong_name_is_refused(
    chile: Home, peru: Home, tmp_path: Path, renamed: dict[str, str], why: str
) -> None:
    peru.export(tmp_path / "p.zip")
    with pytest.raises(PackRefused, match=why):
        chile.take(tmp_path / "p.zip", **renamed)
    assert chile.files() == {}


def test_another_agencys_pack_does_not_replace_a_set(
    chile: Home, peru: Home, made: Made, tmp_path: Path
) -> None:
    peru.export(tmp_path / "p.zip")
    chile.take(tmp_path / "p.zip")
    other = made("other")
    other.keys.new("Otra agencia")
    other.have([document(n, price=5) for n in range(12)])
    other.export(tmp_path / "q.zip")
    chile.keys.trust(other.keys.public_file)
    with pytest.raises(PackRefused, match="not of this series of packs"):
        chile.take(tmp_path / "q.zip")
    assert chile.documents() == peru.documents()


def test_a_document_that_another_set_has_is_refused(
    chile: Home, peru: Home, tmp_path: Path
) -> None:
    peru.export(tmp_path / "p.zip")
    provenance = document(3).provenance.model_copy(update={"source_id": "propio"})
    chile.have([document(3, provenance=provenance)], "propio")
    with pytest.raises(PackRefused, match="pe-muni-c003 of pe-muni is one of 'propio' here"):
        chile.take(tmp_path / "p.zip")
    assert chile.files() == {}


def test_what_is_not_indexed_yet_is_marked(chile: Home, peru: Home, tmp_path: Path) -> None:
    peru.export(tmp_path / "p.zip")
    assert chile.stage(tmp_path / "p.zip") == ["pe-muni"]
    assert read_catalog(chile.catalog).get("pe-muni") is None
    assert take_up(chile.packs, chile.catalog, chile.store) == ["pe-muni"]
    assert chile.store.rows("SELECT source_id, state FROM syncs") == [("pe-muni", IMPORTED)]
    assert take_up(chile.packs, chile.catalog, chile.store) == []


def test_several_sets_come_together_or_not_at_all(chile: Home, peru: Home, tmp_path: Path) -> None:
    peru.have([document(1, source="seed")], "seed")
    peru.have([document(1, source="pe-b")], "pe-b")
    peru.export(tmp_path / "p.zip", entry(), entry("pe-b"), entry("seed"), name="tres")
    with pytest.raises(PackRefused, match="a set 'seed' here"):
        chile.take(tmp_path / "p.zip")
    assert (chile.files(), chile.documents()) == ({}, {})
    assert chile.take(tmp_path / "p.zip", seed="pe-c") == ["done"] * 3
    sources = {d.provenance.source_id for d in chile.documents().values()}
    assert sources == {"pe-muni", "pe-b", "pe-c"}


def test_documents_that_were_changed_here_are_not_read(
    chile: Home, peru: Home, tmp_path: Path
) -> None:
    peru.export(tmp_path / "p.zip")
    chile.take(tmp_path / "p.zip")
    (path,) = chile.packs.rglob("documents.jsonl")
    path.write_bytes(path.read_bytes().replace(b"cuesta S/ 100", b"cuesta S/ 900"))
    with pytest.raises(ConnectorError, match="is not what the pack brought"):
        chile.jobs.run(read_catalog(chile.catalog)["pe-muni"])
    assert chile.documents() == peru.documents()


# --------------------------------------------------------------------------------------- vectors


class Counting:
    """An encoder by hashes of texts, of length 1, which counts what it had to embed."""

    model, dimension = "tiny", 8

    def __init__(self, fingerprint: str = "abc") -> None:
        self.fingerprint, self.texts = fingerprint, list[str]()

    def encode(self, texts: Sequence[str], *, query: bool) -> np.ndarray:
        self.texts += texts
        seeds = [int.from_bytes(hashlib.sha256(t.encode()).digest()[:4], "big") for t in texts]
        rows = np.stack([np.random.default_rng(s).normal(size=8) for s in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vectors(home: Home, documents: Sequence[Document]) -> dict[str, list[float]]:
    assert home.dense is not None and home.dense.active is not None
    ids = [f"{d.id}#0" for d in documents]
    found = home.index.dense_of(home.dense.active.vector, ids)
    return {i: vector.tolist() for i, vector in found.items()}


def test_what_was_embedded_there_is_not_embedded_here(made: Made, tmp_path: Path) -> None:
    there, here = Counting(), Counting()
    peru, chile = made("peru", there), made("chile", here)
    peru.keys.new("Agencia del Perú")
    chile.keys.trust(peru.keys.public_file)
    for path in chain(peru, tmp_path, 3):
        assert chile.take(path) == ["done"]
    documents = list(peru.documents().values())
    assert there.texts
    assert here.texts == []
    assert vectors(chile, documents) == vectors(peru, documents)
    assert len(vectors(chile, documents)) == len(documents)


def test_a_home_that_gets_its_model_later_uses_them_too(made: Made, tmp_path: Path) -> None:
    here = Counting()
    peru, bare = made("peru", Counting()), made("chile")
    peru.keys.new("Agencia del Perú")
    bare.keys.trust(peru.keys.public_file)
    (path,) = chain(peru, tmp_path, 1)
    assert bare.take(path) == ["done"]
    known = PackVectors(bare.packs / "sets").known
    leg = DenseLeg(bare.index, bare.store, "tiny", opener=lambda _: here, known=known)
    assert (leg.embed().embedded, here.texts) == (12, [])


def test_another_model_embeds_for_itself(made: Made, tmp_path: Path) -> None:
    here = Counting("def")
    peru, chile = made("peru", Counting()), made("chile", here)
    peru.keys.new("Agencia del Perú")
    chile.keys.trust(peru.keys.public_file)
    (path,) = chain(peru, tmp_path, 1)
    assert chile.take(path) == ["done"]
    assert len(here.texts) == 12


def test_a_packs_vectors_are_for_its_own_set(made: Made, tmp_path: Path) -> None:
    """The same text in another set is not found by what a stranger made of it."""
    here = Counting()
    peru, chile = made("peru", Counting()), made("chile", here)
    peru.keys.new("Agencia del Perú")
    chile.keys.trust(peru.keys.public_file)
    (path,) = chain(peru, tmp_path, 1)
    chile.take(path)
    own = document(1).provenance.model_copy(update={"source_id": "propio"})
    chile.have([document(1, provenance=own, id="propio-c001")], "propio")
    assert len(here.texts) == 1


# ----------------------------------------------------------------------- killed at any moment

MOMENTS = 6
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.copyfile")


def _child(home: Path, path: Path, die_at: int = 0) -> None:
    """An import as the command does it, killed before its `die_at`-th change to a file or folder. How
    many there were is written down.
    """
    changes = 0

    def watch(event: str, given: tuple[object, ...]) -> None:
        nonlocal changes
        written = (
            event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if written or event in CHANGES:
            changes += 1
            if changes == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    opened = Home(home)
    sys.addaudithook(watch)
    take_up(opened.packs, opened.catalog, opened.store)
    opened.take(path)
    total = changes
    (home / "changes").write_text(str(total), encoding="utf-8")
    os._exit(0)


def _recovered(home: Path, before: str, after: str) -> None:
    """The next command takes up what was left: then all is as before, or all is as after."""
    opened = Home(home)
    take_up(opened.packs, opened.catalog, opened.store)
    catalog = read_catalog(opened.catalog)
    for source_id in ("pe-a", "pe-b"):
        if source_id in catalog:
            assert opened.jobs.run(catalog[source_id]).state == "done"
    here = _digest(d.text for d in opened.documents().values())
    assert here in (before, after)
    (home / "known").write_text(here, encoding="utf-8")
    os._exit(0)


def _run(work: Callable[..., None], *given: object, within: float | None = None) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=work, args=given)
    process.start()
    process.join(within or 60)
    if process.is_alive():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def _packs(folder: Path, count: int) -> None:
    """Writes a chain of packs of two sets."""
    peru = Home(folder / "peru")
    peru.keys.new("Agencia del Perú")
    for step in range(count):
        for source in ("pe-a", "pe-b"):
            numbers = range(step, 10 + step)
            peru.have([document(n, 100 * (step + 1), source) for n in numbers], source)
        since = "last" if step else None
        sets = entry("pe-a"), entry("pe-b")
        peru.export(folder / f"{step}.zip", *sets, name="dos", since=since)
    os._exit(0)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[str], Path]:
    """Two packs, the digests of all texts before and after each, and the key that signed them."""
    folder = tmp_path_factory.mktemp("packs")
    assert _run(_packs, folder, 2) == 0  # a fork of a process that had opened an index is not safe
    digests = [_digest([])]
    for step in range(2):
        numbers = range(step, 10 + step)
        prices = [(n, 100 * (step + 1), source) for source in ("pe-a", "pe-b") for n in numbers]
        digests.append(_digest(document(*each).text for each in prices))
    return [folder / "0.zip", folder / "1.zip"], digests, folder / "peru/keys/own.pub.json"


def _trusting(home: Path, public: Path) -> None:
    opened = Home(home)
    opened.keys.trust(public)
    os._exit(0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1], ids=["first", "differences"])
def test_killed_before_a_change_it_is_as_before_or_taken_up(
    tmp_path: Path, packs: tuple[list[Path], list[str], Path], number: int
) -> None:
    """At moments spread over all changes that an import makes to files and folders."""
    paths, digests, public = packs
    ready, whole = tmp_path / "ready", tmp_path / "whole"
    assert _run(_trusting, ready, public) == 0
    for path in paths[:number]:
        assert _run(_child, ready, path) == 0
    copy_tree(ready, whole)
    assert _run(_child, whole, paths[number]) == 0
    changes = int((whole / "changes").read_text(encoding="utf-8"))
    assert changes > MOMENTS
    for moment in range(MOMENTS):
        home = tmp_path / f"home{moment}"
        copy_tree(ready, home)
        die_at = 1 + moment * changes // MOMENTS
        assert _run(_child, home, paths[number], die_at) == -signal.SIGKILL
        assert _run(_recovered, home, digests[number], digests[number + 1]) == 0
        # Whatever was left, the same command now does it all.
        assert _run(_child, home, paths[number]) == 0
        assert _run(_recovered, home, digests[number + 1], digests[number + 1]) == 0


@pytest.mark.slow
def test_killed_at_random_moments_it_is_as_before_or_taken_up(
    tmp_path: Path, packs: tuple[list[Path], list[str], Path]
) -> None:
    paths, digests, public = packs
    dice, killed, ends = random.Random(20261125), 0, set[str]()
    for number in range(10):
        home = tmp_path / f"home{number}"
        assert _run(_trusting, home, public) == 0
        assert _run(_child, home, paths[0]) == 0
        killed += _run(_child, home, paths[1], within=dice.uniform(0.02, 0.3)) != 0
        assert _run(_recovered, home, digests[1], digests[2]) == 0
        ends.add((home / "known").read_text(encoding="utf-8"))
    assert killed > 2, "the moments must fall into the imports"
    assert ends == {digests[1], digests[2]}, "some before the step, some after it"
