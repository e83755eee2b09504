"""Complete deliveries: what a source no longer has is removed, where it hands over everything it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollforward.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from rollforward.errors import Problem


@dataclass
class Complete:
    """Some files that together hold all rows which a source has of their tables.

    What the book knows of these tables from the source, and does not come in them, is removed: no later version
    replaces it. A table that would be left without any row is only removed with `empty_is_meant`.
    """

    empty_is_meant: bool = False
    rows_in: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    first_problem: Problem | None = None

    def count(self, table: str, rows: int) -> None:
        """Count rows that came in of a table."""
        self.rows_in[table] = self.rows_in.get(table, 0) + rows

    def quarantine(self, problem: Problem) -> None:
        """Count a row that could not be booked."""
        self.quarantined += 1
        self.first_problem = self.first_problem or problem

    def remove(self, connection: duckdb.DuckDBPyConnection, source: str, first_import: int, at: datetime) -> int:
        """Remove what did not come, once everything is booked: how many records.

        IncompleteError if a row is in quarantine, for it may be one that seems to be missing.
        """
        self._refuse_quarantine()
        return sum(self._remove(connection, table, source, first_import, at) for table in self.rows_in)

    def _remove(
        self, connection: duckdb.DuckDBPyConnection, table: str, source: str, first_import: int, at: datetime
    ) -> int:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE left_out AS SELECT record FROM {table} WHERE source = $source "
            "AND import < $first AND record NOT IN (SELECT record FROM superseded) "
            "AND record NOT IN (SELECT record FROM confirmed_together)",
            {"source": source, "first": first_import},
        )
        number = int(connection.execute("SELECT count(*) FROM left_out").fetchall()[0][0])
        if number and not self.rows_in[table] and not self.empty_is_meant:
            raise UsageError(
                f"there is no row of {table} in a delivery that is said to be complete, and source {source} has "
                f"{number:,} in the book. Nothing was booked. If it really has none left, add --yes."
            )
        connection.execute("INSERT INTO superseded SELECT record, $at, NULL FROM left_out", {"at": at})
        return number

    def _refuse_quarantine(self) -> None:
        if self.first_problem is None:
            return
        problem = self.first_problem
        rows = "1 row" if self.quarantined == 1 else f"{self.quarantined:,} rows"
        raise IncompleteError(
            f"{rows} could not be read, and may be what seems to be missing. The first: {problem.file}, row "
            f"{problem.row}: {problem.field} {problem.value!r}: {problem.reason}. Nothing was booked, nothing removed. "
            "Correct the file, or import it without --complete."
        )
