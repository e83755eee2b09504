"""Listings: results of any length, read in part and written to files by the engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as field_of
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.results import FORMULA, Result, harmless

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollforward.results import Cell


SUMMED = ("number", "mrr")
"""What `sums` has, in one row: how many rows there are, and what their MRR adds up to."""


@dataclass(frozen=True)
class Listing(Result):
    """A result of any length: counted, read in part and written to a file without being held in memory.

    `page` has so many rows from the one of a number on, or from the end, where there is a query that does less than
    all; `sums` is the query of `SUMMED`.
    """

    run: Callable[[str], list[tuple[Cell, ...]]] = field_of(default=lambda _: [], repr=False)
    page: Callable[[int, int, bool], list[tuple[Cell, ...]]] | None = field_of(default=None, repr=False)
    sums: str | None = field_of(default=None, repr=False)

    def count(self) -> int:
        """How many rows there are."""
        return int(str(self._summed("number", f"SELECT count(*) FROM ({self.sql})")))

    def part(self, first: int, number: int) -> list[tuple[Cell, ...]]:
        """So many rows from the one of that number on, counted from 0, in order."""
        if self.page is not None:
            return self.shown(self.page(first, number, False))  # noqa: FBT003  not from the end
        return self.read(f"SELECT * FROM ({self.sql}) LIMIT {number:d} OFFSET {first:d}")

    def latest(self, first: int, number: int) -> list[tuple[Cell, ...]]:
        """So many rows from the one of that number on, counted from the end from 0: the last row first."""
        if self.page is not None:
            return self.shown(self.page(first, number, True))[::-1]  # noqa: FBT003  from the end
        end = max(self.count() - first, 0)
        return self.part(max(end - number, 0), min(number, end))[::-1]

    def last(self, number: int) -> list[tuple[Cell, ...]]:
        """So many rows from the end, or all if they are fewer, in order."""
        return self.latest(0, number)[::-1]

    def read(self, statement: str) -> list[tuple[Cell, ...]]:
        """The rows of a query, as this listing shows them."""
        return self.shown(self.run(statement))

    def shown(self, rows: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
        """Rows as this listing shows them."""
        return rows

    def total(self, name: str) -> Decimal:
        """What the amounts of a column add up to, exact."""
        return Decimal(str(self._summed(name, f'SELECT coalesce(sum("{name}"), 0) FROM ({self.sql})')))

    def _summed(self, name: str, otherwise: str) -> Cell:
        """A number over all rows: from `sums` if it has it, else by another query."""
        if self.sums and name in SUMMED:
            return self.run(self.sums)[0][SUMMED.index(name)]
        return self.run(otherwise)[0][0]

    def largest(self, name: str, number: int) -> list[tuple[Cell, ...]]:
        """So many rows with the largest amounts of a column, gains and losses alike."""
        ties = ", ".join(_named(column.name) for column in self.columns)
        return self.read(f'SELECT * FROM ({self.sql}) ORDER BY abs("{name}") DESC, {ties} LIMIT {number:d}')

    def copy(self, file: Path, *, for_spreadsheets: bool = False) -> int:
        """Write all rows to a CSV or Parquet file, by its ending: how many there were.

        For spreadsheets a text in CSV that could be taken for a formula gets an apostrophe in front.
        """
        kind = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}[file.suffix]
        if file.suffix == ".parquet":
            said = (f"'rollforward.{key}': {_quoted(value or '')}" for key, value in self.stamp.to_dict().items())
            kind += f", KV_METADATA {{{', '.join(said)}}}"
        sql = self._harmless() if for_spreadsheets and file.suffix == ".csv" else self.sql
        return int(str(self.run(f"COPY ({sql}) TO {_quoted(str(file))} ({kind})")[0][0]))

    def _harmless(self) -> str:
        """The query with every text made harmless, as `harmless` does it."""
        first = " || ".join(f"chr({ord(character)})" for character in FORMULA)
        cells = [
            f"CASE WHEN {cell} <> '' AND contains({first}, left(ltrim({cell}, ' '), 1)) AND ltrim({cell}, ' ') <> '' "
            f"THEN chr(39) || {cell} ELSE {cell} END AS {_named(harmless(column.name))}"
            if column.kind == "text"
            else f"{cell} AS {_named(harmless(column.name))}"
            for column in self.columns
            for cell in (_named(column.name),)
        ]
        return f"SELECT {', '.join(cells)} FROM ({self.sql})"


def _named(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
