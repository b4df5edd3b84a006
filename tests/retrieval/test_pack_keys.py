"""Keys of packs: one of our own that nobody else can read, and those that are trusted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from retrieval.pack_keys import Keyring
from sources.errors import UsageError


def test_the_own_key_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    keys = Keyring(tmp_path / "keys")
    key = keys.new("  Municipalidad   de Ejemplo ")
    assert key.name == "Municipalidad de Ejemplo"
    secret = tmp_path / "keys" / "own.pem"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    before = secret.read_bytes()
    with pytest.raises(UsageError, match="there is a key already"):
        keys.new("Otra")
    assert secret.read_bytes() == before
    assert b"PRIVATE" not in keys.public_file.read_bytes()
    assert keys.own().key == key


def test_only_the_key_itself_signs(tmp_path: Path) -> None:
    one, two = Keyring(tmp_path / "1"), Keyring(tmp_path / "2")
    one.new("Una")
    two.new("Dos")
    signature = one.own().sign(b"text")
    assert one.own().key.signed(b"text", signature)
    assert not one.own().key.signed(b"texT", signature)
    assert not two.own().key.signed(b"text", signature)
    assert not one.own().key.signed(b"text", signature[:-1])


def test_trust_is_given_under_a_name_and_taken_back(tmp_path: Path) -> None:
    other, ours = Keyring(tmp_path / "other"), Keyring(tmp_path / "ours")
    key = other.new("MTC")
    assert ours.trusted() == {}
    ours.trust(other.public_file, "Ministerio de Transportes")
    assert ours.trusted()[key.id].name == "Ministerio de Transportes"
    assert ours.known() == ours.trusted()
    ours.distrust(key.id)
    assert ours.trusted() == {}
    for wrong in (key.id, "../own", ""):
        with pytest.raises(UsageError, match="is trusted"):
            ours.distrust(wrong)


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ventanilla pack keys new"):
        Keyring(tmp_path).own()


@pytest.mark.parametrize("text", ["", "{}", "-----BEGIN PUBLIC KEY-----", '{"name": "x"}'])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="is no public key"):
        Keyring(tmp_path / "keys").trust(tmp_path / "k")
    with pytest.raises(UsageError, match="cannot be read"):
        Keyring(tmp_path / "keys").trust(tmp_path / "none")


def test_a_secret_key_that_is_spoilt_is_one_line(tmp_path: Path) -> None:
    keys = Keyring(tmp_path)
    keys.new("Una")
    (tmp_path / "own.pem").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"own\.pem cannot be read"):
        keys.own()
