"""What a reader hands on: rows of text as the file holds them, and those that are not even rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.errors import Severity

ROWS_AT_ONCE = 20_000
"""Rows in a batch: enough to be quick, few enough to keep memory flat."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file; None where the file itself shall tell."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1


@dataclass(frozen=True, slots=True)
class RawFault:
    """A row that is no row of its table (quarantined), or that was read with a doubt (note)."""

    row: int
    field: str
    value: str
    reason: str
    remedy: str
    severity: Severity = "quarantined"
    raw: str = ""


@dataclass(frozen=True, slots=True)
class RawRows:
    """Some rows of a file, column by column.

    `values` has one sequence a column, `numbers` says where each row stands in the file. `has_open_columns` when the
    format lets rows leave columns out (JSON).
    """

    columns: tuple[str, ...]
    values: tuple[Sequence[str | None], ...]
    numbers: Sequence[int]
    faults: list[RawFault] = field(default_factory=list)
    has_open_columns: bool = False

    def column(self, name: str) -> Sequence[str | None] | None:
        """The values of a column; None if there is no such column."""
        return self.values[self.columns.index(name)] if name in self.columns else None


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, trimmed. Nameless ones are numbered, and so are equal ones: neither is *the* column."""
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return tuple(unique)


def well_formed(text: str) -> str:
    """A text without lone surrogates, which no store can hold; they stay visible as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
