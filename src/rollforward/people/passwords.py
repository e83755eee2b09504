"""Passwords: what is asked of one, and its Argon2 hash."""

from __future__ import annotations

import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rollforward.errors import UsageError

LEAST, MOST = 12, 256
"""The least and the most characters of a password."""

_DIFFERENT = 5
_AT_ONCE = 2
"""How many hashes are worked out at the same time; each takes 64 MiB."""


class Passwords:
    """Hashes of passwords. Whether a name is known cannot be told by the time that an answer takes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def of_new(self, password: str) -> str:
        """The hash of a new password; UsageError if it is too easy to guess."""
        _check(password)
        return self.hash(password)

    def hash(self, password: str) -> str:
        """The hash of a password."""
        with self._turn:
            return self._hasher.hash(_normal(password))

    def is_right(self, kept: str | None, given: str) -> bool:
        """Whether a password is the one of a hash. Without a hash it takes as long, and is never right."""
        with self._turn:
            try:
                found = self._hasher.verify(kept or self._nobody, _normal(given[: 4 * MOST]))
            except (VerificationError, InvalidHashError):
                return False
        return found and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobody(self) -> str:
        """A hash that stands for names that nobody has."""
        return self._hasher.hash("the password of nobody")


def _normal(password: str) -> str:
    """The same characters, however a keyboard makes them."""
    return unicodedata.normalize("NFKC", password)


def _check(password: str) -> None:
    if not LEAST <= len(password) <= MOST or len(set(password)) < _DIFFERENT:
        raise UsageError(
            f"the password is too easy to guess: it takes {LEAST} to {MOST} characters, of which {_DIFFERENT} differ."
        )
