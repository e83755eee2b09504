"""Facts: the aggregates that figures are made of, one expression a family, over the periods asked for.

`periods` has one row a period: number, start, end (both as dates, the end not after the day after today), and for
closed cohorts one row a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import whole
from rollforward.ledger.cube import TOTAL
from rollforward.ledger.exchange import convert, periods_before
from rollforward.ledger.months import add_days
from rollforward.ledger.segments import WHOLE, Ledger, Segment, chosen, levels, moves, subscriptions
from rollforward.ledger.spans import forever

if TYPE_CHECKING:
    from datetime import date

_TOTAL = "decimal(38, 0)"

PERIODS = {"number": "int64", "start": "date", "end": "date"}
"""The columns of the table of periods."""

COHORTS = {"number": "int64", "window": "int64", "opening": "date", "end": "date"}
"""The columns of the table of closed cohorts: the first day of the window, and the end of the period."""


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


def by_period(rows: ir.Table, periods: ir.Table) -> ir.Table:
    """Flows by period: number (-1 for all before the first), value, kind, amount, moves, presence."""
    last = periods.end.max().as_scalar()
    joined = rows.filter(rows.day < last).left_join(periods, [rows.day >= periods.start, rows.day < periods.end])
    numbered = joined.mutate(number=ibis.coalesce(joined.number, -1))
    return numbered.group_by("number", "value", "kind").agg(
        amount=numbered.amount.sum().cast(_TOTAL),
        moves=numbered.moves.sum().cast(_TOTAL),
        presence=numbered.presence.sum().cast(_TOTAL),
    )


def subscription_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The comings and goings of subscriptions by period, like `by_period`."""
    return by_period(subscriptions(ledger, segment), periods)


def churner_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """Customers with a churn by period, once each, and those of them who had no MRR at its opening."""
    joined = churners(ledger, segment, periods)
    return joined.group_by("number", "value").agg(churned=joined.count(), joined=joined.joined.sum().cast("int64"))


def churners(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """Each customer with a churn in a period: number, value, account, and whether it had no MRR at its opening."""
    if _moves_as_it_stands(ledger, segment):
        return _churners_moved(ledger, segment, periods)
    rows = moves(ledger, segment)
    lost = rows.filter((rows.kind == "churn") & (rows.amount <= 0)).select("value", "account", "day")
    lost = lost.join(periods, [lost.day >= periods.start, lost.day < periods.end])
    churned = lost.group_by("number", "start", "value", "account").agg(times=lost.count())
    there = levels(ledger, segment)
    there = there.select("value", "account", from_day=there.day, to_day=there.until, level=there.after)
    opened = churned.left_join(
        there, ["value", "account", there.from_day < churned.start, there.to_day >= churned.start]
    )
    return opened.mutate(joined=ibis.coalesce(opened.level, 0) == 0)


def _churners_moved(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """Churners by their comings and goings in the period, which tell whether they were there at its opening."""
    rows = ledger.movements.filter(ledger.movements.presence != 0)
    rows = _within(chosen(ledger, rows, segment), periods, periods.start, ["number"])
    own = rows.group_by("number", *_grouped(segment), "account").agg(
        churns=((rows.kind == "churn") & (rows.amount <= 0)).ifelse(1, 0).sum(),
        there=(rows.presence.argmax(rows.until) == 1).ifelse(1, 0) - rows.presence.sum(),
    )
    lost = own.filter(own.churns > 0)
    value = lost.value if segment.by else ibis.literal("")
    return lost.select("number", "account", value=value, joined=lost.there == 0)


def retained_facts(ledger: Ledger, segment: Segment, cohorts: ir.Table, flowing: ir.Table | None) -> ir.Table:
    """Closed cohorts by period and window: number, window, value, opening, closing, kept, customers, stayed.

    With the segment's flows, `flowing`, from the accounts that moved where that can be; else from all accounts.
    """
    if flowing is not None and _moves_as_it_stands(ledger, segment):
        return _retained_moved(ledger, segment, cohorts, flowing)
    both = retained_accounts(ledger, segment, cohorts)
    return both.group_by("number", "window", "value").agg(
        opening=both.before.sum().cast(_TOTAL),
        closing=both.after.sum().cast(_TOTAL),
        kept=ibis.least(both.before, both.after).sum().cast(_TOTAL),
        customers=both.count(),
        stayed=(both.after != 0).ifelse(1, 0).sum().cast("int64"),
    )


def _moves_as_it_stands(ledger: Ledger, segment: Segment) -> bool:
    """Whether an account of a segment moves as its movements say, and is there while its level is not 0."""
    policy = ledger.ground.policy
    return not segment.follows_items and policy.level == "customer" and policy.free == "ignore"


def _retained_moved(ledger: Ledger, segment: Segment, cohorts: ir.Table, flowing: ir.Table) -> ir.Table:
    """Closed cohorts from what stood at the opening, and from the accounts that moved since then: the few.

    Who did not move is worth at the end what it was at the opening. Of who did, the level at the opening is that of
    its last movement of the days without all that it moved in them; most move once, and need not be added up.
    """
    # Filters and groups are those of accounts here, so that an account names its value too.
    numbered = cohorts.mutate(cohort=cohorts.number * _WINDOWS + cohorts.window)
    rows = _within(chosen(ledger, ledger.movements, segment), numbered, numbered.opening, ["cohort"])
    rows = rows.mutate(is_last=rows.until >= rows.end)
    earlier = rows.filter(~rows.is_last)
    earlier = earlier.group_by("cohort", "account").agg(moved=earlier.amount.sum())
    last = rows.filter(rows.is_last).left_join(earlier, ["cohort", "account"])
    last = last.mutate(level=last.after - last.amount - whole(ibis.coalesce(last.moved, 0)))
    there = last.filter(last.level != 0)
    moved = there.group_by("cohort", *_grouped(segment)).agg(
        closing=(there.after - there.level).sum().cast(_TOTAL),
        kept=(ibis.least(there.level, there.after) - there.level).sum().cast(_TOTAL),
        gone=(there.after == 0).ifelse(1, 0).sum().cast("int64"),
    )
    opened = _opened(flowing, numbered)
    both = opened.left_join(moved, ["cohort", *_grouped(segment)])
    return both.select(
        "number",
        "window",
        "value",
        opening=both.opening,
        closing=(both.opening + ibis.coalesce(both.closing, 0)).cast(_TOTAL),
        kept=(both.opening + ibis.coalesce(both.kept, 0)).cast(_TOTAL),
        customers=both.customers,
        stayed=both.customers - ibis.coalesce(both.gone, 0),
    )


_WINDOWS = 1000
"""More than the months of any window, so that a period and a window make one number."""


def _grouped(segment: Segment) -> list[str]:
    """The column of a segment's groups, if it has any: what is the same for all need not be compared."""
    return ["value"] if segment.by else []


def _opened(flowing: ir.Table, cohorts: ir.Table) -> ir.Table:
    """What stood at the opening of each cohort: number, window, cohort, value, opening, customers, if there is any."""
    rows = flowing.filter(~flowing.kind.isin(["trial", "usage"]))
    rows = rows.join(cohorts, rows.day < cohorts.opening)
    opened = rows.group_by("number", "window", "cohort", "value").agg(
        opening=rows.amount.sum().cast(_TOTAL), customers=rows.presence.sum().cast("int64")
    )
    return opened.filter(opened.customers != 0)


def _within(rows: ir.Table, ranges: ir.Table, first: ir.DateValue, names: list[str]) -> ir.Table:
    """The rows whose day is in a range of days, from `first` until before `end`, with the `names` and end of each.

    Every day of a range stands in a row of its own, so that rows find theirs by equality and not by comparing.
    """
    days = ranges.select(*names, "end", dated=ibis.range(first.cast("timestamp"), ranges.end.cast("timestamp"), _DAY))
    days = days.select(*names, "end", on=days.dated.unnest())
    days = days.mutate(on=days.on.cast("date"))
    return rows.join(days, rows.day == days.on).drop("on")


_DAY = ibis.interval(days=1)


def retained_accounts(ledger: Ledger, segment: Segment, cohorts: ir.Table) -> ir.Table:
    """The accounts of closed cohorts: number, window, value, account, before (at the opening), after (at the end)."""
    there = levels(ledger, segment)
    opening = there.join(cohorts, [there.day < cohorts.opening, there.until >= cohorts.opening])
    opening = opening.filter(opening.after != 0)
    opening = opening.select("number", "window", "end", "value", "account", before=opening.after)
    # Each account's levels once, whatever the number of windows: half of what a join of two sides of each takes.
    later = there.select("value", "account", from_day=there.day, to_day=there.until, left=there.after)
    held = [later.from_day < opening.end, later.to_day >= opening.end]
    both = opening.left_join(later, ["value", "account", *held])
    return both.select("number", "window", "value", "account", "before", after=ibis.coalesce(both.left, 0))


def served_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The annual amount of the spans that run on any day of each period: number, value, amount."""
    rows = served_spans(ledger, segment, periods)
    return rows.group_by("number", "value").agg(amount=rows.amount.sum().cast(_TOTAL))


def served_spans(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The spans that run on any day of each period: the columns of a valued span, number and value."""
    rows = chosen(ledger, ledger.valued.filter(ledger.valued.line == "mrr"), segment)
    return rows.join(periods, [rows.starts < periods.end, rows.ends > periods.start])


def committed_facts(ledger: Ledger, segment: Segment) -> ir.Table:
    """The level once everything known has taken effect: value, amount."""
    rows = chosen(ledger, ledger.events(), segment)
    return rows.group_by("value").agg(amount=rows.delta.sum().cast(_TOTAL))


def trial_facts(ledger: Ledger, segment: Segment, periods: ir.Table, window: str, today: date) -> ir.Table:
    """Trials by the period in which they started (or ended), and those that were paid by today."""
    rows = tried(ledger, segment, periods, window, today)
    return rows.group_by("number", "value").agg(started=rows.count(), converted=rows.converted.sum().cast("int64"))


def tried(ledger: Ledger, segment: Segment, periods: ir.Table, window: str, today: date) -> ir.Table:
    """The trials of each period: number, value, account, subscription, day, and converted, 1 where paid by today."""
    rows = chosen(ledger, ledger.trials, segment)
    last = periods.end.max().as_scalar()
    day = rows.started if window == "cohort" else rows.ended
    rows = rows.mutate(day=day, converted=(rows.paid <= ibis.literal(today)).fill_null(False).ifelse(1, 0)).filter(
        rows.started < last
    )
    return rows.join(periods, [rows.day >= periods.start, rows.day < periods.end])


def contract_facts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The contracts that run at the end of each period: number, value, annual, charged, once.

    A contract is a subscription whose terms all have an end. `annual` is the run-rate of its spans that run at the end,
    `charged` the sum of its recurring charges, one at the start of each service period, and `once` that of its one-time
    items.
    """
    joined = contracts(ledger, segment, periods)
    return joined.group_by("number", "value").agg(
        annual=joined.annual.sum(), charged=joined.charged.sum(), once=ibis.coalesce(joined.once, 0).sum()
    )


def contracts(ledger: Ledger, segment: Segment, periods: ir.Table) -> ir.Table:
    """The contracts that run at the end of each period: number, value, account, subscription, annual, charged, once."""
    contract = ["account", "subscription", "value"]
    rows = chosen(ledger, ledger.valued, segment)
    counted = rows.filter(rows.line == "mrr")
    terms = counted.group_by(*contract).agg(finish=counted.contract_end.max())
    spans = counted.join(terms.filter(terms.finish < forever()), contract)
    running = spans.join(periods, [spans.starts < periods.end, spans.ends >= periods.end])
    annual = running.group_by("number", *contract).agg(annual=running.amount.sum().cast(_TOTAL))
    charged = _charges(spans).group_by(*contract).agg(charged=lambda row: row.charges.sum().cast(_TOTAL))
    once = rows.filter(rows.line == "one_time").group_by(*contract).agg(once=lambda row: row.amount.sum().cast(_TOTAL))
    return annual.join(charged, contract).left_join(once, contract)


def _charges(spans: ir.Table) -> ir.Table:
    """Spans with the sum of their charges in the reporting currency: one for each period that begins in them."""
    spans = spans.mutate(
        day_before=add_days(spans.starts, ibis.literal(-1)), last_day=add_days(spans.ends, ibis.literal(-1))
    )
    opened = (spans.starts == spans.anchor).ifelse(-1, periods_before(spans, spans.day_before))
    count = periods_before(spans, spans.last_day) - opened
    charge = spans.rate.isnull().ifelse(spans.charge, convert(spans.charge, spans.rate))
    return spans.mutate(charges=charge.cast(_TOTAL) * count.cast(_TOTAL))
