"""Rows that are sent rather than read from a file: the canonical columns as JSON, JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = dict[str, Any]

MOST = 200_000
"""The most rows that are sent at once."""

_MOST_BYTES = 512 * 1024 * 1024
"""The most that rows may hold once they are unpacked."""

_LONGEST_CELL = 1 << 20


class TooManyRowsError(UsageError):
    """More rows were sent at once than are taken."""

    def __init__(self) -> None:
        super().__init__(f"at most {MOST:,} rows are taken at once. Send them in several requests.")


def sent_rows(data: bytes, form: str) -> Sequence[Row]:
    """The rows of a body: `json`, `jsonl`, `csv` or `parquet`. UsageError where it is not what it claims to be."""
    try:
        rows = _READERS[form](data)
    except UnicodeDecodeError as error:
        raise UsageError(f"the body is not UTF-8 ({error.reason} at byte {error.start}). Send it as UTF-8.") from error
    if len(rows) > MOST:
        raise TooManyRowsError
    if not rows:
        raise UsageError("the body has no row. Send at least one.")
    return rows


def _json(data: bytes) -> list[Row]:
    found = _decoded(data.decode("utf-8-sig"), "the body")
    rows = found.get("rows") if isinstance(found, dict) and set(found) == {"rows"} else found
    if not isinstance(rows, list):
        raise UsageError('the body is not a list of rows. Send [{"customer": "c1", ...}, ...].')
    return [_row(one, number) for number, one in enumerate(rows, 1)]


def _json_lines(data: bytes) -> list[Row]:
    lines = enumerate(data.decode("utf-8-sig").splitlines(), 1)
    return [_row(_decoded(line, f"line {number}"), number) for number, line in lines if line.strip()]


def _decoded(text: str, what: str) -> Any:  # noqa: ANN401  whatever JSON holds
    try:
        # A number stays the text it is written as, so that it keeps its digits.
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{what} is not JSON: {reason}.") from error


def _row(found: object, number: int) -> Row:
    if not isinstance(found, dict):
        raise UsageError(f'row {number} is not an object of columns and values. Write it as {{"customer": "c1", ...}}.')
    return found


def _csv(data: bytes) -> list[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    try:
        names = reader.fieldnames or []
        if len(set(names)) != len(names):
            raise UsageError("the first line names a column twice. Name each once.")
        return [_csv_row(row, number) for number, row in enumerate(reader, 1)]
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num} of the body is not CSV: {error}.") from error


def _csv_row(row: Mapping[str | None, Any], number: int) -> Row:
    if None in row or None in row.values():
        raise UsageError(f"row {number} has not as many cells as the first line has columns. Send it as wide.")
    return {str(name): _nested(str(name), text) for name, text in row.items() if text}


def _nested(name: str, text: str) -> object:
    if name != "attributes":
        return text
    with suppress(UsageError):
        return _decoded(text, name)
    return text


def _parquet(data: bytes) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        _refuse_bomb(file.metadata)
        rows: list[Row] = file.read().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UsageError(f"the body is not a Parquet file: {str(error)[:200]}.") from error
    return [{name: _plain(name, value) for name, value in row.items() if value is not None} for row in rows]


def _refuse_bomb(about: Any) -> None:  # noqa: ANN401  pyarrow has no types
    unpacked = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    if about.num_rows > MOST or unpacked > _MOST_BYTES:
        raise TooManyRowsError


def _plain(name: str, value: object) -> object:
    """A value as JSON rows have it: maps as objects, days and the numbers within lists as text."""
    if name == "attributes" and isinstance(value, list):
        return {str(key): text for key, text in value}
    if isinstance(value, list):
        return [_plain("", one) for one in value]
    if isinstance(value, dict):
        return {key: None if one is None else _within(one) for key, one in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def _within(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else _plain("", value)


_READERS: dict[str, Callable[[bytes], list[Row]]] = {
    "json": _json,
    "jsonl": _json_lines,
    "csv": _csv,
    "parquet": _parquet,
}
FORMS = tuple(_READERS)
"""The forms in which rows are sent."""
