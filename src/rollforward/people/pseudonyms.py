"""Pseudonyms: what stands in the place of an account's id for readers who see no personal data."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

MARK = "p-"
"""What a pseudonym begins with."""


class Pseudonyms:
    """Pseudonyms of one book: the same for the same id, and turned back by this server alone."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(secret)

    def of(self, account: str) -> str:
        """The pseudonym of an account."""
        sealed = self._cipher.encrypt(account.encode("utf-8", "surrogateescape"), None)
        return MARK + urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def account(self, pseudonym: str) -> str | None:
        """The account of a pseudonym; None if it is none of this book."""
        text = pseudonym.removeprefix(MARK)
        if text == pseudonym:
            return None
        try:
            sealed = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
            return self._cipher.decrypt(sealed, None).decode("utf-8", "surrogateescape")
        except (InvalidTag, NotBase64, ValueError):
            return None
