"""Faults of records that only show beside other records: they are set aside, named, and do not count."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

_ITEM = ["customer", "subscription", "item"]

FAULT = ("table", "record", "field", "value", "reason", "remedy")
"""The columns of a fault."""


@ibis.udf.scalar.builtin(name="hash")  # type: ignore[untyped-decorator]  # Ibis is not typed
def _number_of(customer: str, subscription: str, item: str) -> int:  # type: ignore[empty-body]
    """A number that is the same for the same item; another item may have it too."""


def suspects(items: ir.Table) -> ir.Table:
    """The subscription items of which rows may overlap: all that do, and one more where two items share a number.

    Rows are laid in order by a number of their item, which takes half as long as by the three texts that name it. If a
    row overlaps a later one of its item, it also overlaps the next one of its number, which starts no later: so no item
    is missed, whoever's that next row is.
    """
    terms = _terms(items)
    numbered = terms.select(*_ITEM, "starts", "ends", "record", number=_number_of(*(terms[name] for name in _ITEM)))
    in_order = ibis.window(group_by="number", order_by=["starts", "record"])
    followed = numbered.mutate(following=numbered.starts.lead().over(in_order))
    return followed.filter(followed.following < followed.ends).select(*_ITEM).distinct()


def overlaps(items: ir.Table, suspected: ir.Table) -> ir.Table:
    """The subscription items whose days overlap an earlier-starting row of the same item, among the `suspects`.

    `items` have an end each; the rows of a change log end where the next one starts and cannot overlap.
    """
    terms = _terms(items).semi_join(suspected, _ITEM)
    before = ibis.window(group_by=_ITEM, order_by=["starts", "record"], preceding=(None, 1))
    reached = terms.mutate(reached=terms.ends.max().over(before))
    return _faults(
        reached.filter(reached.starts < reached.reached),
        "subscription_items",
        field="starts",
        value=reached.starts.cast("string"),
        reason="the row overlaps an earlier row of the same item",
        remedy="End the earlier row where this one starts, or give them different items.",
    )


def _terms(items: ir.Table) -> ir.Table:
    """The rows that say themselves when they end."""
    return items.filter(~items.until_next)


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
