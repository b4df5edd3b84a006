"""What no pack may do: every one of these is refused in one line, and nothing of it is taken."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import pack as module
from retrieval.pack_import import look
from retrieval.pack_keys import Keyring
from sources.document import Document
from sources.errors import PackRefused
from tests.retrieval.packing import Home, document, forged, restated


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("origin"))
    home.keys.new("Agencia del Perú")
    home.have([document(n) for n in range(5)])
    yield home
    home.close()


@pytest.fixture(scope="module")
def pack(origin: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = origin.export(tmp_path_factory.mktemp("packs"))
    assert made.path is not None
    return made.path


@pytest.fixture
def copied(pack: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(pack, tmp_path / "p.zip"))


@pytest.fixture
def home(origin: Home, tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.keys.trust(origin.keys.public_file)
    yield made
    made.close()


def refused(home: Home, path: Path, why: str) -> None:
    """Both by `verify` and by an import, which leaves everything as it was."""
    before = home.files()
    with pytest.raises(PackRefused, match=why) as looked:
        look(path, home.keys.trusted())
    assert "\n" not in str(looked.value)
    with pytest.raises(PackRefused, match=why):
        home.stage(path)
    assert home.files() == before
    assert home.documents() == {}
    assert not (home.packs / "staging").exists() and not (home.packs / "pending").exists()


def test_a_whole_pack_is_taken(home: Home, pack: Path, origin: Home) -> None:
    assert home.take(pack) == ["done"]
    assert home.documents() == origin.documents()


# ------------------------------------------------------------- bytes that were changed


@settings(max_examples=400)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_byte_can_be_another(pack: Path, origin: Home, where: float, flip: int) -> None:
    data = bytearray(pack.read_bytes())
    data[int(where * len(data))] ^= flip
    changed = pack.with_name("changed.zip")
    changed.write_bytes(data)
    with pytest.raises(PackRefused):
        look(changed, origin.keys.known())


def test_no_byte_of_headers_directory_or_signature_can_be_another(pack: Path, origin: Home) -> None:
    """The regions that a ZIP reader does not look at closely, each byte of them."""
    whole, keys = pack.read_bytes(), origin.keys.known()
    with zipfile.ZipFile(pack) as archive:
        headers = {info.header_offset for info in archive.infolist()}
        directory = archive.start_dir
    places = {n + k for n in headers for k in range(30)} | set(range(directory, len(whole)))
    changed = pack.with_name("changed.zip")
    for place in sorted(places):
        data = bytearray(whole)
        data[place] ^= 0x20  # in a signature's digits: a letter becomes a capital
        changed.write_bytes(data)
        with pytest.raises(PackRefused):
            look(changed, keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d[:-1],
        lambda d: d + b"\n",
        lambda d: b"x" + d,
        lambda d: d[: len(d) // 2],
        lambda d: b"",
    ],
)
def test_a_pack_cut_off_or_added_to_is_refused(
    home: Home, copied: Path, change: Callable[[bytes], bytes]
) -> None:
    copied.write_bytes(change(copied.read_bytes()))
    refused(home, copied, r"no signed pack|not what Agencia del Perú signed")


def test_an_archive_without_signature_is_refused(home: Home, copied: Path) -> None:
    with zipfile.ZipFile(copied, "a") as archive:
        archive.comment = b""
    refused(home, copied, "it is no signed pack")


def test_an_unknown_key_is_refused_with_its_id(home: Home, copied: Path, tmp_path: Path) -> None:
    other = Keyring(tmp_path / "other")
    key = other.new("Agencia del Perú")  # the same name is not the same key
    made = forged(other, copied, lambda manifest, members: manifest.update(key=key.id))
    refused(home, made, f"signed by the key {key.id}, which is not trusted here")


def test_anothers_signature_under_a_trusted_id_is_refused(
    home: Home, copied: Path, tmp_path: Path
) -> None:
    other = Keyring(tmp_path / "other")
    other.new("Otra")
    refused(
        home, forged(other, copied, lambda manifest, members: None), "not what Agencia del Perú"
    )


def test_a_key_that_is_trusted_no_more_is_refused(home: Home, copied: Path, origin: Home) -> None:
    home.keys.distrust(origin.keys.own().key.id)
    refused(home, copied, "not trusted here")


def test_a_file_that_is_not_there(home: Home, tmp_path: Path) -> None:
    refused(home, tmp_path / "none.zip", "cannot be read")


# ------------------------------------------------- signed by a trusted key, and wrong all the same

Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def with_documents(*documents: Document) -> Change:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        restated(members, list(documents))
        manifest["sets"][0] |= {"documents": len(documents), "carried": len(documents)}

    return change


def with_set(**fields: Any) -> Change:
    return lambda manifest, members: manifest["sets"][0].update(fields)


def with_member(name: str, content: bytes) -> Change:
    return lambda manifest, members: members.update({name: content})


def without_member(name: str) -> Change:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        del members[name]

    return change


def with_path_in_manifest(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["../catalog/evil.yaml"] = b"id: evil"
    manifest["members"]["../catalog/evil.yaml"] = {"sha256": "0" * 64, "size": 8}


def claims(**fields: Any) -> Change:
    return with_documents(document(0, **fields))


ELSEWHERE = document(0).provenance.model_copy(update={"source_id": "seed"})
MADE = {"model": "intfloat/multilingual-e5-small", "dimension": 4, "fingerprint": "ab"}


def with_vectors(data: bytes) -> Change:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        manifest["sets"][0]["vectors"] = MADE
        members["pe-muni/vectors.bin"] = data
        manifest["members"]["pe-muni/vectors.bin"] = {}

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m, _: m.update(format=2), "has format 2, and this Ventanilla reads 1"),
        (lambda m, _: m.update(format=10), "has format 10, and this Ventanilla reads 1"),
        (with_member("more.txt", b"x"), "'more.txt', which does not belong in it"),
        (with_member("../catalog/evil.yaml", b"x"), "evil.yaml', which does not belong in it"),
        (with_member("/etc/cron.d/evil", b"x"), "evil', which does not belong in it"),
        (with_path_in_manifest, "evil.yaml', which does not belong in it"),
        (with_set(id="../evil"), "manifest.json: sets.0.id"),
        (without_member("pe-muni/state.json"), "lacks 'pe-muni/state.json'"),
        (claims(tenant="intern"), "c000 is not public"),
        (claims(provenance=ELSEWHERE), "c000 claims to be of the set 'seed'"),
        (claims(country="AR"), "c000 is of AR, which is not described here"),
        (with_documents(document(1), document(1)), "not as many documents|stands twice"),
        (with_documents(document(2), document(1)), "stands twice, or out of order"),
        (with_set(carried=4), "brings not as many documents"),
        (with_set(documents=6), "not as many documents as it says"),
        (with_set(country="AR"), "country 'AR' is not described"),
        (with_member("pe-muni/documents.jsonl", b"{}\n"), "a document is wrong"),
        (with_member("pe-muni/state.json", b"[]"), "no state of documents"),
        (with_member("pe-muni/documents.jsonl", b" " * 9_000_000), "packed too tightly"),
        (with_vectors(b"x" * 23), "cut off"),
        (with_vectors(b"k" * 16 + b"\xff" * 8), "no numbers"),
        (with_vectors(b"k" * 16 + b"\x00\x70" * 4), "another length"),
        (with_vectors((b"k" * 16 + b"\x00\x38" * 4) * 2), "a passage twice"),
    ],
)  # fmt: skip
def test_it_is_refused(home: Home, copied: Path, origin: Home, change: Change, why: str) -> None:
    made = forged(origin.keys, copied, change)
    if "not described" in why and "country" in why:  # known only when an entry is written
        with pytest.raises(PackRefused, match=why):
            home.stage(made)
        assert home.files() == {}
        return
    refused(home, made, why)


def test_a_wrong_hash_is_refused(home: Home, copied: Path, origin: Home) -> None:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        members["pe-muni/documents.jsonl"] = members["pe-muni/documents.jsonl"].replace(
            b"cuesta S/ 100", b"cuesta S/ 900"
        )

    made = forged(origin.keys, copied, change, hashed=False)
    refused(home, made, "documents.jsonl has another hash than the manifest says")
    # With the hash mended, the state still tells.
    refused(home, forged(origin.keys, copied, change), "has another content than its state says")


@pytest.mark.parametrize(
    ("limit", "why"),
    [("MOST_PACKED", "more than 0"), ("MOST_UNPACKED", "unpacked"), ("MOST_MANIFEST", "too large")],
)
def test_what_is_too_large_is_refused(
    home: Home, copied: Path, monkeypatch: pytest.MonkeyPatch, limit: str, why: str
) -> None:
    monkeypatch.setattr(module, limit, 10)
    refused(home, copied, why)


def test_a_bomb_that_lies_of_its_size_is_refused(home: Home, copied: Path, origin: Home) -> None:
    """The archive says a few bytes and unpacks to many: no more than was said is ever read."""

    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        manifest["members"]["pe-muni/documents.jsonl"]["size"] = 5

    refused(home, forged(origin.keys, copied, change, hashed=False), "not the size")
