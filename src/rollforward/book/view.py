"""How a book is looked at, and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollforward.policy.policy import Policy

Progress = Callable[[str], None]
Clock = Callable[[], datetime]


def quiet(_: str) -> None:
    """Progress that nobody is told."""


def now() -> datetime:
    """The clock: the time now, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class View:
    """How a book is looked at: under which policy, in which currency, as known at which time.

    `as_of` is in UTC where it has no offset. With `allow_stale` figures come even from sources that are stale or
    incomplete, and their stamp says so.
    """

    policy: str | Policy | None = None
    currency: str | None = None
    as_of: datetime | None = None
    allow_stale: bool = False

    def __post_init__(self) -> None:
        if self.as_of is not None and self.as_of.tzinfo is not None:
            object.__setattr__(self, "as_of", self.as_of.astimezone(UTC).replace(tzinfo=None))
