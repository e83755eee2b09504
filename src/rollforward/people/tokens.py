"""Tokens: long random words that are shown once and kept as a sum."""

from __future__ import annotations

import hashlib
import secrets

KEY_MARK = "rf"
"""What an API key begins with, so that a scanner for lost keys knows one."""


def new_token() -> str:
    """A random word of 256 bits."""
    return secrets.token_urlsafe(32)


def sum_of(token: str) -> str:
    """What is kept of a token. It is as random as it is long, so that a plain sum cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def new_key() -> tuple[str, str]:
    """A new API key, and its first part, by which people tell keys apart."""
    prefix = f"{KEY_MARK}_{secrets.token_hex(4)}"
    return f"{prefix}_{new_token()}", prefix
