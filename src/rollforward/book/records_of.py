"""The records of one customer, as its sources tell them now."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from rollforward.formats import exact_text
from rollforward.records.tables import TABLES
from rollforward.results import Result, ResultColumn, plain
from rollforward.store import entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from rollforward.results import Cell, Stamp

SHOWN = {
    "customers": ("customer", "name", "country", "created"),
    "subscription_items": (
        *("subscription", "item", "plan", "product", "amount", "quantity", "currency", "interval"),
        *("status", "starts", "ends", "cancel_requested"),
    ),
    "invoice_lines": (
        *("invoice", "line", "plan", "amount", "discount", "tax", "currency", "period_start", "period_end"),
        *("issued", "status"),
    ),
    "mrr_snapshots": ("date", "plan", "mrr", "currency"),
    "payments": ("payment", "invoice", "amount", "currency", "paid", "status"),
}
"""The tables that tell of a customer, and the columns that are shown of each."""


def records_of(connection: duckdb.DuckDBPyConnection, customers: Sequence[str], stamp: Stamp) -> list[Result]:
    """The current records of customers, a result for each table that has any; amounts are as the source has them."""
    found = []
    for table, columns in SHOWN.items():
        rows = [row for customer in customers for row in entries.current(connection, table, {"customer": customer})]
        if rows:
            shown = [name for name in columns if any(row[name] is not None for row in rows)]
            days = {column.name for column in TABLES[table].columns if column.type == "day"}
            made = tuple(ResultColumn(name, "day" if name in days else "text") for name in shown)
            found.append(Result(table, made, stamp, "", partial(_cells, rows, shown, days)))
    return found


def _cells(rows: Sequence[dict[str, Any]], names: Sequence[str], days: set[str]) -> list[tuple[Cell, ...]]:
    return [
        tuple(row[name] if name in days or row[name] is None else _text(row[name]) for name in names) for row in rows
    ]


def _text(value: Cell) -> str:
    """A value as text: a number in full, without zeros that say nothing."""
    return exact_text(value) if isinstance(value, Decimal) else plain(value)
