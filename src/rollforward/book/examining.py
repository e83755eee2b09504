"""The state of a book: its problems, its sources, and what the doctor finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollforward.book.completeness import import_columns, import_rows, source_columns, source_rows
from rollforward.book.kept import Kept
from rollforward.book.view import View
from rollforward.results import Cell, Result, ResultColumn, column
from rollforward.store import problems

if TYPE_CHECKING:
    from rollforward.book.doctor import Uncounted
    from rollforward.results import Stamp


class Examining(Kept):
    """The side of a book that tells what state it is in."""

    def stamp(self, *, view: View = View()) -> Stamp:
        """What figures of a view would be made with."""
        with self._ready(view) as (connection, kept):
            return self._stamp(connection, kept, view)

    def problems(self, *, severity: str | None = None, view: View = View()) -> Result:
        """What could not be read or does not count: from imports, and records that the build set aside."""
        with self._ready(view) as (connection, kept):
            rows = problems.listed(connection, kept.name, severity, view.as_of)
            stamp = self._stamp(connection, kept, view)
        names = ("source", "table", "file", "row", "field", "value", "reason", "remedy", "severity")
        columns = tuple(ResultColumn(name, "count" if name == "row" else "text") for name in names)
        return Result("problems", columns, stamp, problems.LISTED, lambda: rows)

    def uncounted(self, *, view: View = View()) -> Uncounted:
        """How many rows are in no figure of a view: in quarantine, or set aside by the build."""
        from rollforward.book.doctor import uncounted

        with self._ready(view) as (connection, kept):
            return uncounted(connection, kept.name, view.as_of)

    def quarantined(self) -> int:
        """How many rows are in quarantine, and so in no figure of any view."""
        with self._sharing() as connection:
            return problems.counted(connection, "quarantined")

    def doctor(self, *, view: View = View()) -> Result:
        """The state of the book: each check with ok, look or fails, what it found, examples, and what to do."""
        from rollforward.book.doctor import Examined, examine

        with self._ready(view) as (connection, kept):
            stamp = self._stamp(connection, kept, view)
            policy, today, sources = self.policy(view.policy), self.today(view.as_of), self._sources(connection, view)
            found = examine(Examined(connection, kept, policy, self.settings, today, sources))
        rows: list[tuple[Cell, ...]] = [
            (one.check, one.state, one.found, "; ".join(one.examples), one.remedy) for one in found
        ]
        columns = tuple(column(name, "text") for name in ("check", "state", "found", "examples", "remedy"))
        return Result("doctor", columns, stamp, "", lambda: rows)

    def sources(self, *, imports: bool = False, view: View = View()) -> Result:
        """Every source: what came, what became of it, the day it is good to, its state and what to do.

        Its state is that for figures of today under the view's policy: ok, stale, incomplete, ended. With `imports`
        a row for each import.
        """
        with self._ready(view) as (connection, kept):
            stamp = self._stamp(connection, kept, view)
            sources = self._sources(connection, view)
            rows = import_rows(sources) if imports else source_rows(sources, self.today(view.as_of))
        columns = import_columns() if imports else source_columns()
        return Result("imports" if imports else "sources", columns, stamp, "", lambda: rows)

    def records_of(self, account: str, *, view: View = View()) -> list[Result]:
        """The current records of the customers that count for an account, a result for each table that has any."""
        from rollforward.book.explaining.ground import Asking
        from rollforward.book.records_of import records_of, tables_in_use

        with (
            self._asking(view, None, None, "day", None, None, whole_ledger=True) as asked,
            self._sharing() as connection,
        ):
            memory = self._database.memory_of(connection)
            in_use = memory.recall("tables in use", lambda: tables_in_use(connection))
            return records_of(Asking(asked), account, in_use)

    def imports(self) -> list[dict[str, Any]]:
        """The imports so far: rows in = booked + unchanged + quarantined, each."""
        with self._sharing() as connection:
            found = connection.execute("SELECT * EXCLUDE (map) FROM imports ORDER BY import")
            names = [part[0] for part in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
