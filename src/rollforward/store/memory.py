"""Memory: how much of it the engine may hold at a time. What does not fit is laid aside in the book's folder."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollforward.errors import MemoryTooSmallError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_SIZE = re.compile(r"(\d+)\s*(MB|GB|TB)", re.IGNORECASE)
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
"""The units in which the engine says how much it may hold."""

_A_THREAD = 64 * 10**6
_A_RECORD = 40
"""What a build is told to need: bytes for each thread and for each record, above what sufficed: see decision 0020."""


def memory_size(text: str) -> int:
    """The bytes that a size such as `2GB` names; UsageError if it names none."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise UsageError(f"memory {text!r} is no size. Write a whole number of MB, GB or TB, such as 2GB.")
    return int(found[1]) * _UNITS[found[2].upper()]


def bound_memory(connection: duckdb.DuckDBPyConnection, memory: str) -> None:
    """Let the engine hold no more than a size at a time; UsageError if it is none."""
    connection.execute(f"SET memory_limit = '{memory_size(memory)}B'")


@contextmanager
def shortage_told(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Turn what the engine says when it may not hold as much as it must into MemoryTooSmallError."""
    import duckdb

    limit, threads = connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('threads')::BIGINT"
    ).fetchall()[0]
    records = connection.execute(
        "SELECT greatest((SELECT count(*) FROM subscription_items), (SELECT count(*) FROM invoice_lines), "
        "(SELECT count(*) FROM mrr_snapshots))"
    ).fetchall()[0][0]
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        number, unit = limit.split()
        allowed = int(float(number) * _BINARY[unit])
        needed = max(threads * _A_THREAD + records * _A_RECORD, allowed * 5 // 4)
        raise MemoryTooSmallError(allowed, needed, records, str(error).splitlines()[0]) from error
