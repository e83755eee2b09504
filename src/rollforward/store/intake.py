"""Intake: batches of a source into the book. Append-only: a changed fact is another version, the same fact nothing."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from rollforward.errors import Problem
from rollforward.records.batch import PROVENANCE, Batch
from rollforward.records.tables import TABLES, Table
from rollforward.store.schema import DERIVED, columns_sql, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    import duckdb

    from rollforward.store.complete import Complete


@dataclass(frozen=True)
class ImportReport:
    """What became of an import: rows in = booked + unchanged + quarantined.

    `removed` counts what a complete delivery no longer had; it stands with the last import of the delivery.
    """

    number: int
    source: str
    rows_in: int
    booked: int
    unchanged: int
    quarantined: int
    changed: int
    notes: int
    by_table: dict[str, int] = field(default_factory=dict)
    first_problems: list[Problem] = field(default_factory=list)
    removed: int = 0
    good_to: date | None = None


@dataclass
class _Tally:
    rows_in: int = 0
    quarantined: int = 0
    notes: int = 0
    unchanged: int = 0
    changed: int = 0
    by_table: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


_SHOWN_PROBLEMS = 20
_PROBLEM_ROWS = 5_000


class Intake:
    """One import under way, within a transaction that the caller holds."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        recorded_at: datetime,
        first_import: int | None = None,
        *,
        by_people: bool = False,
        good_to: date | None = None,
        complete: Complete | None = None,
    ) -> None:
        """`first_import` is the number of the first of the imports that are taken in together with this one.

        What people enter is compared with what holds; what a source says, with what it said before it was corrected.
        `good_to` is the last day that a source's rows tell of; `complete` is there if they are all that it has.
        """
        self._by_people = by_people
        self._good_to = good_to
        self._complete = complete
        self._carried: set[str] = set()
        self._removed = 0
        self._connection = connection
        self._source = source
        self._recorded_at = recorded_at
        self._number = _next_import(connection)
        self._first_import = first_import or self._number
        if first_import is None:
            connection.execute("CREATE OR REPLACE TEMP TABLE confirmed_together (record BIGINT)")
        self._tally = _Tally()
        self._waiting: list[Problem] = []
        self._staged: list[str] = []
        self._files: set[str] = set()

    def add(self, batch: Batch) -> None:
        """Take a batch in; nothing is booked before `finish`."""
        self._tally.rows_in += batch.rows_in
        self._carried.add(batch.table)
        if self._complete is not None:
            self._complete.count(batch.table, batch.rows_in)
        self._files.update(problem.file for problem in batch.problems)
        self._files.update(batch.rows.column("file").unique().to_pylist())
        for problem in batch.problems:
            self._problem(problem)
        if batch.rows.num_rows:
            self._stage(TABLES[batch.table], batch)

    def finish(self, files: Iterable[str], column_map: str, *, is_last: bool = True) -> ImportReport:
        """Book what is new or changed, quarantine what stands twice, and count everything.

        The last import of a complete delivery removes what did not come in it.
        """
        for name in self._staged:
            self._book(TABLES[name])
        self._write_problems()
        if self._complete is not None and is_last:
            self._removed = self._complete.remove(self._connection, self._source, self._first_import, self._recorded_at)
        return self._report(sorted(self._files.union(files)), column_map)

    def _problem(self, problem: Problem) -> None:
        if problem.severity == "quarantined":
            self._tally.quarantined += 1
            if self._complete is not None:
                self._complete.quarantine(problem)
        else:
            self._tally.notes += 1
        if len(self._tally.problems) < _SHOWN_PROBLEMS:
            self._tally.problems.append(problem)
        self._waiting.append(problem)
        if len(self._waiting) >= _PROBLEM_ROWS:
            self._write_problems()

    def _stage(self, table: Table, batch: Batch) -> None:
        staged = f"staged_{table.name}"
        if table.name not in self._staged:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {staged} ({columns_sql(table)})")
            self._staged.append(table.name)
        # The engine finds the rows by the name of this variable. A registered view would hold them until the end.
        batch_rows = batch.rows  # noqa: F841
        names = ", ".join(quoted(name) for name in (*table.names, *PROVENANCE))
        derived = DERIVED.get(table.name, {})
        into = ", ".join([names, *derived, "record, source, import, recorded_at"])
        values = ", ".join([names, *(value for _, _, value in derived.values())])
        self._connection.execute(
            f"INSERT INTO {staged} ({into}) "
            f"SELECT {values}, nextval('record_numbers'), $source, $import, $at FROM batch_rows",
            {"source": self._source, "import": self._number, "at": self._recorded_at},
        )

    def _book(self, table: Table) -> None:
        staged = f"staged_{table.name}"
        self._quarantine_twice(table, staged)
        self._match_known(table, staged)
        self._quarantine_contradictions(table, staged)
        self._tally.unchanged += self._count("SELECT count(*) FROM staged_known WHERE same")
        self._tally.changed += self._count("SELECT count(*) FROM staged_known WHERE NOT same")
        self._supersede()
        columns = ", ".join([*(quoted(name) for name in table.names), *DERIVED.get(table.name, {})])
        provenance = 'record, source, file, "row", raw, import, recorded_at'
        booked = self._count(
            f"INSERT INTO {table.name} ({columns}, {provenance}) SELECT {columns}, {provenance} FROM {staged} "
            "WHERE record NOT IN (SELECT record FROM staged_known WHERE same)"
        )
        self._tally.by_table[table.name] = booked

    def _quarantine_twice(self, table: Table, staged: str) -> None:
        """Rows whose key stands in the import before: out, each as a problem."""
        key = ", ".join(quoted(name) for name in table.key)
        same = " AND ".join(f"rows.{quoted(name)} IS NOT DISTINCT FROM often.{quoted(name)}" for name in table.key)
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE staged_twice AS WITH often AS ("
            f"SELECT {key}, min(record) AS first_record FROM {staged} GROUP BY {key} HAVING count(*) > 1) "
            f"SELECT rows.*, often.first_record FROM {staged} rows JOIN often ON {same} WHERE record <> first_record"
        )
        if not self._count("SELECT count(*) FROM staged_twice"):
            return
        for problem in self._twice(table, staged):
            self._problem(problem)
        self._connection.execute(f"DELETE FROM {staged} WHERE record IN (SELECT record FROM staged_twice)")

    def _twice(self, table: Table, staged: str) -> Iterator[Problem]:
        same = " AND ".join(f"twice.{quoted(name)} IS NOT DISTINCT FROM first.{quoted(name)}" for name in table.names)
        key = " || ' / ' || ".join(f"twice.{quoted(name)}::VARCHAR" for name in table.key)
        rows = self._connection.execute(
            f'SELECT twice.file, twice."row", {key}, {same}, first.file, first."row", twice.raw '
            f"FROM staged_twice twice JOIN {staged} first ON first.record = twice.first_record ORDER BY twice.record"
        ).fetchall()
        for file, row, value, equal, first_file, first_row, raw in rows:
            what = "the same row" if equal else "the same key with different facts"
            where = f"row {first_row}" if file == first_file else f"{first_file}, row {first_row}"
            yield Problem(
                self._source,
                table.name,
                file,
                row,
                ", ".join(table.key),
                value,
                f"{what} stands in this import already ({where})",
                "Remove one of the two, or give them keys of their own.",
                raw=raw,
            )

    def _match_known(self, table: Table, staged: str) -> None:
        """For each staged row the version the book has, and whether it says the same."""
        on = " AND ".join(f"known.{quoted(name)} IS NOT DISTINCT FROM rows.{quoted(name)}" for name in table.key)
        facts = [quoted(name) for name in table.names if name not in table.key]
        same = " AND ".join(f"known.{name} IS NOT DISTINCT FROM rows.{name}" for name in facts) or "true"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE staged_known AS "
            f"SELECT rows.record, known.record AS known, {same} AS same FROM {staged} rows JOIN {table.name} known "
            f"ON known.source = rows.source AND {on} WHERE known.record NOT IN (SELECT record FROM superseded)"
        )
        if not self._by_people and self._count("SELECT count(*) FROM corrections"):
            self._match_corrected(table, staged, on, same)

    def _match_corrected(self, table: Table, staged: str, on: str, same: str) -> None:
        """For each staged row whose fact people corrected: the correction, and whether the source says what it did."""
        holding = "corrections.record NOT IN (SELECT record FROM superseded)"
        self._connection.execute(
            f"DELETE FROM staged_known WHERE known IN (SELECT record FROM corrections WHERE {holding})"
        )
        self._connection.execute(
            f"INSERT INTO staged_known SELECT rows.record, corrections.record AS known, {same} AS same "
            f"FROM {staged} rows JOIN {table.name} known ON known.source = rows.source AND {on} "
            f"JOIN corrections ON corrections.corrects = known.record WHERE {holding}"
        )

    def _quarantine_contradictions(self, table: Table, staged: str) -> None:
        """Rows that contradict one of a file taken in together with theirs: neither is the newer one, so out."""
        key = " || ' / ' || ".join(f"later.{quoted(name)}::VARCHAR" for name in table.key)
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE staged_against AS "
            f'SELECT later.record, later.file, later."row", {key} AS "key", later.raw, '
            f'earlier.file AS first_file, earlier."row" AS first_row '
            f"FROM staged_known JOIN {staged} later USING (record) "
            f"JOIN {table.name} earlier ON earlier.record = staged_known.known WHERE NOT staged_known.same "
            "AND (earlier.import >= $first OR earlier.record IN (SELECT record FROM confirmed_together))",
            {"first": self._first_import},
        )
        found = self._connection.execute("SELECT * EXCLUDE (record) FROM staged_against ORDER BY record").fetchall()
        for contradiction in found:
            self._problem(self._contradiction(table, *contradiction))
        for name in (staged, "staged_known") if found else ():
            self._connection.execute(f"DELETE FROM {name} WHERE record IN (SELECT record FROM staged_against)")
        # A later file must not contradict what this one only confirms either.
        self._connection.execute("INSERT INTO confirmed_together SELECT known FROM staged_known WHERE same")

    def _contradiction(
        self, table: Table, file: str, row: int, value: str, raw: str, first_file: str, first_row: int
    ) -> Problem:
        return Problem(
            self._source,
            table.name,
            file,
            row,
            ", ".join(table.key),
            value,
            f"the same key with different facts stands in this import already ({first_file}, row {first_row})",
            "Remove one of the two, or import the newer file by itself afterwards.",
            raw=raw,
        )

    def _supersede(self) -> None:
        """Mark the known versions, of the table just matched, that say something else."""
        self._connection.execute(
            "INSERT INTO superseded SELECT known, $at, record FROM staged_known WHERE NOT same",
            {"at": self._recorded_at},
        )

    def _write_problems(self) -> None:
        if not self._waiting:
            return
        import pyarrow as pa

        names = list(Problem.__dataclass_fields__)
        columns = zip(*(astuple(problem) for problem in self._waiting), strict=True)
        batch_problems = pa.table(dict(zip(names, map(list, columns), strict=True)))  # noqa: F841  named in the statement
        listed = ", ".join(quoted(name) for name in names)
        self._connection.execute(
            f"INSERT INTO problems (import, recorded_at, {listed}) SELECT $import, $at, {listed} FROM batch_problems",
            {"import": self._number, "at": self._recorded_at},
        )
        self._waiting.clear()

    def _report(self, files: list[str], column_map: str) -> ImportReport:
        tally = self._tally
        booked = sum(tally.by_table.values())
        self._connection.execute(
            "INSERT INTO imports BY NAME SELECT $import AS import, $source AS source, $files AS files, $map AS map, "
            "$at AS recorded_at, $rows_in AS rows_in, $booked AS booked, $unchanged AS unchanged, "
            "$quarantined AS quarantined, $removed AS removed, $complete AS complete, $good_to::DATE AS good_to, "
            "$carried::VARCHAR[] AS carried",
            {
                "import": self._number,
                "source": self._source,
                "files": files,
                "map": column_map,
                "at": self._recorded_at,
                "rows_in": tally.rows_in,
                "booked": booked,
                "unchanged": tally.unchanged,
                "quarantined": tally.quarantined,
                "removed": self._removed,
                "complete": self._complete is not None,
                "good_to": self._good_to,
                "carried": sorted(self._carried),
            },
        )
        return ImportReport(
            self._number,
            self._source,
            tally.rows_in,
            booked,
            tally.unchanged,
            tally.quarantined,
            tally.changed,
            tally.notes,
            dict(tally.by_table),
            list(tally.problems),
            self._removed,
            self._good_to,
        )

    def _count(self, statement: str) -> int:
        rows = self._connection.execute(statement).fetchall()
        return int(rows[0][0])


def _next_import(connection: duckdb.DuckDBPyConnection) -> int:
    rows = connection.execute("SELECT coalesce(max(import), 0) + 1 FROM imports").fetchall()
    return int(rows[0][0])
