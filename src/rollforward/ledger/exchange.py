"""Exchange: the rates of a reporting currency by day, and spans valued in it, cut where only the rate changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import quotient, round_half_away, whole
from rollforward.ledger.months import EPOCH, add_days, add_months, days_between, month_end, month_start, months_touched
from rollforward.money import UNIT
from rollforward.records.tables import ECB

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground

RATE = "decimal(38, 12)"
"""The type of a rate."""

_RATE_DIGITS = 10
_WHOLE = "decimal(38, 0)"


def daily_rates(rates: ir.Table, ground: Ground) -> ir.Table:
    """The rate of each currency in the reporting currency on each day up to today: currency, day, rate.

    The latest rate on or before the day; an inverse where there is no direct one of the same day; never a third
    currency; the book's own rates from their first day on, those of the ECB before it. A day before the first rate has
    no row.
    """
    quoted = _quoted(rates, ground.currency)
    following = quoted.day.lead().over(ibis.window(group_by="currency", order_by="day"))
    last = ibis.literal(ground.last_rate_day + timedelta(days=1))
    held = quoted.mutate(until=ibis.least(ibis.coalesce(following, last), last))
    held = held.filter(held.day < held.until)
    steps = held.mutate(step=ibis.range(0, days_between(held.day, held.until)).unnest())
    return steps.select("currency", "rate", day=add_days(steps.day, steps.step))


def _quoted(rates: ir.Table, currency: str) -> ir.Table:
    """The rates that are quoted to the reporting currency, directly or the other way round: currency, day, rate."""
    rates = rates.mutate(own=rates.source != ECB)
    direct = rates.filter(rates.to == currency)
    inverse = _with_reciprocal(rates.filter(rates["from"] == currency))
    both = ibis.union(
        direct.select("own", currency=direct["from"], day=direct.date, rate=direct.rate.cast(RATE), rank=0),
        inverse.select("own", currency=inverse.to, day=inverse.date, rate=inverse.reciprocal, rank=1),
    )
    both = _own_first(both)
    first = ibis.row_number().over(ibis.window(group_by=["currency", "day"], order_by=["rank", "rate"]))
    return both.mutate(place=first).filter(lambda row: row.place == 0).drop("place", "rank")


def _own_first(quoted: ir.Table) -> ir.Table:
    """Without the ECB's rates of a currency from the day on that the book's own rates of it begin."""
    own_from = ibis.cases((quoted.own, quoted.day)).min().over(ibis.window(group_by="currency"))
    told = quoted.mutate(own_from=own_from)
    return told.filter(told.own | told.own_from.isnull() | (told.day < told.own_from)).drop("own", "own_from")


def _with_reciprocal(rates: ir.Table) -> ir.Table:
    """Rates with 1 / rate at 12 decimals, half away from zero, by long division of whole numbers."""
    rows = rates.mutate(divisor=(rates.rate.cast(RATE) * ibis.literal(10**_RATE_DIGITS).cast(_WHOLE)).cast("int64"))
    rows = rows.mutate(digits=quotient(ibis.literal(10**18, "int64"), rows.divisor))
    rows = rows.mutate(rest=10**18 - rows.digits * rows.divisor)
    for _ in range(4):
        rows = rows.mutate(digit=quotient(rows.rest * 10, rows.divisor))
        rows = rows.mutate(digits=rows.digits * 10 + rows.digit, rest=rows.rest * 10 - rows.digit * rows.divisor)
    return rows.mutate(reciprocal=_as_rate(rows.digits + (rows.rest * 2 >= rows.divisor).ifelse(1, 0)))


def _as_rate(trillionths: ir.IntegerValue) -> ir.DecimalValue:
    return (trillionths.cast(_WHOLE) * ibis.literal("0.000000000001").cast(RATE)).cast(RATE)


def rate_table(rates: ir.Table, daily: ir.Table, ground: Ground) -> ir.Table:
    """The rate that the policy's rule gives for each currency and day that it looks up."""
    if ground.policy.exchange_rule != "month_average":
        return daily
    quoted = _quoted(rates, ground.currency)
    quoted = quoted.filter(quoted.day <= ibis.literal(ground.today))
    trillionths = (quoted.rate * ibis.literal(10**12).cast(_WHOLE)).cast("int64")
    monthly = quoted.mutate(trillionths=trillionths, day=month_start(quoted.day)).group_by("currency", "day")
    monthly = monthly.agg(total=lambda row: whole(row.trillionths.sum()), days=lambda row: row.count())
    mean = quotient(monthly.total * 2 + monthly.days, monthly.days * 2)
    mean = _as_rate(mean)
    months = daily.mutate(month=month_start(daily.day)).filter(lambda row: row.day == row.month)
    averaged = months.left_join(monthly.mutate(mean=mean), ["currency", months.day == monthly.day])
    return averaged.select("currency", "day", rate=ibis.coalesce(averaged.mean, averaged.rate))


def valued(spans: ir.Table, rates: ir.Table | None, ground: Ground) -> ir.Table:
    """Spans with their amount in the reporting currency, cut where only the rate changes.

    The spans of a record that lacks a rate are left out; `without_rate` names them. Where the policy never converts,
    only spans in the reporting currency count.
    """
    if not ground.converts or rates is None:
        return _as_they_are(spans.filter(spans.currency == ground.currency), ground)
    foreign = _rated(spans, rates, ground)
    missing = foreign.filter(foreign.rate.isnull()).select("record").distinct()
    converted = foreign.anti_join(missing, "record").mutate(
        amount=_rounded(convert(foreign.annual, foreign.rate), ground)
    )
    own = _as_they_are(spans.filter(spans.currency == ground.currency), ground)
    return ibis.union(own, converted.select(own.columns))


def without_rate(spans: ir.Table, rates: ir.Table, ground: Ground) -> ir.Table:
    """The records in another currency whose spans need a rate that there is none of: record, currency, day."""
    foreign = _rated(spans, rates, ground)
    missing = foreign.filter(foreign.rate.isnull())
    return missing.group_by("record", "currency").agg(day=missing.rate_day.min())


def convert(annual: ir.IntegerValue, rate: ir.DecimalValue) -> ir.IntegerValue:
    """A stored amount at a rate, rounded once and half away from zero."""
    return (annual.cast(_WHOLE) * rate).round(0).cast("int64")


def worth(annual: ir.IntegerValue, rate: ir.DecimalValue, ground: Ground) -> ir.IntegerValue:
    """A stored amount in the reporting currency, as the policy rounds a line; at no rate it is in it already."""
    own = _rounded(annual, ground)
    return rate.isnull().ifelse(own, _rounded(convert(annual, rate), ground)) if ground.converts else own


def _rounded(amount: ir.IntegerValue, ground: Ground) -> ir.IntegerValue:
    rounding = ground.policy.rounding
    return rounded(amount, rounding.places, down=rounding.down) if rounding and rounding.level == "line" else amount


def rounded(amount: ir.IntegerValue, decimals: int, *, down: bool) -> ir.IntegerValue:
    """The annual amount whose twelfth is rounded to so many decimals."""
    return round_half_away(amount, 12 * UNIT // 10**decimals, down=down)


def _as_they_are(spans: ir.Table, ground: Ground) -> ir.Table:
    return spans.mutate(
        amount=_rounded(spans.annual, ground),
        rate=ibis.null(RATE),
        rate_day=ibis.null("date"),
        foreign=ibis.literal(False),
    )


def _rated(spans: ir.Table, rates: ir.Table, ground: Ground) -> ir.Table:
    """Foreign spans cut into their service periods, each with its rate, null where there is none."""
    cut = _cut(_anchored(spans.filter(spans.currency != ground.currency), ground), ground)
    looked_up = ibis.least(_lookup_day(cut.rate_day, ground), ibis.literal(ground.last_rate_day))
    cut = cut.mutate(rate_day=looked_up)
    joined = cut.left_join(rates, [cut.currency == rates.currency, cut.rate_day == rates.day])
    return joined.select(*cut.columns, rate=joined.rate).mutate(foreign=ibis.literal(True))


def _lookup_day(day: ir.DateValue, ground: Ground) -> ir.DateValue:
    if ground.policy.exchange_rule == "period_end":
        return month_end(day)
    return ibis.literal(ground.policy.exchange_day) if ground.policy.exchange_rule == "fixed" else day


def _anchored(spans: ir.Table, ground: Ground) -> ir.Table:
    """Spans with the anchor and the length of the periods within which the rule keeps one rate."""
    rule = ground.policy.exchange_rule
    if rule == "service_start":
        return spans
    none = ibis.literal(0, "int32")
    if rule in {"period_end", "month_average"}:
        return spans.mutate(anchor=ibis.literal(EPOCH), step_months=ibis.literal(1, "int32"), step_days=none)
    return spans.mutate(anchor=spans.first_start, step_months=none, step_days=none)


def _cut(spans: ir.Table, ground: Ground) -> ir.Table:
    """Spans cut at the starts of their periods up to today; `rate_day` is the start of each one's period."""
    until = ibis.greatest(
        ibis.least(_rated_until(spans, ground), ibis.literal(ground.today + timedelta(days=1))), spans.starts
    )
    last_day = ibis.greatest(add_days(until, ibis.literal(-1)), spans.starts)
    spans = spans.mutate(first=periods_before(spans, spans.starts), last=periods_before(spans, last_day))
    cut = spans.mutate(period=ibis.range(spans.first, spans.last + 1).unnest())
    opens, closes = _period_start(cut, cut.period), _period_start(cut, cut.period + 1)
    return cut.mutate(
        starts=ibis.greatest(cut.starts, opens),
        ends=(cut.period == cut.last).ifelse(cut.ends, ibis.least(cut.ends, closes)),
        to_account=(cut.period == cut.last).ifelse(cut.to_account, ibis.null("string")),
        rate_day=opens,
    ).drop("first", "last", "period")


def _rated_until(spans: ir.Table, ground: Ground) -> ir.DateValue:
    """The day from which on a span takes no other rate: its end, or where it only fills a gap, its own terms' end."""
    fills = bool(ground.policy.gap_days) and ground.policy.basis == "subscriptions"
    return ibis.least(spans.ends, spans.contract_end) if fills else spans.ends


def _period_start(spans: ir.Table, period: ir.IntegerValue) -> ir.DateValue:
    return add_days(add_months(spans.anchor, period * spans.step_months), period * spans.step_days)


def periods_before(spans: ir.Table, day: ir.DateValue) -> ir.IntegerValue:
    """The number of the service period that holds a day, from 0."""
    by_month = months_touched(spans.anchor, day) // ibis.greatest(spans.step_months, 1)
    by_month = by_month - (add_months(spans.anchor, by_month * spans.step_months) > day).ifelse(1, 0)
    by_day = days_between(spans.anchor, day) // ibis.greatest(spans.step_days, 1)
    number = ibis.cases((spans.step_months > 0, by_month), (spans.step_days > 0, by_day), else_=0)
    return ibis.greatest(number, 0).cast("int64")
