"""The engine: connections that hold no file of their own, and the database files that are attached to them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rollforward.errors import DamagedError, OpenElsewhereError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

_DAMAGE_SAID = (
    "Corrupt database file",
    "Could not read enough bytes",
    "not a valid DuckDB database file",
    "Failed to deserialize",
)
_IN_USE_SAID = "Could not set lock on file"
_GROUPED = 16_384
"""How many rows of a table lie together. Who looks for one account reads that many: the engine's own 122,880 take
twice as long, and questions about all accounts as long as this.
"""
QUIET = "enable_progress_bar = false"
"""What each connection to an engine has to be told on its own."""

_HEADERS = 3 * 4096
"""The bytes of a database file before its first block."""


@contextmanager
def opened(spill: Path | None, *, threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an engine of its own, which lays aside in `spill` what its memory cannot hold.

    Engines share nothing, so that a file put in the place of another is seen by the next connection of this process,
    while the one that is open goes on with the former file.
    """
    connection = connected(threads=threads)
    try:
        connection.execute("SET temp_directory = ?", [str(spill) if spill else ""])
        yield connection
    finally:
        _close(connection)


def connected(*, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to an engine of its own, set up as every book needs it."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {"allow_unsigned_extensions": "false"}
    if threads:
        config["threads"] = str(threads)
    connection = duckdb.connect(config=config)
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "preserve_insertion_order = false",
        "GLOBAL TimeZone = 'UTC'",
        QUIET,
    ):
        connection.execute(f"SET {setting}")
    return connection


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection. What could not be written on the way out was given up before."""
    import duckdb

    with suppress(duckdb.Error):
        connection.close()


def attach(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> None:
    """Attach a file for reading; DamagedError if it is not whole, OpenElsewhereError if somebody writes in it."""
    import duckdb

    try:
        connection.execute(f"ATTACH {_literal(file)} AS {name} (READ_ONLY)")
    except duckdb.Error as error:
        if _IN_USE_SAID in str(error):
            raise OpenElsewhereError(file, _first_line(error)) from error
        raise DamagedError(file, _first_line(error)) from error
    if missing := _missing_bytes(connection, file, name):
        detach(connection, name)
        raise DamagedError(file, f"its last {missing:,} bytes are missing")


def _missing_bytes(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> int:
    """How many bytes a file is shorter than its header says. The engine would notice at the first one that it reads."""
    (size,) = connection.execute(
        "SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = ?", [name]
    ).fetchall()[0]
    return max(0, int(size) + _HEADERS - file.stat().st_size) if size else 0


def attach_new(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> None:
    """Attach a database file for writing that nobody else looks at: it needs no log, for it is whole or thrown away."""
    options = f"RECOVERY_MODE NO_WAL_WRITES, ROW_GROUP_SIZE {_GROUPED}"
    connection.execute(f"ATTACH {_literal(file)} AS {name} ({options})")


def detach(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Detach a database, if it is attached."""
    connection.execute(f"DETACH DATABASE IF EXISTS {name}")


def finish(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Write everything of a new database to its file, and let go of it."""
    connection.execute(f"CHECKPOINT {name}")
    connection.execute("USE memory")
    detach(connection, name)


def settle(file: Path) -> None:
    """Take in the log that an engine has left beside a file in which it wrote in place."""
    import duckdb

    try:
        with duckdb.connect(str(file)) as connection:
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        if _IN_USE_SAID in str(error):
            raise OpenElsewhereError(file, _first_line(error)) from error
        raise DamagedError(file, _first_line(error)) from error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, *, kept: bool = True) -> Iterator[None]:
    """Changes that are kept together at the end, or not at all; with `kept=False` not at all."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT" if kept else "ROLLBACK")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    with suppress(duckdb.Error):
        connection.execute("ROLLBACK")


@contextmanager
def damage_told(folder: Path) -> Iterator[None]:
    """Turn what the engine says of a damaged file, when it comes to read it, into DamagedError."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.endswith("duckdb") and any(said in str(error) for said in _DAMAGE_SAID):
            raise DamagedError(folder, _first_line(error)) from error
        raise


def _literal(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
