"""Stints: a unit's unbroken stays with MRR. Policies may fill short gaps between them, or ignore the shortest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.months import add_days, month_start
from rollforward.ledger.spans import SPAN

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground
    from rollforward.policy.policy import Policy


def adjusts(policy: Policy) -> bool:
    """Whether a policy fills gaps or ignores stays, so that one span depends on others."""
    return bool(policy.gap_days) or policy.same_month_new_and_churn == "ignore"


def adjusted(spans: ir.Table, unconverted: ir.Table | None, ground: Ground) -> ir.Table:
    """Spans after the policy's `gap_days` and `same_month_new_and_churn`.

    Records that cannot be converted (`unconverted`, by record) make no stay; their spans stand as they are.
    """
    if unconverted is None:
        return _adjusted(spans, ground)
    converted = spans.anti_join(unconverted, "record")
    return ibis.union(_adjusted(converted, ground), spans.semi_join(unconverted, "record").select(*SPAN))


def _adjusted(spans: ir.Table, ground: Ground) -> ir.Table:
    policy = ground.policy
    if policy.gap_days:
        spans = _gaps_filled(spans, ground)
    if policy.same_month_new_and_churn == "ignore":
        spans = _without_short_first_stints(spans, ground)
    return spans


def _counted(spans: ir.Table, ground: Ground) -> ir.BooleanValue:
    """Whether a span makes its unit be there."""
    return (spans.line == "mrr") & ((spans.annual != 0) | ibis.literal(ground.policy.free == "count"))


def _stints(spans: ir.Table, ground: Ground) -> ir.Table:
    """The unbroken stays of each unit: the unit, stint (its number), opened and closed."""
    unit = ground.unit
    counted = spans.filter(_counted(spans, ground))
    before = ibis.window(group_by=unit, order_by=["starts", "record"], preceding=(None, 1))
    reached = counted.mutate(reached=counted.ends.max().over(before))
    opens = (reached.reached.isnull() | (reached.starts > reached.reached)).ifelse(1, 0)
    numbered = reached.mutate(opens=opens)
    running = ibis.cumulative_window(group_by=unit, order_by=["starts", "record"])
    numbered = numbered.mutate(stint=numbered.opens.sum().over(running))
    return numbered.group_by([*unit, "stint"]).agg(opened=numbered.starts.min(), closed=numbered.ends.max())


def _gaps_filled(spans: ir.Table, ground: Ground) -> ir.Table:
    """Spans that end where a gap of at most the policy's days begins reach to its end."""
    unit, days = ground.unit, ground.policy.gap_days
    stints = _stints(spans, ground)
    following = stints.opened.lead().over(ibis.window(group_by=unit, order_by="opened"))
    gaps = stints.mutate(reopened=following)
    gaps = gaps.filter(gaps.reopened <= add_days(gaps.closed, ibis.literal(days))).select(*unit, "closed", "reopened")
    joined = spans.left_join(gaps, [*unit, spans.ends == gaps.closed])
    fills = joined.reopened.notnull() & joined.to_account.isnull() & _counted(joined, ground)
    return joined.mutate(ends=fills.ifelse(joined.reopened, joined.ends)).select(*SPAN)


def _without_short_first_stints(spans: ir.Table, ground: Ground) -> ir.Table:
    """Spans without the first stints of a unit that begin and end within one calendar month."""
    unit = ground.unit
    stints = _stints(spans, ground)
    is_long = (month_start(stints.opened) != month_start(stints.closed)).ifelse(1, 0)
    stints = stints.mutate(is_long=is_long)
    longest = stints.is_long.max().over(ibis.cumulative_window(group_by=unit, order_by="opened"))
    ignored = stints.mutate(kept=longest).filter(lambda stint: stint.kept == 0).select(*unit, "opened", "closed")
    return spans.anti_join(ignored, [*unit, spans.starts >= ignored.opened, spans.ends <= ignored.closed])
