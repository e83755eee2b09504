"""Trials: when each subscription's trial ran, and the first day on which it was paid afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SUBSCRIPTION = ["account", "subscription"]


def trials(spans: ir.Table) -> ir.Table:
    """One row a subscription with a trial: account, subscription, plan, product, currency, started, ended, paid.

    `spans` hold trials on a line of their own. `paid` is the first day with MRR from the trial's start on, null if
    there is none.
    """
    tried = spans.filter(spans.line == "trial")
    in_order = ibis.window(group_by=_SUBSCRIPTION, order_by=["starts", "item", "record"])
    tried = tried.mutate(is_first=ibis.row_number().over(in_order) == 0)
    of_first = {name: ibis.cases((tried.is_first, tried[name])).max() for name in ("plan", "product", "currency")}
    tried = tried.group_by(*_SUBSCRIPTION).agg(**of_first, started=tried.starts.min(), ended=tried.ends.max())
    earning = spans.filter(spans.line == "mrr", spans.annual > 0).select(*_SUBSCRIPTION, day=spans.starts)
    after = earning.join(tried, _SUBSCRIPTION).filter(lambda row: row.day >= row.started)
    paid = after.group_by(*_SUBSCRIPTION).agg(paid=after.day.min())
    joined = tried.left_join(paid, _SUBSCRIPTION)
    return joined.select(*tried.columns, "paid")
