"""MRR snapshots to spans: a snapshot holds until the next one of its source."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import CHARGE, annual_amount, stored
from rollforward.ledger.spans import complete, forever


def snapshot_spans(snapshots: ir.Table) -> ir.Table:
    """The spans of MRR snapshots: from each one's day to the source's next day with snapshots.

    A customer who is missing in the next one has lost its MRR on that day.
    """
    days = snapshots.select("source", "date").distinct()
    following = days.mutate(next_date=days.date.lead().over(ibis.window(group_by="source", order_by="date")))
    held = snapshots.join(following, ["source", "date"])
    held = held.mutate(charge=held.mrr.cast(CHARGE))
    return complete(
        held.mutate(
            account=held.customer,
            line=ibis.literal("mrr"),
            annual=annual_amount(held.charge, ibis.literal(12, "int64"), ibis.literal(1, "int64")),
            charge=stored(held.charge),
            starts=held.date,
            ends=ibis.coalesce(held.next_date, forever()),
            contract_end=forever(),
            first_start=held.date.min().over(ibis.window(group_by=["customer", "subscription", "item"])),
            anchor=held.date,
            step_months=ibis.literal(0, "int32"),
            step_days=ibis.literal(0, "int32"),
        )
    )
