"""Claims: a write that is under way under an idempotency key, and what it was answered."""

from __future__ import annotations

from dataclasses import dataclass

from rollforward.errors import UsageError


class KeyReusedError(UsageError):
    """An idempotency key came again with another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the Idempotency-Key {key!r} was used for another request. Take a new one.")


class UnderWayError(UsageError):
    """The request of an idempotency key is still under way."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the request with the Idempotency-Key {key!r} is still under way. Ask again in a moment.")


@dataclass(frozen=True)
class Claim:
    """A write that is under way: who asks, and under which key."""

    reader: str
    key: str


@dataclass(frozen=True)
class Answered:
    """What a write was answered."""

    status: int
    media: str
    body: bytes
