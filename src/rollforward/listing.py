"""Listings: results of any length, read in part and written to files by the engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as field_of
from typing import TYPE_CHECKING

from rollforward.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollforward.results import Cell


@dataclass(frozen=True)
class Listing(Result):
    """A result of any length: counted, read in part and written to a file without being held in memory.

    `page` is the query of so many rows from the one of a number on, where there is one that does less than all.
    """

    run: Callable[[str], list[tuple[Cell, ...]]] = field_of(default=lambda _: [], repr=False)
    page: Callable[[int, int], str] | None = field_of(default=None, repr=False)

    def count(self) -> int:
        """How many rows there are."""
        return int(str(self.run(f"SELECT count(*) FROM ({self.sql})")[0][0]))

    def part(self, first: int, number: int) -> list[tuple[Cell, ...]]:
        """So many rows from the one of that number on, counted from 0, in order."""
        if self.page is not None:
            return self.run(self.page(first, number))
        return self.run(f"SELECT * FROM ({self.sql}) LIMIT {number:d} OFFSET {first:d}")

    def copy(self, file: Path) -> int:
        """Write all rows to a CSV or Parquet file, by its ending: how many there were."""
        kind = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}[file.suffix]
        if file.suffix == ".parquet":
            said = (f"'rollforward.{key}': {_quoted(value or '')}" for key, value in self.stamp.to_dict().items())
            kind += f", KV_METADATA {{{', '.join(said)}}}"
        return int(str(self.run(f"COPY ({self.sql}) TO {_quoted(str(file))} ({kind})")[0][0]))


def _quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
