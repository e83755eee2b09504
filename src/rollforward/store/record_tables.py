"""Record tables: the records as a folder of Parquet or Delta tables, from which any engine can build.

A folder holds a table for each canonical table, as current records or, where there is a table `superseded` beside
them, as record versions. `record` numbers the rows of a table; every other column that is not required may be left
out. `rollforward export DIR --records` writes such a folder.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.errors import RecordTablesError
from rollforward.records.tables import TABLES, Table
from rollforward.store.schema import record_expression, superseded_expression

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    from ibis import Schema

    from rollforward.records.tables import Column

SETTINGS = "records.toml"
"""The settings that the records were kept under, as in `book.toml`."""

VERSIONS = "superseded"
BESIDE = ("imports", VERSIONS, "problems", "entries", "corrections", "closes", "about")
"""What an export writes beside the records: how they came, and what people did."""

_DELTA_LOG = "_delta_log"


@dataclass(frozen=True)
class TableFolder:
    """A table in a folder of its own: Parquet files, or a Delta table."""

    path: Path

    @property
    def is_delta(self) -> bool:
        """Whether it is a Delta table, whose log says which files count."""
        return (self.path / _DELTA_LOG).is_dir()

    @property
    def is_there(self) -> bool:
        """Whether there is a table."""
        return self.is_delta or (self.path.is_dir() and next(self.path.rglob("*.parquet"), None) is not None)

    def files(self) -> list[str]:
        """The Parquet files that make the table, for an engine that reads no Delta log itself."""
        return _delta_files(self.path) if self.is_delta else [str(self.path / "**" / "*.parquet")]


def _delta_files(path: Path) -> list[str]:
    try:
        from deltalake import DeltaTable
    except ImportError as error:
        raise RecordTablesError(
            path, "a Delta table, which is read by a part that is not installed: `pip install rollforward[delta]`"
        ) from error
    table = DeltaTable(str(path))
    protocol = table.protocol()
    if protocol.min_reader_version > 1 and set(protocol.reader_features or ["columnMapping"]) - {"timestampNtz"}:
        features = ", ".join(protocol.reader_features or ["column mapping"])
        raise RecordTablesError(
            path, f"a Delta table with {features}, which the embedded engine does not read. Name another engine"
        )
    return [str(path / file) for file in _relative(table)]


def _relative(table: object) -> list[str]:
    from urllib.parse import unquote, urlparse

    return [unquote(urlparse(uri).path) for uri in table.file_uris()]  # type: ignore[attr-defined]


def tables_in(folder: Path) -> dict[str, TableFolder]:
    """The tables of a folder by name; RecordTablesError if it holds none."""
    found = {name: TableFolder(folder / name) for name in (*TABLES, *BESIDE)}
    there = {name: table for name, table in found.items() if table.is_there}
    if not set(there) & set(TABLES):
        raise RecordTablesError(
            folder,
            f"no record table is there. A folder each is looked for: {', '.join(TABLES)}. "
            "`rollforward export DIR --records --book BOOK` writes them",
        )
    return there


def require_table(folder: Path, there: Mapping[str, TableFolder], name: str, why: str) -> None:
    """RecordTablesError if a table is missing that a build needs."""
    if name not in there:
        raise RecordTablesError(folder, f"the table {name} is missing, {why}")


# -- tables as the ledger reads them ---------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def canonical(name: str, given: Schema, folder: Path) -> ir.Table:
    """The table of records `name` in its canonical columns and types, over the one that was `given`.

    RecordTablesError names the column that is missing or of another type.
    """
    import ibis

    rows = ibis.table(given, name=given_name(name))
    wanted = (superseded_expression() if name == VERSIONS else record_expression(TABLES[name])).schema()
    table = TABLES.get(name)
    told = table.names if table else ()
    columns = {
        column: _column(rows, column, kind, folder, table.column(column) if table and column in told else None)
        for column, kind in wanted.items()
    }
    if table and "subscription" in told:
        columns |= _identity(columns)
    return rows.select(**columns)


def given_name(name: str) -> str:
    """Under which name an engine sees a table as it was given."""
    return f"given_{name}"


def _column(rows: ir.Table, name: str, kind: dt.DataType, folder: Path, column: Column | None) -> ir.Value:
    import ibis

    if name not in rows.columns:
        return _left_out(rows, name, kind, folder, column)
    found = rows[name]
    if not _fits(found.type(), kind):
        raise RecordTablesError(
            folder, f"{_said(rows)} has the column {name} as {found.type()}, and it has to be {kind}"
        )
    value = found if found.type().copy(nullable=True) == kind else found.cast(kind)
    if column is not None and column.default is not None:
        value = ibis.coalesce(value, ibis.literal(column.default).cast(kind))
    return value


_PROVENANCE = {"source": "records", "file": "", "import": 1}


def _left_out(rows: ir.Table, name: str, kind: dt.DataType, folder: Path, column: Column | None) -> ir.Value:
    """What stands for a column that is not there; RecordTablesError if nothing can."""
    import ibis

    if name == "record" or (column is not None and column.required):
        about = column.about if column is not None else "a whole number that no other row of the table has"
        raise RecordTablesError(folder, f"{_said(rows)} lacks the column {name}: {about}")
    if name == "row":
        return rows.record.cast(kind)
    if column is not None and column.default is not None:
        return ibis.literal(column.default).cast(kind)
    value = _PROVENANCE.get(name)
    return ibis.null(kind) if value is None else ibis.literal(value).cast(kind)


def _identity(columns: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Without a subscription there is one per customer and plan, without an item one per subscription and plan."""
    import ibis

    return {name: ibis.coalesce(columns[name], columns["plan"], "") for name in ("subscription", "item")}


def _fits(given: dt.DataType, wanted: dt.DataType) -> bool:
    """Whether every value of a type can be said in another, exactly."""
    if wanted.is_decimal():
        return given.is_integer() or (given.is_decimal() and (given.scale or 0) <= (wanted.scale or 0))
    if wanted.is_integer():
        return bool(given.is_integer())
    if wanted.is_timestamp():
        return bool(given.is_timestamp())
    return bool(given.copy(nullable=True) == wanted)


def _said(rows: ir.Table) -> str:
    return f"the table {rows.get_name().removeprefix('given_')}"


# -- rows that no ledger can be made of ------------------------------------------------------------------------------


def unfit(table: Table, rows: ir.Table) -> ir.Table:
    """The rows of a table that no ledger can be made of: record, reason. They were to be refused on the way in."""
    import ibis

    reasons = [(rows[column.name].isnull(), f"{column.name} is missing") for column in _never_null(table)]
    for column in table.columns:
        value = rows[column.name]
        if column.type == "word":
            reasons.append((value.notnull() & ~value.isin(column.words), f"{column.name} is none of its words"))
        if column.type == "currency":
            reasons.append((~value.re_search("^[A-Z]{3}$"), f"{column.name} is no currency's code"))
        if column.type == "count":
            reasons.append((value < 1, f"{column.name} is less than 1"))
    for starts, ends in (("starts", "ends"), ("period_start", "period_end")):
        if {starts, ends} <= set(table.names):
            reasons.append((rows[ends] <= rows[starts], f"{ends} is not after {starts}"))
    if table.name == "subscription_items":
        without = rows.interval.isnull() & (rows.kind != "one_time")
        reasons.append((without, "interval is missing"))
    if table.name == "exchange_rates":
        reasons.append((rows.rate <= 0, "rate is not above 0"))
    reason = ibis.cases(*reasons, else_=ibis.null("string"))
    told = rows.select("record", reason=reason)
    return told.filter(told.reason.notnull())


def _never_null(table: Table) -> list[Column]:
    return [column for column in table.columns if column.required]


def repeated(rows: ir.Table) -> ir.Table:
    """The numbers that more than one row of a table has."""
    counted = rows.group_by("record").agg(rows=rows.count())
    return counted.filter(counted.rows > 1)
