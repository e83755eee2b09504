"""Revising: what changed of a ledger since its file was built stands in a file of changes beside it.

The file of a ledger is never written again. The file of changes says which of its rows no longer hold, by their place,
and has the rows that do instead; its views put the two together under the names of the ledger's tables. So what a
change costs depends on what changed, and not on how large the ledger is.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from rollforward.errors import DamagedError
from rollforward.store import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import duckdb

    from rollforward.store.plans import Step


def whole_of(ledger: str) -> str:
    """The name under which a connection sees the file of a ledger that it sees with its changes."""
    return f"{ledger}_whole"


def attach(connection: duckdb.DuckDBPyConnection, ledger: str, whole: Path, changes: Path) -> None:
    """Let a connection read a ledger, with its changes if there are any; DamagedError if its file is not whole.

    Changes that are not those of the file, or not whole, are left out: then the ledger is behind.
    """
    if changes.exists():
        with suppress(DamagedError, FileNotFoundError):
            engine.attach(connection, whole, whole_of(ledger))
            if _attach_changes(connection, ledger, changes):
                return
        engine.detach(connection, whole_of(ledger))
    engine.attach(connection, whole, ledger)


def _attach_changes(connection: duckdb.DuckDBPyConnection, ledger: str, changes: Path) -> bool:
    engine.attach(connection, changes, ledger)
    if _token(connection, ledger) == _token(connection, whole_of(ledger)):
        return True
    engine.detach(connection, ledger)
    return False


def _token(connection: duckdb.DuckDBPyConnection, place: str) -> str | None:
    """What tells the file of a ledger from every other one, as its changes say it too."""
    import duckdb

    with suppress(duckdb.CatalogException, duckdb.BinderException):
        row = connection.execute(f"SELECT token FROM {place}.about_ledger").fetchone()
        return str(row[0]) if row else None
    return None


def detach(connection: duckdb.DuckDBPyConnection, ledger: str) -> None:
    """Let go of a ledger and of its changes."""
    engine.detach(connection, ledger)
    engine.detach(connection, whole_of(ledger))


class Revision(Protocol):
    """A ledger that is held, to be changed."""

    def revised(self) -> AbstractContextManager[None]:
        """Changes to the ledger in one transaction, kept together at the end or not at all."""

    def changed_already(self, table: str) -> int:
        """How many rows of a table stand in the changes."""

    def lay_out(self, tables: Iterable[str], views: Iterable[Step], as_they_are: Iterable[str]) -> None:
        """Lay the ledger out as it is so far: its tables that change, its views, and its tables that do not."""

    def replace(self, table: str, condition: str, rows: str) -> int:
        """Put the rows of a query in the place of those of a table that meet a condition: how many these were."""


class FileRevision:
    """A ledger that changes while it is held: a new file of changes, made of the former one."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, ledger: str, place: Path, keep: Callable[[Path], None]
    ) -> None:
        """`place` is a folder for files under way; `keep` puts a file of changes that is whole in its place."""
        self._connection = connection
        self._ledger = ledger
        self._keep = keep
        self._whole, self._former = place / "whole.duckdb", place / "former.changes"
        self._made = place / f"{ledger}.changes"

    def pin(self, whole: Path, changes: Path) -> None:
        """Let the connection read the ledger from files that nobody replaces meanwhile."""
        detach(self._connection, self._ledger)
        _pin(whole, self._whole)
        with suppress(FileNotFoundError):
            _pin(changes, self._former)
        attach(self._connection, self._ledger, self._whole, self._former)

    def changed_already(self, table: str) -> int:
        """How many rows of a table stand in the changes."""
        if not self._has_former():
            return 0
        return _count(self._connection, f"SELECT count(*) FROM {self._ledger}.came_{table}")

    def _has_former(self) -> bool:
        return _is_attached(self._connection, whole_of(self._ledger))

    @contextmanager
    def revised(self) -> Iterator[None]:
        """Changes to the ledger in one transaction, kept together at the end or not at all."""
        try:
            self._open()
            with engine.transaction(self._connection):
                yield
            self._finish()
        except BaseException:
            self._give_up()
            raise
        self._keep(self._made)

    def _open(self) -> None:
        """Let the connection write the new file, as the ledger. The former changes stand beside it."""
        has_former = self._has_former()
        detach(self._connection, self._ledger)
        engine.attach(self._connection, self._whole, whole_of(self._ledger))
        if has_former:
            engine.attach(self._connection, self._former, self._former_name)
        engine.attach_new(self._connection, self._made, self._ledger)

    @property
    def _former_name(self) -> str:
        return f"{self._ledger}_former"

    def lay_out(self, tables: Iterable[str], views: Iterable[Step], as_they_are: Iterable[str]) -> None:
        """Lay the ledger out as it is so far: its tables that change, its views, and its tables that do not."""
        ledger, whole = self._ledger, whole_of(self._ledger)
        execute = self._connection.execute
        has_former = _is_attached(self._connection, self._former_name)
        for table in tables:
            gone, came = f"gone_{table}", f"came_{table}"
            former = f"{self._former_name}.{came}" if has_former else f"{whole}.{table} LIMIT 0"
            execute(f"CREATE TABLE {ledger}.{came} AS FROM {former}")
            former = f"FROM {self._former_name}.{gone}" if has_former else "SELECT 0::BIGINT AS place LIMIT 0"
            execute(f"CREATE TABLE {ledger}.{gone} AS {former}")
            execute(
                f"CREATE VIEW {ledger}.{table} AS SELECT * FROM {whole}.{table} held ANTI JOIN {ledger}.{gone} gone "
                f"ON gone.place = held.rowid UNION ALL FROM {ledger}.{came}"
            )
        for table in as_they_are:
            execute(f"CREATE VIEW {ledger}.{table} AS FROM {whole}.{table}")
        for step in views:
            execute(step.creation(ledger))

    def replace(self, table: str, condition: str, rows: str) -> int:
        """Put the rows of a query in the place of those of a table that meet a condition: how many these were."""
        ledger, whole = self._ledger, whole_of(self._ledger)
        gone = _count(
            self._connection,
            f"INSERT INTO {ledger}.gone_{table} SELECT held.rowid FROM {whole}.{table} held "
            f"ANTI JOIN {ledger}.gone_{table} gone ON gone.place = held.rowid WHERE {condition}",
        )
        gone += _count(self._connection, f"DELETE FROM {ledger}.came_{table} WHERE {condition}")
        self._connection.execute(f"INSERT INTO {ledger}.came_{table} BY NAME {rows}")
        return gone

    def _finish(self) -> None:
        """Write everything to the file, and let the connection read the ledger on with it."""
        engine.detach(self._connection, self._former_name)
        self._connection.execute(f"CHECKPOINT {self._ledger}")
        engine.detach(self._connection, self._ledger)
        engine.attach(self._connection, self._made, self._ledger)

    def _give_up(self) -> None:
        """Let go of files of which some could not be written."""
        import duckdb

        with suppress(duckdb.Error):
            engine.detach(self._connection, self._former_name)
            detach(self._connection, self._ledger)


class MemoryRevision:
    """A ledger that is a schema, and changes in place."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> None:
        self._connection = connection
        self._ledger = ledger

    @contextmanager
    def revised(self) -> Iterator[None]:
        """Changes to the ledger in one transaction."""
        with engine.transaction(self._connection):
            yield

    def changed_already(self, table: str) -> int:  # noqa: ARG002  what changed is as good as what was built
        """How many rows of a table stand apart: none."""
        return 0

    def lay_out(self, tables: Iterable[str], views: Iterable[Step], as_they_are: Iterable[str]) -> None:
        """The ledger is laid out."""

    def replace(self, table: str, condition: str, rows: str) -> int:
        """Put the rows of a query in the place of those of a table that meet a condition: how many these were."""
        gone = _count(self._connection, f"DELETE FROM {self._ledger}.{table} WHERE {condition}")
        self._connection.execute(f"INSERT INTO {self._ledger}.{table} BY NAME {rows}")
        return gone


def _pin(file: Path, to: Path) -> None:
    """A name of one's own for a file, which stays when another file takes its place; a copy where that cannot be."""
    try:
        os.link(file, to)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file, to)


def _is_attached(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [name])
    return found.fetchone() is not None


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
