"""Passwords by argon2id (argon2-cffi): kept as what they can be checked against, never as they are."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sources.errors import UsageError

SHORTEST, LONGEST = 12, 200
"""Characters. Length is what protects a password; beyond the longest, hashing is work for nothing."""

AT_ONCE = 4
"""Hashes made at the same time: each takes 64 MB, and nobody is to fill the memory by logging in."""


class Passwords:
    """Hashes and checks. `hasher` has the parameters of the day; older hashes are made anew."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._few = threading.BoundedSemaphore(AT_ONCE)
        # Checked where there is no such user: the answer takes as long as for one who exists.
        self._nobodys = self._hasher.hash("nobody has this password")

    def hash(self, password: str, *, of: str) -> str:
        """The hash of a new password of the user `of`. Raises UsageError where it is no good one."""
        if len(password) < SHORTEST:
            raise UsageError(
                f"the password is too short ({len(password)} characters)",
                f"Choose at least {SHORTEST}; a few words in a row are fine.",
            )
        if len(password) > LONGEST:
            raise UsageError("the password is too long", f"Choose at most {LONGEST} characters.")
        if of.casefold() in password.casefold() or len(set(password)) < 5:
            raise UsageError(
                "the password is easy to guess", "Leave the user's name out, and use more letters."
            )
        return self._hasher.hash(password)

    def right(self, known: str | None, password: str) -> bool:
        """Whether `password` is the one behind the hash `known`; None takes as long and is wrong."""
        if len(password) > LONGEST:
            password = ""
        try:
            with self._few:
                self._hasher.verify(known or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def outdated(self, known: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    def again(self, password: str) -> str:
        """The hash of a password that was just found right, with today's parameters."""
        return self._hasher.hash(password)
