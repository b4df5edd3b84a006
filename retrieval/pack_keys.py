"""Keys of packs: the own one that signs, and those of other agencies that are trusted.

    keys = Keyring(home / "keys")
    keys.new("Municipalidad de Ejemplo")
    keys.trust(Path("peru.pub.json"))

Ed25519 (RFC 8032) by `cryptography`. The own key is a PKCS #8 file in PEM that only its owner can read;
a public key is a small JSON file with the agency's name. A key's id is the beginning of its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import one_line
from sources.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OWN, OWN_PUBLIC, TRUSTED = "own.pem", "own.pub.json", "trusted"
MOST = 4096
"""Bytes of a public key's file."""


class Key(BaseModel):
    """A public key and the agency that it belongs to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Attribute(min_length=2, max_length=200)]
    ed25519: Annotated[str, Attribute(pattern=r"^[0-9a-f]{64}$")]

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return hashlib.sha256(bytes.fromhex(self.ed25519)).hexdigest()[:16]

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed `message`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.ed25519))
            key.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """The own key, with what signs."""

    def __init__(self, key: Key, private: Ed25519PrivateKey) -> None:
        self.key = key
        self._private = private

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of a signature."""
        return self._private.sign(message)


class Keyring:
    """The keys in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def public_file(self) -> Path:
        """The file of the own public key, to be given to others."""
        return self._folder / OWN_PUBLIC

    def new(self, name: str) -> Key:
        """Makes the own key. Raises UsageError where there is one."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        private = Ed25519PrivateKey.generate()
        key = _made(name, private)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / OWN
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError(
                f"there is a key already ({path})",
                "Whoever trusts it would not know a new one; to begin anew, move it away.",
            ) from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.public_file.write_text(_text(key), encoding="utf-8")
        return key

    def own(self) -> Signer:
        """The own key. Raises UsageError where there is none."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = self._folder / OWN
        if not path.is_file():
            raise UsageError(
                "there is no key to sign with", "Run: ventanilla pack keys new 'NAME OF THE AGENCY'"
            )
        try:
            private = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError):
            raise UsageError(f"{path} cannot be read", "Bring it back from a copy.") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UsageError(f"{path} is no Ed25519 key", "Bring it back from a copy.")
        return Signer(_made(read_key(self.public_file).name, private), private)

    def trust(self, path: Path, name: str | None = None) -> Key:
        """Takes in another agency's public key, under `name` if given. Raises UsageError where the
        file is none.
        """
        key = read_key(path)
        if name:
            key = _checked(name, key.ed25519)
        folder = self._folder / TRUSTED
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{key.id}.json").write_text(_text(key), encoding="utf-8")
        return key

    def distrust(self, key_id: str) -> Key:
        """Forgets a trusted key. Raises UsageError where there is none of that id."""
        path = self._folder / TRUSTED / f"{key_id}.json"
        if not re.fullmatch(r"[0-9a-f]{16}", key_id) or not path.is_file():
            raise UsageError(f"no key {key_id!r} is trusted", "See `ventanilla pack keys list`.")
        key = read_key(path)
        path.unlink()
        return key

    def trusted(self) -> dict[str, Key]:
        """The keys whose packs are taken, by id."""
        found = [read_key(path) for path in sorted((self._folder / TRUSTED).glob("*.json"))]
        return {key.id: key for key in found}

    def known(self) -> dict[str, Key]:
        """The trusted keys and the own one: a pack of our own can be looked at, too."""
        own = [read_key(self.public_file)] if self.public_file.is_file() else []
        return {**{key.id: key for key in own}, **self.trusted()}


def read_key(path: Path) -> Key:
    """The public key in a file. Raises UsageError where it holds none."""
    try:
        with path.open("rb") as file:
            return Key.model_validate_json(file.read(MOST))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path} cannot be read ({reason})", "Check the path.") from None
    except ValidationError as error:
        raise UsageError(
            f"{path} is no public key ({one_line(error)})",
            "`ventanilla pack keys new` writes one beside the secret key.",
        ) from None


def _made(name: str, private: Ed25519PrivateKey) -> Key:
    return _checked(name, private.public_key().public_bytes_raw().hex())


def _checked(name: str, ed25519: str) -> Key:
    try:
        return Key(name=" ".join(name.split()), ed25519=ed25519)
    except ValidationError as error:
        raise UsageError(
            f"that name cannot be used ({one_line(error)})", "Write another."
        ) from None


def _text(key: Key) -> str:
    return json.dumps(key.model_dump(), ensure_ascii=False, indent=1) + "\n"
