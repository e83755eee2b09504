"""Migrations: how a book of an older layout becomes one of this layout. Each is a small step from one version on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rollforward.errors import FormatError
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.store.schema import BY_PEOPLE, FORMAT_VERSION, columns_sql, quoted

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

Migration = Callable[["duckdb.DuckDBPyConnection"], None]


def format_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of the layout of the book that a connection looks at."""
    row = connection.execute("SELECT format_version FROM about").fetchone()
    return int(row[0]) if row else 0


def check_known(version: int, folder: Path) -> None:
    """FormatError if a book is of a version that this release does not know."""
    if version > FORMAT_VERSION:
        remedy = "It was written by a later release: take that one, or a backup made before it."
        raise FormatError(folder, version, FORMAT_VERSION, remedy)
    if version < min(MIGRATIONS):
        raise FormatError(folder, version, FORMAT_VERSION, "No release wrote such books: restore a backup.")


def check_current(version: int, folder: Path) -> None:
    """FormatError if a book is not of this version."""
    check_known(version, folder)
    if version < FORMAT_VERSION:
        remedy = "Any command on it brings it to this version; so does `rollforward.open` in Python."
        raise FormatError(folder, version, FORMAT_VERSION, remedy)


def migrate(connection: duckdb.DuckDBPyConnection) -> bool:
    """Bring a book to this version, within the transaction that the caller holds: whether there was anything to do."""
    version = format_version(connection)
    for step in range(version, FORMAT_VERSION):
        MIGRATIONS[step](connection)
        connection.execute("UPDATE about SET format_version = ?", [step + 1])
    return version < FORMAT_VERSION


def _ledgers_leave(connection: duckdb.DuckDBPyConnection) -> None:
    """Version 2 keeps ledgers in files of their own, built again when they are asked for."""
    found = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() "
        "WHERE database_name = current_database() AND starts_with(schema_name, 'ledger_')"
    )
    for (ledger,) in found.fetchall():
        connection.execute(f"DROP SCHEMA {quoted(ledger)} CASCADE")
    connection.execute("DROP TABLE ledgers")


def _people_enter(connection: duckdb.DuckDBPyConnection) -> None:
    """Version 3 has what people enter, and says of each import how far it reaches."""
    connection.execute(BY_PEOPLE)
    for table in ENTRIES:
        connection.execute(f"CREATE TABLE {table.name} ({columns_sql(table)})")
    for column in ("removed BIGINT", "complete BOOLEAN", "good_to DATE", "carried VARCHAR[]", "chain VARCHAR"):
        connection.execute(f"ALTER TABLE imports ADD COLUMN {column}")
    connection.execute("UPDATE imports SET removed = 0, complete = false, good_to = recorded_at::DATE")
    _say_what_was_carried(connection)


def _say_what_was_carried(connection: duckdb.DuckDBPyConnection) -> None:
    """Say of each import whose rows it carried: its own, or any of its source where it changed nothing."""
    named = [f"SELECT source, import, '{table}' AS name FROM {table}" for table in TABLES]
    named.append('SELECT source, import, "table" AS name FROM problems')
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE carried_before AS SELECT DISTINCT * FROM ({' UNION ALL '.join(named)})"
    )
    connection.execute(
        "UPDATE imports SET carried = coalesce("
        "(SELECT list(name ORDER BY name) FROM carried_before c WHERE c.import = imports.import), "
        "(SELECT list(DISTINCT name ORDER BY name) FROM carried_before c WHERE c.source = imports.source), [])"
    )
    connection.execute("DROP TABLE carried_before")


MIGRATIONS: Mapping[int, Migration] = {1: _ledgers_leave, 2: _people_enter}
"""What leads from each version to the next one."""
