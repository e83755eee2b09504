"""The book's database: one DuckDB file, opened for reading or for writing, all writes in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import BookLockedError, RollforwardError
from rollforward.store.schema import FORMAT_VERSION, create_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

FILE = "book.duckdb"


class Database:
    """Where a book's records and ledgers lie. Every writing is one transaction: kept together, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        """Lay out an empty database."""
        with self.writing() as connection:
            for statement in create_statements():
                connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for reading."""
        connection = connect(self.folder, read_only=True)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose changes are kept together at the end, or not at all.

        `memory`, such as "1GB", bounds what the engine holds at a time; the rest goes to the book's folder meanwhile.
        """
        connection = connect(self.folder, read_only=False)
        try:
            if memory is not None:
                connection.execute(f"SET memory_limit = '{memory}'")
            with transaction(connection):
                yield connection
        finally:
            connection.close()


class MemoryDatabase(Database):
    """A database that lives as long as its object, for cases and tests."""

    def __init__(self) -> None:
        import duckdb

        super().__init__(Path("memory"))
        self._connection = duckdb.connect(config={"threads": "1"})
        _configure(self._connection)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one connection."""
        yield self._connection

    @contextmanager
    def writing(self, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:  # noqa: ARG002  all of it is held
        """The one connection, in a transaction."""
        with transaction(self._connection):
            yield self._connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Changes that are kept together at the end, or not at all."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return


def connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection to the database of a book; BookLockedError while another process writes."""
    import duckdb

    file = path / FILE
    try:
        connection = duckdb.connect(str(file), read_only=read_only, config={"allow_unsigned_extensions": "false"})
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BookLockedError(path, str(error).splitlines()[0]) from error
        raise RollforwardError(f"{file} cannot be opened: {error}") from error
    _configure(connection)
    connection.execute("SET temp_directory = ?", [str(path / "tmp")])
    return connection


def _configure(connection: duckdb.DuckDBPyConnection) -> None:
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "preserve_insertion_order = false",
        "enable_progress_bar = false",
        "TimeZone = 'UTC'",
    ):
        connection.execute(f"SET {setting}")


def check_format(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """RollforwardError if the book was made by another version of the layout."""
    version = connection.execute("SELECT format_version FROM about").fetchone()
    if version != (FORMAT_VERSION,):
        found = version[0] if version else "none"
        raise RollforwardError(f"{path} has format version {found}; this release reads {FORMAT_VERSION}.")
