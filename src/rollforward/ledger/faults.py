"""Faults of records that only show beside other records: they are set aside, named, and do not count."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

FAULT = ("table", "record", "field", "value", "reason", "remedy")
"""The columns of a fault."""


def overlaps(items: ir.Table) -> ir.Table:
    """The subscription items whose days overlap an earlier-starting row of the same item.

    `items` have an end each; the rows of a change log end where the next one starts and cannot overlap.
    """
    terms = items.filter(~items.until_next)
    before = ibis.window(
        group_by=["customer", "subscription", "item"], order_by=["starts", "record"], preceding=(None, 1)
    )
    reached = terms.mutate(reached=terms.ends.max().over(before))
    return _faults(
        reached.filter(reached.starts < reached.reached),
        "subscription_items",
        field="starts",
        value=reached.starts.cast("string"),
        reason="the row overlaps an earlier row of the same item",
        remedy="End the earlier row where this one starts, or give them different items.",
    )


def missing_rates(without: ir.Table, table: str, currency: str) -> ir.Table:
    """The records in another currency for which there is no exchange rate on a day that needs one."""
    return _faults(
        without,
        table,
        field="currency",
        value=without.currency + " on " + without.day.cast("string"),
        reason=f"there is no exchange rate to {currency} on or before the day",
        remedy=(
            f"Run `rollforward import --ecb --currency {currency}` (with --from DATE for earlier days), "
            "import exchange_rates that begin early enough, or set the policy key exchange_rate."
        ),
    )


def _faults(rows: ir.Table, table: str, *, field: str, value: ir.StringValue, reason: str, remedy: str) -> ir.Table:
    return rows.select(
        "record",
        table=ibis.literal(table),
        field=ibis.literal(field),
        value=value,
        reason=ibis.literal(reason),
        remedy=ibis.literal(remedy),
    ).select(*FAULT)
