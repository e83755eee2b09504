"""The tables of a book's database: one for each kind of record, and those that tell how they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.money import UNIT
from rollforward.records.tables import TABLES, ColumnType, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

FORMAT_VERSION = 3
"""The version of this layout. An older book is migrated, a newer one refused; see `store/migrations.py`."""

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "day": "DATE",
    "decimal": "DECIMAL(28, 10)",
    "count": "INTEGER",
    "currency": "VARCHAR",
    "word": "VARCHAR",
    "flag": "BOOLEAN",
    "discounts": (
        "STRUCT(percent DECIMAL(28, 10), amount DECIMAL(28, 10), duration VARCHAR, starts DATE, ends DATE)[]"
    ),
    "attributes": "MAP(VARCHAR, VARCHAR)",
}

_DECIMAL = "decimal(28, 10)"
_IBIS_TYPES: dict[ColumnType, str] = {
    "text": "string",
    "day": "date",
    "decimal": _DECIMAL,
    "count": "int32",
    "currency": "string",
    "word": "string",
    "flag": "boolean",
    "discounts": f"array<struct<percent: {_DECIMAL}, amount: {_DECIMAL}, duration: string, starts: date, ends: date>>",
    "attributes": "map<string, string>",
}

_PROVENANCE = (
    ("record", "BIGINT", "int64"),
    ("source", "VARCHAR", "string"),
    ("file", "VARCHAR", "string"),
    ("row", "BIGINT", "int64"),
    ("raw", "VARCHAR", "string"),
    ("import", "BIGINT", "int64"),
    ("recorded_at", "TIMESTAMP", "timestamp"),
)

BOOKKEEPING = """
CREATE SEQUENCE record_numbers;
CREATE TABLE about (format_version INTEGER);
CREATE TABLE imports (
    import BIGINT PRIMARY KEY, source VARCHAR, files VARCHAR[], map VARCHAR, recorded_at TIMESTAMP,
    rows_in BIGINT, booked BIGINT, unchanged BIGINT, quarantined BIGINT,
    removed BIGINT, complete BOOLEAN, good_to DATE, carried VARCHAR[], chain VARCHAR
);
CREATE TABLE superseded (record BIGINT, superseded_at TIMESTAMP, replaced_by BIGINT);
CREATE TABLE problems (
    import BIGINT, recorded_at TIMESTAMP, source VARCHAR, "table" VARCHAR, file VARCHAR, "row" BIGINT, field VARCHAR,
    value VARCHAR, reason VARCHAR, remedy VARCHAR, severity VARCHAR, raw VARCHAR
);
"""
"""What stands beside the records: imports, versions and problems."""

BY_PEOPLE = """
CREATE TABLE entries (
    entry BIGINT PRIMARY KEY, import BIGINT, kind VARCHAR, about VARCHAR, reason VARCHAR, entered_by VARCHAR,
    recorded_at TIMESTAMP, records BIGINT[], undoes BIGINT
);
CREATE TABLE corrections (record BIGINT, corrects BIGINT);
CREATE TABLE closes (
    close BIGINT PRIMARY KEY, action VARCHAR, period VARCHAR, starts DATE, ends DATE, policy VARCHAR,
    policy_version BIGINT, policy_hash VARCHAR, settings VARCHAR, currency VARCHAR, timezone VARCHAR,
    ledger_hash VARCHAR, known_at TIMESTAMP, closed_by VARCHAR, reason VARCHAR, figures VARCHAR, movements VARCHAR,
    chain VARCHAR
);
"""
"""What people did: entries (an undo is another entry), which record corrects which, and closes (a reopening is another
row). Nothing in them is ever changed."""


DERIVED = {
    "subscription_items": {
        "whole_charge": (
            "BIGINT",
            "int64",
            (
                f"CASE WHEN abs(amount * quantity) < 100000000000 AND (amount * quantity * {UNIT}) % 1 = 0 "
                f"THEN CAST(amount * quantity * {UNIT} AS BIGINT) END"
            ),
        )
    }
}
"""What is worked out once on the way in, so that no build has to.

whole_charge: amount x quantity in stored units where that is exact; null where it is not, and a build divides.
"""


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def columns_sql(table: Table) -> str:
    """The columns of a table as its definition lists them."""
    own = [f"{quoted(column.name)} {SQL_TYPES[column.type]}" for column in table.columns]
    own += [f"{name} {sql}" for name, (sql, _, _) in DERIVED.get(table.name, {}).items()]
    return ", ".join([*own, *(f"{quoted(name)} {sql}" for name, sql, _ in _PROVENANCE)])


def column_names(table: Table) -> list[str]:
    """The names of the columns of a table in the database, in order."""
    own = [column.name for column in table.columns]
    return [*own, *DERIVED.get(table.name, {}), *(name for name, _, _ in _PROVENANCE)]


def create_statements() -> list[str]:
    """The statements that make an empty database."""
    tables = [f"CREATE TABLE {table.name} ({columns_sql(table)})" for table in TABLES.values()]
    return [BOOKKEEPING, BY_PEOPLE, *tables, f"INSERT INTO about VALUES ({FORMAT_VERSION})"]


def record_expression(table: Table) -> ir.Table:
    """A table of records as an Ibis expression."""
    import ibis

    columns = {column.name: _IBIS_TYPES[column.type] for column in table.columns}
    columns |= {name: kind for name, (_, kind, _) in DERIVED.get(table.name, {}).items()}
    return ibis.table(columns | {name: kind for name, _, kind in _PROVENANCE}, name=table.name)


def superseded_expression() -> ir.Table:
    """The versions that a later one replaces, as an Ibis expression."""
    import ibis

    return ibis.table({"record": "int64", "superseded_at": "timestamp", "replaced_by": "int64"}, name="superseded")
