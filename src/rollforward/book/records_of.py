"""The records of one account, as its sources tell them."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from rollforward.book.explaining.ground import CUSTOMER
from rollforward.formats import exact_text
from rollforward.records.tables import TABLES
from rollforward.results import Result, ResultColumn, plain

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    import duckdb

    from rollforward.book.explaining.ground import Asking, Row
    from rollforward.results import Cell

SHOWN = {
    "customers": tuple(name for name in CUSTOMER if name != "record"),
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


def tables_in_use(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Which of the tables that tell of a customer, and of the links between customers, have any record."""
    asked = " UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in (*SHOWN, "account_links"))
    return {table for (table,) in connection.execute(asked).fetchall()}


def records_of(asking: Asking, account: str, in_use: Container[str]) -> list[Result]:
    """The current records of the customers that count for an account, a result for each table that has any.

    Amounts are as the source has them. Only tables `in_use` are looked at.
    """
    links = asking.of_customers("account_links", [account], "account") if "account_links" in in_use else []
    customers = list(dict.fromkeys([account, *(str(link["customer"]) for link in links)]))
    found = []
    for table, columns in SHOWN.items():
        rows = _of_customers(asking, table, customers) if table in in_use else []
        if rows:
            shown = [name for name in columns if any(row[name] is not None for row in rows)]
            days = {column.name for column in TABLES[table].columns if column.type == "day"}
            made = tuple(ResultColumn(name, "day" if name in days else "text") for name in shown)
            found.append(Result(table, made, asking.asked.stamp, "", partial(_cells, rows, shown, days)))
    return found


def _of_customers(asking: Asking, table: str, customers: list[str]) -> list[Row]:
    """The records of a table of some customers, one after the other, as they came."""
    told = "told_customers" if table == "customers" else table
    rows = asking.of_customers(told, customers, columns=tuple(dict.fromkeys(("customer", *SHOWN[table], "record"))))
    return sorted(rows, key=lambda row: (customers.index(row["customer"]), row["record"]))


def _cells(rows: Sequence[dict[str, Any]], names: Sequence[str], days: set[str]) -> list[tuple[Cell, ...]]:
    return [
        tuple(row[name] if name in days or row[name] is None else _text(row[name]) for name in names) for row in rows
    ]


def _text(value: Cell) -> str:
    """A value as text: a number in full, without zeros that say nothing."""
    return exact_text(value) if isinstance(value, Decimal) else plain(value)
