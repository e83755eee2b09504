"""The embedded engine as one that builds from record tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rollforward.errors import EngineError, TooLargeError
from rollforward.store import engine
from rollforward.store.build_engine import EMBEDDED
from rollforward.store.placing import is_full
from rollforward.store.plans import PLACE, compiled
from rollforward.store.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import duckdb
    import ibis.expr.types as ir
    from ibis import Schema

    from rollforward.store.record_tables import TableFolder

_DIGITS = 4
"""How many hexadecimal digits of an account's MD5 its bucket comes from."""


@contextmanager
def embedded(spill: Path, threads: int | None = None) -> Iterator[Embedded]:
    """The embedded engine, in a process of ours."""
    with engine.opened(spill, threads=threads) as connection:
        connection.execute(f"CREATE SCHEMA {PLACE}")
        connection.execute(f"SET search_path = 'main,{PLACE}'")
        yield Embedded(connection)


class Embedded:
    """DuckDB at work on files."""

    name = EMBEDDED

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @property
    def written(self) -> Callable[[ir.Table], str]:
        """Writes an expression as SQL."""
        return compiled

    def see(self, name: str, table: TableFolder) -> Schema:
        """Give a table in a folder a name: its columns."""
        self._run(f"CREATE VIEW {PLACE}.{quoted(name)} AS {scan(table.files())}", name)
        described = self._run(f"DESCRIBE {PLACE}.{quoted(name)}", name).fetchall()
        return schema_of({row[0]: row[1] for row in described})

    def call(self, name: str, sql: str, about: str) -> None:
        """Give a query a name."""
        self._run(f"CREATE VIEW {PLACE}.{quoted(name)} AS {sql}", about)

    def write(self, sql: str, folder: Path, buckets: int | None, about: str) -> None:
        """Write the rows of a query to a new folder, by bucket of their account where that is asked for."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        if buckets is None:
            folder.mkdir()
            self._run(f"COPY ({sql}) TO {literal(folder / 'part-0.parquet')} (FORMAT parquet)", about)
            return
        bucket = f"CAST('0x' || substr(md5(account), 1, {_DIGITS}) AS INTEGER) % {buckets}"
        query = f"SELECT *, {bucket} AS bucket FROM ({sql})"
        self._run(f"COPY ({query}) TO {literal(folder)} (FORMAT parquet, PARTITION_BY (bucket))", about)

    def rows(self, sql: str, about: str) -> list[tuple[Any, ...]]:
        """The rows of a query that has few."""
        return self._run(sql, about).fetchall()

    def _run(self, sql: str, about: str) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self._connection.execute(sql)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise TooLargeError(about, str(error).splitlines()[0]) from error
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            if is_full(error):
                raise
            detail = str(error).splitlines()[0]
            raise EngineError(EMBEDDED, f"it failed at {about!r} ({detail})", "Look at the files named.") from error


def scan(files: list[str]) -> str:
    """The query that reads Parquet files."""
    return f"SELECT * FROM read_parquet([{', '.join(map(literal, files))}], union_by_name = true)"


def literal(path: object) -> str:
    """A path as SQL writes it."""
    return "'" + str(path).replace("'", "''") + "'"


def schema_of(described: dict[str, str]) -> Schema:
    """The columns of a table as the embedded engine describes them."""
    import ibis
    from ibis.backends.sql.datatypes import DuckDBType

    return ibis.schema({name: DuckDBType.from_string(kind) for name, kind in described.items()})


def duckdb_type(kind: str) -> str:
    """A type of a ledger's column as the embedded engine writes it."""
    import ibis.expr.datatypes as dt
    from ibis.backends.sql.datatypes import DuckDBType

    return str(DuckDBType.to_string(dt.dtype(kind)))
