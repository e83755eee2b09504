"""Calendar arithmetic on columns: months added, months counted, ranges cut at month starts."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

EPOCH = date(1970, 1, 1)


def add_months(day: ir.DateValue, months: ir.IntegerValue) -> ir.DateValue:
    """The same day so many months later; in a too short month, its last day."""
    return (day.cast("timestamp") + months.as_interval("M")).cast("date")


def add_days(day: ir.DateValue, days: ir.IntegerValue) -> ir.DateValue:
    """The day so many days later."""
    return (day.cast("timestamp") + days.as_interval("D")).cast("date")


def month_start(day: ir.DateValue) -> ir.DateValue:
    """The first day of a day's calendar month."""
    return day.cast("timestamp").truncate("M").cast("date")


def month_end(day: ir.DateValue) -> ir.DateValue:
    """The last day of a day's calendar month."""
    return add_days(add_months(month_start(day), ibis.literal(1)), ibis.literal(-1))


def days_between(earlier: ir.DateValue, later: ir.DateValue) -> ir.IntegerValue:
    """The days from one day to another."""
    return later.delta(earlier, unit="day")


def months_touched(earlier: ir.DateValue, later: ir.DateValue) -> ir.IntegerValue:
    """The month starts passed from one day to another, whatever their days."""
    return (later.year() - earlier.year()) * 12 + (later.month() - earlier.month())


def by_calendar_month(rows: ir.Table, chosen: ir.BooleanValue, today: date) -> ir.Table:
    """Chosen rows cut at every month start up to the month of today, with the `days` of their month."""
    marked = rows.mutate(chosen=chosen)
    other = marked.filter(~marked.chosen).mutate(days=ibis.literal(0, "int64"))
    last = ibis.greatest(ibis.least(marked.ends, ibis.literal(today)), marked.starts)
    cut = marked.filter(marked.chosen).mutate(
        months=ibis.range(0, months_touched(marked.starts, last) + 1).unnest(),
        first=month_start(marked.starts),
        last=last,
    )
    opens = add_months(cut.first, cut.months)
    closes = add_months(cut.first, cut.months + 1)
    is_last = cut.months == months_touched(cut.first, cut.last)
    cut = cut.mutate(
        starts=ibis.greatest(cut.starts, opens),
        ends=is_last.ifelse(cut.ends, ibis.least(cut.ends, closes)),
        days=days_between(opens, closes),
    )
    return ibis.union(other.select(other.columns), cut.select(other.columns)).drop("chosen")
