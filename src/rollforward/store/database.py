"""The book's database: a file of records, never written in place, and a file for each ledger.

What is written is made in a workplace beside and put in place when it is whole. Who reads goes on with what it opened.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import DamagedError
from rollforward.store import engine, revising
from rollforward.store.integrity import chain_imports
from rollforward.store.lock import writers_lock
from rollforward.store.memory import shortage_told
from rollforward.store.migrations import check_current, check_known, format_version, migrate
from rollforward.store.placing import copy, full_disk_told, put_in_place
from rollforward.store.readers import RECORDS, Memory, Readers
from rollforward.store.revising import FileRevision, MemoryRevision
from rollforward.store.schema import FORMAT_VERSION, create_statements
from rollforward.store.workplace import sweep, workplace, workplace_if_any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from rollforward.store.revising import Revision

FILE = "book.duckdb"
LEDGERS = "ledgers"
LEDGERS_KEPT = 16
"""How many ledgers a book keeps. The one that was not asked for the longest gives way; it can be built again."""


class Database:
    """Where a book's records and ledgers lie. Every writing is kept whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._readers = Readers(folder, self.file, partial(_attach_current, folder, self.file))

    @property
    def file(self) -> Path:
        """The file of records."""
        return self.folder / FILE

    def state(self) -> str:
        """What tells one state of the records from another: they are replaced whole. Nothing is opened for it."""
        try:
            found = self.file.stat()
        except OSError as error:
            raise DamagedError(self.file, "it is not there") from error
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    def create(self) -> None:
        """Lay out an empty database, in place of the one that may be there."""
        with writers_lock(self.folder):
            sweep(self.folder)
            # Ledgers first: those of the former records must never stand beside the new ones.
            shutil.rmtree(self.folder / LEDGERS, ignore_errors=True)
            with self._new_file(copied=False, kept=True) as connection:
                for statement in create_statements():
                    connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for reading. It sees one state as long as it is open, whatever is written meanwhile."""
        with self._looking() as connection, engine.damage_told(self.folder):
            check_current(format_version(connection), self.folder)
            yield connection

    @contextmanager
    def sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for reading, of an engine that stays open from one question to the next, for many threads.

        It sees one state as long as it is open. Ledgers that are kept can be attached to it, and none be built in it.
        """
        with engine.damage_told(self.folder), self._readers.reading() as connection:
            yield connection

    def bound(self, memory: str) -> None:
        """Let the shared engine hold no more than a size at a time; what does not fit lies in the folder meanwhile."""
        self._readers.bound(memory)

    def let_go(self) -> None:
        """Close the files that are held open for the next question. Who still reads goes on."""
        self._readers.let_go()

    def memory_of(self, connection: duckdb.DuckDBPyConnection) -> Memory:
        """What was found in the state that a connection sees, if it is a shared one; an empty memory else."""
        return self._readers.memory_of(connection) or Memory()

    @contextmanager
    def _looking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with workplace_if_any(self.folder) as spill, engine.opened(spill) as connection:
            self._attach_records(connection)
            yield connection

    def _attach_records(self, connection: duckdb.DuckDBPyConnection) -> None:
        _attach_records(self.file, connection)

    @contextmanager
    def writing(self, memory: str | None = None, *, kept: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose changes are kept together at the end, or not at all; BookLockedError if another writes.

        `memory`, such as "1GB", bounds what the engine holds at a time; the rest goes to the book's folder meanwhile.
        With `kept=False` nothing is kept, and no lock is needed.
        """
        with ExitStack() as stack:
            if kept:
                stack.enter_context(writers_lock(self.folder))
                sweep(self.folder)
            connection = stack.enter_context(self._new_file(copied=True, kept=kept))
            if memory is not None:
                connection.execute(f"SET memory_limit = '{memory}'")
            yield connection

    @contextmanager
    def _new_file(self, *, copied: bool, kept: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to a new file of records, put in place at the end."""
        with workplace(self.folder) as place, full_disk_told(self.folder, place):
            made = place / FILE
            with engine.opened(place) as connection, engine.damage_told(self.folder):
                if copied:
                    self._copy_records(connection, made)
                engine.attach_new(connection, made, RECORDS)
                connection.execute(f"USE {RECORDS}")
                with engine.transaction(connection, kept=kept):
                    is_migrated = copied and migrate(connection)
                    yield connection
                    if copied and kept:
                        chain_imports(connection)
                if kept and is_migrated:
                    made = _without_gaps(connection, made)
                if kept:
                    engine.finish(connection, RECORDS)
            if kept:
                put_in_place(made, self.file)

    def _copy_records(self, connection: duckdb.DuckDBPyConnection, to: Path) -> None:
        """Copy the file of records while it is open for reading, which holds off who would write in it in place."""
        if self.file.with_name(f"{FILE}.wal").exists():
            self._readers.let_go()
            engine.settle(self.file)
        self._attach_records(connection)
        check_known(format_version(connection), self.folder)
        copy(self.file, to)
        connection.execute("USE memory")
        engine.detach(connection, RECORDS)

    def require_own_records(self, wanted: str) -> None:
        """Nothing here: a book has the file of its records. ReadOnlyError for what has not, where it is `wanted`."""

    def check(self) -> None:
        """DamagedError if the file of records cannot be opened, FormatError if its format is not known here."""
        with self._looking() as connection:
            check_known(format_version(connection), self.folder)

    def bring_up_to_date(self, tell: Callable[[str], None]) -> None:
        """Migrate a book of an older format, saying so; FormatError if it is of a newer one than this release knows."""
        with self._looking() as connection:
            version = format_version(connection)
        check_known(version, self.folder)
        if version < FORMAT_VERSION:
            tell(f"{self.folder} has format version {version}; bringing it to version {FORMAT_VERSION}.")
            with self.writing():
                pass

    # -- ledgers -----------------------------------------------------------------------------------------------------

    def ledger_file(self, ledger: str) -> Path:
        """The file of a ledger."""
        return self.folder / LEDGERS / f"{ledger}.duckdb"

    def _changes_file(self, ledger: str) -> Path:
        """The file of what changed since a ledger was built."""
        return self.folder / LEDGERS / f"{ledger}.changes"

    def attach(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> bool:
        """Let a connection read a ledger under its name: whether it is there. One that is not whole is not."""
        file = self.ledger_file(ledger)
        if not file.exists():
            return False
        try:
            files = (file, self._changes_file(ledger))
            if self._readers.memory_of(connection):
                self._readers.attach(connection, ledger, files, lambda shared: revising.attach(shared, ledger, *files))
            else:
                revising.attach(connection, ledger, *files)
        except (DamagedError, FileNotFoundError):
            return False
        _note_use(file)
        return True

    @contextmanager
    def building(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[None]:
        """An empty place of a ledger's name to build it in from what the connection reads; kept at the end, or not.

        The connection is one of `reading`, with an engine of its own.
        """
        sweep(self.folder)
        revising.detach(connection, ledger)
        with workplace(self.folder) as place, full_disk_told(self.folder, place), shortage_told(connection):
            made = place / f"{ledger}.duckdb"
            engine.attach_new(connection, made, ledger)
            try:
                with engine.transaction(connection):
                    yield
                connection.execute(f"CHECKPOINT {ledger}")
            finally:
                _let_go(connection, ledger)
            self._keep_ledger(made)
        engine.attach(connection, self.ledger_file(ledger), ledger)

    @contextmanager
    def held(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[Revision]:
        """A kept ledger that the connection reads from files which nobody replaces meanwhile, to be changed or not."""
        sweep(self.folder)
        with workplace(self.folder) as place, full_disk_told(self.folder, place):
            revision = FileRevision(connection, ledger, place, self._place_changes)
            revision.pin(self.ledger_file(ledger), self._changes_file(ledger))
            yield revision

    def _place_changes(self, made: Path) -> None:
        put_in_place(made, self.folder / LEDGERS / made.name)

    @contextmanager
    def aside(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[None]:
        """An empty place of a ledger's name to build one in that is not kept."""
        connection.execute(f"ATTACH ':memory:' AS {ledger}")
        try:
            yield
        finally:
            engine.detach(connection, ledger)

    def kept_ledgers(self) -> list[str]:
        """The names of the ledgers that are kept."""
        return sorted(file.stem for file in (self.folder / LEDGERS).glob("*.duckdb"))

    def _keep_ledger(self, made: Path) -> None:
        folder = self.folder / LEDGERS
        folder.mkdir(exist_ok=True)
        put_in_place(made, folder / made.name)
        self._changes_file(made.stem).unlink(missing_ok=True)
        with suppress(OSError):
            by_use = sorted(folder.glob("*.duckdb"), key=lambda file: file.stat().st_atime, reverse=True)
            for file in by_use[LEDGERS_KEPT:]:
                file.unlink(missing_ok=True)
                self._changes_file(file.stem).unlink(missing_ok=True)


class MemoryDatabase(Database):
    """A database that lives as long as its object, for cases and tests. Its ledgers are schemas."""

    def __init__(self) -> None:
        super().__init__(Path("memory"))
        self._connection = engine.connected(threads=1)
        self._ledgers: set[str] = set()

    def state(self) -> str:
        """What tells one state of the records from another: their imports."""
        row = self._connection.execute("SELECT count(*), max(recorded_at) FROM imports").fetchone()
        return str(row)

    def create(self) -> None:
        """Lay out an empty database."""
        with self.writing() as connection:
            for statement in create_statements():
                connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one connection."""
        yield self._connection

    @contextmanager
    def sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one connection."""
        yield self._connection

    @contextmanager
    def writing(
        self,
        memory: str | None = None,  # noqa: ARG002  all of it is held
        *,
        kept: bool = True,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one connection, in a transaction."""
        with engine.transaction(self._connection, kept=kept):
            yield self._connection

    def attach(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> bool:  # noqa: ARG002  it sees them all
        """Whether a ledger is there."""
        return ledger in self._ledgers

    @contextmanager
    def building(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[None]:
        """An empty schema to build a ledger in."""
        with engine.transaction(connection):
            connection.execute(f"DROP SCHEMA IF EXISTS {ledger} CASCADE")
            connection.execute(f"CREATE SCHEMA {ledger}")
            yield
        self._ledgers.add(ledger)

    @contextmanager
    def held(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[Revision]:
        """A ledger as the connection reads it."""
        yield MemoryRevision(connection, ledger)

    def kept_ledgers(self) -> list[str]:
        """The names of the ledgers."""
        return sorted(self._ledgers)


def _attach_records(file: Path, connection: duckdb.DuckDBPyConnection) -> None:
    if not file.exists():
        raise DamagedError(file, "it is not there")
    engine.attach(connection, file, RECORDS)
    connection.execute(f"USE {RECORDS}")


def _attach_current(folder: Path, file: Path, connection: duckdb.DuckDBPyConnection) -> None:
    _attach_records(file, connection)
    check_current(format_version(connection), folder)


def _without_gaps(connection: duckdb.DuckDBPyConnection, made: Path) -> Path:
    """The same database in a file of its own without the room of what was dropped."""
    dense = made.with_name(f"dense-{made.name}")
    engine.attach_new(connection, dense, "dense")
    connection.execute(f"COPY FROM DATABASE {RECORDS} TO dense")
    engine.finish(connection, "dense")
    return dense


def _note_use(file: Path) -> None:
    """Note in a file's time of access that it was used. Its time of change stays: it tells one file from another."""
    with suppress(OSError):
        os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns))


def _let_go(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Detach a database that may have failed; what it could not write any more was given up before."""
    import duckdb

    with suppress(duckdb.Error):
        engine.detach(connection, name)
