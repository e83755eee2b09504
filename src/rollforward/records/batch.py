"""What a source hands over: rows of one canonical table, and the problems of those that could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from rollforward.errors import Problem
    from rollforward.records.tables import ColumnType, Table

PROVENANCE = ("file", "row", "raw")
"""The columns that every row carries beside its table's own: where it came from,
and the row as the source gave it (JSON)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one table.

    `rows` has the schema of `arrow_schema(table)`: the table's columns in order, then `file`, `row` and `raw`.
    `rows_in` counts what the source gave: len(rows) plus the quarantined problems' rows.
    """

    table: str
    rows: pa.Table
    rows_in: int
    problems: list[Problem] = field(default_factory=list)


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a batch of a table: its columns in order, then the provenance."""
    import pyarrow as pa

    columns = [pa.field(column.name, arrow_type(column.type)) for column in table.columns]
    return pa.schema(
        [*columns, pa.field("file", pa.string()), pa.field("row", pa.int64()), pa.field("raw", pa.string())]
    )


def arrow_type(column_type: ColumnType) -> pa.DataType:
    """The Arrow type that holds a column type."""
    import pyarrow as pa

    decimal = pa.decimal128(28, 10)
    discount = pa.struct(
        [
            ("percent", decimal),
            ("amount", decimal),
            ("duration", pa.string()),
            ("starts", pa.date32()),
            ("ends", pa.date32()),
        ]
    )
    return {
        "text": pa.string(),
        "day": pa.date32(),
        "decimal": decimal,
        "count": pa.int32(),
        "currency": pa.string(),
        "word": pa.string(),
        "flag": pa.bool_(),
        "discounts": pa.list_(discount),
        "attributes": pa.map_(pa.string(), pa.string()),
    }[column_type]
