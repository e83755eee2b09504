"""Spans: the ranges of days in which an item contributes one constant annual run-rate in one currency.

Every basis (subscription items, invoice lines, MRR snapshots) ends here, in the columns of `SPAN`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.calendar import FOREVER

SPAN = (
    "record",
    "account",
    "to_account",
    "subscription",
    "item",
    "plan",
    "product",
    "currency",
    "line",
    "starts",
    "ends",
    "annual",
    "charge",
    "contract_end",
    "first_start",
    "anchor",
    "step_months",
    "step_days",
)
"""The columns of a span.

record: the record it comes from · to_account: the account for which its item counts from `ends` on, null where that
does not change · line: `mrr`, or beside it `trial`, `usage` or `one_time` (its charge, not a rate) ·
[starts, ends): its days, `FOREVER` where it has no end · annual: its run-rate, and charge: what is charged each period,
in stored units of its currency · contract_end: the day the record's terms run out · first_start: the first day of its
item · anchor, step_months, step_days: where its service periods begin and how long they are, for exchange rates.
"""

LINES = ("mrr", "trial", "usage", "one_time")
"""The lines that a span may stand on."""


def forever() -> ir.DateValue:
    """The end of what has no end."""
    return ibis.literal(FOREVER)


def complete(spans: ir.Table) -> ir.Table:
    """Spans in their columns and order, without empty ones."""
    return spans.filter(spans.starts < spans.ends).mutate(to_account=ibis.null("string")).select(*SPAN)
