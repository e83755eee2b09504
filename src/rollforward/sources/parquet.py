"""Rows of a Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from rollforward.errors import UnreadableFileError
from rollforward.sources.cells import cell_text
from rollforward.sources.raw import ROWS_AT_ONCE, RawRows, ReadOptions, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_parquet(stream: BinaryIO, path: Path, options: ReadOptions) -> Iterator[RawRows]:
    """The rows of a Parquet file, in batches. The row number is the row's, from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    del options
    try:
        file = pq.ParquetFile(stream)
        yield from _batches(file)
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).splitlines()[0]
        raise UnreadableFileError(path, f"is a damaged Parquet file ({first_line})", "Export it again") from error


def _batches(file: Any) -> Iterator[RawRows]:  # noqa: ANN401 - pyarrow has no types
    columns = unique_names(file.schema_arrow.names)
    first = 1
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
        values = tuple([cell_text(value) for value in _as_python(column)] for column in batch.columns)
        yield RawRows(columns, values, range(first, first + batch.num_rows))
        first += batch.num_rows
    if first == 1:
        yield RawRows(columns, tuple(() for _ in columns), ())


def _as_python(column: Any) -> list[object]:  # noqa: ANN401 - pyarrow has no types
    """The column's values. Nanoseconds go first: a day needs none, and Python has none."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return list(column.to_pylist())
