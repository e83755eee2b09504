"""The book's database: one DuckDB file, opened for reading or for writing, all writes in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import BookLockedError, RollforwardError
from rollforward.store.schema import FORMAT_VERSION, create_statements

if TYPE_CHECKING:
    import duckdb

FILE = "book.duckdb"


def create(path: Path) -> None:
    """An empty database in a folder."""
    with writing(path) as connection:
        for statement in create_statements():
            connection.execute(statement)


@contextmanager
def writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose changes are kept together at the end, or not at all."""
    connection = connect(path, read_only=False)
    try:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    finally:
        connection.close()


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
    _configure(connection, path)
    return connection


def _configure(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "preserve_insertion_order = false",
        "enable_progress_bar = false",
        "TimeZone = 'UTC'",
    ):
        connection.execute(f"SET {setting}")
    connection.execute("SET temp_directory = ?", [str(path / "tmp")])


def check_format(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """RollforwardError if the book was made by another version of the layout."""
    version = connection.execute("SELECT format_version FROM about").fetchone()
    if version != (FORMAT_VERSION,):
        found = version[0] if version else "none"
        raise RollforwardError(f"{path} has format version {found}; this release reads {FORMAT_VERSION}.")
