"""Engines that a ledger can be built on from record tables: what each has to do, and which one a name stands for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis import Schema

    from rollforward.store.record_tables import TableFolder

EMBEDDED = "duckdb"
SPARK_CONNECT = "sc://"


class BuildEngine(Protocol):
    """An engine at work. Its tables go by plain names; what it writes it writes as Parquet."""

    @property
    def name(self) -> str:
        """The name by which it was asked for, without secrets."""

    @property
    def written(self) -> Callable[[ir.Table], str]:
        """Writes an expression in the engine's language. The place of a ledger is named as in its plan."""

    def see(self, name: str, table: TableFolder) -> Schema:
        """Give a table in a folder a name: its columns."""

    def call(self, name: str, sql: str, about: str) -> None:
        """Give a query a name."""

    def write(self, sql: str, folder: Path, buckets: int | None, about: str) -> None:
        """Write the rows of a query as Parquet to a new folder, by bucket of their account where that is asked for."""

    def rows(self, sql: str, about: str) -> list[tuple[Any, ...]]:
        """The rows of a query that has few."""


@contextmanager
def engine_of(name: str, spill: Path, threads: int | None = None) -> Iterator[BuildEngine]:
    """The engine of a name, until it is let go; it lays aside in `spill` what its memory cannot hold."""
    if name == EMBEDDED:
        from rollforward.store.embedded import embedded

        with embedded(spill, threads) as engine:
            yield engine
    elif name.startswith(SPARK_CONNECT):
        from rollforward.store.spark import connected

        with connected(name) as spark:
            yield spark
    else:
        raise UsageError(
            f"unknown engine {name!r}. There is {EMBEDDED}, embedded, and any engine behind Spark Connect as "
            f"{SPARK_CONNECT}HOST:PORT."
        )
