"""Facts: the aggregates that figures are made of, one expression a family, over the periods asked for.

`periods` has one row a period: number, start, end (both as dates, the end not after the day after today), and for
closed cohorts one row a window.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.ledger.cube import TOTAL
from rollforward.ledger.months import days_between, months_touched, add_months
from rollforward.ledger.segments import WHOLE, Ledger, Segment, chosen, flows, levels, moves, subscriptions
from rollforward.ledger.spans import forever

PERIODS = {"number": "int64", "start": "date", "end": "date"}
"""The columns of the table of periods."""

COHORTS = {"number": "int64", "window": "int64", "opening": "date", "end": "date"}
"""The columns of the table of closed cohorts: the first day of the window, and the end of the period."""


def flow_facts(ledger: Ledger, cube: ir.Table, dimensions: list[str], segment: Segment, periods: ir.Table) -> ir.Table:
    """The flows by period: number (-1 for all before the first), value, kind, amount, moves, presence."""
    kept = from_cube(cube, dimensions, segment)
    return _by_period(flows(ledger, segment) if kept is None else kept, periods)


def from_cube(cube: ir.Table, dimensions: list[str], segment: Segment) -> ir.Table | None:
    """The cube's rows of a segment, if it keeps them."""
    if segment == WHOLE:
        return cube.filter(cube.dimension == TOTAL)
    if not segment.where and segment.by in dimensions:
        return cube.filter(cube.dimension == segment.by)
    if segment.by is None and len(segment.where) == 1:
        ((field, values),) = segment.where.items()
        if field in dimensions and len(values) == 1:
            rows = cube.filter(cube.dimension == field, cube.value.isin(values))
            return rows.mutate(value=ibis.literal(""))
    return None


def _by_period(rows: ir.Table, periods: ir.Table) -> ir.Table:
    last = periods.end.max().as_scalar()
    joined = rows.filter(rows.day < last).left_join(periods, [rows.day >= periods.start, rows.day < periods.end])
    numbered = joined.mutate(number=ibis.coalesce(joined.number, -1))
    return numbered.group_by("number", "value", "kind").agg(
        amount=numbered.amount.sum().cast("decimal(38, 0)"),
        moves=numbered.moves.sum().cast("decimal(38, 0)"),
        presence=numbered.presence.sum().cast("decimal(38, 0)"),
    )


def subscription_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The comings and goings of subscriptions by period, like `flow_facts`."""
    return _by_period(subscriptions(ledger, segment), periods)


def churner_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """Customers with a churn by period, once each, and those of them who had no MRR at its opening."""
    rows = moves(ledger, segment)
    lost = rows.filter((rows.kind == "churn") & (rows.amount <= 0)).select("value", "account", "day")
    lost = lost.join(periods, [lost.day >= periods.start, lost.day < periods.end])
    churned = lost.group_by("number", "start", "value", "account").agg(times=lost.count())
    there = levels(ledger, segment)
    there = there.select("value", "account", from_day=there.day, to_day=there.until, level=there.after)
    opened = churned.left_join(
        there, ["value", "account", there.from_day < churned.start, there.to_day >= churned.start]
    )
    joined = opened.mutate(joined=ibis.coalesce(opened.level, 0) == 0)
    return joined.group_by("number", "value").agg(churned=joined.count(), joined=joined.joined.sum().cast("int64"))


def retained_facts(ledger: Ledger, segment: Segment, cohorts: ir.Table) -> ir.Table:
    """Closed cohorts by period and window: number, window, value, opening, closing, kept."""
    there = levels(ledger, segment)
    opening = there.join(cohorts, [there.day < cohorts.opening, there.until >= cohorts.opening])
    opening = opening.filter(opening.after != 0).select("number", "window", "value", "account", before=opening.after)
    closing = there.join(cohorts, [there.day < cohorts.end, there.until >= cohorts.end])
    closing = closing.filter(closing.after != 0).select("number", "window", "value", "account", "after")
    both = opening.left_join(closing, ["number", "window", "value", "account"])
    both = both.mutate(after=ibis.coalesce(both.after, 0))
    return both.group_by("number", "window", "value").agg(
        opening=both.before.sum().cast("decimal(38, 0)"),
        closing=both.after.sum().cast("decimal(38, 0)"),
        kept=ibis.least(both.before, both.after).sum().cast("decimal(38, 0)"),
    )


def committed_facts(ledger: Ledger, segment: Segment) -> ir.Table:
    """The level once everything known has taken effect: value, amount."""
    rows = chosen(ledger, ledger.events.filter(ledger.events.line == "mrr"), segment)
    return rows.group_by("value").agg(amount=rows.delta.sum().cast("decimal(38, 0)"))


def trial_facts(ledger: Ledger, segment: Segment, periods: ir.Table, window: str) -> ir.Table:
    """Trials by the period in which they started (or ended), and those that were paid by the end of the last period."""
    rows = chosen(ledger, ledger.trials, segment)
    last = periods.end.max().as_scalar()
    day = rows.started if window == "cohort" else rows.ended
    rows = rows.mutate(day=day, converted=(rows.paid < last).fill_null(False).ifelse(1, 0)).filter(rows.started < last)
    rows = rows.join(periods, [rows.day >= periods.start, rows.day < periods.end])
    return rows.group_by("number", "value").agg(started=rows.count(), converted=rows.converted.sum().cast("int64"))


def contract_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The contracts that run at the end of each period: number, value, annual, months and days.

    `annual` is the run-rate of the spans that run at the end. `months` and `days` are the sums of annual amount x
    length over every span of their items, for those of whole months and for the others; `once` is that of one-time
    items of their subscriptions.
    """
    item = ["account", "subscription", "item"]
    rows = chosen(ledger, ledger.valued, segment)
    charged = rows.filter(rows.line == "mrr")
    terms = charged.group_by(*item, "value").agg(finish=charged.contract_end.max())
    contracts = charged.join(terms.filter(terms.finish < forever()), [*item, "value"])
    running = contracts.join(periods, [contracts.starts < periods.end, contracts.ends >= periods.end])
    annual = running.group_by("number", *item, "value").agg(annual=running.amount.sum().cast("decimal(38, 0)"))
    length = _lengths(contracts).group_by(*item, "value").agg(
        months=lambda row: row.by_months.sum().cast("decimal(38, 0)"), days=lambda row: row.by_days.sum().cast("decimal(38, 0)")
    )
    whole = annual.join(length, [*item, "value"])
    summed = whole.group_by("number", "value").agg(
        annual=whole.annual.sum(), months=whole.months.sum(), days=whole.days.sum()
    )
    return summed.left_join(_one_time(rows, annual), ["number", "value"]).select(*summed.columns, "once")


def _one_time(rows: ir.Table, running: ir.Table) -> ir.Table:
    subscriptions_of = running.select("number", "account", "subscription", "value").distinct()
    once = rows.filter(rows.line == "one_time").select("account", "subscription", "value", "amount")
    joined = subscriptions_of.join(once, ["account", "subscription", "value"])
    return joined.group_by("number", "value").agg(once=joined.amount.sum().cast("decimal(38, 0)"))


def _lengths(spans: ir.Table) -> ir.Table:
    """Spans with annual amount x whole months, or x days where their length is not of whole months."""
    months = months_touched(spans.starts, spans.ends)
    whole = add_months(spans.starts, months) == spans.ends
    amount = spans.amount.cast("decimal(38, 0)")
    zero = ibis.literal(0).cast("decimal(38, 0)")
    return spans.mutate(
        by_months=whole.ifelse(amount * months.cast("decimal(38, 0)"), zero),
        by_days=whole.ifelse(zero, amount * days_between(spans.starts, spans.ends).cast("decimal(38, 0)")),
    )
