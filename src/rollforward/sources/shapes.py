"""Which shape a file has, by the roles of its columns; or why there is nothing recurring in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import NothingRecurringError
from rollforward.sources.names import sales_columns
from rollforward.sources.wide import is_month

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FEWEST_MONTHS = 2
"""Columns named as months that make a table a wide one."""

AMOUNTS = ("mrr", "arr", "price", "amount")
"""The roles of an amount, the surest first."""


def shape_of(file: Path, columns: Sequence[str], roles: dict[str, str]) -> tuple[str, str]:
    """The shape and the reason for it in words. `open` says that only its owner knows whether rows end each other."""
    _refuse_sales(file, columns, roles)
    if {"from", "to", "rate", "date"} <= roles.keys():
        return "exchange_rates", "it has two currencies, a rate and a date"
    if "customer" not in roles:
        raise NothingRecurringError(file, f"no column looks like a customer ({', '.join(columns)})")
    if sum(is_month(name) for name in columns) >= FEWEST_MONTHS:
        return "snapshots_wide", "its columns are months"
    return _by_amount(file, columns, roles)


def _by_amount(file: Path, columns: Sequence[str], roles: dict[str, str]) -> tuple[str, str]:
    has_amount = any(role in roles for role in AMOUNTS)
    if has_amount and "invoice" in roles:
        return "invoice_lines", "it has invoices and amounts"
    if has_amount and "payment" in roles and "starts" not in roles:
        return "payments", "it has payments and amounts, and no service"
    if "starts" in roles and (has_amount or "plan" in roles):
        return ("terms", "its rows start and end") if "ends" in roles else ("open", "its rows start and do not end")
    if "mrr" in roles and "date" in roles:
        return "snapshots", "it has an MRR for each customer and date"
    if not has_amount and {"name", "country", "created"} & roles.keys():
        return "customers", "it describes customers and has no amounts"
    missing = (
        "no column looks like an amount"
        if not has_amount
        else "no column says when the amount starts, or of which month it is"
    )
    raise NothingRecurringError(file, f"{missing} ({', '.join(columns)})")


def _refuse_sales(file: Path, columns: Sequence[str], roles: dict[str, str]) -> None:
    sales = sales_columns(columns)
    recurs = "interval" in roles or "mrr" in roles or "arr" in roles
    if sales and not (recurs and "starts" in roles):
        reason = f"it looks like a list of sales ({', '.join(sales)}): what is won once does not recur"
        raise NothingRecurringError(file, reason)
