"""Subscription items to spans: which days of a row count, at which charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import CHARGE, annual_amount, charge_of, quotient
from rollforward.ledger.months import add_days, by_calendar_month
from rollforward.ledger.spans import complete, forever

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground, Traits
    from rollforward.policy.policy import Policy

_ITEM = ["customer", "subscription", "item"]
_PIECE = ["record", "starts"]
"""What tells rows apart once those that begin with a trial are two."""

_DISCOUNTED = "decimal(38, 12)"
_ONE_MONTH, _DAY, _WEEK, _YEAR = 1, 1, 7, 12


def item_spans(items: ir.Table, ground: Ground) -> ir.Table:
    """The spans of subscription items under a policy. `items` are current records without those set aside."""
    first = items.starts.min().over(ibis.window(group_by=_ITEM)) if ground.needs_first_start else ibis.null("date")
    rows = _ended(items.mutate(row_end=items.ends, first_start=first), ground.policy)
    rows = rows.mutate(contract_end=rows.ends)
    rows = _by_line(_bounded_past_due(rows, ground.policy), ground)
    pieces = _charged(rows, ground)
    if ground.policy.days_in_month:
        pieces = by_calendar_month(pieces, pieces.interval == "day", ground.today)
    return complete(_annualised(pieces, ground.policy))


def close_change_log(items: ir.Table, traits: Traits) -> ir.Table:
    """Items with an end each: rows of a change log end where the next row of their item starts."""
    ended = items.mutate(ends=ibis.coalesce(items.ends, forever()))
    if not traits.change_log:
        return ended
    log = ended.filter(ended.until_next)
    following = log.starts.lead().over(ibis.window(group_by=_ITEM, order_by=["starts", "record"]))
    closed = log.mutate(ends=ibis.least(log.ends, ibis.coalesce(following, forever())))
    return ibis.union(ended.filter(~ended.until_next), closed)


def _ended(items: ir.Table, policy: Policy) -> ir.Table:
    if policy.churn_at == "service_end":
        return items
    return items.mutate(ends=ibis.least(items.ends, ibis.coalesce(items.cancel_requested, forever())))


def _bounded_past_due(items: ir.Table, policy: Policy) -> ir.Table:
    """Past-due rows end after the allowed days of their unbroken run."""
    if policy.past_due_days is None:
        return items
    due = items.filter(items.status == "past_due")
    by_item = ibis.window(group_by=_ITEM, order_by="starts")
    due = due.mutate(opens_run=(due.row_end.lag().over(by_item) == due.starts).fill_null(False).ifelse(0, 1))
    due = due.mutate(run=due.opens_run.sum().over(ibis.cumulative_window(group_by=_ITEM, order_by="starts")))
    run_start = due.starts.min().over(ibis.window(group_by=[*_ITEM, "run"]))
    due = due.mutate(ends=ibis.least(due.ends, add_days(run_start, ibis.literal(policy.past_due_days))))
    return ibis.union(items.filter(items.status != "past_due"), due.drop("opens_run", "run"))


def _by_line(items: ir.Table, ground: Ground) -> ir.Table:
    """Rows with the line they stand on; a row that begins with a trial is two, the trial's days and the others."""
    policy = ground.policy
    running = items.filter(items.status.isin(_running(policy)))
    usage = "mrr" if policy.usage == "include" else "usage"
    line = running.kind.cases(("usage", usage), ("one_time", "one_time"), else_="mrr")
    if policy.trials == "include":
        return running.mutate(line=line)
    if not ground.traits.trials_within_rows:
        tried = running.status == "trialing"
        return running.filter(~tried | (running.kind == "recurring")).mutate(line=tried.ifelse("trial", line))
    before_trial_end = ibis.least(ibis.coalesce(running.trial_end, running.starts), running.ends)
    trial_end = (running.status == "trialing").ifelse(running.ends, before_trial_end)
    trial_end = ibis.greatest(trial_end, running.starts)
    paid = running.mutate(line=line, starts=trial_end, anchor=running.starts)
    trial = running.filter(trial_end > running.starts, running.kind == "recurring")
    return ibis.union(paid, trial.mutate(line=ibis.literal("trial"), ends=trial_end, anchor=trial.starts)).filter(
        lambda row: row.starts < row.ends
    )


def _running(policy: Policy) -> list[str]:
    return ["active", "past_due", "trialing", *(["paused"] if policy.paused == "include" else [])]


def _charged(rows: ir.Table, ground: Ground) -> ir.Table:
    """Rows with the charge of one interval, cut where a discount begins or ends."""
    if "anchor" not in rows.columns:
        rows = rows.mutate(anchor=rows.starts)
    price = rows.amount - rows.tax_included if ground.policy.tax == "exclude" else rows.amount
    whole_charge = rows.whole_charge
    if ground.policy.tax == "exclude":
        whole_charge = (rows.tax_included == 0).ifelse(whole_charge, ibis.null("int64"))
    rows = rows.mutate(charge=(price * rows.quantity).cast(CHARGE), whole_charge=whole_charge)
    if not ground.traits.discount_depth or ground.policy.discounts == "none":
        return rows
    discounted = (rows.discounts.length() > 0).fill_null(False)
    cut = _cut_at_discounts(rows.filter(discounted))
    cut = less_discounts(cut, ground).mutate(whole_charge=ibis.null("int64"))
    return ibis.union(rows.filter(~discounted), cut.select(rows.columns))


def less_discounts(rows: ir.Table, ground: Ground) -> ir.Table:
    """Rows whose `charge` is lowered by their `discounts`, in order, each taken of what the former left."""
    for position in range(ground.traits.discount_depth):
        rows = rows.mutate(charge=_less(rows, position, ground.policy))
    return rows


def _cut_at_discounts(rows: ir.Table) -> ir.Table:
    """Rows cut at every day on which one of their discounts begins or ends."""
    each = rows.select(*_PIECE, "ends", discount=rows.discounts.unnest())
    days = ibis.union(
        rows.select(*_PIECE, day=rows.starts),
        *(
            each.filter(day > each.starts, day < each.ends).select(*_PIECE, day=day)
            for day in (each.discount["starts"], each.discount["ends"])
        ),
        distinct=True,
    )
    following = days.day.lead().over(ibis.window(group_by=_PIECE, order_by="day"))
    ranges = days.mutate(until=following)
    cut = rows.join(ranges, _PIECE)
    return cut.mutate(starts=cut.day, ends=ibis.coalesce(cut.until, cut.ends))


def _less(rows: ir.Table, position: int, policy: Policy) -> ir.DecimalValue:
    """The charge less the discount at a position, where it counts and applies; never below 0.

    A percentage multiplies 12 decimals by 6 and by 2: exactly the 20 of a charge, so that nothing is cast again.
    """
    charge = rows.charge.cast(_DISCOUNTED)
    zero = ibis.literal(0).cast(_DISCOUNTED)
    discount = rows.discounts[position]
    hundred = ibis.literal(100).cast("decimal(9, 0)")
    kept = charge * (hundred - discount["percent"].cast("decimal(9, 6)"))
    by_percent = (kept * ibis.literal("0.01").cast("decimal(3, 2)")).cast(CHARGE)
    by_amount = ibis.greatest(charge - discount["amount"].cast(_DISCOUNTED), zero)
    lower = discount["percent"].notnull().ifelse(by_percent, by_amount.cast(CHARGE))
    return discount_applies(discount, rows.anchor, rows.starts, policy).ifelse(lower, rows.charge)


def discount_applies(
    discount: ir.StructValue, anchor: ir.DateValue, day: ir.DateValue, policy: Policy
) -> ir.BooleanValue:
    """Whether a discount counts and applies on a day; without a start of its own it begins on the anchor."""
    begun = ibis.coalesce(discount["starts"], anchor) <= day
    runs = ibis.coalesce(discount["ends"], forever()) > day
    return (begun & runs & discount["duration"].isin(_durations(policy))).fill_null(False)


def _durations(policy: Policy) -> list[str]:
    every = {"all": ["once", "repeating", "forever"], "recurring": ["repeating", "forever"], "forever": ["forever"]}
    return every[policy.discounts]


def charges_a_year(pieces: ir.Table, policy: Policy) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """How many charges a row makes in a year, above and below the line."""
    factors = policy.factors
    interval = (pieces.kind == "one_time").ifelse("", pieces.interval)
    numerator = interval.cases(("", 1), *((unit, factor.numerator) for unit, factor in factors.items()), else_=0)
    denominator = interval.cases(*((unit, factor.denominator) for unit, factor in factors.items()), else_=1)
    if policy.days_in_month:
        numerator = (pieces.interval == "day").ifelse(12 * pieces.days, numerator)
    denominator = denominator.cast("int64") * (interval == "").ifelse(1, pieces.interval_count).cast("int64")
    return numerator.cast("int64"), denominator


def _annualised(pieces: ir.Table, policy: Policy) -> ir.Table:
    months = pieces.interval.cases(("month", _ONE_MONTH), ("year", _YEAR), else_=0) * pieces.interval_count
    days = pieces.interval.cases(("day", _DAY), ("week", _WEEK), else_=0) * pieces.interval_count
    numerator, denominator = charges_a_year(pieces, policy)
    pieces = pieces.mutate(
        account=pieces.customer,
        step_months=months.cast("int32"),
        step_days=days.cast("int32"),
        numerator=numerator,
        denominator=denominator,
    )
    pieces = pieces.mutate(annual=_annual(pieces))
    told = charge_of(pieces.annual, pieces.charge, pieces.numerator, pieces.denominator)
    return pieces.mutate(charge=ibis.coalesce(pieces.whole_charge, told))


def _annual(pieces: ir.Table) -> ir.IntegerValue:
    """The annual amount, in 64 bits where the charge and the charges a year are whole, which they nearly always are."""
    times = quotient(pieces.numerator, pieces.denominator)
    short = pieces.whole_charge.notnull() & (times * pieces.denominator == pieces.numerator)
    return short.ifelse(pieces.whole_charge * times, annual_amount(pieces.charge, pieces.numerator, pieces.denominator))
