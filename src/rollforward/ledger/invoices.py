"""Invoice lines to spans: a service period's amount over its length, prorations at their full period's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import CHARGE, annual_amount, quotient, stored
from rollforward.ledger.months import add_days, add_months, by_calendar_month, days_between, month_end, months_touched
from rollforward.ledger.spans import complete

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground
    from rollforward.policy.policy import Policy

_SUBSCRIPTION = ["customer", "subscription"]


def invoice_spans(lines: ir.Table, ground: Ground) -> ir.Table:
    """The spans of invoice lines under a policy. `lines` are current records without those set aside."""
    spans = rated_lines(lines, ground)
    item = ibis.window(group_by=[*_SUBSCRIPTION, "item"])
    spans = spans.mutate(first_start=spans.starts.min().over(item) if ground.needs_first_start else spans.starts)
    return complete(_expired(spans, ground.policy))


def rated_lines(lines: ir.Table, ground: Ground) -> ir.Table:
    """The lines that count, each with the full period that it is part of and the charges that it makes a year.

    full_start, full_end: that period · numerator, denominator: how many of its charge make the annual amount.
    """
    counted = lines.filter(
        lines.status.isin(["paid", "open"]) & (lines.kind != "one_time"),
        lines.period_start.notnull(),
        lines.period_end.notnull(),
    )
    counted = counted.mutate(
        charge=_charge(counted, ground.policy),
        line=(counted.kind == "usage").ifelse("mrr" if ground.policy.usage == "include" else "usage", "mrr"),
    )
    whole = counted.kind.isin(["recurring", "usage"])
    own = counted.filter(whole).mutate(full_start=counted.period_start, full_end=counted.period_end)
    parts = _with_full_period(counted.filter(~whole), counted.filter(counted.kind == "recurring"))
    lines = _with_unit(ibis.union(own, parts.select(own.columns)))
    if ground.policy.days_in_month:
        lines = by_calendar_month(lines, lines.unit == "day", ground.today)
    return _annualised(lines, ground.policy)


def _charge(lines: ir.Table, policy: Policy) -> ir.DecimalValue:
    amount = lines.amount + lines.discount if policy.discounts == "none" else lines.amount
    return (amount - lines.tax if policy.tax == "exclude" else amount).cast(CHARGE)


def _with_full_period(parts: ir.Table, recurring: ir.Table) -> ir.Table:
    """Prorated lines with the full period that each is part of.

    It is that of the recurring line of the subscription that ends with it, the longest if there are several; else one
    interval that ends where it ends, as long as that of the latest recurring line before it; else a month.
    """
    ending = recurring.group_by(*_SUBSCRIPTION, end=recurring.period_end).agg(start=recurring.period_start.min())
    joined = parts.left_join(ending, [*_SUBSCRIPTION, parts.period_end == ending.end]).select(
        *parts.columns, same_end_start=ending.start
    )
    joined = _with_latest_interval(joined, recurring)
    one_interval = add_days(
        add_months(joined.period_end, -ibis.coalesce(joined.latest_months, 1)), -ibis.coalesce(joined.latest_days, 0)
    )
    full_start = ibis.least(ibis.coalesce(joined.same_end_start, one_interval), joined.period_start)
    return joined.mutate(full_start=full_start, full_end=joined.period_end)


def _with_latest_interval(parts: ir.Table, recurring: ir.Table) -> ir.Table:
    """Parts with the months and days of the latest recurring line of their subscription that starts before them.

    Of several that start on the same day it is the longest.
    """
    longest = recurring.group_by(*_SUBSCRIPTION, begins=recurring.period_start).agg(end=recurring.period_end.max())
    months = whole_months(longest.begins, longest.end)
    lines = longest.select(
        *_SUBSCRIPTION,
        "begins",
        months=ibis.coalesce(months, 0),
        days=months.isnull().ifelse(days_between(longest.begins, longest.end), 0),
    )
    pairs = parts.left_join(lines, _SUBSCRIPTION).filter(lambda pair: pair.begins < pair.period_start)
    latest = pairs.group_by("record").agg(
        latest_months=pairs.months.argmax(pairs.begins), latest_days=pairs.days.argmax(pairs.begins)
    )
    return parts.left_join(latest, "record").drop("record_right")


def whole_months(start: ir.DateValue, end: ir.DateValue) -> ir.IntegerValue:
    """The whole months of a period; null if it is not of whole months."""
    months = months_touched(start, end)
    month_ends = (start == month_end(start)) & (end == month_end(end))
    is_whole = (months > 0) & ((add_months(start, months) == end) | month_ends)
    return is_whole.ifelse(months, ibis.null())


def _with_unit(lines: ir.Table) -> ir.Table:
    """Lines with their days `[starts, ends)`, and their full period in the largest unit that it is whole in."""
    months = whole_months(lines.full_start, lines.full_end)
    days = days_between(lines.full_start, lines.full_end)
    unit = ibis.cases(
        (months.notnull() & (months % 12 == 0), "year"),
        (months.notnull(), "month"),
        (days % 7 == 0, "week"),
        else_="day",
    )
    units = unit.cases(("year", quotient(months, 12)), ("month", months), ("week", quotient(days, 7)), else_=days).cast(
        "int64"
    )
    return lines.mutate(unit=unit, units=units, full_days=days, starts=lines.period_start, ends=lines.period_end)


def _annualised(lines: ir.Table, policy: Policy) -> ir.Table:
    """Lines with the annual amount of their full period's rate."""
    factors = policy.factors
    numerator = lines.unit.cases(*((name, factor.numerator) for name, factor in factors.items()), else_=0)
    denominator = lines.unit.cases(*((name, factor.denominator) for name, factor in factors.items()), else_=1)
    if policy.days_in_month:
        numerator = (lines.unit == "day").ifelse(12 * lines.days, numerator)
    numerator, denominator = numerator.cast("int64"), denominator.cast("int64")
    if policy.proration == "restore":
        own_days = days_between(lines.period_start, lines.period_end)
        is_whole = own_days == lines.full_days
        numerator = numerator * is_whole.ifelse(1, lines.full_days)
        denominator = denominator * is_whole.ifelse(1, own_days)
    lines = lines.mutate(numerator=numerator, denominator=denominator * lines.units)
    return lines.mutate(
        account=lines.customer,
        annual=annual_amount(lines.charge, lines.numerator, lines.denominator),
        charge=stored(lines.charge),
        contract_end=lines.period_end,
        anchor=lines.period_start,
        step_months=ibis.literal(0, "int32"),
        step_days=ibis.literal(0, "int32"),
    )


def _expired(spans: ir.Table, policy: Policy) -> ir.Table:
    """Spans that outlive their period until the subscription's next line, for the days the policy allows."""
    if policy.invoice_expiry_days is None:
        return spans
    counted = spans.filter(spans.line == "mrr")
    starts = counted.select(*_SUBSCRIPTION, day=counted.starts).distinct()
    following = starts.mutate(next_day=starts.day.lead().over(ibis.window(group_by=_SUBSCRIPTION, order_by="day")))
    joined = spans.left_join(following, [*_SUBSCRIPTION, spans.starts == following.day])
    limit = add_days(joined.starts, ibis.literal(policy.invoice_expiry_days))
    until = ibis.least(limit, ibis.coalesce(joined.next_day, limit))
    ends = (joined.line == "mrr").ifelse(ibis.greatest(joined.ends, until), joined.ends)
    return joined.mutate(ends=ends).select(spans.columns)
