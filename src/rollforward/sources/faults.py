"""A value that cannot be read, and the memory that makes reading a million of them quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.errors import Severity

REMEMBERED = 100_000
"""Values one memory holds before it starts over, so that a column of a million ids stays within some megabytes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a value could not be read, and what to do about it."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault with its place. `index` counts the rows of the batch; `field` is the column as its owner knows it."""

    index: int
    field: str
    value: str
    fault: Fault
    severity: Severity = "quarantined"


class Memo(dict[str | None, object]):
    """A parse function that remembers: text -> the value, None for an empty cell, or a Fault."""

    def __init__(self, parse: Callable[[str], object], empty: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._parse = parse
        self._empty = empty

    def __missing__(self, text: str | None) -> object:
        if len(self) >= REMEMBERED:
            self.clear()
        value = self._read((text or "").strip())
        self[text] = value
        return value

    def _read(self, text: str) -> object:
        return None if text in self._empty else self._parse(text)
